import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConformFile, conformColumn } from '../../../src/log/schema/conform.js';
import {
  gregorianDays,
  gregorianMicros,
  legacyRebase,
} from '../../../src/log/schema/legacy-calendar.js';
import type { DataType } from '../../../src/log/schema/types.js';
import { columnOf, raw, thrown, withNulls } from './arrow-columns.js';

const MICROS_PER_DAY = 86_400_000_000n;
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

function conform(data: arrow.Data, target: DataType, file: Partial<ConformFile> = {}): arrow.Data {
  return conformColumn(data, target, data.length, { key: 'f', column: 'c', ...file });
}

function timestamps(unit: arrow.TimeUnit, values: readonly bigint[], zone?: string): arrow.Data {
  return arrow.makeData({
    type: new arrow.Timestamp(unit, zone),
    data: BigInt64Array.from(values),
  });
}

function int96(values: readonly { nanos: bigint; julianDay: number }[]): arrow.Data {
  const bytes = new Uint8Array(values.length * 12);
  const view = new DataView(bytes.buffer);
  for (const [row, { nanos, julianDay }] of values.entries()) {
    view.setBigInt64(row * 12, nanos, true);
    view.setInt32(row * 12 + 8, julianDay, true);
  }
  return arrow.makeData({ type: new arrow.FixedSizeBinary(12), data: bytes });
}

describe('timestamps', () => {
  const UNITS = [
    [arrow.TimeUnit.SECOND, 1_000_000n],
    [arrow.TimeUnit.MILLISECOND, 1000n],
    [arrow.TimeUnit.MICROSECOND, 1n],
  ] as const;

  it.each(UNITS)('of unit %i are kept in microseconds or refused', (unit, factor) => {
    const value = fc.oneof(
      fc.bigInt({ min: MIN, max: MAX }),
      fc.bigInt({ min: MIN / factor - 2n, max: MIN / factor + 2n }).filter((at) => at >= MIN),
      fc.bigInt({ min: MAX / factor - 2n, max: MAX / factor + 2n }).filter((at) => at <= MAX),
      fc.bigInt({ min: -62_135_596_800_000n, max: 253_402_300_799_000n }),
    );
    fc.assert(
      fc.property(value, fc.constantFrom('timestamp', 'timestamp_ntz'), (at, target) => {
        const data = timestamps(unit, [0n, at]);
        const micros = at * factor;
        if (micros >= MIN && micros <= MAX) {
          expect(raw(conform(data, target))).toEqual([0n, micros]);
        } else {
          expect(thrown(() => conform(data, target))).toMatchObject({
            code: 'CORRUPT_DATA',
            position: 1,
          });
        }
      }),
    );
  });

  it('of nanoseconds are floored', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: MIN, max: MAX })), (nanos) => {
        const floored = nanos.map((at) => (at - (((at % 1000n) + 1000n) % 1000n)) / 1000n);
        const data = timestamps(arrow.TimeUnit.NANOSECOND, nanos, 'UTC');
        expect(raw(conform(data, 'timestamp'))).toEqual(floored);
      }),
    );
    expect(raw(conform(timestamps(arrow.TimeUnit.NANOSECOND, [-1n]), 'timestamp'))).toEqual([-1n]);
  });

  it('kept as bare 64-bit integers are microseconds', () => {
    const data = columnOf(new arrow.Int64(), [5n, null]);
    expect(raw(conform(data, 'timestamp'))).toEqual([5n, null]);
    expect(conform(data, 'timestamp_ntz').values).toBe(data.values);
    expect(thrown(() => conform(columnOf(new arrow.Int32(), [1]), 'timestamp'))).toBeDefined();
    expect(thrown(() => conform(columnOf(new arrow.Uint64(), [1n]), 'timestamp'))).toBeDefined();
  });

  it('without a zone come from dates, which the protocol widens so', () => {
    const days = columnOf(new arrow.Int32(), [-(2 ** 31), 0, 2 ** 31 - 1, null]);
    const data = conform(days, 'date');
    const micros = [-(2n ** 31n), 0n, 2n ** 31n - 1n].map((day) => day * MICROS_PER_DAY);
    const fit = data.slice(1, 1);
    expect(raw(conform(fit, 'timestamp_ntz'))).toEqual([0n]);
    expect(micros[1]).toBe(0n);
    const near = conform(columnOf(new arrow.Int32(), [-719_162, 2_932_896]), 'date');
    expect(raw(conform(near, 'timestamp_ntz'))).toEqual([
      -719_162n * MICROS_PER_DAY,
      2_932_896n * MICROS_PER_DAY,
    ]);
    expect(thrown(() => conform(near, 'timestamp'))).toMatchObject({ code: 'CORRUPT_DATA' });
  });
});

