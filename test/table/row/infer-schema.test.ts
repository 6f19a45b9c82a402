import { describe, expect, it } from 'vitest';
import type { DataType } from '../../../src/log/schema/types.js';
import { inferSchema } from '../../../src/table/row/infer-schema.js';
import { timestamp } from '../../../src/table/row/timestamp.js';

describe('inferSchema', () => {
  it.each<[unknown, DataType]>([
    [1, 'double'],
    [1n, 'long'],
    ['2024-01-01', 'string'],
    [false, 'boolean'],
    [new Date(0), 'timestamp'],
    [timestamp(1n), 'timestamp'],
    [new Uint8Array(1), 'binary'],
    [Buffer.from('a'), 'binary'],
    [[null, 'a'], { type: 'array', elementType: 'string', containsNull: true }],
    [new Float32Array(0), { type: 'array', elementType: 'float', containsNull: true }],
    [
      new Map([['a', [1n]]]),
      {
        type: 'map',
        keyType: 'string',
        valueType: { type: 'array', elementType: 'long', containsNull: true },
        valueContainsNull: true,
      },
    ],
    [
      { a: { b: 1 } },
      {
        type: 'struct',
        fields: [
          {
            name: 'a',
            type: {
              type: 'struct',
              fields: [{ name: 'b', type: 'double', nullable: true, metadata: {} }],
            },
            nullable: true,
            metadata: {},
          },
        ],
      },
    ],
  ])('goes by the type of %o', (value, type) => {
    const { fields } = inferSchema([{ v: value }]);
    expect(fields).toEqual([{ name: 'v', type, nullable: true, metadata: {} }]);
  });

  it('takes the union of all rows, columns in the order they first occur', () => {
    const rows = [
      { a: null, s: { x: 1 } },
      { b: 'x', a: 1n, l: [] },
      { l: ['a'], s: { y: true } },
    ];
    const { fields } = inferSchema(rows);
    expect(fields.map(({ name }) => name)).toEqual(['a', 's', 'b', 'l']);
    expect(fields[1]?.type).toMatchObject({ fields: [{ name: 'x' }, { name: 'y' }] });
  });

  it.each<[object[], number, string]>([
    [[{ v: 1 }, { v: null }, { v: 1n }], 2, 'v'],
    [[{ v: [1, 'a'] }], 0, 'v.element'],
    [[{ v: { a: 1 } }, { v: { a: 'x' } }], 1, 'v.a'],
    [[{ v: new Map([['a', 1]]) }, { v: new Map([[1, 1]]) }], 1, 'v.key'],
    [[{ v: new Float32Array(1) }, { v: [1] }], 1, 'v.element'],
    [[{ v: () => 1 }], 0, 'v'],
    [[{ v: new Set() }], 0, 'v'],
    [[{ v: new Uint32Array(1) }], 0, 'v'],
  ])('refuses mixed and foreign types: %o', (rows, row, column) => {
    expect(() => inferSchema(rows)).toThrow(
      expect.objectContaining({ code: 'SCHEMA_MISMATCH', row, column }),
    );
  });

  it.each<[object, string]>([
    [{ v: null }, 'v'],
    [{ v: [] }, 'v.element'],
    [{ v: new Map() }, 'v.key'],
    [{ v: {} }, 'v'],
    [{ v: { a: undefined } }, 'v.a'],
  ])('refuses a column whose type cannot be told: %o', (row, column) => {
    expect(() => inferSchema([row])).toThrow(
      expect.objectContaining({ code: 'SCHEMA_MISMATCH', column }),
    );
  });

  it('refuses what gives no columns', () => {
    expect(() => inferSchema([])).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'rows' }),
    );
    expect(() => inferSchema([{}])).toThrow(expect.objectContaining({ code: 'SCHEMA_MISMATCH' }));
    expect(() => inferSchema([{ a: 1 }, [1]])).toThrow(expect.objectContaining({ row: 1 }));
    const self: Record<string, unknown> = {};
    self['self'] = self;
    expect(() => inferSchema([self])).toThrow(expect.objectContaining({ code: 'LIMIT' }));
  });
});
