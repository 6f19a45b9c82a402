import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRowBitmap } from '../../../src/log/deletion-vector/roaring.js';
import { RowBitmap } from '../../../src/log/deletion-vector/row-bitmap.js';
import { bitmapBytes, portableBytes, type TestContainer } from './roaring-bytes.js';

const HIGH = 65_536;

/** One and the same set, made in each of the three forms. */
function inForms(rows: readonly number[]): readonly RowBitmap[] {
  const highs = [...new Set(rows.map((row) => Math.floor(row / HIGH)))];
  const as = (form: TestContainer['form']): RowBitmap => {
    const containers = highs.map((high) => {
      const own = rows.filter((row) => Math.floor(row / HIGH) === high).map((row) => row % HIGH);
      return { high, rows: own, form: own.length > 4096 && form === 'rows' ? 'bits' : form };
    });
    return decodeRowBitmap(portableBytes([[0, bitmapBytes(containers)]]), 'key');
  };
  return [RowBitmap.of(rows), as('rows'), as('runs')];
}

const ranges = fc
  .array(fc.tuple(fc.nat(4 * HIGH), fc.integer({ min: 1, max: 6000 })), { maxLength: 8 })
  .map((runs) => {
    const rows = new Set(runs.flatMap(([at, length]) => Array.from({ length }, (_, i) => at + i)));
    return [...rows].toSorted((a, b) => a - b);
  });
const thin = fc
  .uniqueArray(fc.nat(3 * HIGH), { maxLength: 200 })
  .map((rows) => rows.toSorted((a, b) => a - b));
const sets = fc.oneof(ranges, thin);

describe('RowBitmap', () => {
  it('is a set of rows in every form', () => {
    fc.assert(
      fc.property(sets, fc.nat(4 * HIGH), fc.nat(HIGH), (rows, from, length) => {
        const to = from + length;
        const all = new Set(rows);
        const within = rows.filter((row) => row >= from && row < to).map((row) => row - from);
        const outside: number[] = [];
        for (let row = from; row < to; row++) if (!all.has(row)) outside.push(row - from);
        for (const bitmap of inForms(rows)) {
          expect(bitmap.cardinality).toBe(rows.length);
          expect([...bitmap.rows()]).toEqual(rows);
          expect([...bitmap.rows(from, to)].map((row) => row - from)).toEqual(within);
          expect([...bitmap.indexesOf(from, to)]).toEqual(within);
          expect([...bitmap.indexesWithout(from, to)]).toEqual(outside);
          for (const row of [from, to, ...rows.slice(0, 5)]) {
            expect(bitmap.has(row)).toBe(all.has(row));
          }
        }
      }),
      { seed: 16, numRuns: 25 },
    );
  });

  it('loses the rows of another', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const less = new Set(b);
        const left = RowBitmap.of(a).without(RowBitmap.of(b));
        expect([...left.rows()]).toEqual(a.filter((row) => !less.has(row)));
      }),
      { seed: 17, numRuns: 30 },
    );
  });
});