describe('INT96', () => {
  it('is exact over the years 1 to 9999 and beyond', () => {
    const day = fc.oneof(
      fc.integer({ min: -719_162, max: 2_932_896 }),
      fc.integer({ min: -106_000_000, max: 106_000_000 }),
    );
    const nanos = fc.bigInt({ min: 0n, max: 86_400_000_000_000n - 1n });
    fc.assert(
      fc.property(fc.array(fc.tuple(day, nanos)), (given) => {
        const data = int96(
          given.map(([days, ofDay]) => ({ nanos: ofDay, julianDay: days + 2_440_588 })),
        );
        const micros = given.map(([days, ofDay]) => BigInt(days) * MICROS_PER_DAY + ofDay / 1000n);
        expect(raw(conform(data, 'timestamp'))).toEqual(micros);
        expect(raw(conform(data, 'timestamp_ntz'))).toEqual(micros);
      }),
    );
  });

  it('takes nanoseconds that run over or under the day, as some writers give them', () => {
    const data = int96([
      { nanos: 86_400_000_000_001n, julianDay: 2_440_588 },
      { nanos: -1n, julianDay: 2_440_588 },
    ]);
    expect(raw(conform(data, 'timestamp'))).toEqual([MICROS_PER_DAY, -1n]);
  });

  it('refuses what 64 bits of microseconds cannot hold, unless it is garbage under a null', () => {
    const wrong = int96([
      { nanos: 0n, julianDay: 2 ** 31 - 1 },
      { nanos: 2n ** 62n, julianDay: 2_440_588 },
    ]);
    expect(thrown(() => conform(wrong, 'timestamp'))).toMatchObject({ position: 0 });
    expect(thrown(() => conform(wrong.slice(1, 1), 'timestamp'))).toMatchObject({ position: 0 });
    expect(
      raw(
        conform(
          withNulls(wrong, () => true),
          'timestamp',
        ),
      ),
    ).toEqual([null, null]);
  });

  it('reads from bytes that do not begin at a word', () => {
    const aligned = int96([{ nanos: 1_000n, julianDay: 2_440_589 }]);
    const shifted = new Uint8Array(13);
    shifted.set(aligned.values as Uint8Array, 1);
    const data = arrow.makeData({ type: new arrow.FixedSizeBinary(12), data: shifted.subarray(1) });
    expect(raw(conform(data, 'timestamp'))).toEqual([MICROS_PER_DAY + 1n]);
  });
});

describe('dates', () => {
  it('come from days, bare integers and whole days in milliseconds', () => {
    expect(raw(conform(columnOf(new arrow.Int32(), [5, null]), 'date'))).toEqual([5, null]);
    const millis = arrow.makeData({
      type: new arrow.DateMillisecond(),
      data: BigInt64Array.of(-86_400_000n, 86_400_001n),
    });
    expect(raw(conform(millis.slice(0, 1), 'date'))).toEqual([-1]);
    expect(thrown(() => conform(millis, 'date'))).toMatchObject({ position: 1 });
  });
});

