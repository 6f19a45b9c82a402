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
  readonly #unusual = new Map<number, Uint8Array>();
  readonly tableUrl: string;
  #rows = 0;

  /**
   * @param capacity - rows that are known to come; more only cost time
   * @param tableUrl - lends its scheme to absolute paths that have none
   */
  constructor(capacity: number, tableUrl: string) {
    const slots = slotsFor(capacity);
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
    for (let slot = 0; slot < old.length; slot += 2) {
      const entry = old[slot + 1] ?? NO_ROW;
      if (entry !== NO_ROW) this.#insert(old[slot] ?? 0, entry - 1);
    }
  }

  /** Adds the rows of one more block that are in its set. */
  add(block: PathBlock): void {
    this.reserve(block.rows.length);
    const start = this.#rows;
    this.#blocks.push(block);
    this.#starts.push(start);
    this.#rows += block.rows.length;
    const { paths, rows } = block;
    const { values, offsets } = paths;
    const first = offsets[0] ?? 0;
    const anyColon = values.subarray(first, offsets[rows.length] ?? first).includes(COLON);
    for (let row = 0; row < rows.length; row++) {
      if (!rows.has(row)) continue;
      const hash = anyColon ? UNUSUAL : hashUsual(values, offsets[row] ?? 0, offsets[row + 1] ?? 0);
      if (hash === UNUSUAL) this.#addUnusual(paths.get(row) ?? '', start + row);
      else this.#insert(hash, start + row);
    }
  }

  /**
   * Adds the rows of one more block, in order; of each, first tells the rows of the same path that are here or in
   * `older`. Its set does not count.
   */
  append(
    block: PathBlock,
    older: PathIndex,
    visit: (row: number, earlier: RowPlace, isOlder: boolean) => void,
  ): void {
    this.reserve(block.rows.length);
    const start = this.#rows;
    this.#blocks.push(block);
    this.#starts.push(start);
    this.#rows += block.rows.length;
    const { paths, rows } = block;
    const { values, offsets } = paths;
    const anyColon = values.subarray(0, offsets[rows.length]).includes(COLON);
    for (let row = 0; row < rows.length; row++) {
      const from = offsets[row] ?? 0;
      const to = offsets[row + 1] ?? 0;
      let hash = anyColon ? UNUSUAL : hashUsual(values, from, to);
      let key: Uint8Array | undefined;
      if (hash === UNUSUAL) {
        key = encoder.encode(reconcileKey(paths.get(row) ?? '', this.tableUrl));
        hash = hashBytes(key);
        this.#unusual.set(start + row, key);
      }
      const isMet = this.#hasHash(hash);
      if (isMet || older.#hasHash(hash)) {
        key ??= values.subarray(from, to);
        older.#eachSame(key, hash, (place) => visit(row, place, true));
        this.#eachSame(key, hash, (place) => visit(row, place, false));
      }
      this.#insert(hash, start + row);
    }
  }

  #hasHash(hash: number): boolean {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      if (this.#slots[slot * 2 + 1] === NO_ROW) return false;
      if (this.#slots[slot * 2] === hash) return true;
    }
  }

  /** The rows whose path has this reconcile key. */
  find(key: string): readonly RowPlace[] {
    const wanted = encoder.encode(key);
    const found: RowPlace[] = [];
    this.#eachSame(wanted, hashBytes(wanted), (place) => found.push(place));
    return found;
  }

  #eachSame(wanted: Uint8Array, hash: number, visit: (place: RowPlace) => void): void {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot * 2 + 1] ?? NO_ROW;
      if (entry === NO_ROW) return;
      if (this.#slots[slot * 2] !== hash) continue;
      const place = this.#place(entry - 1);
      if (equalBytes(this.#keyBytes(entry - 1, place), wanted)) visit(place);
    }
  }

  /** Places of rows that have a path in common with an earlier row, for the caller to tell them apart. */
  *repeated(): IterableIterator<readonly [earlier: RowPlace, later: RowPlace]> {
    for (let slot = 0; slot <= this.#mask; slot++) {
      const entry = this.#slots[slot * 2 + 1] ?? NO_ROW;
      if (entry === NO_ROW) continue;
      const hash = this.#slots[slot * 2];
      for (let next = (slot + 1) & this.#mask; ; next = (next + 1) & this.#mask) {
        const other = this.#slots[next * 2 + 1] ?? NO_ROW;
        if (other === NO_ROW) break;
        if (this.#slots[next * 2] !== hash) continue;
        const [early, late] = entry < other ? [entry - 1, other - 1] : [other - 1, entry - 1];
        const [first, second] = [this.#place(early), this.#place(late)];
        if (equalBytes(this.#keyBytes(early, first), this.#keyBytes(late, second))) {
          yield [first, second];
        }
      }
    }
  }

  #addUnusual(path: string, id: number): void {
    const key = encoder.encode(reconcileKey(path, this.tableUrl));
    this.#unusual.set(id, key);
    this.#insert(hashBytes(key), id);
  }

  #insert(hash: number, id: number): void {
    const slots = this.#slots;
    let slot = hash & this.#mask;
    while (slots[slot * 2 + 1] !== NO_ROW) slot = (slot + 1) & this.#mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = id + 1;
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
