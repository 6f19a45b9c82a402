import { createRequire } from 'node:module';
import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { arrowSchema, arrowType } from '../../../src/log/schema/arrow-type.js';
import { fromArrowSchema } from '../../../src/log/schema/from-arrow-schema.js';
import type { DataType, StructType } from '../../../src/log/schema/types.js';

/** The CommonJS build: a second copy, whose classes are not ours. */
const other = createRequire(import.meta.url)('apache-arrow') as typeof arrow;

const EVERY_TYPE: readonly DataType[] = [
  'string',
  'long',
  'integer',
  'short',
  'byte',
  'float',
  'double',
  'boolean',
  'binary',
  'date',
  'timestamp',
  'timestamp_ntz',
  'void',
  'decimal(1,0)',
  'decimal(38,38)',
  { type: 'array', elementType: 'long', containsNull: false },
  { type: 'map', keyType: 'string', valueType: 'byte', valueContainsNull: false },
  { type: 'struct', fields: [{ name: 'x', type: 'short', nullable: false, metadata: {} }] },
];

describe('arrowSchema', () => {
  it('and fromArrowSchema are inverse for every type', () => {
    const schema: StructType = {
      type: 'struct',
      fields: EVERY_TYPE.map((type, index) => ({
        name: `c${index}`,
        type,
        nullable: index % 2 === 0,
        metadata: {},
      })),
    };
    expect(fromArrowSchema(arrowSchema(schema))).toEqual(schema);
  });

  it('names what is inside lists and maps as Parquet does', () => {
    const list = arrowType({ type: 'array', elementType: 'long', containsNull: true });
    expect(list.children[0]).toMatchObject({ name: 'element', nullable: true });
    const map = arrowType({
      type: 'map',
      keyType: 'string',
      valueType: 'long',
      valueContainsNull: false,
    });
    expect(map.children[0]).toMatchObject({ name: 'key_value', nullable: false });
    expect(map.children[0]?.type.children).toMatchObject([
      { name: 'key', nullable: false },
      { name: 'value', nullable: false },
    ]);
  });

  it('carries field ids only when asked', () => {
    const metadata = { 'delta.columnMapping.id': 7 };
    const schema: StructType = {
      type: 'struct',
      fields: [{ name: 'a', type: 'long', nullable: true, metadata }],
    };
    const ids = arrowSchema(schema, { fieldIds: true }).fields[0]?.metadata;
    expect(ids?.get('PARQUET:field_id')).toBe('7');
    expect(arrowSchema(schema).fields[0]?.metadata.size).toBe(0);
  });

  it('refuses a type that it does not know by name', () => {
    const unknown: DataType = { type: 'unknown', name: 'geometry', json: 'geometry' };
    expect(() => arrowType({ type: 'array', elementType: unknown, containsNull: true })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', features: ['geometry'] }),
    );
  });
});

describe('fromArrowSchema', () => {
  const list = (Kind: typeof arrow.List | typeof arrow.LargeList): arrow.DataType =>
    new Kind(new other.Field('item', new other.Int32(), true));

  it.each<[arrow.DataType, DataType]>([
    [new other.Uint8(), 'short'],
    [new other.Uint16(), 'integer'],
    [new other.Uint32(), 'long'],
    [new other.Uint64(), 'decimal(20,0)'],
    [new other.Float16(), 'float'],
    [new other.LargeUtf8(), 'string'],
    [new other.Utf8View(), 'string'],
    [new other.BinaryView(), 'binary'],
    [new other.LargeBinary(), 'binary'],
    [new other.FixedSizeBinary(3), 'binary'],
    [new other.DateMillisecond(), 'date'],
    [new other.TimestampSecond(), 'timestamp_ntz'],
    [new other.TimestampNanosecond('Europe/Berlin'), 'timestamp'],
    [new other.Dictionary(new other.Utf8(), new other.Int16()), 'string'],
    [new other.Decimal(2, 9, 32), 'decimal(9,2)'],
    [new other.Decimal(-3, 5), 'decimal(8,0)'],
    [new other.Decimal(6, 4), 'decimal(6,6)'],
    [list(other.LargeList), { type: 'array', elementType: 'integer', containsNull: true }],
    [
      new other.FixedSizeList(2, new other.Field('item', new other.Uint8(), false)),
      { type: 'array', elementType: 'short', containsNull: false },
    ],
  ])('widens another copy of %s', (type, expected) => {
    const schema = new other.Schema([new other.Field('c', type, true)]);
    expect(fromArrowSchema(schema).fields[0]?.type).toEqual(expected);
  });

  it.each<arrow.DataType>([
    new arrow.TimeMicrosecond(),
    new arrow.DurationSecond(),
    new arrow.IntervalYearMonth(),
    new arrow.SparseUnion([0], [new arrow.Field('a', new arrow.Int8())]),
    new arrow.Decimal(0, 39, 256),
    new arrow.Decimal(-30, 30),
  ])('refuses %s, naming the column', (type) => {
    const inner = new arrow.Struct([new arrow.Field('x', type)]);
    const schema = new arrow.Schema([new arrow.Field('c', inner)]);
    expect(() => fromArrowSchema(schema)).toThrow(
      expect.objectContaining({ code: 'SCHEMA_MISMATCH', column: 'c.x' }),
    );
  });
});
