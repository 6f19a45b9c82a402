import { createRequire } from 'node:module';
import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import {
  arrowBatches,
  arrowInputSchema,
  isArrowInput,
} from '../../../src/log/schema/arrow-input.js';
import { arrowSchema } from '../../../src/log/schema/arrow-type.js';
import { batchOf } from '../../../src/log/schema/conform.js';
import type { DataType, StructType } from '../../../src/log/schema/types.js';
import {
  columnOf,
  decimals,
  field,
  raw,
  struct,
  unscaled,
  values,
  withNulls,
} from './arrow-columns.js';

/** The CommonJS build: a second copy, whose classes are not ours. */
const other = createRequire(import.meta.url)('apache-arrow') as typeof arrow;

const SCHEMA = struct(
  field('id', 'long', false),
  field('name', 'string'),
  field('at', 'timestamp'),
);

async function read(input: unknown, schema: StructType = SCHEMA): Promise<arrow.RecordBatch[]> {
  const batches: arrow.RecordBatch[] = [];
  for await (const batch of arrowBatches(input, schema)) {
    expect(batch.schema.fields.map(String)).toEqual(arrowSchema(schema).fields.map(String));
    batches.push(batch);
  }
  return batches;
}

async function failure(input: unknown, schema: StructType = SCHEMA): Promise<unknown> {
  try {
    await read(input, schema);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** One column `c` of a batch, cast to `target`. */
async function cast(data: arrow.Data, target: DataType, nullable = true): Promise<arrow.Data> {
  const [batch] = await read(oneColumn(data), struct(field('c', target, nullable)));
  const [column] = batch?.data.children ?? [];
  if (column === undefined) throw new Error('no column');
  return column;
}

async function refusal(data: arrow.Data, target: DataType, nullable = true): Promise<unknown> {
  return await failure(oneColumn(data), struct(field('c', target, nullable)));
}

function oneColumn(data: arrow.Data): arrow.RecordBatch {
  const schema = new arrow.Schema([new arrow.Field('c', data.type, true)]);
  return batchOf(schema, [data], data.length);
}

function sample(copy: typeof arrow): arrow.Table {
  return copy.tableFromArrays({
    ID: Int32Array.of(1, 2, 3),
    name: ['a', null, 'ü'],
    at: [new Date(0), new Date(1), null],
  });
}

const ROWS = [
  { id: 1, name: 'a', at: 0 },
  { id: 2, name: null, at: 1 },
  { id: 3, name: 'ü', at: null },
];

function rowsOf(batches: readonly arrow.RecordBatch[]): unknown[] {
  return batches.flatMap((batch) =>
    batch
      .toArray()
      .map((row): unknown =>
        JSON.parse(
          JSON.stringify(row, (_key, value: unknown) =>
            typeof value === 'bigint' ? Number(value) : value,
          ),
        ),
      ),
  );
}

describe('every form of arrow input', () => {
  const table = sample(arrow);
  const forms: Record<string, () => unknown> = {
    'a table': () => table,
    "another copy's table": () => sample(other),
    'a batch': () => table.batches[0],
    "another copy's batches": () => sample(other).batches,
    'stream bytes': () => arrow.tableToIPC(table, 'stream'),
    'file bytes': () => arrow.tableToIPC(table, 'file'),
    'an array buffer': () => Uint8Array.from(arrow.tableToIPC(table, 'stream')).buffer,
    'a reader': () => arrow.RecordBatchReader.from(arrow.tableToIPC(table, 'stream')),
    "another copy's reader": () =>
      other.RecordBatchReader.from(other.tableToIPC(sample(other), 'file')),
  };

  it.each(Object.keys(forms))('%s is read alike', async (name) => {
    const make = forms[name] ?? (() => undefined);
    expect(isArrowInput(make())).toBe(true);
    expect(rowsOf(await read(make()))).toEqual(ROWS);
    const { schema, input } = await arrowInputSchema(make());
    expect(schema.fields.map((column) => column.name)).toEqual(['ID', 'name', 'at']);
    expect(rowsOf(await read(input))).toEqual(ROWS);
  });

  it('an async reader and an async iterable of batches are read too', async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield arrow.tableToIPC(table, 'stream');
    }
    const reader = await arrow.RecordBatchReader.from(chunks());
    expect(isArrowInput(reader)).toBe(true);
    const { input } = await arrowInputSchema(reader);
    expect(rowsOf(await read(input))).toEqual(ROWS);
    async function* batches(): AsyncGenerator<arrow.RecordBatch> {
      yield* sample(other).batches;
    }
    expect(rowsOf(await read(batches()))).toEqual(ROWS);
  });

  it.each([
    { value: [] },
    { value: [{ id: 1 }] },
    { value: new Map([[1, 2]]) },
    { value: 'text' },
    { value: null },
    { value: { schema: {}, batches: [] } },
    { value: { rows: 1 } },
  ])('other things are none: $value', async ({ value }) => {
    expect(isArrowInput(value)).toBe(false);
    const expected = { code: 'INVALID_ARGUMENT', option: 'rows' };
    await expect(arrowInputSchema(value)).rejects.toMatchObject(expected);
    const isEmpty = Array.isArray(value) && value.length === 0;
    if (!isEmpty) expect(await failure(value)).toMatchObject(expected);
  });

  it('bytes that are cut inside a message, or are none, are refused', async () => {
    const stream = arrow.tableToIPC(table, 'stream');
    const file = arrow.tableToIPC(table, 'file');
    const cuts = [0, 8, 60, 200].map((length) => stream.subarray(0, length));
    const more = [stream.subarray(0, stream.length - 16), file.subarray(0, file.length - 1)];
    for (const bytes of [...cuts, ...more, new Uint8Array(64).fill(0x5a)]) {
      expect(await failure(bytes)).toMatchObject({ code: 'INVALID_ARGUMENT', option: 'rows' });
    }
  });
});

