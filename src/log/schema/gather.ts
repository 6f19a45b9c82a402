/** The values that a dictionary column stands for, as a plain column of their type. */
import {
  type DataType as ArrowType,
  Binary,
  type Data,
  type Dictionary,
  Type,
  Utf8,
} from 'apache-arrow';
import { type ColumnParts, makeColumn, nullColumn, type Values, validityOf } from './arrow-data.js';
import { bitAt, bitsWhere } from './bits.js';
import { type ByteRuns, bytesOf, checkSize } from './cast-bytes.js';
import { type CastPlace, refuseValue, typeMisfit } from './cast-place.js';
import type { DataType } from './types.js';

/** For each row, the chunk of the dictionary and the index in it; chunk -1 is null. */
interface Picks {
  readonly chunk: Int32Array;
  readonly index: Int32Array;
}

const NULL = -1;
const FIXED_WIDTH: ReadonlySet<number> = new Set([
  Type.Int,
  Type.Float,
  Type.Decimal,
  Type.Date,
  Type.Timestamp,
  Type.FixedSizeBinary,
]);
const VARIABLE_WIDTH: ReadonlySet<number> = new Set([
  Type.Utf8,
  Type.LargeUtf8,
  Type.Utf8View,
  Type.Binary,
  Type.LargeBinary,
  Type.BinaryView,
]);

/**
 * A dictionary column decoded. Only values that a row uses are copied, so what else the dictionary
 * holds need not fit. A dictionary of nested values is refused as a type that does not fit.
 */
export function decodeDictionary(data: Data, target: DataType, place: CastPlace): Data {
  const type = (data.type as Dictionary).dictionary as ArrowType;
  const chunks: readonly Data[] = data.dictionary?.data ?? [];
  if (type.typeId === Type.Null) return nullColumn(type, data.length);
  const picks = pickRows(data, chunks, place);
  const validity = bitsWhere(data.length, (row) => picks.chunk[row] !== NULL);
  const column = (own: ArrowType, parts: ColumnParts): Data =>
    makeColumn(own, data.length, { ...parts, validity });
  if (FIXED_WIDTH.has(type.typeId)) {
    return column(type, { values: gatherFixed(type, chunks, picks) });
  }
  if (type.typeId === Type.Bool) return column(type, { values: gatherBits(chunks, picks) });
  if (VARIABLE_WIDTH.has(type.typeId)) {
    const { offsets, values, isText } = gatherRuns(chunks, picks, place);
    return column(isText ? new Utf8() : new Binary(), { valueOffsets: offsets, values });
  }
  throw typeMisfit(data, target, place);
}

function pickRows(data: Data, chunks: readonly Data[], place: CastPlace): Picks {
  const validity = validityOf(data);
  const indices = data.values as Int32Array | BigInt64Array;
  const picks = {
    chunk: new Int32Array(data.length).fill(NULL),
    index: new Int32Array(data.length),
  };
  for (let row = 0; row < data.length; row++) {
    if (validity !== undefined && !bitAt(validity, row)) continue;
    let index = Number(indices[row] ?? 0);
    let chunk = 0;
    while (index >= (chunks[chunk]?.length ?? Infinity)) index -= chunks[chunk++]?.length ?? 0;
    const values = chunks[chunk];
    if (values === undefined || index < 0) {
      const actual = (): string => `index ${String(indices[row])}`;
      refuseValue(data, place, row, { expected: 'an index into the dictionary', actual });
      continue;
    }
    const there = validityOf(values);
    if (there !== undefined && !bitAt(there, index)) continue;
    picks.chunk[row] = chunk;
    picks.index[row] = index;
  }
  return picks;
}

function gatherFixed(type: ArrowType, chunks: readonly Data[], picks: Picks): Values {
  const stride = chunks[0]?.stride ?? 1;
  const Kind = type.ArrayType as new (length: number) => Values;
  const to = new Kind(picks.chunk.length * stride);
  for (let row = 0; row < picks.chunk.length; row++) {
    const from = chunks[picks.chunk[row] ?? NULL]?.values as Values | undefined;
    if (from === undefined) continue;
    const at = (picks.index[row] ?? 0) * stride;
    for (let part = 0; part < stride; part++) to[row * stride + part] = from[at + part] ?? 0;
  }
  return to;
}

function gatherBits(chunks: readonly Data[], picks: Picks): Values {
  return bitsWhere(picks.chunk.length, (row) => {
    const from = chunks[picks.chunk[row] ?? NULL];
    if (from === undefined) return false;
    const bits = { bytes: from.values as Uint8Array, offset: from.offset };
    return bitAt(bits, picks.index[row] ?? 0);
  }).bytes;
}

function gatherRuns(chunks: readonly Data[], picks: Picks, place: CastPlace): ByteRuns {
  const runs = chunks.map((chunk) => bytesOf(chunk, place));
  const runAt = (row: number): Uint8Array | undefined => {
    const from = runs[picks.chunk[row] ?? NULL];
    const index = picks.index[row] ?? 0;
    return from?.values.subarray(from.offsets[index], from.offsets[index + 1]);
  };
  const rows = picks.chunk.length;
  const offsets = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    const end = (offsets[row] ?? 0) + (runAt(row)?.length ?? 0);
    checkSize(end, place);
    offsets[row + 1] = end;
  }
  const values = new Uint8Array(offsets[rows] ?? 0);
  for (let row = 0; row < rows; row++) {
    const run = runAt(row);
    if (run !== undefined) values.set(run, offsets[row]);
  }
  return { offsets, values, isText: runs[0]?.isText ?? false };
}
