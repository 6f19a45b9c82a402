/** What is fetched of a row group, and which columns are decoded together. */
import { InternalError } from '../../errors.js';
import type { ByteRange } from '../object-store.js';
import { chunkWeight, divideLeaves, wantedUnits } from './column-parts.js';
import type { ParquetFooter, RowGroupInfo } from './footer-types.js';
import type { IndexedPage } from './page-index.js';
import { countRows, coveringPieces, type RowRange } from './row-ranges.js';

/** Columns that are decoded in one go: they hold the same rows. */
export interface PartPlan {
  /** Indexes into the footer's leaves, ascending. */
  readonly leaves: readonly number[];
  /** The rows that are decoded, all that are wanted among them. */
  readonly held: readonly RowRange[];
  readonly numRows: number;
  /** One for each leaf; none when there are no rows. */
  readonly chunks: readonly ChunkPlan[];
  /** About the bytes that decoding takes. */
  readonly workBytes: number;
}

/** What is fetched of one chunk. */
export interface ChunkPlan {
  readonly leaf: number;
  /** Ascending; the dictionary is at the beginning of the first. */
  readonly ranges: readonly ByteRange[];
  /** Where the first data page of the chunk lies; undefined: where the footer says. */
  readonly dataPosition: number | undefined;
  readonly isWhole: boolean;
}

/** About the rows of a page; where a page of each run of so many is wanted, all are read at once. */
export const BLOCK_ROWS = 16_384;

/** Reading by pages pays while no more than this share of them is wanted. */
export const MAX_BLOCK_SHARE = 0.8;

/** Whether so few pages are likely to hold these rows that the others are worth leaving out. */
export function skipsPages(ranges: readonly RowRange[], numRows: number): boolean {
  let blocks = 0;
  let behind = 0;
  for (const { start, end } of ranges) {
    const first = Math.max(behind, Math.floor(start / BLOCK_ROWS));
    const last = Math.ceil(end / BLOCK_ROWS);
    blocks += Math.max(0, last - first);
    behind = Math.max(behind, last);
  }
  return blocks <= Math.ceil(numRows / BLOCK_ROWS) * MAX_BLOCK_SHARE;
}

/** All rows. */
export function planWhole(
  footer: ParquetFooter,
  group: RowGroupInfo,
  leaves: readonly number[],
): PartPlan[] {
  const { numRows } = group;
  const held = numRows === 0 ? [] : [{ start: 0, end: numRows }];
  return divideLeaves(footer, group, leaves).map((part) => ({
    leaves: part,
    held,
    numRows,
    // Without rows only the schema is decoded, which is in the footer.
    chunks: numRows === 0 ? [] : part.map((leaf) => wholePlan(group, leaf)),
    workBytes: weightOf(group, part),
  }));
}

/**
 * Only the pages that hold rows of the ranges.
 * @param pages - of each leaf, where they are known; a column without them is fetched whole
 * @param ranges - not empty
 */
export function planRanges(
  { footer, group }: { readonly footer: ParquetFooter; readonly group: RowGroupInfo },
  pages: ReadonlyMap<number, readonly IndexedPage[]>,
  ranges: readonly RowRange[],
): PartPlan[] {
  const sets = new Map<string, { readonly held: readonly RowRange[]; readonly leaves: number[] }>();
  for (const unit of wantedUnits(footer, [...pages.keys()])) {
    const held = heldBy(unit, pages, { ranges, numRows: group.numRows });
    const name = held.map(({ start, end }) => `${start}-${end}`).join();
    const set = sets.get(name) ?? { held, leaves: [] };
    set.leaves.push(...unit);
    sets.set(name, set);
  }
  return [...sets.values()].flatMap(({ held, leaves }) => {
    const numRows = countRows(held);
    const share = numRows / Math.max(1, group.numRows);
    const sorted = leaves.sort((a, b) => a - b);
    return divideLeaves(footer, group, sorted).map((part) => ({
      leaves: part,
      held,
      numRows,
      chunks: part.map((leaf) => partialPlan(group, leaf, { pages: pages.get(leaf) ?? [], held })),
      workBytes: weightOf(group, part) * share,
    }));
  });
}

interface WantedRows {
  readonly ranges: readonly RowRange[];
  readonly numRows: number;
}

/** The fewest rows that whole pages of each of these leaves hold: a list's or map's leaves are decoded together. */
function heldBy(
  unit: readonly number[],
  pages: ReadonlyMap<number, readonly IndexedPage[]>,
  { ranges, numRows }: WantedRows,
): readonly RowRange[] {
  let held = ranges;
  for (;;) {
    const before = countRows(held);
    for (const leaf of unit)
      held = coveringPieces(firstRows(pages.get(leaf)), numRows, held).covered;
    if (countRows(held) === before) return held;
  }
}

/** A chunk whose pages are not known is one page. */
function firstRows(pages: readonly IndexedPage[] | undefined): readonly number[] {
  return pages === undefined || pages.length === 0 ? [0] : pages.map(({ firstRow }) => firstRow);
}

interface HeldPages {
  readonly pages: readonly IndexedPage[];
  readonly held: readonly RowRange[];
}

function partialPlan(group: RowGroupInfo, leaf: number, { pages, held }: HeldPages): ChunkPlan {
  const { pieces } = coveringPieces(firstRows(pages), group.numRows, held);
  const [first] = pages;
  const chunk = group.chunks[leaf];
  if (first === undefined || chunk === undefined || pieces.length === pages.length) {
    return wholePlan(group, leaf);
  }
  const ranges: ByteRange[] = [{ start: chunk.start, end: first.start }];
  for (const index of pieces) {
    const page = pages[index];
    const last = ranges.at(-1);
    if (page === undefined || last === undefined) continue;
    if (last.end === page.start) ranges[ranges.length - 1] = { start: last.start, end: page.end };
    else ranges.push({ start: page.start, end: page.end });
  }
  const filled = ranges.filter(({ start, end }) => end > start);
  return { leaf, ranges: filled, dataPosition: first.start, isWhole: false };
}

function wholePlan(group: RowGroupInfo, leaf: number): ChunkPlan {
  const chunk = group.chunks[leaf];
  if (chunk === undefined) throw new InternalError({ message: 'a leaf has no chunk' });
  const { start, end } = chunk;
  return { leaf, ranges: [{ start, end }], dataPosition: undefined, isWhole: true };
}

function weightOf(group: RowGroupInfo, leaves: readonly number[]): number {
  return leaves.reduce((sum, leaf) => sum + chunkWeight(group, leaf), 0);
}