describe('the calendar of old Spark', () => {
  const VERSION = 'org.apache.spark.version';
  const ZONE = 'org.apache.spark.timeZone';

  it.each<[Record<string, string>, ReturnType<typeof legacyRebase>]>([
    [{}, undefined],
    [{ [VERSION]: '3.1.0' }, undefined],
    [{ [VERSION]: '10.0.1' }, undefined],
    [{ [VERSION]: '3.0.1' }, { dateTime: false, int96: true, zone: undefined }],
    [
      { [VERSION]: '2.4.8', [ZONE]: 'UTC' },
      { dateTime: true, int96: true, zone: 'UTC' },
    ],
    [
      { [VERSION]: '4.0.0', 'org.apache.spark.legacyDateTime': '', [ZONE]: 'Asia/Tokyo' },
      { dateTime: true, int96: false, zone: 'Asia/Tokyo' },
    ],
    [
      { [VERSION]: '3.5.0', 'org.apache.spark.legacyINT96': '' },
      { dateTime: false, int96: true, zone: undefined },
    ],
  ])('is told by the footer %o', (footer, expected) => {
    expect(legacyRebase(new Map(Object.entries(footer)))).toEqual(expected);
  });

  // What Spark 4.1's RebaseDateTime.rebaseJulianToGregorianDays answers.
  it.each([
    [-2_000_000, -1_999_971],
    [-719_163, -719_161],
    [-719_162, -719_160],
    // 1500-02-29, a day that only the Julian calendar has, and the day after it.
    [-171_596, -171_605],
    [-171_595, -171_605],
    [-141_428, -141_438],
    [-141_427, -141_427],
    [0, 0],
  ])('puts day %i to %i', (julian, gregorian) => {
    expect(gregorianDays(julian)).toBe(gregorian);
    const micros = BigInt(julian) * MICROS_PER_DAY + 1n;
    expect(gregorianMicros(micros)).toBe(BigInt(gregorian) * MICROS_PER_DAY + 1n);
  });

  const utc = { dateTime: true, int96: true, zone: 'UTC' };
  const tokyo = { ...utc, zone: 'Asia/Tokyo' };
  const manila = { ...utc, zone: 'Asia/Manila' };

  it('moves dates', () => {
    const data = conform(columnOf(new arrow.Int32(), [-354_280, 0, null]), 'date', { legacy: utc });
    expect(raw(data)).toEqual([-354_285, 0, null]);
  });

  it('moves timestamps that were written in UTC', () => {
    const old = -354_280n * MICROS_PER_DAY + 7n;
    const moved = -354_285n * MICROS_PER_DAY + 7n;
    const data = timestamps(arrow.TimeUnit.MICROSECOND, [old, 0n], 'UTC');
    expect(raw(conform(data, 'timestamp', { legacy: utc }))).toEqual([moved, 0n]);
    expect((data.values as BigInt64Array)[0]).toBe(old);
    expect(raw(conform(data, 'timestamp_ntz', { legacy: utc }))).toEqual([old, 0n]);
    const only96 = { ...utc, dateTime: false };
    expect(raw(conform(data, 'timestamp', { legacy: only96 }))).toEqual([old, 0n]);
    const kept96 = int96([{ nanos: 7000n, julianDay: 2_440_588 - 354_280 }]);
    expect(raw(conform(kept96, 'timestamp', { legacy: only96 }))).toEqual([moved]);
  });

  it('moves timestamps that were written in another zone by its history', () => {
    const noon = -2_524_608_000_000_000n;
    const data = timestamps(arrow.TimeUnit.MICROSECOND, [noon, -2_208_988_800_000_000n]);
    const moved = raw(conform(data, 'timestamp', { legacy: tokyo }));
    expect(moved).toEqual([noon, -2_208_988_800_000_000n]);
    const before = timestamps(arrow.TimeUnit.MICROSECOND, [noon - 2n ** 50n]);
    const moreThanNine = 18n * 60n + 59n;
    expect(raw(conform(before, 'timestamp', { legacy: tokyo }))).toEqual([
      noon - 2n ** 50n - moreThanNine * 1_000_000n,
    ]);
  });

  it('refuses timestamps before 1900 of a zone whose history is in doubt, and only those', () => {
    const cut = -2_208_988_800_000_000n;
    const data = timestamps(arrow.TimeUnit.MICROSECOND, [cut, cut - 1n]);
    expect(
      thrown(() => conform(data, 'timestamp', { legacy: manila, firstRow: 10 })),
    ).toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      features: ['legacy calendar'],
      message: expect.stringMatching(/column c, row 11/),
    });
    const hidden = withNulls(data, (row) => row === 1);
    expect(raw(conform(hidden, 'timestamp', { legacy: manila }))).toEqual([cut, null]);
    const { zone: _zone, ...noZone } = manila;
    expect(
      thrown(() => conform(data, 'timestamp', { legacy: { ...noZone, zone: undefined } })),
    ).toMatchObject({ code: 'UNSUPPORTED_FEATURE' });
  });
});
