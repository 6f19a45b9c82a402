import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../../src/errors.js';
import { decodeRowBitmap } from '../../../src/log/deletion-vector/roaring.js';
import { decodeZ85 } from '../../../src/log/deletion-vector/z85.js';
import { bitmapBytes, nativeBytes, portableBytes, type TestContainer } from './roaring-bytes.js';

const low = fc.integer({ min: 0, max: 65_535 });
const container: fc.Arbitrary<Omit<TestContainer, 'high'>> = fc.oneof(
  fc.record({
    rows: fc.uniqueArray(low, { minLength: 1, maxLength: 60 }),
    form: fc.constantFrom('rows' as const, 'runs' as const),
  }),
  fc.record({ start: fc.nat(60_000), length: fc.integer({ min: 1, max: 5500 }) }).map((run) => ({
    rows: Array.from({ length: run.length }, (_, at) => run.start + at),
    form: 'runs' as const,
  })),
  fc.record({ start: fc.nat(1000), step: fc.integer({ min: 1, max: 9 }) }).map((every) => ({
    rows: Array.from({ length: 4097 }, (_, at) => every.start + at * every.step),
    form: 'bits' as const,
  })),
);
const containers = fc
  .uniqueArray(fc.tuple(low, container), { selector: ([high]) => high, maxLength: 6, minLength: 1 })
  .map((list) =>
    list
      .map(([high, { rows, form }]) => ({ high, form, rows: rows.toSorted((a, b) => a - b) }))
      .toSorted((a, b) => a.high - b.high),
  );

function rowsOf(list: readonly TestContainer[], key = 0): number[] {
  return list.flatMap(({ high, rows }) => rows.map((row) => key * 2 ** 32 + high * 65_536 + row));
}

describe('decodeRowBitmap', () => {
  it("reads the protocol's example of an inline vector", () => {
    const text = 'wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L';
    const bitmap = decodeRowBitmap(decodeZ85(text) ?? new Uint8Array(), 'key');
    expect([...bitmap.rows()]).toEqual([3, 4, 7, 11, 18, 29]);
  });

  it('gives the rows of any containers, in both formats and both byte orders', () => {
    fc.assert(
      fc.property(
        containers,
        containers,
        fc.integer({ min: 1, max: 1000 }),
        (first, second, key) => {
          const [a, b] = [bitmapBytes(first), bitmapBytes(second)];
          const portable = decodeRowBitmap(
            portableBytes([
              [0, a],
              [key, b],
            ]),
            'key',
          );
          expect([...portable.rows()]).toEqual([...rowsOf(first), ...rowsOf(second, key)]);
          for (const isLittle of [true, false]) {
            const native = decodeRowBitmap(nativeBytes([a, b], isLittle), 'key');
            expect([...native.rows()]).toEqual([...rowsOf(first), ...rowsOf(second, 1)]);
          }
        },
      ),
      { seed: 64, numRuns: 25 },
    );
  });

  it('answers damage with CORRUPT_DATA or a set of rows, and never reads on', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(containers, damage, fc.nat(), (list, changes, cut) => {
        const whole = portableBytes([[0, bitmapBytes(list)]]);
        const bytes = whole.slice(0, cut % 3 === 0 ? cut % whole.length : whole.length);
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        try {
          const bitmap = decodeRowBitmap(bytes, 'key');
          const rows = [...bitmap.rows()];
          expect(rows).toHaveLength(bitmap.cardinality);
          expect(rows.every((row, at) => at === 0 || row > (rows[at - 1] ?? 0))).toBe(true);
        } catch (error) {
          if (!isVarveError(error, 'CORRUPT_DATA')) throw error;
        }
      }),
      { seed: 65, numRuns: 150 },
    );
  });

  it.each([
    ['nothing', []],
    ['another magic number', [0, 0, 0, 0]],
    ['more bitmaps than bytes', [...portableBytes([]).slice(0, 4), 255, 255, 255, 255, 0, 0, 0, 0]],
    ['2^32 bitmaps', [...portableBytes([]).slice(0, 4), 0, 0, 0, 0, 1, 0, 0, 0]],
    [
      'one bitmap twice',
      portableBytes([
        [0, bitmapBytes([{ high: 0, rows: [1], form: 'rows' }])],
        [0, bitmapBytes([{ high: 0, rows: [1], form: 'rows' }])],
      ]),
    ],
    ['a row twice', portableBytes([[0, bitmapBytes([{ high: 0, rows: [7, 7], form: 'rows' }])]])],
    [
      'a container twice',
      portableBytes([
        [
          0,
          bitmapBytes([
            { high: 1, rows: [7], form: 'rows' },
            { high: 1, rows: [8], form: 'rows' },
          ]),
        ],
      ]),
    ],
    [
      'rows beyond 2^53',
      portableBytes([[2 ** 31, bitmapBytes([{ high: 0, rows: [1], form: 'rows' }])]]),
    ],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeRowBitmap(Uint8Array.from(bytes), 'key')).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA', key: 'key' }),
    );
  });
});
