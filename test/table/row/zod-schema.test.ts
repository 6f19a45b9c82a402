import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { pathKey } from '../../../src/table/row/column-reader.js';
import type { ColumnType } from '../../../src/table/row/row-types.js';
import { toStructType } from '../../../src/table/row/schema-input.js';

const column = (type: z.ZodType, wanted?: unknown): { readonly type: unknown } | undefined =>
  toStructType(z.object({ v: type }), {
    columns: wanted === undefined ? undefined : { v: wanted as ColumnType },
  }).schema.fields[0];

describe('a zod object', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['string', z.string().min(3).trim(), 'string'],
    ['email', z.email(), 'string'],
    ['iso.datetime', z.iso.datetime(), 'string'],
    ['iso.date', z.iso.date(), 'date'],
    ['string().date()', z.string().date(), 'date'],
    ['enum', z.enum(['a', 'b']), 'string'],
    ['boolean', z.boolean(), 'boolean'],
    ['number', z.number().positive(), 'double'],
    ['float64', z.float64(), 'double'],
    ['float32', z.float32(), 'float'],
    ['int32', z.int32(), 'integer'],
    ['int', z.int(), 'long'],
    ['number().int()', z.number().int().min(0), 'long'],
    ['bigint', z.bigint(), 'long'],
    ['int64', z.int64(), 'long'],
    ['date', z.date(), 'timestamp'],
    ['readonly', z.string().readonly(), 'string'],
    [
      'array',
      z.array(z.string().nullable()),
      { type: 'array', elementType: 'string', containsNull: true },
    ],
    [
      'map',
      z.map(z.string(), z.number()),
      { type: 'map', keyType: 'string', valueType: 'double', valueContainsNull: false },
    ],
    [
      'object',
      z.strictObject({ a: z.string().optional() }),
      { type: 'struct', fields: [{ name: 'a', type: 'string', nullable: true, metadata: {} }] },
    ],
  ])('maps %s', (_, type, delta) => {
    expect(column(type)).toEqual({ name: 'v', type: delta, nullable: false, metadata: {} });
  });

  it.each<[string, z.ZodType, boolean]>([
    ['optional', z.string().optional(), true],
    ['nullable', z.string().nullable(), true],
    ['nullish', z.string().nullish(), true],
    ['default', z.string().default('x'), false],
    ['optional with a default', z.string().optional().default('x'), false],
    ['nullable with a default', z.string().nullable().default('x'), true],
    ['a default made optional', z.string().default('x').optional(), true],
  ])('reads nullability of %s', (_, type, nullable) => {
    expect(column(type)).toMatchObject({ type: 'string', nullable });
  });

  it('notes which longs were promised as numbers, at any depth', () => {
    const schema = z.object({
      id: z.int(),
      big: z.bigint(),
      list: z.array(z.int()),
      map: z.map(z.int(), z.object({ n: z.int().nullable() })),
    });
    expect(toStructType(schema).asNumber).toEqual(
      new Set(
        [['id'], ['list', 'element'], ['map', 'key'], ['map', 'value', 'n']].map((path) =>
          pathKey(path),
        ),
      ),
    );
  });

  it('is read alike from zod/mini', () => {
    const schema = mini.object({ a: mini.optional(mini.string()), b: mini.int() });
    expect(toStructType(schema).schema.fields).toMatchObject([
      { name: 'a', type: 'string', nullable: true },
      { name: 'b', type: 'long', nullable: false },
    ]);
  });

  it.each<[string, z.ZodType]>([
    ['any', z.any()],
    ['unknown', z.unknown()],
    ['literal', z.literal('a')],
    ['union', z.union([z.string(), z.number()])],
    ['record', z.record(z.string(), z.number())],
    ['tuple', z.tuple([z.string()])],
    ['set', z.set(z.string())],
    ['transform', z.string().transform((text) => text.length)],
    ['custom', z.instanceof(Uint8Array)],
    ['numeric enum', z.enum({ A: 1 })],
    ['uint32', z.uint32()],
    ['uint64', z.uint64()],
    ['catch', z.string().catch('x')],
    ['lazy', z.lazy(() => z.string())],
  ])('refuses %s by its path', (_, type) => {
    const nested = z.object({ list: z.array(z.object({ a: type })) });
    expect(() => toStructType(nested)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'schema.list.element.a' }),
    );
  });

  it('refuses what is no table', () => {
    const self = z.object({
      get self() {
        return self;
      },
    });
    expect(() => toStructType(self)).toThrow(expect.objectContaining({ code: 'LIMIT' }));
    for (const schema of [z.string(), z.looseObject({ a: z.string() }), z.object({})]) {
      expect(() => toStructType(schema)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'schema' }),
      );
    }
    expect(() => column(z.map(z.string().nullable(), z.string()))).toThrow(
      expect.objectContaining({ option: 'schema.v.key' }),
    );
  });
});

describe('columns beside a zod object', () => {
  it.each<[string, z.ZodType, unknown, unknown]>([
    ['decimal for text', z.string(), 'decimal(12,2)', 'decimal(12,2)'],
    ['date for text', z.string(), 'date', 'date'],
    ['short for a number', z.number(), 'short', 'short'],
    ['long for a uint32', z.uint32(), 'long', 'long'],
    ['long for a uint64', z.uint64(), 'long', 'long'],
    ['binary for a custom type', z.instanceof(Uint8Array), 'binary', 'binary'],
    [
      'floats for numbers',
      z.array(z.number()),
      { array: 'float' },
      { type: 'array', elementType: 'float', containsNull: false },
    ],
    [
      'a field of a struct',
      z.object({ a: z.string(), b: z.number() }),
      { struct: { a: 'decimal(5,1)' } },
      {
        type: 'struct',
        fields: [
          { name: 'a', type: 'decimal(5,1)', nullable: false, metadata: {} },
          { name: 'b', type: 'double', nullable: false, metadata: {} },
        ],
      },
    ],
  ])('give %s, and leave nullability to zod', (_, type, wanted, delta) => {
    expect(column(type, wanted)).toMatchObject({ type: delta, nullable: false });
    expect(column(type.nullable(), wanted)).toMatchObject({ type: delta, nullable: true });
  });

  it('may make a column not null', () => {
    expect(column(z.string().nullable(), 'string not null')).toMatchObject({ nullable: false });
  });

  it('note a number that is held as long', () => {
    const options = { columns: { v: 'long' } } as const;
    expect(toStructType(z.object({ v: z.number() }), options).asNumber).toEqual(new Set(['["v"]']));
  });

  it.each<[string, z.ZodType, unknown, string]>([
    ['text for a number', z.number(), 'string', 'columns.v'],
    ['decimal for a number', z.number(), 'decimal(5,2)', 'columns.v'],
    ['double for a bigint', z.bigint(), 'double', 'columns.v'],
    ['text for a Date', z.date(), 'timestamp_ntz', 'columns.v'],
    ['a map for an array', z.array(z.string()), { map: ['string', 'string'] }, 'columns.v'],
    ['text elements for numbers', z.array(z.number()), { array: 'string' }, 'columns.v.element'],
    ['an unknown field', z.object({ a: z.string() }), { struct: { b: 'long' } }, 'columns.v.b'],
    ['no type at all', z.string(), 'strng', 'columns.v'],
  ])('refuse %s', (_, type, wanted, option) => {
    expect(() => column(type, wanted)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option }),
    );
  });

  it('refuse a column that the schema lacks', () => {
    const options = { columns: { w: 'long' } } as const;
    expect(() => toStructType(z.object({ v: z.string() }), options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'columns.w' }),
    );
  });
});