describe('columns', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['unknown', { id: Int32Array.of(1), extra: Int32Array.of(1) }, { column: 'extra' }],
    ['missing and not null', { name: ['a'] }, { column: 'id', expected: 'long not null' }],
    ['doubled by case', { id: Int32Array.of(1), ID: Int32Array.of(1) }, { column: 'ID' }],
    ['of another type', { id: ['1'] }, { column: 'id', expected: 'long' }],
  ])('that are %s are refused by name', async (_name, columns, expected) => {
    const table = arrow.tableFromArrays(columns as never);
    expect(await failure(table)).toMatchObject({ code: 'SCHEMA_MISMATCH', ...expected });
  });

  it('are checked even when there is no batch', async () => {
    const table = new arrow.Table(new arrow.Schema([new arrow.Field('name', new arrow.Utf8())]));
    expect(await failure({ schema: table.schema, batches: [] })).toMatchObject({ column: 'id' });
  });

  it('that are missing and may be null are null', async () => {
    const [batch] = await read(arrow.tableFromArrays({ id: Int32Array.of(7) }));
    expect(rowsOf(batch === undefined ? [] : [batch])).toEqual([{ id: 7, name: null, at: null }]);
  });

  it('of types that delta has not are refused by name', async () => {
    const time = arrow.makeData({ type: new arrow.TimeSecond(), data: Int32Array.of(1) });
    expect(await refusal(time, 'integer')).toMatchObject({ code: 'SCHEMA_MISMATCH', column: 'c' });
    const unknown: DataType = { type: 'unknown', name: 'geometry', json: 'geometry' };
    expect(await failure(arrow.tableFromArrays({}), struct(field('v', unknown)))).toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
    });
  });
});

