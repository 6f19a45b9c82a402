/** A set of row numbers as bits, counted. */
import type { Data } from 'apache-arrow';
import { Validity } from './arrow-column.js';

/** Rows 0 to `length` - 1, each in or out. Immutable; `without` shares nothing with it. */
export class RowSet implements Iterable<number> {
  readonly length: number;
  /** How many rows are in. */
  readonly count: number;
  readonly #bits: Uint8Array | undefined;

  private constructor(length: number, count: number, bits: Uint8Array | undefined) {
    this.length = length;
    this.count = count;
    this.#bits = bits;
  }

  static all(length: number): RowSet {
    return new RowSet(length, length, undefined);
  }

  /** The rows of a column that are not null. */
  static valid(data: Data): RowSet {
    if (data.nullCount === 0) return RowSet.all(data.length);
    const validity = new Validity(data);
    return RowSet.where(data.length, (row) => validity.has(row));
  }

  static where(length: number, test: (row: number) => boolean): RowSet {
    const bits = new Uint8Array((length + 7) >> 3);
    let count = 0;
    for (let row = 0; row < length; row++) {
      if (!test(row)) continue;
      bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
      count++;
    }
    return count === length ? RowSet.all(length) : new RowSet(length, count, bits);
  }

  has(row: number): boolean {
    if (row < 0 || row >= this.length) return false;
    if (this.#bits === undefined) return true;
    return (((this.#bits[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
  }

  /** This set less `rows`; itself when none of them is in it. */
  without(rows: Iterable<number>): RowSet {
    let bits: Uint8Array | undefined;
    let { count } = this;
    for (const row of rows) {
      if (!this.has(row)) continue;
      bits ??= this.#copyBits();
      const mask = 1 << (row & 7);
      const byte = bits[row >> 3] ?? 0;
      if ((byte & mask) === 0) continue;
      bits[row >> 3] = byte & ~mask;
      count--;
    }
    return bits === undefined ? this : new RowSet(this.length, count, bits);
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let row = 0; row < this.length; row++) if (this.has(row)) yield row;
  }

  /** The rows that are in, ascending. */
  toIndexes(): Uint32Array {
    const indexes = new Uint32Array(this.count);
    let at = 0;
    for (let row = 0; row < this.length; row++) if (this.has(row)) indexes[at++] = row;
    return indexes;
  }

  #copyBits(): Uint8Array {
    return this.#bits?.slice() ?? new Uint8Array((this.length + 7) >> 3).fill(0xff);
  }
}
