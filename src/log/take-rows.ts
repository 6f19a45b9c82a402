/** Rows picked out of Arrow columns by their numbers. */
import { type Data, DataType } from 'apache-arrow';
import { makeColumn, nullColumn, onlyChild, type Values, validityOf } from './schema/arrow-data.js';
import { type Bits, bitAt, bitsWhere } from './schema/bits.js';

/** The rows of `data` at `rows`, in that order, as a column that shares no buffer with it. */
export function takeRows(data: Data, rows: Uint32Array): Data {
  const { type } = data;
  const length = rows.length;
  if (DataType.isNull(type)) return nullColumn(type, length);
  const validity = takeBits(validityOf(data), rows);
  if (DataType.isStruct(type)) {
    const children = data.children.map((child) => takeRows(child, rows));
    return makeColumn(type, length, { validity, children });
  }
  if (DataType.isBool(type)) {
    const bits = takeBits({ bytes: data.values as Uint8Array, offset: data.offset }, rows);
    return makeColumn(type, length, { validity, values: bits?.bytes });
  }
  if (DataType.isList(type) || DataType.isMap(type)) {
    const runs = takeRuns(data.valueOffsets as Int32Array, rows);
    const picked = new Uint32Array(runs[length] ?? 0);
    forEachRun(data.valueOffsets as Int32Array, rows, (start, end, at) => {
      for (let from = start, to = at; from < end; from++, to++) picked[to] = from;
    });
    const children = [takeRows(onlyChild(data), picked)];
    return makeColumn(type, length, { validity, valueOffsets: runs, children });
  }
  if (data.valueOffsets !== undefined) {
    const runs = takeRuns(data.valueOffsets as Int32Array, rows);
    const source = data.values as Uint8Array;
    const values = new Uint8Array(runs[length] ?? 0);
    forEachRun(data.valueOffsets as Int32Array, rows, (start, end, at) => {
      values.set(source.subarray(start, end), at);
    });
    return makeColumn(type, length, { validity, valueOffsets: runs, values });
  }
  return makeColumn(type, length, { validity, values: takeFixed(data, rows) });
}

function takeBits(bits: Bits | undefined, rows: Uint32Array): Bits | undefined {
  return bits && bitsWhere(rows.length, (index) => bitAt(bits, rows[index] ?? 0));
}

function takeRuns(offsets: Int32Array, rows: Uint32Array): Int32Array {
  const runs = new Int32Array(rows.length + 1);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] ?? 0;
    runs[index + 1] = (runs[index] ?? 0) + (offsets[row + 1] ?? 0) - (offsets[row] ?? 0);
  }
  return runs;
}

function forEachRun(
  offsets: Int32Array,
  rows: Uint32Array,
  visit: (start: number, end: number, at: number) => void,
): void {
  let at = 0;
  for (const row of rows) {
    const start = offsets[row] ?? 0;
    const end = offsets[row + 1] ?? start;
    visit(start, end, at);
    at += end - start;
  }
}

function takeFixed(data: Data, rows: Uint32Array): Values {
  const source = data.values as Values;
  const { stride } = data;
  const Kind = source.constructor as new (length: number) => Values;
  const values = new Kind(rows.length * stride);
  for (let index = 0; index < rows.length; index++) {
    const from = (rows[index] ?? 0) * stride;
    for (let part = 0; part < stride; part++) {
      values[index * stride + part] = source[from + part] as never;
    }
  }
  return values;
}
