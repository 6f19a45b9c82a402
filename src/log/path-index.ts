/** Finds the rows of a checkpoint by the path of their file, without a string for each of a million paths. */
import { reconcileKey } from './action-path.js';
import { equalBytes, type TextColumn } from './arrow-column.js';
import type { RowSet } from './row-set.js';

/** The paths of one block of rows; rows are numbered on from block to block. */
export interface PathBlock {
  readonly paths: TextColumn;
  readonly rows: RowSet;
}

/** A row of a block. */
export interface RowPlace {
  readonly block: number;
  readonly row: number;
}

const encoder = new TextEncoder();
const NO_ROW = 0;
const NO_PLACES: readonly RowPlace[] = [];
const SLASH = 0x2f;
const DOT = 0x2e;
const COLON = 0x3a;

/**
 * A hash table of row numbers, by the hash of the path as PROTOCOL.md reconciles it: almost always the very bytes that
 * are in the column. Paths that are spelled otherwise (absolute, or with dot segments) are kept as their keys.
 */
export class PathIndex {
  readonly #blocks: PathBlock[] = [];
  readonly #starts: number[] = [];
  /** Pairs of hash and row number + 1, by open addressing. */
  #slots: Uint32Array;
  #mask: number;
  /** Of a row, the one before it of the same path: a path is in one slot, however many rows have it. */
  readonly #earlier = new Map<number, number>();
  readonly #unusual = new Map<number, Uint8Array>();
  readonly tableUrl: string;
  #rows = 0;

  /** @param tableUrl - lends its scheme to absolute paths that have none */
  constructor(tableUrl: string) {
    const slots = slotsFor(0);
    this.#slots = new Uint32Array(slots * 2);
    this.#mask = slots - 1;
    this.tableUrl = tableUrl;
  }

