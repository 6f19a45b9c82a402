/**
 * The canonical order of a version's files, by the UTF-8 bytes of their decoded paths: as a permutation of their
 * numbers, made once and kept.
 */
import { type FileBlock, type FileColumns, FileEntry, type FileList } from '../log/file-list.js';
import { PathKeys, sortByKeys } from './sort-keys.js';

/** The files of one version by number: block after block, and in a block row by row; active or not. */
export class NumberedFiles {
  readonly blocks: readonly FileBlock[];
  /** The number of each block's first row. */
  readonly starts: readonly number[];
  readonly length: number;

  constructor(list: FileList) {
    this.blocks = list.blocks();
    let start = 0;
    this.starts = this.blocks.map(({ columns }) => {
      start += columns.length;
      return start - columns.length;
    });
    this.length = start;
  }

  entry(number: number): FileEntry {
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= number) low = middle;
      else high = middle - 1;
    }
    const { columns } = this.blocks[low] as FileBlock;
    return new FileEntry(columns, number - (this.starts[low] ?? 0));
  }
}

/** Blocks in order. */
interface Sorted {
  readonly columns: readonly FileColumns[];
  readonly keys: PathKeys;
  readonly rows: Uint32Array;
}

const orders = new WeakMap<FileList, Uint32Array>();
/** Of the blocks of a checkpoint, by the first of them. */
const checkpoints = new WeakMap<FileColumns, Sorted>();

/**
 * The numbers of all active files in canonical order.
 *
 * @param keyOf - decodes a path
 */
export function canonicalOrder(list: FileList, keyOf: (path: string) => string): Uint32Array {
  const known = orders.get(list);
  if (known !== undefined) return known;
  const blocks = list.blocks();
  const ownStart = blocks.findIndex(({ columns }) => columns.paths === undefined);
  const shared = ownStart < 0 ? blocks : blocks.slice(0, ownStart);
  const own = ownStart < 0 ? [] : blocks.slice(ownStart);
  const base = sortedShared(shared, keyOf);
  const tail = sorted(own, keyOf);
  const start = shared.reduce((sum, { columns }) => sum + columns.length, 0);
  const order = mergedOrder(liveOrder(shared, base), base.keys, { ...tail, start });
  orders.set(list, order);
  return order;
}

/** What a checkpoint holds is sorted once for all the versions behind it. */
function sortedShared(blocks: readonly FileBlock[], keyOf: (path: string) => string): Sorted {
  const first = blocks[0]?.columns;
  const known = first && checkpoints.get(first);
  const isSame =
    known?.columns.length === blocks.length &&
    blocks.every(({ columns }, at) => known.columns[at] === columns);
  if (isSame) return known;
  const found = sorted(blocks, keyOf);
  if (first !== undefined) checkpoints.set(first, found);
  return found;
}

function sorted(blocks: readonly FileBlock[], keyOf: (path: string) => string): Sorted {
  const columns = blocks.map((block) => block.columns);
  const keys = new PathKeys(columns, keyOf);
  return { columns, keys, rows: sortByKeys(keys) };
}

/** The active ones of sorted rows. */
function liveOrder(blocks: readonly FileBlock[], { rows }: Sorted): Uint32Array {
  const length = blocks.reduce((sum, { columns }) => sum + columns.length, 0);
  const isLive = new Uint8Array(length);
  let first = 0;
  let count = 0;
  for (const { columns, live } of blocks) {
    for (let row = 0; row < columns.length; row++) if (live.has(row)) isLive[first + row] = 1;
    first += columns.length;
    count += live.count;
  }
  if (count === rows.length) return rows;
  const order = new Uint32Array(count);
  let at = 0;
  for (const row of rows) if (isLive[row] === 1) order[at++] = row;
  return order;
}

interface Own {
  readonly rows: Uint32Array;
  readonly keys: PathKeys;
  /** The number of the first of them. */
  readonly start: number;
}

/** Two orders as one; the own files are few, so each looks for its place among the others. */
function mergedOrder(shared: Uint32Array, sharedKeys: PathKeys, own: Own): Uint32Array {
  if (own.rows.length === 0) return shared;
  const order = new Uint32Array(shared.length + own.rows.length);
  let taken = 0;
  let at = 0;
  for (const row of own.rows) {
    const place = placeOf(row, own.keys, { shared, sharedKeys, from: taken });
    order.set(shared.subarray(taken, place), at);
    at += place - taken;
    order[at++] = own.start + row;
    taken = place;
  }
  order.set(shared.subarray(taken), at);
  return order;
}

interface Others {
  readonly shared: Uint32Array;
  readonly sharedKeys: PathKeys;
  /** All before it come before. */
  readonly from: number;
}

function placeOf(row: number, keys: PathKeys, { shared, sharedKeys, from }: Others): number {
  let low = from;
  let high = shared.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys.compare(row, shared[middle] ?? 0, sharedKeys) < 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
