/**
 * A set of rows of one file: sorted containers of 65,536 rows each, in the three forms of roaring
 * bitmaps. PROTOCOL.md "Deletion Vector Format".
 */

/** The rows `base` to `base + 65535` of which some are in the set. */
export interface RowContainer {
  /** The first row that the container could hold: a multiple of 65,536. */
  readonly base: number;
  /** How many rows it holds. */
  readonly count: number;
  /**
   * `rows`: the low 16 bits of each row, ascending. `bits`: 2048 words, the lowest bit first.
   * `runs`: pairs of a first row and how many follow it, ascending and apart.
   */
  readonly form: 'rows' | 'bits' | 'runs';
  readonly values: Uint16Array | Uint32Array;
}

const CONTAINER_ROWS = 0x1_0000;
const WORDS = CONTAINER_ROWS / 32;
/** More rows than this take less space as bits. */
const MAX_LISTED_ROWS = 4096;

/** Called with rows of the set that follow each other: `start` (inclusive) to `end` (exclusive). */
type VisitRun = (start: number, end: number) => void;

/** Immutable. Rows are counted in the whole file, from 0, whatever else is left out of it. */
export class RowBitmap {
  /** How many rows are in the set. */
  readonly cardinality: number;
  readonly #containers: readonly RowContainer[];

  /** @param containers - ascending by `base`, each base once */
  constructor(containers: readonly RowContainer[]) {
    this.#containers = containers;
    this.cardinality = containers.reduce((sum, { count }) => sum + count, 0);
  }

  /** The set of these rows. @param rows - ascending, each once */
  static of(rows: Iterable<number>): RowBitmap {
    const containers: RowContainer[] = [];
    let base = 0;
    let lows: number[] = [];
    for (const row of rows) {
      const low = row % CONTAINER_ROWS;
      if (row - low !== base && lows.length > 0) {
        containers.push(containerOf(base, lows));
        lows = [];
      }
      base = row - low;
      lows.push(low);
    }
    if (lows.length > 0) containers.push(containerOf(base, lows));
    return new RowBitmap(containers);
  }

  /** The highest row; undefined when there is none. */
  get last(): number | undefined {
    const container = this.#containers.at(-1);
    if (container === undefined) return undefined;
    let last = 0;
    visitContainer(container, 0, Number.POSITIVE_INFINITY, (_, end) => {
      last = end - 1;
    });
    return last;
  }

  has(row: number): boolean {
    const container = this.#containers[this.#firstAt(row)];
    if (container === undefined || container.base > row) return false;
    return holds(container, row - container.base);
  }

  /** The rows from `from` (inclusive) to `to` (exclusive), ascending; all of them by default. */
  *rows(from = 0, to: number = Number.POSITIVE_INFINITY): IterableIterator<number> {
    for (let at = this.#firstAt(from); at < this.#containers.length; at++) {
      const container = this.#containers[at];
      if (container === undefined || container.base >= to) return;
      const runs: number[] = [];
      visitContainer(container, from, to, (start, end) => runs.push(start, end));
      for (let run = 0; run < runs.length; run += 2) {
        const end = runs[run + 1] ?? 0;
        for (let row = runs[run] ?? 0; row < end; row++) yield row;
      }
    }
  }

  /** The rows of this set that are not in `other`. */
  without(other: RowBitmap): RowBitmap {
    return RowBitmap.of(difference(this, other));
  }

