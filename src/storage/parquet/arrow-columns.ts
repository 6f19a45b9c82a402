/** Decoded columns, as they came out of parquet-wasm's memory, as an Arrow record batch. */
import { Data, DataType, type Field, RecordBatch, type Schema, Struct } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import type { ArrowColumn, BodyRegion, CopiedColumns } from './wasm-columns.js';

/** A batch over the columns' own buffer; nothing is copied. */
export function batchOfColumns(schema: Schema, { columns, body }: CopiedColumns): RecordBatch {
  const numRows = columns[0]?.length ?? 0;
  const children = childData(schema.fields, columns, body);
  const type = new Struct(schema.fields);
  return new RecordBatch(schema, new Data(type, 0, numRows, 0, undefined, children));
}

/** A batch of the schema's columns without rows. */
export function batchWithoutRows(schema: Schema): RecordBatch {
  const columns = schema.fields.map(({ type }) => emptyColumn(type));
  return batchOfColumns(schema, { columns, body: new Uint8Array(FIRST_OFFSET.length) });
}

/** Even an array without values has one offset, 0. */
const FIRST_OFFSET: BodyRegion = { start: 0, length: 4 };

function emptyColumn(type: DataType): ArrowColumn {
  const fields = type.children as Field[] | null;
  const isBytes = DataType.isUtf8(type) || DataType.isBinary(type);
  const hasOffsets = isBytes || DataType.isList(type) || DataType.isMap(type);
  return {
    length: 0,
    nullCount: 0,
    validity: undefined,
    offsets: hasOffsets ? FIRST_OFFSET : undefined,
    values: fields === null && !DataType.isNull(type) ? { start: 0, length: 0 } : undefined,
    children: (fields ?? []).map((field) => emptyColumn(field.type)),
  };
}

function childData(
  fields: readonly Field[],
  columns: readonly ArrowColumn[],
  body: Uint8Array,
): Data[] {
  return columns.map((column, index) => {
    const field = fields[index];
    if (field === undefined) throw new InternalError({ message: 'a column has no field' });
    return dataOf(field.type, column, body);
  });
}

type Buffers = Partial<Data['buffers']>;

function dataOf(type: DataType, column: ArrowColumn, body: Uint8Array): Data {
  const { length, validity, offsets, values } = column;
  const fields = type.children as Field[] | null;
  const children = childData(fields ?? [], column.children, body);
  // A column of type null has no buffer that would say so.
  const nullCount = values === undefined && fields === null ? length : column.nullCount;
  // In the order of Arrow's BufferType: offsets, values, validity.
  const buffers = [
    offsets && view(Int32Array, body, offsets),
    values && view((type as unknown as { readonly ArrayType: ViewType }).ArrayType, body, values),
    validity === undefined ? new Uint8Array(0) : view(Uint8Array, body, validity),
  ] as unknown as Buffers;
  return new Data(type, 0, length, nullCount, buffers, children);
}

interface ViewType {
  new (buffer: ArrayBufferLike, start: number, length: number): ArrayBufferView;
  readonly BYTES_PER_ELEMENT: number;
}

function view(type: ViewType, body: Uint8Array, { start, length }: BodyRegion): ArrayBufferView {
  return new type(body.buffer, body.byteOffset + start, length / type.BYTES_PER_ELEMENT);
}
