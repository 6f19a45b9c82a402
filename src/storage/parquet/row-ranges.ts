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

/** Distinct row numbers, ascending, in the fewest ranges. */
export function rangesOf(rows: ArrayLike<number>): RowRange[] {
  const ranges: RowRange[] = [];
  for (let at = 0; at < rows.length; ) {
    const length = runFrom(rows, at);
    const start = rows[at] as number;
    ranges.push({ start, end: start + length });
    at += length;
  }
  return ranges;
}

/**
 * How many rows from the one at `from` follow each other. Two rows as far apart as their places have all rows between
 * them, so a long run is not walked: steps double while they stay in it, then halve.
 */
function runFrom(rows: ArrayLike<number>, from: number): number {
  const first = rows[from] as number;
  let last = from;
  let step = 1;
  while (
    last + step < rows.length &&
    (rows[last + step] as number) - first === last + step - from
  ) {
    last += step;
    step *= 2;
  }
  for (; step >= 1; step /= 2) {
    const next = last + step;
    if (next < rows.length && (rows[next] as number) - first === next - from) last = next;
  }
  return last - from + 1;
}

/** The rows that both have. */
export function intersection(a: readonly RowRange[], b: readonly RowRange[]): RowRange[] {
  const both: RowRange[] = [];
  let at = 0;
  for (const { start, end } of a) {
    while (at < b.length && (b[at]?.end ?? 0) <= start) at += 1;
    for (let next = at; next < b.length; next += 1) {
      const other = b[next];
      if (other === undefined || other.start >= end) break;
      both.push({ start: Math.max(start, other.start), end: Math.min(end, other.end) });
    }
  }
  return both;
}

/** The first so many of the rows. */
export function firstOf(ranges: readonly RowRange[], count: number): RowRange[] {
  const first: RowRange[] = [];
  let left = count;
  for (const { start, end } of ranges) {
    if (left <= 0) break;
    first.push({ start, end: Math.min(end, start + left) });
    left -= end - start;
  }
  return first;
}

/** The rows at these places when only those of `held` are there: what undoes {@link placesWithin}. */
export function rowsAt(held: readonly RowRange[], places: readonly RowRange[]): RowRange[] {
  const rows: RowRange[] = [];
  let before = 0;
  let at = 0;
  for (const place of places) {
    for (let { start } = place; start < place.end; ) {
      const from = held[at];
      if (from === undefined) return rows;
      const behind = before + from.end - from.start;
      const end = Math.min(place.end, behind);
      const shift = from.start - before;
      if (start < end) rows.push({ start: start + shift, end: end + shift });
      if (end === behind || start >= behind) {
        before = behind;
        at += 1;
      }
      start = Math.max(start, end);
    }
  }
  return rows;
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
