/** Decoded columns, as they came out of parquet-wasm's memory, as an Arrow record batch. */
import { Data, type DataType, type Field, RecordBatch, type Schema, Struct } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import type { ArrowColumn } from './wasm-columns.js';

/** A batch over the columns' own buffers; nothing is copied. */
export function batchOfColumns(
  schema: Schema,
  columns: readonly ArrowColumn[],
  numRows: number,
): RecordBatch {
  const children = childData(schema.fields, columns);
  return new RecordBatch(
    schema,
    new Data(new Struct(schema.fields), 0, numRows, 0, undefined, children),
  );
}

function childData(fields: readonly Field[], columns: readonly ArrowColumn[]): Data[] {
  return columns.map((column, index) => {
    const field = fields[index];
    if (field === undefined) throw new InternalError({ message: 'a column has no field' });
    return dataOf(field.type, column);
  });
}

type Buffers = Partial<Data['buffers']>;

function dataOf(type: DataType, column: ArrowColumn): Data {
  const { length, validity = new Uint8Array(0), offsets, values } = column;
  const children = childData((type.children as Field[] | null) ?? [], column.children);
  // A column of type null has no buffer that would say so.
  const nullCount = values === undefined && type.children === null ? length : column.nullCount;
  // In the order of Arrow's BufferType: offsets, values, validity.
  const buffers = [
    offsets && new Int32Array(offsets.buffer),
    values && typedValues(type, values),
    validity,
  ] as unknown as Buffers;
  return new Data(type, 0, length, nullCount, buffers, children);
}

function typedValues(type: DataType, values: Uint8Array): ArrayBufferView {
  const { ArrayType } = type as {
    readonly ArrayType: new (buffer: ArrayBufferLike) => ArrayBufferView;
  };
  return new ArrayType(values.buffer);
}
