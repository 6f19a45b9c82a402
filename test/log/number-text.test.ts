import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDouble, formatFloat, parseFloating } from '../../src/log/number-text.js';

describe('formatDouble', () => {
  // What java.lang.Double.toString gives.
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-1.5, '-1.5'],
    [0.001, '0.001'],
    [0.00099, '9.9E-4'],
    [123456.789, '123456.789'],
    [9999999, '9999999.0'],
    [1e7, '1.0E7'],
    [12345678.9, '1.23456789E7'],
    [1e10, '1.0E10'],
    [1e23, '1.0E23'],
    [1.7976931348623157e308, '1.7976931348623157E308'],
    [5e-324, '4.9E-324'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ])('of %d', (value, text) => {
    expect(formatDouble(value)).toBe(text);
  });

  it('reads back as the same number', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(parseFloating(formatDouble(value))).toBe(value);
      }),
    );
  });
});

describe('formatFloat', () => {
  it.each([
    [Math.fround(0.1), '0.1'],
    [Math.fround(3.4028235e38), '3.4028235E38'],
    [Math.fround(1.4e-45), '1.4E-45'],
    [Math.fround(16777216), '1.6777216E7'],
    [-0, '-0.0'],
    [Math.fround(0.3), '0.3'],
  ])('of %d', (value, text) => {
    expect(formatFloat(value)).toBe(text);
  });

  it('reads back as the same float', () => {
    fc.assert(
      fc.property(fc.float(), (value) => {
        expect(Math.fround(parseFloating(formatFloat(value)) ?? 0)).toBe(value);
      }),
    );
  });
});

describe('parseFloating', () => {
  it.each([
    ['1e10', 1e10],
    ['+.5', 0.5],
    ['5.', 5],
    ['inf', Infinity],
    ['-Infinity', -Infinity],
    ['nan', Number.NaN],
  ])('reads %s', (text, value) => {
    expect(parseFloating(text)).toBe(value);
  });

  it.each(['', '.', 'e1', '1e', '0x10', '1_0', 'infinite', '1 2'])('does not read %j', (text) => {
    expect(parseFloating(text)).toBeUndefined();
  });
});
