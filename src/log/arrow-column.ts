/** Arrow columns read by their buffers: no row object is made, so a million rows cost a million reads and no garbage. */
import type { Data } from 'apache-arrow';
import { InternalError } from '../errors.js';
import type { StringMap } from './actions.js';
import { CodeBook, type TextCodes } from './text-codes.js';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Whether each row of a column has a value of its own; its parents' nulls are not in it. */
export class Validity {
  readonly #bits: Uint8Array | undefined;
  readonly #offset: number;

  constructor(data: Data) {
    const bits = data.nullBitmap;
    const none = data.nullCount === 0 || bits === null || bits === undefined || bits.length === 0;
    this.#bits = none ? undefined : bits;
    this.#offset = data.offset;
  }

  has(row: number): boolean {
    if (this.#bits === undefined) return true;
    const at = this.#offset + row;
    return (((this.#bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
  }
}

/** A string column (Utf8). */
export class TextColumn {
  /** The bytes of all rows; those of one are between two neighbours of `offsets`. */
  readonly values: Uint8Array;
  readonly offsets: Int32Array;
  readonly #validity: Validity;

  constructor(data: Data) {
    this.values = data.values as Uint8Array;
    this.offsets = data.valueOffsets as Int32Array;
    this.#validity = new Validity(data);
  }

  has(row: number): boolean {
    return this.#validity.has(row);
  }

  /** The UTF-8 bytes, shared; empty for null. */
  bytes(row: number): Uint8Array {
    return this.values.subarray(this.offsets[row], this.offsets[row + 1]);
  }

  get(row: number): string | undefined {
    return row >= 0 && this.#validity.has(row) ? decoder.decode(this.bytes(row)) : undefined;
  }

  isAscii(row: number): boolean {
    const end = this.offsets[row + 1] ?? 0;
    for (let at = this.offsets[row] ?? 0; at < end; at++) {
      if ((this.values[at] ?? 0) > 0x7f) return false;
    }
    return true;
  }

  /** Whether the bytes of a row are these. */
  equals(row: number, bytes: Uint8Array): boolean {
    const start = this.offsets[row] ?? 0;
    if ((this.offsets[row + 1] ?? 0) - start !== bytes.length) return false;
    for (let at = 0; at < bytes.length; at++) {
      if (this.values[start + at] !== bytes[at]) return false;
    }
    return true;
  }

  /** Whether two rows hold the same text; a row below 0 is null. */
  isSame(one: number, other: number): boolean {
    const isNull = one < 0 || !this.#validity.has(one);
    if (isNull !== (other < 0 || !this.#validity.has(other))) return false;
    if (isNull) return true;
    const start = this.offsets[one] ?? 0;
    const length = (this.offsets[one + 1] ?? 0) - start;
    const from = this.offsets[other] ?? 0;
    if ((this.offsets[other + 1] ?? 0) - from !== length) return false;
    for (let at = 0; at < length; at++) {
      if (this.values[start + at] !== this.values[from + at]) return false;
    }
    return true;
  }
}

const NO_ENTRY = -1;

/** An int64 column. */
export class LongColumn {
  readonly #values: BigInt64Array;
  readonly #halves: Int32Array;
  readonly #validity: Validity;

  constructor(data: Data) {
    const values = data.values as BigInt64Array;
    this.#values = values;
    this.#halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
    this.#validity = new Validity(data);
  }

  has(row: number): boolean {
    return this.#validity.has(row);
  }

  exact(row: number): bigint | undefined {
    return this.#validity.has(row) ? this.#values[row] : undefined;
  }

  /** As a number, without a bigint on the way; beyond 2^53 it is not exact, which `Number.isSafeInteger` tells. */
  number(row: number): number | undefined {
    if (!this.#validity.has(row)) return undefined;
    const low = this.#halves[row * 2] ?? 0;
    const high = this.#halves[row * 2 + 1] ?? 0;
    return high * 0x1_0000_0000 + (low >>> 0);
  }
}

/** An int32 column. */
export class IntColumn {
  readonly #values: Int32Array;
  readonly #validity: Validity;

  constructor(data: Data) {
    this.#values = data.values as Int32Array;
    this.#validity = new Validity(data);
  }

  get(row: number): number | undefined {
    return this.#validity.has(row) ? this.#values[row] : undefined;
  }
}

/** A boolean column. */
export class FlagColumn {
  readonly #bits: Uint8Array;
  readonly #offset: number;
  readonly #validity: Validity;

  constructor(data: Data) {
    this.#bits = data.values as Uint8Array;
    this.#offset = data.offset;
    this.#validity = new Validity(data);
  }

  get(row: number): boolean | undefined {
    if (!this.#validity.has(row)) return undefined;
    const at = this.#offset + row;
    return (((this.#bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
  }
}

/** A list of strings. */
export class TextListColumn {
  readonly #offsets: Int32Array;
  readonly #items: TextColumn;
  readonly #validity: Validity;

  constructor(data: Data) {
    this.#offsets = data.valueOffsets as Int32Array;
    this.#items = new TextColumn(child(data, 0));
    this.#validity = new Validity(data);
  }

  /** Undefined for null; a null item is left out. */
  get(row: number): readonly string[] | undefined {
    if (!this.#validity.has(row)) return undefined;
    const texts: string[] = [];
    const end = this.#offsets[row + 1] ?? 0;
    for (let at = this.#offsets[row] ?? 0; at < end; at++) {
      const text = this.#items.get(at);
      if (text !== undefined) texts.push(text);
    }
    return texts;
  }
}

/** A map of strings to strings or null. */
export class TextMapColumn {
  readonly #offsets: Int32Array;
  readonly #keys: TextColumn;
  readonly #values: TextColumn;
  readonly #validity: Validity;
  readonly #names = new Map<string, Uint8Array>();

  constructor(data: Data) {
    const entries = child(data, 0);
    this.#offsets = data.valueOffsets as Int32Array;
    this.#keys = new TextColumn(child(entries, 0));
    this.#values = new TextColumn(child(entries, 1));
    this.#validity = new Validity(data);
  }

  get(row: number): StringMap | undefined {
    if (!this.#validity.has(row)) return undefined;
    const map = new Map<string, string | null>();
    const end = this.#offsets[row + 1] ?? 0;
    for (let at = this.#offsets[row] ?? 0; at < end; at++) {
      map.set(this.#keys.get(at) ?? '', this.#values.get(at) ?? null);
    }
    return map;
  }

  /** One entry without making the map; undefined when there is none. Of two equal keys the last counts. */
  at(row: number, key: string): string | null | undefined {
    if (!this.#validity.has(row)) return undefined;
    const at = this.#find(row, this.#encoded(key));
    return at === NO_ENTRY ? undefined : (this.#values.get(at) ?? null);
  }

  /** One entry of every row. */
  codes(key: string): TextCodes {
    const name = this.#encoded(key);
    const rows = this.#offsets.length - 1;
    const codes = new Uint32Array(rows);
    const known = new CodeBook();
    let before = NO_ENTRY;
    let code = 0;
    for (let row = 0; row < rows; row++) {
      const at = this.#validity.has(row) ? this.#find(row, name) : NO_ENTRY;
      // Files of one partition mostly lie together.
      if (row === 0 || !this.#values.isSame(before, at)) code = known.codeOf(this.#values.get(at));
      codes[row] = code;
      before = at;
    }
    return { codes, texts: known.texts };
  }

  #find(row: number, name: Uint8Array): number {
    const start = this.#offsets[row] ?? 0;
    for (let at = (this.#offsets[row + 1] ?? 0) - 1; at >= start; at--) {
      if (this.#keys.equals(at, name)) return at;
    }
    return NO_ENTRY;
  }

  #encoded(key: string): Uint8Array {
    let bytes = this.#names.get(key);
    if (bytes === undefined) {
      bytes = new TextEncoder().encode(key);
      this.#names.set(key, bytes);
    }
    return bytes;
  }
}

/** The child column at `index`; what a struct, list or map of a conformed type always has. */
export function child(data: Data, index: number): Data {
  const found = data.children[index];
  if (found === undefined) {
    throw new InternalError({
      message: `column of Arrow type ${data.typeId} has no child ${index}`,
    });
  }
  return found;
}

/** Whether two byte strings are equal. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}
