/** Arrow batches on their way into a Parquet file: the names Delta uses, the size they take, their IPC bytes. */
import {
  type Data,
  DataType,
  Field,
  List,
  Map_,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
} from 'apache-arrow';
import { InternalError } from '../../errors.js';

/**
 * A schema as Parquet files of Delta tables spell it: list elements `element`, map entries `key_value` of a required
 * `key` and a `value`. Field ids stay; metadata of the schema itself does not.
 */
export function parquetSchema(schema: Schema): Schema {
  return new Schema(schema.fields.map(parquetField));
}

function parquetField(field: Field): Field {
  return new Field(field.name, parquetType(field.type), field.nullable, field.metadata);
}

function parquetType(type: DataType): DataType {
  if (DataType.isStruct(type)) return new Struct(type.children.map(parquetField));
  if (DataType.isList(type)) {
    const [element] = type.children;
    const { type: of, nullable, metadata } = element as Field;
    return new List(new Field('element', parquetType(of), nullable, metadata));
  }
  if (DataType.isMap(type)) return parquetMap(type);
  return type;
}

function parquetMap(type: Map_): Map_ {
  const fields = (type.children[0] as Field<Struct>).type.children;
  const [key, value] = fields.map(parquetField);
  if (key === undefined || value === undefined) {
    throw new InternalError({ message: 'an Arrow map has no key and value' });
  }
  const named = new Struct<{ key: DataType; value: DataType }>([
    new Field('key', key.type, false, key.metadata),
    new Field('value', value.type, value.nullable, value.metadata),
  ]);
  const entries = new Field('key_value', named, false);
  const map = new Map_(entries, type.keysSorted);
  // The constructor renames the entries after Arrow's convention, which is not Parquet's.
  (entries as { name: string }).name = 'key_value';
  return map;
}

/** Whether data of `actual` can stand under `expected`: the same in all but names and nullability. */
export function isSameLayout(actual: DataType, expected: DataType): boolean {
  if (actual.typeId !== expected.typeId) return false;
  const actualFields = fieldsOf(actual);
  const expectedFields = fieldsOf(expected);
  if (actualFields.length !== expectedFields.length) return false;
  if (expectedFields.length === 0) {
    return String(actual) === String(expected) && widthOf(actual) === widthOf(expected);
  }
  return expectedFields.every((field, index) => {
    const other = actualFields[index];
    return other !== undefined && isSameLayout(other.type, field.type);
  });
}

function fieldsOf(type: DataType): readonly Field[] {
  return (type.children as readonly Field[] | null) ?? [];
}

function widthOf(type: DataType): number | undefined {
  return DataType.isDecimal(type) ? type.bitWidth : undefined;
}

/** About how many bytes the rows of this data take; of shared buffers only their own part. */
export function arrowBytes(data: Data): number {
  const { length, valueOffsets, children } = data;
  const validity = data.nullable ? length / 8 : 0;
  if (DataType.isBool(data.type)) return length / 8 + validity;
  if (valueOffsets !== undefined && valueOffsets !== null) {
    const span = Number(valueOffsets[length] ?? 0) - Number(valueOffsets[0] ?? 0);
    const [child] = children;
    const bytes = child === undefined ? span : shareOf(child, span);
    return bytes + length * valueOffsets.BYTES_PER_ELEMENT + validity;
  }
  const values = data.values as ArrayBufferView | null | undefined;
  return children.reduce(
    (sum, child) => sum + arrowBytes(child),
    (values?.byteLength ?? 0) + validity,
  );
}

function shareOf(child: Data, rows: number): number {
  return child.length === 0 ? 0 : (arrowBytes(child) * rows) / child.length;
}

/** Batches as one Arrow IPC stream under `schema`, in a buffer of its own. */
export function ipcStream(schema: Schema, batches: readonly RecordBatch[]): Uint8Array {
  const writer = new ChunkWriter();
  writer.reset(undefined, schema);
  for (const { data } of batches) writer.write(new RecordBatch(schema, data));
  writer.finish();
  return writer.join();
}

/** Keeps the stream's pieces, because the library's own join drops a buffer that two columns share. */
class ChunkWriter extends RecordBatchStreamWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  join(): Uint8Array {
    const joined = new Uint8Array(this.#length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, offset);
      offset += chunk.length;
    }
    return joined;
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started || chunk.byteLength === 0) return this;
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    this._position += bytes.length;
    return this;
  }
}