  /** Makes room for so many more rows. */
  reserve(rows: number): void {
    const slots = slotsFor(this.#rows + rows);
    if (slots * 2 <= this.#slots.length) return;
    const old = this.#slots;
    this.#slots = new Uint32Array(slots * 2);
    this.#mask = slots - 1;
    for (let at = 0; at < old.length; at += 2) {
      const entry = old[at + 1] ?? NO_ROW;
      if (entry === NO_ROW) continue;
      const hash = old[at] ?? 0;
      let slot = hash & this.#mask;
      while (this.#slots[slot * 2 + 1] !== NO_ROW) slot = (slot + 1) & this.#mask;
      this.#slots[slot * 2] = hash;
      this.#slots[slot * 2 + 1] = entry;
    }
  }

  /** Adds the rows of one more block that are in its set. */
  add(block: PathBlock): void {
    const { start, hashOf } = this.#begin(block);
    const { rows } = block;
    for (let row = 0; row < rows.length; row++) {
      if (!rows.has(row)) continue;
      const id = start + row;
      const hash = hashOf(row);
      const slot = this.#slotOf(hash, id);
      this.#link(id, this.#slots[slot * 2 + 1] ?? NO_ROW);
      this.#slots[slot * 2] = hash;
      this.#slots[slot * 2 + 1] = id + 1;
    }
  }

  /**
   * Adds the rows of one more block, in order; its set does not count. Of each, first tells the rows of the same path
   * that are here or in `older`; those here that are answered with true are forgotten.
   */
  append(
    block: PathBlock,
    older: PathIndex,
    visit: (row: number, earlier: RowPlace, isOlder: boolean) => boolean,
  ): void {
    const { start, hashOf } = this.#begin(block);
    for (let row = 0; row < block.rows.length; row++) {
      const id = start + row;
      const hash = hashOf(row);
      if (older.#rows > 0) {
        const key = this.#keyBytes(id, { block: this.#blocks.length - 1, row });
        for (const place of older.#findBytes(key, hash)) visit(row, place, true);
      }
      const slot = this.#slotOf(hash, id);
      let last = id;
      for (const other of this.#chain(this.#slots[slot * 2 + 1] ?? NO_ROW)) {
        this.#earlier.delete(last);
        if (visit(row, this.#place(other), false)) continue;
        this.#earlier.set(last, other);
        last = other;
      }
      this.#slots[slot * 2] = hash;
      this.#slots[slot * 2 + 1] = id + 1;
    }
  }

  /** The rows whose path has this reconcile key, in order. */
  find(key: string): readonly RowPlace[] {
    const wanted = encoder.encode(key);
    return this.#findBytes(wanted, hashBytes(wanted));
  }

  /** The rows of each path that more than one has, in order. */
  *repeated(): IterableIterator<readonly RowPlace[]> {
    const inner = new Set(this.#earlier.values());
    for (const id of this.#earlier.keys()) {
      if (!inner.has(id)) yield this.#places(id + 1);
    }
  }

  #begin(block: PathBlock): { readonly start: number; readonly hashOf: (row: number) => number } {
    this.reserve(block.rows.length);
    const start = this.#rows;
    this.#blocks.push(block);
    this.#starts.push(start);
    this.#rows += block.rows.length;
    const { values, offsets } = block.paths;
    const first = offsets[0] ?? 0;
    const anyColon = values.subarray(first, offsets[block.rows.length] ?? first).includes(COLON);
    const hashOf = (row: number): number => {
      const hash = anyColon ? UNUSUAL : hashUsual(values, offsets[row] ?? 0, offsets[row + 1] ?? 0);
      if (hash !== UNUSUAL) return hash;
      const key = encoder.encode(reconcileKey(block.paths.get(row) ?? '', this.tableUrl));
      this.#unusual.set(start + row, key);
      return hashBytes(key);
    };
    return { start, hashOf };
  }

  /** Where the last row of the same path is, or else an empty slot. */
  #slotOf(hash: number, id: number): number {
    const slots = this.#slots;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = slots[slot * 2 + 1] ?? NO_ROW;
      if (entry === NO_ROW) return slot;
      if (slots[slot * 2] === hash && this.#isSame(entry - 1, id)) return slot;
    }
  }

  #isSame(one: number, other: number): boolean {
    const bytes = this.#keyBytes(one, this.#place(one));
    return equalBytes(bytes, this.#keyBytes(other, this.#place(other)));
  }

  #link(id: number, entry: number): void {
    if (entry !== NO_ROW) this.#earlier.set(id, entry - 1);
  }

  #findBytes(wanted: Uint8Array, hash: number): readonly RowPlace[] {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot * 2 + 1] ?? NO_ROW;
      if (entry === NO_ROW) return NO_PLACES;
      if (this.#slots[slot * 2] !== hash) continue;
      const place = this.#place(entry - 1);
      if (equalBytes(this.#keyBytes(entry - 1, place), wanted)) return this.#places(entry);
    }
  }

  #places(entry: number): readonly RowPlace[] {
    return this.#chain(entry)
      .toReversed()
      .map((id) => this.#place(id));
  }

  /** The rows of one path, the last first. */
  #chain(entry: number): readonly number[] {
    const ids: number[] = [];
    if (entry === NO_ROW) return ids;
    for (let id: number | undefined = entry - 1; id !== undefined; id = this.#earlier.get(id)) {
      ids.push(id);
    }
    return ids;
  }

  #place(id: number): RowPlace {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= id) low = middle;
      else high = middle - 1;
    }
    return { block: low, row: id - (this.#starts[low] ?? 0) };
  }

  #keyBytes(id: number, place: RowPlace): Uint8Array {
    return (
      this.#unusual.get(id) ??
      this.#blocks[place.block]?.paths.bytes(place.row) ??
      new Uint8Array(0)
    );
  }
}

/** Twice the rows at least, so that a search ends soon; a power of two, so that a mask finds the slot. */
function slotsFor(rows: number): number {
  let slots = 16;
  while (slots < rows * 2) slots *= 2;
  return slots;
}

/** No hash: hashes are not negative. */
const UNUSUAL = -1;

/**
 * The hash of a path that holds no colon, or {@link UNUSUAL} when it may not be its own reconcile key: it is absolute,
 * empty, or has an empty or a dot segment. Both in one pass, four bytes a step, for a checkpoint has millions of paths.
 */
function hashUsual(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from] ?? 0;
  if (from === to || first === SLASH || first === DOT) return UNUSUAL;
  let hash = to - from;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    // Some bit is set exactly when one of the four bytes is a slash.
    const slashes = word ^ SLASHES;
    if (((slashes - ONES) & ~slashes & HIGH_BITS) !== 0 && hasOddSegment(bytes, at, to)) {
      return UNUSUAL;
    }
    hash = Math.imul(hash ^ Math.imul(word, 0xcc9e2d51), 0x1b873593);
    hash ^= hash >>> 15;
  }
  if (at < to && hasOddSegment(bytes, at, to)) return UNUSUAL;
  return finish(hash, bytes, at, to);
}

const SLASHES = 0x2f2f2f2f;
const ONES = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;

/** Whether one of the four bytes from `at` on is a slash that an empty or dot segment follows, or the end. */
function hasOddSegment(bytes: Uint8Array, at: number, to: number): boolean {
  const end = Math.min(at + 4, to);
  for (let here = at; here < end; here++) {
    if (bytes[here] !== SLASH) continue;
    const next = here + 1 < to ? bytes[here + 1] : SLASH;
    if (next === SLASH || next === DOT) return true;
  }
  return false;
}

/** The same hash of any bytes. */
function hashBytes(bytes: Uint8Array): number {
  let hash = bytes.length;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    hash = Math.imul(hash ^ Math.imul(word, 0xcc9e2d51), 0x1b873593);
    hash ^= hash >>> 15;
  }
  return finish(hash, bytes, at, bytes.length);
}

function finish(start: number, bytes: Uint8Array, from: number, to: number): number {
  let hash = start;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
