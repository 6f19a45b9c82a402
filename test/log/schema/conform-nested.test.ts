import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { arrowSchema, arrowType } from '../../../src/log/schema/arrow-type.js';
import {
  batchOf,
  type ConformFile,
  conformBatch,
  conformColumn,
} from '../../../src/log/schema/conform.js';
import type { ArrayType, DataType, MapType } from '../../../src/log/schema/types.js';
import { columnOf, field, struct, thrown, values, withNulls } from './arrow-columns.js';

function conform(data: arrow.Data, target: DataType, file: Partial<ConformFile> = {}): arrow.Data {
  const conformed = conformColumn(data, target, data.length, { key: 'f', column: 'c', ...file });
  expect(shapeOf(conformed.type)).toEqual(shapeOf(arrowType(target)));
  return conformed;
}

/** Names and nullability too, which `String(type)` leaves out. */
function shapeOf(type: arrow.DataType): unknown {
  const children = (type.children ?? []).map(({ name, nullable, type: inner }) => ({
    name,
    nullable,
    inner: shapeOf(inner as arrow.DataType),
  }));
  return [type.typeId, children.length === 0 ? String(type) : children];
}

const array = (elementType: DataType, containsNull = true): ArrayType => ({
  type: 'array',
  elementType,
  containsNull,
});
const map = (keyType: DataType, valueType: DataType): MapType => ({
  type: 'map',
  keyType,
  valueType,
  valueContainsNull: true,
});
const list = (type: arrow.DataType, name = 'item'): arrow.List =>
  new arrow.List(new arrow.Field(name, type, true));
const structOf = (...fields: [string, arrow.DataType][]): arrow.Struct =>
  new arrow.Struct(fields.map(([name, type]) => new arrow.Field(name, type, true)));

describe('structs', () => {
  const type = structOf(
    ['Id', new arrow.Int32()],
    ['extra', new arrow.Utf8()],
    ['n', new arrow.Int8()],
  );
  const data = columnOf(type, [{ Id: 1, extra: 'x', n: 2 }, null, { Id: null, extra: 'y', n: 3 }]);

  it('take fields by name, exactly or without case, in the order of the table', () => {
    const target = struct(
      field('n', 'byte'),
      field('id', 'long', false),
      field('new', array('date')),
    );
    const expected = [{ n: 2, id: 1, new: null }, null, { n: 3, id: null, new: null }];
    expect(values(conform(data, target))).toEqual(expected);
    expect(values(conform(data.slice(1, 2), target))).toEqual(expected.slice(1));
  });

  it('do not copy a field that has the type already', () => {
    const conformed = conform(data, struct(field('n', 'byte')));
    expect(conformed.children[0]?.values).toBe(data.children[2]?.values);
  });

  it('take fields by the name that they have in the file', () => {
    const target = struct(field('logical', 'byte'));
    const fileName = (): string => 'n';
    expect(values(conform(data, target, { fileName }))).toEqual([
      { logical: 2 },
      null,
      { logical: 3 },
    ]);
  });

  it('refuse a name that two fields may mean', () => {
    const twice = columnOf(structOf(['AB', new arrow.Int8()], ['Ab', new arrow.Int8()]), [
      { AB: 1, Ab: 2 },
    ]);
    expect(thrown(() => conform(twice, struct(field('ab', 'byte'))))).toMatchObject({
      code: 'CORRUPT_DATA',
      field: 'c.ab',
    });
    expect(values(conform(twice, struct(field('AB', 'byte'))))).toEqual([{ AB: 1 }]);
    expect(values(conform(twice, struct(field('AB', 'byte'), field('aB', 'byte'))))).toEqual([
      { AB: 1, aB: 2 },
    ]);
  });

  it('give a field to the one that names it exactly, not to one that differs by case', () => {
    const target = struct(field('N', 'byte'), field('n', 'byte'));
    expect(values(conform(data, target))[0]).toEqual({ N: null, n: 2 });
  });

  it('do not raise for garbage under a null parent, and do for the same value elsewhere', () => {
    const parent = columnOf(structOf(['x', structOf(['y', new arrow.Int32()])]), [
      { x: { y: 1 } },
      { x: { y: 1000 } },
    ]);
    const target = struct(field('x', struct(field('y', 'byte'))));
    expect(thrown(() => conform(parent, target))).toMatchObject({ field: 'c.x.y', position: 1 });
    const hidden = withNulls(parent, (row) => row === 1);
    expect(values(conform(hidden, target))).toEqual([{ x: { y: 1 } }, null]);
    expect(values(conform(hidden.slice(1, 1), target))).toEqual([null]);
  });

  it('refuse another type, naming both', () => {
    expect(thrown(() => conform(data, struct(field('Id', 'string'))))).toMatchObject({
      code: 'CORRUPT_DATA',
      key: 'f',
      field: 'c.Id',
      message: expect.stringMatching(/expected string, found Int32/),
    });
    expect(thrown(() => conform(data, 'long'))).toMatchObject({ code: 'CORRUPT_DATA' });
  });
});

