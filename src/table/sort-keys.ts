/** Keys as UTF-8 bytes where they lie, and their order. */
import type { FileColumns } from '../log/file-list.js';

const encoder = new TextEncoder();

/** Bytes of a path that may stand for others, or make it another key than its bytes: escapes, colons, controls. */
const NOT_AS_IT_IS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte <= 0x20 || byte >= 0x7f || byte === 0x25 || byte === 0x3a || byte === 0x5c ? 1 : 0,
);
const SLASH = 0x2f;
const DOT = 0x2e;

/** The decoded paths of some blocks, by row: rows are numbered on from block to block. */
export class PathKeys {
  /** Rows that have a path: those that once were active files. */
  readonly rows: Uint32Array;
  readonly #buffers: Uint8Array[] = [];
  readonly #bufferOf: Uint32Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;

  /** @param keyOf - decodes a path; one that it throws for is left as it is */
  constructor(blocks: readonly FileColumns[], keyOf: (path: string) => string) {
    const length = blocks.reduce((sum, columns) => sum + columns.length, 0);
    this.#bufferOf = new Uint32Array(length);
    this.#starts = new Int32Array(length);
    this.#ends = new Int32Array(length);
    const rows = new Uint32Array(length);
    let count = 0;
    let first = 0;
    for (const columns of blocks) {
      const others: OtherKey[] = [];
      const shared = columns.paths && this.#buffers.push(columns.paths.values) - 1;
      const areKeys = columns.paths !== undefined && isPlain(columns.paths.values);
      for (let row = 0; row < columns.length; row++) {
        const { paths } = columns;
        if (paths !== undefined && !paths.has(row)) continue;
        rows[count++] = first + row;
        const start = paths?.offsets[row] ?? 0;
        const end = paths?.offsets[row + 1] ?? 0;
        if (
          shared === undefined ||
          paths === undefined ||
          !isKeyAt(paths.values, { start, end, areKeys })
        ) {
          others.push({ row: first + row, key: encoder.encode(decoded(columns.path(row), keyOf)) });
        } else {
          this.#bufferOf[first + row] = shared;
          this.#starts[first + row] = start;
          this.#ends[first + row] = end;
        }
      }
      this.#addOthers(others);
      first += columns.length;
    }
    this.rows = rows.slice(0, count);
  }