  /** Which of the rows `from` (inclusive) to `to` (exclusive) are in the set, counted from `from`. */
  indexesOf(from: number, to: number): Uint32Array {
    const indexes = new Uint32Array(to - from);
    let length = 0;
    this.#visit(from, to, (start, end) => {
      for (let row = start; row < end; row++) indexes[length++] = row - from;
    });
    return indexes.subarray(0, length);
  }

  /** Which of them are not. */
  indexesWithout(from: number, to: number): Uint32Array {
    const indexes = new Uint32Array(to - from);
    let length = 0;
    let next = from;
    const fill = (end: number): void => {
      for (let row = next; row < end; row++) indexes[length++] = row - from;
    };
    this.#visit(from, to, (start, end) => {
      fill(start);
      next = end;
    });
    fill(to);
    return indexes.subarray(0, length);
  }

  #visit(from: number, to: number, visit: VisitRun): void {
    for (let at = this.#firstAt(from); at < this.#containers.length; at++) {
      const container = this.#containers[at];
      if (container === undefined || container.base >= to) return;
      visitContainer(container, from, to, visit);
    }
  }

  /** The index of the first container that ends behind `row`. */
  #firstAt(row: number): number {
    let low = 0;
    let high = this.#containers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#containers[middle]?.base ?? 0) + CONTAINER_ROWS <= row) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** How many bits of the words are set. */
export function countBits(words: Uint32Array): number {
  let count = 0;
  for (const word of words) {
    let bits = word - ((word >>> 1) & 0x5555_5555);
    bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
    count += Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
  }
  return count;
}

function containerOf(base: number, lows: readonly number[]): RowContainer {
  const count = lows.length;
  if (count <= MAX_LISTED_ROWS)
    return { base, count, form: 'rows', values: Uint16Array.from(lows) };
  const words = new Uint32Array(WORDS);
  for (const low of lows) words[low >>> 5] = (words[low >>> 5] ?? 0) | (1 << (low & 31));
  return { base, count, form: 'bits', values: words };
}

function* difference(all: RowBitmap, less: RowBitmap): IterableIterator<number> {
  for (const row of all.rows()) if (!less.has(row)) yield row;
}

function holds({ form, values }: RowContainer, low: number): boolean {
  if (form === 'bits') return (((values[low >>> 5] ?? 0) >>> (low & 31)) & 1) === 1;
  const step = form === 'rows' ? 1 : 2;
  // The last entry that begins at or before `low`.
  let first = 0;
  let behind = values.length / step;
  while (first < behind) {
    const middle = (first + behind) >> 1;
    if ((values[middle * step] ?? 0) <= low) first = middle + 1;
    else behind = middle;
  }
  if (first === 0) return false;
  const start = values[(first - 1) * step] ?? 0;
  return start === low || (step === 2 && low <= start + (values[first * 2 - 1] ?? 0));
}

function visitContainer(container: RowContainer, from: number, to: number, visit: VisitRun): void {
  const { base, form, values } = container;
  const low = Math.max(from - base, 0);
  const high = Math.min(to - base, CONTAINER_ROWS);
  if (form === 'bits') return visitBits(values, base, { low, high }, visit);
  const step = form === 'rows' ? 1 : 2;
  let open = -1;
  let end = -1;
  for (let at = 0; at < values.length; at += step) {
    const start = values[at] ?? 0;
    if (start >= high) break;
    const behind = start + (step === 2 ? (values[at + 1] ?? 0) : 0) + 1;
    if (behind <= low) continue;
    if (start !== end) {
      if (end > open) visit(base + open, base + end);
      open = Math.max(start, low);
    }
    end = Math.min(behind, high);
  }
  if (end > open) visit(base + open, base + end);
}

function visitBits(
  words: Uint16Array | Uint32Array,
  base: number,
  { low, high }: { readonly low: number; readonly high: number },
  visit: VisitRun,
): void {
  let open = -1;
  let row = low;
  while (row < high) {
    const word = words[row >>> 5] ?? 0;
    // A word of one kind is passed in one step: most words of a dense or thin bitmap are.
    if ((row & 31) === 0 && (word === 0 || word === 0xffff_ffff)) {
      if (word === 0 && open >= 0) {
        visit(base + open, base + row);
        open = -1;
      } else if (word !== 0 && open < 0) open = row;
      row += 32;
      continue;
    }
    const isSet = ((word >>> (row & 31)) & 1) === 1;
    if (isSet && open < 0) open = row;
    else if (!isSet && open >= 0) {
      visit(base + open, base + row);
      open = -1;
    }
    row++;
  }
  if (open >= 0) visit(base + open, base + high);
}
