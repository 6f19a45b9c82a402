import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTimestamp } from '../../../src/log/schema/scalar-text.js';
import { timestamp, timestampFromNumber } from '../../../src/table/row/timestamp.js';

const LAST = 8_640_000_000_000_000_000n;

describe('Timestamp', () => {
  it('is a Date with its microseconds as an own, enumerable property', () => {
    const instant = timestamp(1_704_164_645_678_901n);
    expect(instant).toBeInstanceOf(Date);
    expect(instant.toISOString()).toBe('2024-01-02T03:04:05.678Z');
    expect(Object.entries(instant)).toEqual([['micros', 901]]);
    expect(JSON.stringify({ instant })).toBe('{"instant":"2024-01-02T03:04:05.678901Z"}');
  });

  it('rounds down on both sides of 1970', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -LAST, max: LAST }), (micros) => {
        const instant = timestamp(micros);
        expect(instant.micros).toBeGreaterThanOrEqual(0);
        expect(instant.micros).toBeLessThan(1000);
        expect(BigInt(instant.getTime()) * 1000n + BigInt(instant.micros)).toBe(micros);
        expect(instant.toJSON()).toBe(formatTimestamp(micros));
      }),
    );
  });

  it('is the same from a number', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (micros) => {
        expect(timestampFromNumber(micros)).toStrictEqual(timestamp(BigInt(micros)));
      }),
    );
  });

  it('has no value beyond what a Date can hold', () => {
    expect(timestamp(LAST).getTime()).toBe(8.64e15);
    for (const micros of [LAST + 1000n, -LAST - 1n, 2n ** 63n - 1n]) {
      expect(() => timestamp(micros)).toThrow(
        expect.objectContaining({ code: 'LIMIT', limit: 'MAX_DATE_MS' }),
      );
    }
  });

  it('is null in JSON once it is invalid, as a Date is', () => {
    const instant = timestamp(1n);
    instant.setTime(Number.NaN);
    expect(JSON.stringify([instant])).toBe('[null]');
  });
});
