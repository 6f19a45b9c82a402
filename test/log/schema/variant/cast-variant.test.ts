import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../../../src/errors.js';
import { conformColumn } from '../../../../src/log/schema/conform.js';
import { variantReader } from '../../../../src/table/row/variant-reader.js';
import { columnOf } from '../arrow-columns.js';

const METADATA = new Uint8Array([1, 2, 0, 1, 2, 0x61, 0x62]);
const NULL = new Uint8Array([0]);
/** `{"b": true}`. */
const B_IS_TRUE = new Uint8Array([2, 1, 1, 0, 1, 4]);

const struct = (fields: Record<string, arrow.DataType>): arrow.Struct =>
  new arrow.Struct(Object.entries(fields).map(([name, type]) => new arrow.Field(name, type, true)));

const piece = (typed: arrow.DataType): arrow.Struct =>
  struct({ value: new arrow.Binary(), typed_value: typed });

const readerOf = (column: arrow.Data): ((row: number) => unknown) =>
  variantReader(column, (problem) => {
    throw new Error(problem);
  });

/** A column of the pieces, conformed and then read as values. */
function read(typed: arrow.DataType, rows: readonly (object | null)[]): unknown[] {
  const type = struct({
    metadata: new arrow.Binary(),
    value: new arrow.Binary(),
    typed_value: typed,
  });
  const data = columnOf(
    type,
    rows.map((row) => row && { metadata: METADATA, value: null, typed_value: null, ...row }),
  );
  const where = { key: 'part-0', column: 'v', firstRow: 100 };
  const column = conformColumn(data, 'variant', rows.length, where);
  expect(String(column.type)).toBe('Struct<{metadata:Binary, value:Binary}>');
  const value = readerOf(column);
  return rows.map((_, row) => (column.getValid(row) ? value(row) : 'no value'));
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isVarveError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('a shredded variant', () => {
  it.each<[string, arrow.DataType, unknown, unknown]>([
    ['time', new arrow.TimeMicrosecond(), 3_600_000_001n, '01:00:00.000001'],
    ['nanoseconds', new arrow.TimestampNanosecond('UTC'), -1n, '1969-12-31T23:59:59.999999999Z'],
    ['local nanoseconds', new arrow.TimestampNanosecond(), 7n, '1970-01-01T00:00:00.000000007'],
    [
      'uuid',
      new arrow.FixedSizeBinary(16),
      Uint8Array.from({ length: 16 }, (_, at) => at),
      '00010203-0405-0607-0809-0a0b0c0d0e0f',
    ],
    ['long', new arrow.Int64(), 2n ** 53n, 2n ** 53n],
  ])('may keep %s, which spark does not write', (_name, type, stored, expected) => {
    // apache-arrow's builders take no bigint for every one of these types.
    const typed =
      typeof stored === 'bigint'
        ? arrow.makeData({ type, length: 1, data: BigInt64Array.of(stored) } as never)
        : columnOf(type, [stored]);
    const parts = struct({ metadata: new arrow.Binary(), typed_value: type });
    const metadata = columnOf(new arrow.Binary(), [METADATA]);
    const data = arrow.makeData({
      type: parts,
      length: 1,
      children: [metadata, typed],
    });
    const column = conformColumn(data, 'variant', 1, { key: 'part-0', column: 'v' });
    expect(readerOf(column)(0)).toEqual(expected);
  });

  it('is put together from what is in binary form and what is not', () => {
    const rows = read(struct({ a: piece(new arrow.Int32()) }), [
      { typed_value: { a: { value: null, typed_value: 7 } } },
      { value: B_IS_TRUE, typed_value: { a: { value: null, typed_value: 8 } } },
      { value: B_IS_TRUE, typed_value: { a: { value: null, typed_value: null } } },
      { typed_value: { a: null } },
      { typed_value: { a: { value: B_IS_TRUE, typed_value: null } } },
      { value: B_IS_TRUE },
      {},
      null,
      { value: NULL },
    ]);
    expect(rows).toEqual([
      { a: 7 },
      { a: 8, b: true },
      { b: true },
      {},
      { a: { b: true } },
      { b: true },
      null,
      'no value',
      null,
    ]);
  });

  it('has null where an element of an array is missing', () => {
    const list = new arrow.List(new arrow.Field('element', piece(new arrow.Utf8()), true));
    const rows = read(list, [
      {
        typed_value: [{ value: null, typed_value: 'x' }, { value: null, typed_value: null }, null],
      },
      { typed_value: [] },
    ]);
    expect(rows).toEqual([['x', null, null], []]);
  });

  it.each<[string, arrow.DataType, object, string]>([
    [
      'a value in two forms',
      new arrow.Int32(),
      { value: NULL, typed_value: 1 },
      "CORRUPT_DATA: the file does not fit the table's schema: expected a variant, found a value in two forms",
    ],
    [
      'fields beside a value that is no object',
      struct({ a: piece(new arrow.Int32()) }),
      { value: NULL, typed_value: { a: null } },
      'fields of what is no object',
    ],
    [
      'a field that is there twice',
      struct({ b: piece(new arrow.Int32()) }),
      { value: B_IS_TRUE, typed_value: { b: { value: null, typed_value: 1 } } },
      'a field twice',
    ],
    [
      'a field whose name the metadata lacks',
      struct({ z: piece(new arrow.Int32()) }),
      { typed_value: { z: { value: null, typed_value: 1 } } },
      'a field "z" without a number',
    ],
    [
      'metadata that is none',
      new arrow.Int32(),
      { metadata: new Uint8Array(0), typed_value: 1 },
      'variant metadata of version 0',
    ],
    ['a field without value', struct({ a: struct({ x: new arrow.Int32() }) }), {}, 'v.a'],
    ['unsigned integers', new arrow.Uint32(), { typed_value: 1 }, 'UNSUPPORTED_FEATURE'],
    ['milliseconds', new arrow.TimestampMillisecond(), { typed_value: 1 }, 'UNSUPPORTED_FEATURE'],
    ['a map', new arrow.Duration(0), {}, 'UNSUPPORTED_FEATURE'],
  ])('is refused with %s', (_name, typed, row, message) => {
    expect(refusal(() => read(typed, [row]))).toContain(message);
  });

  it('is refused without its parts, and where it is no struct', () => {
    const where = { key: 'part-0', column: 'v' };
    for (const type of [new arrow.Binary(), struct({ metadata: new arrow.Binary() })]) {
      const data = columnOf(type, [null]);
      expect(refusal(() => conformColumn(data, 'variant', 1, where))).toContain('CORRUPT_DATA');
    }
  });
});