  /** Below 0, 0 or above 0, by bytes, for a row of these keys and one of `others`. */
  compare(row: number, other: number, others: PathKeys = this): number {
    const a = this.#buffers[this.#bufferOf[row] ?? 0];
    const b = others.#buffers[others.#bufferOf[other] ?? 0];
    if (a === undefined || b === undefined) return 0;
    let at = this.#starts[row] ?? 0;
    let from = others.#starts[other] ?? 0;
    const length = (this.#ends[row] ?? 0) - at;
    const otherLength = (others.#ends[other] ?? 0) - from;
    const stop = at + Math.min(length, otherLength);
    while (at < stop && a[at] === b[from]) {
      at++;
      from++;
    }
    return at < stop ? (a[at] ?? 0) - (b[from] ?? 0) : length - otherLength;
  }

  #addOthers(others: readonly OtherKey[]): void {
    if (others.length === 0) return;
    const bytes = new Uint8Array(others.reduce((sum, { key }) => sum + key.length, 0));
    const buffer = this.#buffers.push(bytes) - 1;
    let at = 0;
    for (const { row, key } of others) {
      bytes.set(key, at);
      this.#bufferOf[row] = buffer;
      this.#starts[row] = at;
      at += key.length;
      this.#ends[row] = at;
    }
  }
}

/** A key that is not the bytes of its path. */
interface OtherKey {
  readonly row: number;
  readonly key: Uint8Array;
}

function decoded(path: string, keyOf: (path: string) => string): string {
  try {
    return keyOf(path);
  } catch {
    // Whoever opens this file is told why it cannot be; the others have their order all the same.
    return path;
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
  /** Whether nothing in all the bytes is odd within a key. */
  readonly areKeys: boolean;
}

function isKeyAt(bytes: Uint8Array, { start, end, areKeys }: Span): boolean {
  if (!areKeys) return isKey(bytes, start, end);
  return start < end && bytes[start] !== SLASH && bytes[start] !== DOT && bytes[end - 1] !== SLASH;
}

/** Whether paths in these bytes need no looking at but for their ends; what is odd is rare, and found quickly. */
function isPlain(bytes: Uint8Array): boolean {
  if (ODD_IN_KEYS.some((byte) => bytes.includes(byte))) return false;
  const whole = bytes.byteOffset % 4 === 0 ? bytes.length >> 2 : 0;
  const words = new Int32Array(bytes.buffer, whole === 0 ? 0 : bytes.byteOffset, whole);
  for (let index = 0; index < whole; index++) {
    const word = words[index] ?? 0;
    if ((word & HIGH_BITS) !== 0) return false;
    const slashes = word ^ SLASHES;
    // Some bit is set exactly when one of the four bytes is a slash.
    if (((slashes - ONES) & ~slashes & HIGH_BITS) !== 0 && hasOddSegment(bytes, index * 4)) {
      return false;
    }
  }
  return !hasOddBytes(bytes, whole * 4);
}

/** Escapes, colons, backslashes and what no path holds. */
const ODD_IN_KEYS: readonly number[] = [0x25, 0x3a, 0x5c, 0x20, 0x7f, 0, 0x09, 0x0a, 0x0d];
const SLASHES = 0x2f2f2f2f;
const ONES = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;

function hasOddSegment(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < from + 4; at++) {
    if (bytes[at] !== SLASH) continue;
    const next = bytes[at + 1];
    if (next === SLASH || next === DOT) return true;
  }
  return false;
}

function hasOddBytes(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) {
    if ((bytes[at] ?? 0) > 0x7f || hasOddSegment(bytes, at)) return true;
  }
  return false;
}

/** Whether a path is its own key: relative, without escapes and dot segments. */
function isKey(bytes: Uint8Array, start: number, end: number): boolean {
  let before = SLASH;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (NOT_AS_IT_IS[byte] === 1) return false;
    if (before === SLASH && (byte === SLASH || byte === DOT)) return false;
    before = byte;
  }
  return before !== SLASH;
}

/** The rows that have a path, in its order: merge sort, which takes what is in order already as it is. */
export function sortByKeys(keys: PathKeys): Uint32Array {
  let from = keys.rows.slice();
  let ends = runEnds(from, keys);
  let to = new Uint32Array(from.length);
  while (ends.length > 1) {
    const merged: number[] = [];
    let start = 0;
    for (let run = 0; run < ends.length; run += 2) {
      const middle = ends[run] ?? 0;
      const end = ends[run + 1] ?? middle;
      mergeRuns({ from, to, start, middle, end }, keys);
      merged.push(end);
      start = end;
    }
    ends = merged;
    [from, to] = [to, from];
  }
  return from;
}

/** Where each run that ascends ends. */
function runEnds(rows: Uint32Array, keys: PathKeys): number[] {
  const ends: number[] = [];
  for (let at = 1; at < rows.length; at++) {
    if (keys.compare(rows[at - 1] ?? 0, rows[at] ?? 0) > 0) ends.push(at);
  }
  ends.push(rows.length);
  return ends;
}

interface Merge {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly start: number;
  readonly middle: number;
  readonly end: number;
}

function mergeRuns({ from, to, start, middle, end }: Merge, keys: PathKeys): void {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const takeLeft =
      right >= end || (left < middle && keys.compare(from[left] ?? 0, from[right] ?? 0) <= 0);
    to[at] = (takeLeft ? from[left++] : from[right++]) ?? 0;
  }
}