describe('values', () => {
  const micros = (unit: arrow.TimeUnit, zone?: string): arrow.Data =>
    arrow.makeData({
      type: new arrow.Timestamp(unit, zone),
      data: BigInt64Array.of(1_000n, 1_001n),
    });

  it('are counted over the whole input', async () => {
    const good = oneColumn(columnOf(new arrow.Int32(), [1, 2, 3]));
    const bad = oneColumn(columnOf(new arrow.Int32(), [1, 40_000]));
    expect(await failure([good, bad], struct(field('c', 'short')))).toMatchObject({
      code: 'SCHEMA_MISMATCH',
      row: 4,
      column: 'c',
      expected: 'short',
      actual: '40000',
    });
  });

  it.each<[string, () => arrow.Data, DataType, number]>([
    ['a fraction', () => columnOf(new arrow.Float64(), [1, 1.5]), 'long', 1],
    ['NaN', () => columnOf(new arrow.Float64(), [NaN]), 'integer', 0],
    ['a double beyond 2^53', () => columnOf(new arrow.Float64(), [2 ** 53]), 'long', 0],
    ['a double that is no float', () => columnOf(new arrow.Float64(), [0.5, 0.1]), 'float', 1],
    ['a long that is no double', () => columnOf(new arrow.Int64(), [2n ** 53n + 1n]), 'double', 0],
    ['an integer that is no float', () => columnOf(new arrow.Int32(), [2 ** 24 + 1]), 'float', 0],
    ['a rest of nanoseconds', () => micros(arrow.TimeUnit.NANOSECOND), 'timestamp_ntz', 1],
    ['too many digits', () => decimals([1n, 15n], { precision: 4, scale: 1 }), 'decimal(4,0)', 0],
    [
      'too large a decimal',
      () => decimals([99n, 100n], { precision: 4, scale: 0 }),
      'decimal(2,0)',
      1,
    ],
    ['too large an integer', () => columnOf(new arrow.Int32(), [1000]), 'decimal(3,0)', 0],
    ['half a surrogate pair', () => utf8([[0x61], [0xed, 0xa0, 0x80]]), 'string', 1],
    ['a value for void', () => columnOf(new arrow.Int8(), [null, 1]), 'void', 1],
  ])('that would lose something are refused: %s', async (_name, make, target, row) => {
    expect(await refusal(make(), target)).toMatchObject({
      code: 'SCHEMA_MISMATCH',
      column: 'c',
      row,
    });
  });

  it.each<[string, () => arrow.Data, DataType]>([
    ['bytes as a string', () => columnOf(new arrow.Binary(), [Uint8Array.of(0x61)]), 'string'],
    ['a string as bytes', () => columnOf(new arrow.Utf8(), ['a']), 'binary'],
    ['an integer as a date', () => columnOf(new arrow.Int32(), [1]), 'date'],
    ['an integer as a timestamp', () => columnOf(new arrow.Int64(), [1n]), 'timestamp'],
    ['bytes as a decimal', () => columnOf(new arrow.Binary(), [Uint8Array.of(1)]), 'decimal(3,0)'],
    ['an instant of Tokyo as a wall clock', () => micros(3, 'Asia/Tokyo'), 'timestamp_ntz'],
    ['a boolean as an integer', () => columnOf(new arrow.Bool(), [true]), 'integer'],
  ])('of another meaning are refused: %s', async (_name, make, target) => {
    const error = await refusal(make(), target);
    expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH', column: 'c', row: undefined });
  });

  it('that lose nothing are taken', async () => {
    const whole = columnOf(new arrow.Float64(), [1, null, -(2 ** 53) + 1]);
    expect(raw(await cast(whole, 'long'))).toEqual([1n, null, -(2n ** 53n) + 1n]);
    expect(raw(await cast(columnOf(new arrow.Float64(), [0.5, NaN]), 'float'))).toEqual([0.5, NaN]);
    expect(raw(await cast(columnOf(new arrow.Int64(), [2n ** 60n]), 'double'))).toEqual([2 ** 60]);
    expect(raw(await cast(micros(arrow.TimeUnit.NANOSECOND).slice(0, 1), 'timestamp'))).toEqual([
      1n,
    ]);
    expect(raw(await cast(micros(arrow.TimeUnit.SECOND, 'Asia/Tokyo'), 'timestamp'))).toEqual([
      1_000_000_000n,
      1_001_000_000n,
    ]);
    expect(
      raw(await cast(micros(arrow.TimeUnit.MICROSECOND, 'UTC'), 'timestamp_ntz')),
    ).toHaveLength(2);
    const amounts = decimals([150n, null], { precision: 50, scale: 2, bitWidth: 256 });
    expect(unscaled(await cast(amounts, 'decimal(3,1)'))).toEqual([15n, null]);
    expect(values(await cast(columnOf(new arrow.Null(), [null, null]), 'string'))).toEqual([
      null,
      null,
    ]);
  });

  it('of a dictionary count only where they are used', async () => {
    const type = new arrow.Dictionary(new arrow.Int64(), new arrow.Int8());
    const dictionary = new arrow.Vector([columnOf(new arrow.Int64(), [1n, 2n ** 40n, 3n])]);
    const data = coded(type, Int8Array.of(0, 2, 2), dictionary);
    expect(raw(await cast(data, 'integer'))).toEqual([1, 3, 3]);
    const used = coded(type, Int8Array.of(0, 1), dictionary);
    expect(await refusal(used, 'integer')).toMatchObject({ row: 1, actual: String(2n ** 40n) });
    const outside = coded(type, Int8Array.of(0, 3), dictionary);
    expect(await refusal(outside, 'long')).toMatchObject({ row: 1, actual: 'index 3' });
  });

  it('of a dictionary that are null there are null', async () => {
    const type = new arrow.Dictionary(new arrow.Int64(), new arrow.Int8());
    const dictionary = new arrow.Vector([columnOf(new arrow.Int64(), [null, 5n])]);
    const data = coded(type, Int8Array.of(1, 0), dictionary);
    expect(raw(await cast(data, 'long'))).toEqual([5n, null]);
    expect(await refusal(data, 'long', false)).toMatchObject({ row: 1, actual: 'null' });
  });

  it('of a dictionary in pieces are found in the right piece', async () => {
    const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8());
    const pieces = [['a', 'b'], ['c']].map((piece) => columnOf(new arrow.Utf8(), piece));
    const dictionary = new arrow.Vector(pieces);
    const data = coded(type, Int8Array.of(2, 0, 1), dictionary);
    expect(values(await cast(data, 'string'))).toEqual(['c', 'a', 'b']);
  });
});

