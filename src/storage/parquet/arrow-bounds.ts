/** The least and greatest value of an Arrow column, where a Parquet footer cannot be trusted to hold them. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { InternalError } from '../../errors.js';

/** Both, or neither when no row has a value. */
export interface Bounds<T> {
  readonly min: T;
  readonly max: T;
}

/** A leaf under structs: its place in the batch's columns, then in each struct's fields. */
export type LeafIndexes = readonly number[];

/**
 * Bounds of a float or double leaf: NaN is above everything, so any NaN makes `max` NaN, and `min` only when there is
 * nothing else; a zero is -0 as `min` and +0 as `max`, for readers that tell them apart.
 */
export function floatBounds(
  batches: readonly RecordBatch[],
  leaf: LeafIndexes,
): Bounds<number> | undefined {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let hasNumber = false;
  let hasNaN = false;
  for (const batch of batches) {
    const { data, valid } = leafData(batch, leaf);
    const values = data.values as Float32Array | Float64Array;
    for (let row = 0; row < data.length; row += 1) {
      if (valid !== undefined && valid[row] === 0) continue;
      const value = values[row] as number;
      if (Number.isNaN(value)) {
        hasNaN = true;
        continue;
      }
      hasNumber = true;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (!hasNumber) return hasNaN ? { min: Number.NaN, max: Number.NaN } : undefined;
  return { min: min === 0 ? -0 : min, max: hasNaN ? Number.NaN : max === 0 ? 0 : max };
}

/** Bounds of a string leaf by the order of its UTF-8 bytes, in full length. */
export function textBounds(
  batches: readonly RecordBatch[],
  leaf: LeafIndexes,
): Bounds<string> | undefined {
  let min: Uint8Array | undefined;
  let max: Uint8Array | undefined;
  for (const batch of batches) {
    const { data, valid } = leafData(batch, leaf);
    if (!DataType.isUtf8(data.type))
      throw new InternalError({ message: 'a text leaf is not Utf8' });
    const bytes = data.values as Uint8Array;
    const offsets = data.valueOffsets as Int32Array;
    for (let row = 0; row < data.length; row += 1) {
      if (valid !== undefined && valid[row] === 0) continue;
      const value = bytes.subarray(offsets[row], offsets[row + 1]);
      if (min === undefined || compareBytes(value, min) < 0) min = value;
      if (max === undefined || compareBytes(value, max) > 0) max = value;
    }
  }
  if (min === undefined || max === undefined) return undefined;
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  return { min: utf8.decode(min), max: utf8.decode(max) };
}

/** Negative, zero or positive as `a` comes before, at or after `b` in unsigned byte order. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

interface LeafData {
  readonly data: Data;
  /** 0 for each row where the leaf or a struct above it is null; undefined when none is. */
  readonly valid: Uint8Array | undefined;
}

/** An Arrow child does not carry its parents' nulls: what lies under a null struct is garbage, so they are joined. */
function leafData(batch: RecordBatch, leaf: LeafIndexes): LeafData {
  let siblings: readonly Data[] = batch.data.children;
  let found: LeafData | undefined;
  for (const index of leaf) {
    const data = siblings[index];
    if (data === undefined) throw new InternalError({ message: 'a leaf is not in its batch' });
    found = { data, valid: joinValidity(data, found?.valid) };
    siblings = data.children;
  }
  if (found === undefined) throw new InternalError({ message: 'a leaf has no place' });
  return found;
}

function joinValidity(data: Data, parents: Uint8Array | undefined): Uint8Array | undefined {
  if (data.nullCount === 0) return parents;
  const { nullBitmap, offset, length } = data;
  const valid = new Uint8Array(length);
  for (let row = 0; row < length; row += 1) {
    const bit = offset + row;
    const own = ((nullBitmap?.[bit >> 3] ?? 0) >> (bit & 7)) & 1;
    valid[row] = parents === undefined ? own : own & (parents[row] as number);
  }
  return valid;
}
