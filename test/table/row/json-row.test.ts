import { describe, expect, it } from 'vitest';
import { toJsonRow } from '../../../src/table/row/json-row.js';
import { timestamp } from '../../../src/table/row/timestamp.js';

describe('toJsonRow', () => {
  it.each<[unknown, unknown]>([
    [2n ** 63n - 1n, '9223372036854775807'],
    [1.5, 1.5],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    ['x', 'x'],
    [true, true],
    [null, null],
    [undefined, null],
    [timestamp(-1n), '1969-12-31T23:59:59.999999Z'],
    [new Date(0), '1970-01-01T00:00:00.000000Z'],
    [new Uint8Array([0, 255, 62, 63]), 'AP8+Pw=='],
    [new Uint8Array(0), ''],
    [
      [1n, null],
      ['1', null],
    ],
    [new Map<unknown, unknown>([[1n, new Map([['a', Number.NaN]])]]), [['1', [['a', 'NaN']]]]],
    [{ a: { b: 1n } }, { a: { b: '1' } }],
  ])('%o is %o', (value, json) => {
    expect(toJsonRow({ v: value })).toStrictEqual({ v: json });
    expect(JSON.parse(JSON.stringify(toJsonRow({ v: value })))).toStrictEqual({ v: json });
  });

  it('encodes bytes of any number as the platform does', () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, at) => at * 7);
    expect(toJsonRow({ v: bytes })['v']).toBe(Buffer.from(bytes).toString('base64'));
  });

  it('keeps a column named __proto__', () => {
    const row = JSON.parse('{"__proto__": {"__proto__": 1}}') as object;
    expect(JSON.stringify(toJsonRow(row))).toBe('{"__proto__":{"__proto__":1}}');
  });

  it('refuses what no row holds', () => {
    const self: Record<string, unknown> = {};
    self['self'] = self;
    expect(() => toJsonRow(self)).toThrow(expect.objectContaining({ code: 'LIMIT' }));
    for (const value of [() => 1, Symbol('x'), new Date(Number.NaN)]) {
      expect(() => toJsonRow({ a: [value] })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'a.element' }),
      );
    }
  });
});
