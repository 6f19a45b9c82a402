import { describe, expect, it } from 'vitest';
import { JsonNumber, parseJson } from '../../../src/log/json.js';
import { checkedMetadata } from '../../../src/table/row/field-metadata.js';

describe('the metadata of a field', () => {
  it.each([
    [{}],
    [{ comment: 'an "id"\nü', custom: { a: { b: null } } }],
    [{ texts: ['a', ''], truths: [true, false], integers: [1, -2n, 0], none: [] }],
    [{ fractions: [1.5, 1e300, new JsonNumber('1.0')], objects: [{ a: 1 }, { b: [2] }] }],
    [{ comment: null, left: undefined }],
    [parseJson('{"a":[1.0,2.5],"b":[{"c":12345678901234567890}]}')],
  ])('may be what Spark reads, case %#', (metadata) => {
    expect(checkedMetadata(metadata, 'm')).toBe(metadata);
  });

  it.each<[string, unknown]>([
    ['m', 'text'],
    ['m', new Map()],
    ['m.comment', { comment: 5 }],
    ['m.a[1]', { a: [1, 'x'] }],
    ['m.a[1]', { a: [1, 2.5] }],
    ['m.a[0]', { a: [null] }],
    ['m.a[0]', { a: [[1]] }],
    ['m.a[1]', { a: ['x', null] }],
    ['m.a.b[2]', { a: { b: [true, false, 0] } }],
    ['m.a[1].b[1]', { a: [{}, { b: [{}, 1] }] }],
    ['m.a', { a: Number.NaN }],
    ['m.a', { a: new Date(0) }],
    ['m.a', { a: () => 1 }],
    ['m.a[0]', { a: [undefined] }],
  ])('is refused at %s, case %#', (option, metadata) => {
    expect(() => checkedMetadata(metadata, 'm')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option }),
    );
  });

  it('that contains itself is refused', () => {
    const around: Record<string, unknown> = {};
    around['a'] = around;
    const within: unknown[] = [];
    within.push(within);
    for (const metadata of [around, { a: [around] }, { a: within }]) {
      expect(() => checkedMetadata(metadata, 'm')).toThrow(
        expect.objectContaining({ code: 'LIMIT', limit: 'MAX_SCHEMA_DEPTH' }),
      );
    }
  });
});
