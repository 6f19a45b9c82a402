/** Rows of a row group as ranges: ascending, disjoint, none empty. */
import { InvalidArgumentError } from '../../errors.js';

/** Rows `start` up to but not including `end`, counted from the row group's first. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** How many rows the ranges hold. */
export function countRows(ranges: readonly RowRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/**
 * The same rows in the fewest ranges.
 * @throws InvalidArgumentError when the ranges are not ascending, overlap, or reach beyond the row group
 */
export function checkedRanges(ranges: readonly RowRange[], numRows: number): RowRange[] {
  const checked: RowRange[] = [];
  let behind = 0;
  for (const { start, end } of ranges) {
    if (!(start >= behind && end >= start && end <= numRows)) {
      throw new InvalidArgumentError({
        message: `rows ${start} to ${end} are not the next rows of a row group of ${numRows}`,
        option: 'ranges',
        expected: 'ascending, disjoint ranges inside the row group',
      });
    }
    const last = checked.at(-1);
    if (start === end) continue;
    if (last?.end === start) checked[checked.length - 1] = { start: last.start, end };
    else checked.push({ start, end });
    behind = end;
  }
  return checked;
}

/** The ranges of ascending row numbers; rows nearer than `gap` to each other share one. */
export function rangesOf(rows: Iterable<number>, gap = 0): RowRange[] {
  const ranges: RowRange[] = [];
  let start = -1;
  let end = -1;
  for (const row of rows) {
    if (start >= 0 && row - end <= gap) {
      end = row + 1;
      continue;
    }
    if (start >= 0) ranges.push({ start, end });
    start = row;
    end = row + 1;
  }
  if (start >= 0) ranges.push({ start, end });
  return ranges;
}

/**
 * Whole pieces that hold every row of the ranges.
 * @param firstRows - the first row of each piece, ascending from 0
 */
export function coveringPieces(
  firstRows: readonly number[],
  numRows: number,
  ranges: readonly RowRange[],
): { readonly pieces: readonly number[]; readonly covered: readonly RowRange[] } {
  const pieces: number[] = [];
  const covered: RowRange[] = [];
  let next = 0;
  for (const [index, start] of firstRows.entries()) {
    const end = firstRows[index + 1] ?? numRows;
    while (next < ranges.length && (ranges[next]?.end ?? 0) <= start) next += 1;
    const range = ranges[next];
    if (range === undefined) break;
    if (range.start >= end) continue;
    pieces.push(index);
    const last = covered.at(-1);
    if (last?.end === start) covered[covered.length - 1] = { start: last.start, end };
    else covered.push({ start, end });
  }
  return { pieces, covered };
}

/** Where the rows of `ranges` are when only those of `held`, which has all of them, are there. */
export function placesWithin(held: readonly RowRange[], ranges: readonly RowRange[]): RowRange[] {
  const places: RowRange[] = [];
  let before = 0;
  let at = 0;
  for (const { start, end } of ranges) {
    let from = held[at];
    while (from !== undefined && from.end <= start) {
      before += from.end - from.start;
      at += 1;
      from = held[at];
    }
    if (from === undefined) break;
    const shift = before - from.start;
    places.push({ start: start + shift, end: end + shift });
  }
  return places;
}

/** The ranges as pairs of numbers, to be handed to another thread. */
export function pairsOf(ranges: readonly RowRange[]): Int32Array {
  const pairs = new Int32Array(ranges.length * 2);
  for (const [index, { start, end }] of ranges.entries()) {
    pairs[index * 2] = start;
    pairs[index * 2 + 1] = end;
  }
  return pairs;
}