describe('NOT NULL', () => {
  it('holds for a column, and names the row', async () => {
    const data = columnOf(new arrow.Utf8(), ['a', null]);
    expect(await refusal(data, 'string', false)).toMatchObject({
      code: 'SCHEMA_MISMATCH',
      row: 1,
      expected: 'string not null',
      actual: 'null',
    });
    expect(await refusal(columnOf(new arrow.Null(), [null]), 'string', false)).toMatchObject({
      row: 0,
    });
  });

  it('holds inside structs, lists and maps where the parents are there', async () => {
    const inner = struct(field('x', 'long', false));
    const type = new arrow.Struct([new arrow.Field('x', new arrow.Int64(), true)]);
    const data = columnOf(type, [{ x: 1n }, { x: null }]);
    expect(await refusal(data, inner)).toMatchObject({ column: 'c.x', row: 1 });
    expect(
      values(
        await cast(
          withNulls(data, (row) => row === 1),
          inner,
        ),
      ),
    ).toEqual([{ x: 1 }, null]);
    const lists = columnOf(new arrow.List(new arrow.Field('i', new arrow.Int8(), true)), [
      [1],
      [2, null],
    ]);
    const array: DataType = { type: 'array', elementType: 'byte', containsNull: false };
    expect(await refusal(lists, array)).toMatchObject({ column: 'c.element', row: 1 });
    expect(
      await refusal(data, struct(field('x', 'long'), field('y', 'long', false))),
    ).toMatchObject({
      column: 'c.y',
    });
  });

  it('allows a field of a struct that the table has not only when it is of the table', async () => {
    const type = new arrow.Struct([new arrow.Field('z', new arrow.Int64(), true)]);
    expect(await refusal(columnOf(type, [{ z: 1n }]), struct(field('x', 'long')))).toMatchObject({
      column: 'c.z',
    });
  });
});

describe('buffers that contradict their column', () => {
  const broken: Record<string, () => arrow.Data> = {
    'too few values': () =>
      new arrow.Data(new arrow.Int32(), 0, 3, 0, [undefined, new Int32Array(2)] as never),
    'offsets that run backwards': () =>
      new arrow.Data(new arrow.Utf8(), 0, 2, 0, [
        Int32Array.of(0, 3, 1),
        new Uint8Array(3),
      ] as never),
    'offsets past the values': () =>
      new arrow.Data(new arrow.Utf8(), 0, 1, 0, [Int32Array.of(0, 9), new Uint8Array(3)] as never),
    'a negative offset': () =>
      new arrow.Data(new arrow.Utf8(), 0, 1, 0, [Int32Array.of(-1, 2), new Uint8Array(3)] as never),
    'a short null bitmap': () =>
      new arrow.Data(new arrow.Int8(), 0, 9, 1, [
        undefined,
        new Int8Array(9),
        new Uint8Array(1),
      ] as never),
  };

  it.each(Object.keys(broken))('are refused: %s', async (name) => {
    const data = broken[name]?.();
    const target = data?.type instanceof arrow.Utf8 ? 'string' : 'long';
    expect(data && (await refusal(data, target))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'rows',
    });
  });
});

function coded(type: arrow.Dictionary, data: Int8Array, dictionary: arrow.Vector): arrow.Data {
  return arrow.makeData({ type, data, dictionary } as never);
}

function utf8(items: readonly (readonly number[])[]): arrow.Data {
  const binary = columnOf(
    new arrow.Binary(),
    items.map((item) => Uint8Array.from(item)),
  );
  return binary.clone(new arrow.Utf8() as never);
}
