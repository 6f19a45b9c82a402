import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countRows,
  firstOf,
  intersection,
  placesWithin,
  type RowRange,
  rangesOf,
  rowsAt,
} from '../../../src/storage/parquet/row-ranges.js';

/** Row numbers in which long runs and single rows occur. */
const rows = fc
  .array(
    fc.tuple(fc.nat(9), fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 90 }))),
    {
      maxLength: 12,
    },
  )
  .map((runs) => {
    const all: number[] = [];
    let next = 0;
    for (const [gap, length] of runs) {
      next += gap;
      for (let row = 0; row < length; row++) all.push(next++);
    }
    return all;
  });

const expand = (ranges: readonly RowRange[]): number[] =>
  ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at));

describe('rangesOf', () => {
  it('has the same rows, and never two ranges that touch', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const ranges = rangesOf(Uint32Array.from(all));
        expect(expand(ranges)).toEqual(all);
        expect(countRows(ranges)).toBe(all.length);
        for (const [at, { start }] of ranges.entries()) {
          expect(start).toBeGreaterThan(ranges[at - 1]?.end ?? -1);
        }
      }),
    );
  });
});

describe('intersection', () => {
  it('has the rows that both have', () => {
    fc.assert(
      fc.property(rows, rows, (a, b) => {
        const both = a.filter((row) => b.includes(row));
        expect(expand(intersection(rangesOf(a), rangesOf(b)))).toEqual(both);
      }),
    );
  });
});

describe('firstOf', () => {
  it('has so many rows, or all', () => {
    fc.assert(
      fc.property(rows, fc.nat(200), (all, count) => {
        expect(expand(firstOf(rangesOf(all), count))).toEqual(all.slice(0, count));
      }),
    );
  });
});

describe('rowsAt', () => {
  it('finds the rows by their places, and undoes placesWithin', () => {
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.boolean()), (all, chosen) => {
        const places = all.flatMap((_, place) => (chosen.next().value ? [place] : []));
        const held = rangesOf(all);
        const found = rowsAt(held, rangesOf(places));
        expect(expand(found)).toEqual(places.map((place) => all[place]));
        expect(expand(placesWithin(held, found))).toEqual(places);
      }),
    );
  });
});
