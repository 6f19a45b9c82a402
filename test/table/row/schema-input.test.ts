import { describe, expect, it } from 'vitest';
import type { DataType, StructType } from '../../../src/log/schema/types.js';
import type { TableSchema } from '../../../src/table/row/row-types.js';
import { toStructType } from '../../../src/table/row/schema-input.js';

const typeOf = (literal: unknown): unknown =>
  toStructType({ v: literal } as TableSchema).schema.fields[0];

describe('a schema literal', () => {
  it('has its columns in order, nullable unless it says otherwise', () => {
    const { schema, asNumber } = toStructType({ id: 'long not null', total: 'decimal(12,2)' });
    expect(schema).toEqual({
      type: 'struct',
      fields: [
        { name: 'id', type: 'long', nullable: false, metadata: {} },
        { name: 'total', type: 'decimal(12,2)', nullable: true, metadata: {} },
      ],
    });
    expect(asNumber.size).toBe(0);
  });

  it.each<[unknown, DataType]>([
    [{ array: 'string not null' }, { type: 'array', elementType: 'string', containsNull: false }],
    [
      { map: ['string', { array: 'byte' }] },
      {
        type: 'map',
        keyType: 'string',
        valueType: { type: 'array', elementType: 'byte', containsNull: true },
        valueContainsNull: true,
      },
    ],
    [
      { struct: { a: 'date not null' } },
      { type: 'struct', fields: [{ name: 'a', type: 'date', nullable: false, metadata: {} }] },
    ],
  ])('nests: %j', (literal, type) => {
    expect(typeOf(literal)).toMatchObject({ type, nullable: true });
  });

  it.each<[unknown, string]>([
    ['void', 'schema.v'],
    ['strng', 'schema.v'],
    ['decimal(39,0)', 'schema.v'],
    ['decimal(5,6)', 'schema.v'],
    ['decimal(0,0)', 'schema.v'],
    ['long  not null', 'schema.v'],
    ['', 'schema.v'],
    [null, 'schema.v'],
    [5, 'schema.v'],
    [{}, 'schema.v'],
    [{ array: 'long', map: ['long', 'long'] }, 'schema.v'],
    [{ list: 'long' }, 'schema.v'],
    [{ map: ['long'] }, 'schema.v'],
    [{ array: 'lng' }, 'schema.v.array'],
    [{ map: ['long', 'lng'] }, 'schema.v.map[1]'],
    [{ struct: {} }, 'schema.v.struct'],
    [{ struct: { a: 'lng' } }, 'schema.v.struct.a'],
  ])('refuses %j by its path', (literal, option) => {
    expect(() => typeOf(literal)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option }),
    );
  });

  it('knows what other systems call its types', () => {
    expect(() => typeOf('bigint not null')).toThrow(
      expect.objectContaining({ expected: '"long"' }),
    );
    expect(() => typeOf('int')).toThrow(expect.objectContaining({ expected: '"integer"' }));
  });

  it('is refused when it is empty, contains itself, or comes with columns', () => {
    const self: Record<string, unknown> = {};
    self['struct'] = self;
    expect(() => typeOf(self)).toThrow(expect.objectContaining({ code: 'LIMIT' }));
    expect(() => toStructType({})).toThrow(expect.objectContaining({ option: 'schema' }));
    expect(() => toStructType({ a: 'long' }, { columns: { a: 'long' } })).toThrow(
      expect.objectContaining({ option: 'columns' }),
    );
  });
});

describe('a schema in the shape of the protocol', () => {
  const field = { name: 'a', type: 'long', nullable: false } as const;

  it('is copied, what the protocol does not name left out', () => {
    const input = { type: 'struct', fields: [{ ...field, odd: 1 }], odd: 2 };
    const { schema } = toStructType(input as unknown as StructType);
    expect(schema).toEqual({ type: 'struct', fields: [{ ...field, metadata: {} }] });
  });

  it.each<[unknown, string]>([
    [{ type: 'struct' }, 'schema.fields'],
    [{ type: 'struct', fields: [] }, 'schema.fields'],
    [{ type: 'struct', fields: [{ ...field, type: 'void' }] }, 'schema.fields'],
    [{ type: 'struct', fields: [null] }, 'schema.fields[0]'],
    [{ type: 'struct', fields: [{ ...field, name: 1 }] }, 'schema.fields[0].name'],
    [{ type: 'struct', fields: [{ ...field, nullable: 1 }] }, 'schema.fields[0].nullable'],
    [{ type: 'struct', fields: [{ ...field, type: 'int' }] }, 'schema.fields[0].type'],
    [{ type: 'struct', fields: [{ ...field, type: { type: 'x' } }] }, 'schema.fields[0].type'],
    [
      {
        type: 'struct',
        fields: [{ ...field, type: { type: 'array', elementType: 'void', containsNull: true } }],
      },
      'schema.fields[0].type.elementType',
    ],
  ])('is checked: %j', (input, option) => {
    expect(() => toStructType(input as TableSchema)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option }),
    );
  });

  it('is refused by name when it has an unknown type', () => {
    const type = { type: 'unknown', name: 'geometry', json: 'geometry' } as const;
    expect(() =>
      toStructType({ type: 'struct', fields: [{ ...field, type, metadata: {} }] }),
    ).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', features: ['geometry'] }));
  });
});

describe('a Standard Schema of another library', () => {
  // arktype's are functions, valibot's objects.
  const standard = {
    version: 1,
    vendor: 'arktype',
    validate: (value: unknown) => ({ value }),
  } as const;
  const schema = Object.assign(() => true, { '~standard': standard });

  it('needs every column in columns, and takes them from there', () => {
    expect(() => toStructType(schema)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'columns' }),
    );
    const { schema: made } = toStructType(schema, { columns: { id: 'long not null' } });
    expect(made.fields).toEqual([{ name: 'id', type: 'long', nullable: false, metadata: {} }]);
    expect(() => toStructType(schema, { columns: { id: 'lng' as 'long' } })).toThrow(
      expect.objectContaining({ option: 'columns.id' }),
    );
  });
});
