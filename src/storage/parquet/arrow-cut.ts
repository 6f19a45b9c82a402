/** Ranges of rows copied out of decoded columns. */
import { Data, DataType, RecordBatch, Struct } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import { countRows, type RowRange } from './row-ranges.js';

/** The rows of the ranges, in their order, as a batch that shares no buffer with it; the batch itself when those are all. */
export function cutBatch(batch: RecordBatch, ranges: readonly RowRange[]): RecordBatch {
  const numRows = countRows(ranges);
  if (numRows === batch.numRows) return batch;
  const children = batch.data.children.map((column) => cutColumn(column, ranges));
  const data = new Data(new Struct(batch.schema.fields), 0, numRows, 0, undefined, children);
  return new RecordBatch(batch.schema, data);
}

/** What parquet-wasm gives begins at its buffers' first value, so ranges are places in them. */
function cutColumn(column: Data, ranges: readonly RowRange[]): Data {
  const { type } = column;
  if (column.offset !== 0) throw new InternalError({ message: 'a decoded column is sliced' });
  const length = countRows(ranges);
  if (DataType.isNull(type)) return new Data(type, 0, length, length);
  const validity = column.nullCount === 0 ? undefined : cutBits(column.nullBitmap, ranges, length);
  const nullCount = validity === undefined ? 0 : length - countBits(validity, length);
  const make = (offsets: unknown, values: unknown, children: Data[] = []): Data => {
    const buffers = [offsets, values, validity ?? new Uint8Array(0)];
    return new Data(type, 0, length, nullCount, buffers as Partial<Data['buffers']>, children);
  };
  if (DataType.isStruct(type)) {
    const children = column.children.map((child) => cutColumn(child, ranges));
    return make(undefined, undefined, children);
  }
  if (DataType.isBool(type)) {
    return make(undefined, cutBits(column.values as Uint8Array, ranges, length));
  }
  const offsets = column.valueOffsets as Int32Array | undefined;
  if (offsets === undefined) return make(undefined, cutValues(column, ranges, length));
  const inner = ranges.map(({ start, end }) => ({
    start: offsets[start] ?? 0,
    end: offsets[end] ?? 0,
  }));
  const cut = cutOffsets(offsets, ranges, length);
  const [child] = column.children;
  if (child !== undefined) return make(cut, undefined, [cutColumn(child, inner)]);
  return make(cut, cutItems(column.values as Uint8Array, inner, 1));
}

type Items = Uint8Array | Int32Array;

function cutValues(column: Data, ranges: readonly RowRange[], length: number): Items {
  const values = column.values as Items;
  return cutItems(values, ranges, length === 0 ? 1 : column.stride);
}

function cutItems<T extends Items>(items: T, ranges: readonly RowRange[], stride: number): T {
  const Kind = items.constructor as new (length: number) => T;
  const cut = new Kind(countRows(ranges) * stride);
  let at = 0;
  for (const { start, end } of ranges) {
    cut.set(items.subarray(start * stride, end * stride), at);
    at += (end - start) * stride;
  }
  return cut;
}

function cutOffsets(offsets: Int32Array, ranges: readonly RowRange[], length: number): Int32Array {
  const cut = new Int32Array(length + 1);
  let at = 0;
  for (const { start, end } of ranges) {
    const shift = (cut[at] as number) - (offsets[start] as number);
    for (let row = start; row < end; row += 1) cut[++at] = (offsets[row + 1] as number) + shift;
  }
  return cut;
}

function cutBits(bits: Uint8Array, ranges: readonly RowRange[], length: number): Uint8Array {
  const cut = new Uint8Array(Math.ceil(length / 8));
  let at = 0;
  for (const { start, end } of ranges) {
    for (let row = start; row < end; row += 1, at += 1) {
      const bit = ((bits[row >> 3] as number) >> (row & 7)) & 1;
      cut[at >> 3] = (cut[at >> 3] as number) | (bit << (at & 7));
    }
  }
  return cut;
}

function countBits(bits: Uint8Array, length: number): number {
  let count = 0;
  for (let row = 0; row < length; row += 1) count += ((bits[row >> 3] as number) >> (row & 7)) & 1;
  return count;
}
