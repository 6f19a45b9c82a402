/** Between one Arrow column of a primitive type and the scalars Varve computes with. */
import { type DataType as ArrowType, type Data, makeData } from 'apache-arrow';
import { nullColumn } from '../../log/schema/arrow-data.js';
import { arrowType } from '../../log/schema/arrow-type.js';
import type { Scalar } from '../../log/schema/scalar.js';
import type { PrimitiveName } from '../../log/schema/types.js';

/** Reads row `index` of a column as a scalar. */
export type ScalarReader = (index: number) => Scalar;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const WORDS = 4;

/** A reader over `data`, which must have exactly the Arrow type of `type`. */
export function scalarReader(data: Data, type: PrimitiveName): ScalarReader {
  const valid = validity(data);
  const read = valueReader(data, type);
  return valid === undefined ? read : (index) => (valid(index) ? read(index) : null);
}

function validity(data: Data): ((index: number) => boolean) | undefined {
  const bits = data.nullBitmap;
  if (data.nullCount === 0 || bits === undefined || bits.length === 0) return undefined;
  return (index) => bitAt(bits, data.offset + index);
}

function bitAt(bits: Uint8Array, at: number): boolean {
  return (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
}

function valueReader(data: Data, type: PrimitiveName): ScalarReader {
  if (type === 'void') return () => null;
  if (type === 'string' || type === 'binary') {
    const offsets = data.valueOffsets as Int32Array;
    const values = data.values as Uint8Array;
    const bytes = (index: number): Uint8Array =>
      values.subarray(offsets[index], offsets[index + 1]);
    return type === 'string' ? (index) => decoder.decode(bytes(index)) : bytes;
  }
  if (type === 'boolean') {
    const bits = data.values as Uint8Array;
    return (index) => bitAt(bits, data.offset + index);
  }
  if (type.startsWith('decimal')) {
    const words = data.values as Uint32Array;
    return (index) => decimalAt(words, index * WORDS);
  }
  const values = data.values as Int32Array | Float64Array | BigInt64Array;
  return (index) => values[index] ?? null;
}

/** The signed 128-bit integer in four little-endian words. */
export function decimalAt(words: Uint32Array, at: number): bigint {
  const low = BigInt(words[at] ?? 0) | (BigInt(words[at + 1] ?? 0) << 32n);
  const high = BigInt(words[at + 2] ?? 0) | (BigInt(words[at + 3] ?? 0) << 32n);
  return BigInt.asIntN(128, low | (high << 64n));
}

/** A column of `rows` times the same value: what a partition column is within one file. */
export function constantColumn(value: Scalar, type: PrimitiveName, rows: number): Data {
  const arrow: ArrowType = arrowType(type);
  if (value === null) return nullColumn(arrow, rows);
  if (typeof value === 'string' || value instanceof Uint8Array) {
    return constantBytes(
      typeof value === 'string' ? new TextEncoder().encode(value) : value,
      arrow,
      rows,
    );
  }
  if (typeof value === 'boolean') {
    const bits = new Uint8Array((rows + 7) >> 3).fill(value ? 0xff : 0);
    return makeData({ type: arrow, length: rows, nullCount: 0, data: bits } as never);
  }
  const data = type.startsWith('decimal')
    ? repeatWords(BigInt(value), rows)
    : filled(arrow, value, rows);
  return makeData({ type: arrow, length: rows, nullCount: 0, data } as never);
}

function filled(type: ArrowType, value: number | bigint, rows: number): ArrayBufferView {
  const Kind = type.ArrayType as new (length: number) => Int32Array | BigInt64Array;
  return new Kind(rows).fill(value as never);
}

function repeatWords(value: bigint, rows: number): Uint32Array {
  const unsigned = BigInt.asUintN(128, value);
  const words = new Uint32Array(rows * WORDS);
  for (let word = 0; word < WORDS; word++) {
    const bits = Number((unsigned >> BigInt(32 * word)) & 0xffffffffn);
    for (let at = word; at < words.length; at += WORDS) words[at] = bits;
  }
  return words;
}

function constantBytes(bytes: Uint8Array, type: ArrowType, rows: number): Data {
  const valueOffsets = new Int32Array(rows + 1);
  const data = new Uint8Array(bytes.length * rows);
  for (let row = 0; row < rows; row++) {
    data.set(bytes, row * bytes.length);
    valueOffsets[row + 1] = (row + 1) * bytes.length;
  }
  return makeData({ type, length: rows, nullCount: 0, valueOffsets, data } as never);
}
