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
    const values = new Uint8Array(runs[length] ?? 0);
    copyRuns(data.values as Uint8Array, data.valueOffsets as Int32Array, rows, values);
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

/** Shorter texts are copied byte by byte: a view of each would cost more. */
const SHORT_RUN_BYTES = 64;

function copyRuns(
  source: Uint8Array,
  offsets: Int32Array,
  rows: Uint32Array,
  values: Uint8Array,
): void {
  let to = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as number;
    const start = offsets[row] as number;
    const end = offsets[row + 1] as number;
    if (end - start > SHORT_RUN_BYTES) {
      values.set(source.subarray(start, end), to);
      to += end - start;
    } else {
      for (let from = start; from < end; from++, to++) values[to] = source[from] as number;
    }
  }
}

/** Copies by the width of a value and not by its type, so that each loop meets one kind of array. */
function takeFixed(data: Data, rows: Uint32Array): Values {
  const source = data.values as Values;
  const Kind = source.constructor as new (length: number) => Values;
  const values = new Kind(rows.length * data.stride);
  const width = source.BYTES_PER_ELEMENT;
  if (width === 2) {
    takeElements(viewOf(Uint16Array, source), rows, viewOf(Uint16Array, values));
  } else if (width === 1) {
    takeBytes(viewOf(Uint8Array, source), rows, data.stride, viewOf(Uint8Array, values));
  } else {
    const words = (width * data.stride) / Uint32Array.BYTES_PER_ELEMENT;
    const [from, to] = [viewOf(Uint32Array, source), viewOf(Uint32Array, values)];
    if (words === 1) takeWords(from, rows, to);
    else if (words === 2) takePairs(from, rows, to);
    else takeMany(from, rows, words, to);
  }
  return values;
}

function viewOf<T extends Uint8Array | Uint16Array | Uint32Array>(
  Kind: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => T,
  { buffer, byteOffset, byteLength }: Values,
): T {
  const width = (Kind as unknown as { readonly BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
  return new Kind(buffer, byteOffset, byteLength / width);
}

function takeElements(source: Uint16Array, rows: Uint32Array, values: Uint16Array): void {
  for (let index = 0; index < rows.length; index++) {
    values[index] = source[rows[index] as number] as number;
  }
}

function takeWords(source: Uint32Array, rows: Uint32Array, values: Uint32Array): void {
  for (let index = 0; index < rows.length; index++) {
    values[index] = source[rows[index] as number] as number;
  }
}

function takePairs(source: Uint32Array, rows: Uint32Array, values: Uint32Array): void {
  for (let index = 0; index < rows.length; index++) {
    const from = (rows[index] as number) * 2;
    values[index * 2] = source[from] as number;
    values[index * 2 + 1] = source[from + 1] as number;
  }
}

function takeMany(
  source: Uint32Array,
  rows: Uint32Array,
  words: number,
  values: Uint32Array,
): void {
  let to = 0;
  for (let index = 0; index < rows.length; index++) {
    const from = (rows[index] as number) * words;
    for (let word = 0; word < words; word++) values[to++] = source[from + word] as number;
  }
}

function takeBytes(source: Uint8Array, rows: Uint32Array, width: number, values: Uint8Array): void {
  let to = 0;
  for (let index = 0; index < rows.length; index++) {
    const from = (rows[index] as number) * width;
    for (let byte = 0; byte < width; byte++) values[to++] = source[from + byte] as number;
  }
}