describe('arrays', () => {
  const rows = [[1, null], null, [], [3, 4, 5]];
  const expected = rows;

  it('keep their offsets when only the element changes', () => {
    const data = columnOf(list(new arrow.Int8()), rows);
    const conformed = conform(data, array('long', false));
    expect(values(conformed)).toEqual(expected);
    expect(conformed.valueOffsets).toBe(data.valueOffsets);
  });

  it.each([
    ['large', new arrow.LargeList(new arrow.Field('item', new arrow.Int8(), true))],
    ['plain', list(new arrow.Int8(), 'array')],
  ])('of %s lists come out alike, and so do slices of them', (_kind, type) => {
    const data = type instanceof arrow.LargeList ? largeList(type, rows) : columnOf(type, rows);
    expect(values(conform(data, array('short')))).toEqual(expected);
    for (let begin = 0; begin < rows.length; begin++) {
      const part = conform(data.slice(begin, rows.length - begin), array('short'));
      expect(values(part)).toEqual(expected.slice(begin));
      expect(values(conform(data.slice(0, begin), array('short')))).toEqual(
        expected.slice(0, begin),
      );
    }
  });

  it('of lists of fixed size come out alike', () => {
    const type = new arrow.FixedSizeList(2, new arrow.Field('item', new arrow.Int8(), true));
    const child = columnOf(new arrow.Int8(), [1, 2, 3, 4, 5, 6]);
    const data = withNulls(arrow.makeData({ type, length: 3, child } as never), (row) => row === 1);
    expect(values(conform(data, array('integer')))).toEqual([[1, 2], null, [5, 6]]);
    expect(values(conform(data.slice(2, 1), array('integer')))).toEqual([[5, 6]]);
  });

  it('do not look at elements outside of a slice', () => {
    const data = columnOf(list(new arrow.Int32()), [[300], [1], [300]]);
    expect(values(conform(data.slice(1, 1), array('byte')))).toEqual([[1]]);
  });

  it('name the row of an element that does not fit, and skip elements of a null list', () => {
    const data = columnOf(list(list(new arrow.Int32())), [[[1]], [[], [2, 300]], [[-129]]]);
    const target = array(array('byte'));
    expect(thrown(() => conform(data, target, { firstRow: 40 }))).toMatchObject({
      field: 'c.element.element',
      position: 41,
    });
    const hidden = withNulls(data, (row) => row === 1);
    expect(thrown(() => conform(hidden, target))).toMatchObject({ position: 2 });
    expect(
      values(
        conform(
          withNulls(data, (row) => row > 0),
          target,
        ),
      ),
    ).toEqual([[[1]], null, null]);
  });
});

describe('maps', () => {
  const rows = [
    [['a', 1]],
    null,
    [],
    [
      ['b', null],
      ['c', 3],
    ],
  ] as const;
  const expected = [{ a: 1 }, null, {}, { b: null, c: 3 }];
  const entriesOf = (...names: [string, string]): arrow.List =>
    list(structOf([names[0], new arrow.Utf8()], [names[1], new arrow.Int8()]), 'bag');
  const asLists = rows.map((row) => row?.map(([key, value]) => ({ k: key, v: value })) ?? null);

  it('take key and value by their place', () => {
    const entries = new arrow.Field(
      'map',
      structOf(['first', new arrow.Utf8()], ['second', new arrow.Int8()]),
      false,
    );
    const type = new arrow.Map_(entries as never);
    const lists = columnOf(entriesOf('k', 'v'), asLists);
    const data = lists.clone(type as never);
    expect(values(conform(data, map('string', 'long')))).toEqual(expected);
    expect(values(conform(data.slice(1, 3), map('string', 'long')))).toEqual(expected.slice(1));
  });

  it('are read from lists of pairs', () => {
    const data = columnOf(entriesOf('k', 'v'), asLists);
    expect(values(conform(data, map('string', 'byte')))).toEqual(expected);
  });

  it('refuse a null key, unless its map is null', () => {
    const data = columnOf(entriesOf('k', 'v'), [[{ k: 'a', v: 1 }], [{ k: null, v: 2 }]]);
    const target = map('string', 'byte');
    expect(thrown(() => conform(data, target))).toMatchObject({
      code: 'CORRUPT_DATA',
      field: 'c.key',
      position: 1,
    });
    expect(
      values(
        conform(
          withNulls(data, (row) => row === 1),
          target,
        ),
      ),
    ).toEqual([{ a: 1 }, null]);
  });

  it('refuse structs of another size', () => {
    const data = columnOf(list(structOf(['k', new arrow.Utf8()])), [[{ k: 'a' }]]);
    expect(thrown(() => conform(data, map('string', 'byte')))).toMatchObject({ field: 'c' });
  });
});

describe('conformBatch', () => {
  it('gives exactly the schema of the table, from columns in any order', () => {
    const schema = struct(
      field('id', 'long', false),
      field('S', 'string'),
      field('gone', 'double'),
    );
    const fields = [
      new arrow.Field('s', new arrow.Utf8()),
      new arrow.Field('id', new arrow.Int32()),
    ];
    const columns = [columnOf(new arrow.Utf8(), ['x', null]), columnOf(new arrow.Int32(), [1, 2])];
    const batch = conformBatch(batchOf(new arrow.Schema(fields), columns, 2), schema, { key: 'f' });
    expect(batch.schema.fields).toEqual(arrowSchema(schema).fields);
    expect(
      batch.toArray().map((row) => JSON.parse(JSON.stringify(row, numbers)) as unknown),
    ).toEqual([
      { id: 1, S: 'x', gone: null },
      { id: 2, S: null, gone: null },
    ]);
  });
});

function numbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

function largeList(
  type: arrow.LargeList,
  rows: readonly (readonly unknown[] | null)[],
): arrow.Data {
  const plain = columnOf(new arrow.List(type.children[0] as arrow.Field), rows);
  const valueOffsets = BigInt64Array.from(plain.valueOffsets as Int32Array, BigInt);
  const [child] = plain.children;
  if (child === undefined) throw new Error('no child');
  const { length, nullBitmap, nullCount } = plain;
  return arrow.makeData({ type, length, nullBitmap, nullCount, valueOffsets, child });
}
