/** Writes roaring bitmaps for tests, after RoaringFormatSpec, in whichever form a test asks for. */

import type { DeletionVectorDescriptor } from '../../../src/log/actions.js';

/** The rows of one container of 65,536, by their low 16 bits, and how to write them. */
export interface TestContainer {
  readonly high: number;
  readonly rows: readonly number[];
  readonly form: 'rows' | 'bits' | 'runs';
}

/** One 32-bit bitmap. */
export function bitmapBytes(containers: readonly TestContainer[]): Uint8Array {
  const hasRuns = containers.some(({ form }) => form === 'runs');
  const count = containers.length;
  const flags = new Uint8Array((count + 7) >> 3);
  for (const [at, { form }] of containers.entries()) {
    if (form === 'runs') flags[at >> 3] = (flags[at >> 3] ?? 0) | (1 << (at & 7));
  }
  const bodies = containers.map(body);
  const hasOffsets = !hasRuns || count >= 4;
  const head = hasRuns
    ? [...u32(12_347 | ((count - 1) << 16)), ...flags]
    : [...u32(12_346), ...u32(count)];
  const keys = containers.flatMap(({ high, rows }) => [...u16(high), ...u16(rows.length - 1)]);
  let offset = head.length + keys.length + (hasOffsets ? count * 4 : 0);
  const offsets: number[] = [];
  for (const { length } of bodies) {
    if (hasOffsets) offsets.push(...u32(offset));
    offset += length;
  }
  return Uint8Array.from([...head, ...keys, ...offsets, ...bodies.flat()]);
}

/** The protocol's 64-bit format. @param bitmaps - pairs of the high 32 bits and a bitmap */
export function portableBytes(bitmaps: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const parts = bitmaps.flatMap(([key, bitmap]) => [...u32(key), ...bitmap]);
  return Uint8Array.from([...u32(1_681_511_377), ...u32(bitmaps.length), ...u32(0), ...parts]);
}

/** Spark's older format, in either byte order. */
export function nativeBytes(bitmaps: readonly Uint8Array[], isLittle: boolean): Uint8Array {
  const number = (value: number): number[] => (isLittle ? u32(value) : u32(value).toReversed());
  const parts = bitmaps.flatMap((bitmap) => [...number(bitmap.length), ...bitmap]);
  return Uint8Array.from([...number(1_681_511_376), ...number(bitmaps.length), ...parts]);
}

export function u32(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

function u16(value: number): number[] {
  return [value & 255, value >>> 8];
}

function body({ rows, form }: TestContainer): number[] {
  if (form === 'rows') return rows.flatMap(u16);
  if (form === 'bits') {
    const bits = new Uint8Array(8192);
    for (const row of rows) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
    return [...bits];
  }
  const runs: [number, number][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] + 1 === row) last[1]++;
    else runs.push([row, 0]);
  }
  return [...u16(runs.length), ...runs.flatMap(([start, more]) => [...u16(start), ...u16(more)])];
}

/** An inline deletion vector of these rows, below 2^32. */
export function inlineVector(rows: readonly number[]): DeletionVectorDescriptor {
  const highs = [...new Set(rows.map((row) => row >>> 16))].toSorted((a, b) => a - b);
  const containers = highs.map((high): TestContainer => {
    const own = rows.filter((row) => row >>> 16 === high).map((row) => row & 0xffff);
    const form = own.length > 4096 ? 'bits' : 'rows';
    return { high, rows: own.toSorted((a, b) => a - b), form };
  });
  const bytes = portableBytes(rows.length === 0 ? [] : [[0, bitmapBytes(containers)]]);
  return {
    storageType: 'i',
    pathOrInlineDv: encodeZ85(bytes),
    sizeInBytes: bytes.length,
    cardinality: rows.length,
  };
}

const DIGITS =
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

function encodeZ85(bytes: Uint8Array): string {
  const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  let text = '';
  for (let at = 0; at < padded.length; at += 4) {
    let value = padded.readUInt32BE(at);
    let digits = '';
    for (let digit = 0; digit < 5; digit++) {
      digits = `${DIGITS[value % 85]}${digits}`;
      value = Math.floor(value / 85);
    }
    text += digits;
  }
  return text;
}
