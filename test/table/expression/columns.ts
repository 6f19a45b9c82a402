/** One table with a column of every type, random rows for it, and Arrow batches that hold them the hard way. */
import {
  type DataType as ArrowType,
  type Data,
  Field,
  makeData,
  RecordBatch,
  Schema,
  Struct,
} from 'apache-arrow';
import fc from 'fast-check';
import { arrowType } from '../../../src/log/schema/arrow-type.js';
import type { Scalar } from '../../../src/log/schema/scalar.js';
import type { DataType, StructType } from '../../../src/log/schema/types.js';

const field = (name: string, type: DataType) => ({ name, type, nullable: true, metadata: {} });

export const inner: StructType = { type: 'struct', fields: [field('z', 'string')] };
export const struct: StructType = {
  type: 'struct',
  fields: [field('x', 'integer'), field('y', inner)],
};

/** Every column; `st.x` and `st.y.z` are fields of a struct. */
export const schema: StructType = {
  type: 'struct',
  fields: [
    field('b', 'byte'),
    field('sh', 'short'),
    field('i', 'integer'),
    field('l', 'long'),
    field('f', 'float'),
    field('d', 'double'),
    field('dec', 'decimal(10,2)'),
    field('big', 'decimal(38,10)'),
    field('s', 'string'),
    field('bin', 'binary'),
    field('bo', 'boolean'),
    field('da', 'date'),
    field('ts', 'timestamp'),
    field('nz', 'timestamp_ntz'),
    field('st', struct),
    field('v', 'void'),
  ],
};

/** A row: scalars by column, and the struct as an object. */
export type Cell = Scalar | { readonly [name: string]: Cell };
export type TestRow = { readonly [name: string]: Cell };

const LONG_TEXT = 'abcdefghijklmnopqrstuvwxyz012345';
export const TEXTS: readonly string[] = [
  '',
  'a',
  'ab',
  'abc',
  'b',
  'ä',
  'a%b',
  'a_b',
  '\ufeffa',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
  `${LONG_TEXT}6`,
  `${LONG_TEXT}\u{10ffff}x`,
  `${LONG_TEXT}\u007f`,
  `${LONG_TEXT.slice(1)}\u{1f600}tail`,
];

const TIMES: readonly bigint[] = [
  -62_135_596_800_000_000n,
  -1001n,
  -1000n,
  -999n,
  -1n,
  0n,
  1n,
  999n,
  1000n,
  1001n,
  1_700_000_000_123_456n,
  253_402_300_799_999_999n,
  2n ** 63n - 1n,
];

export const POOLS: { readonly [type: string]: readonly NonNullable<Scalar>[] } = {
  byte: [-128, -2, -1, 0, 1, 2, 127],
  short: [-32768, -2, -1, 0, 1, 2, 300, 32767],
  integer: [-(2 ** 31), -2, -1, 0, 1, 2, 300, 2 ** 31 - 1],
  long: [-(2n ** 63n), -1n, 0n, 1n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n],
  float: [Number.NaN, -Infinity, Infinity, -0, 0, 1, 1.5, Math.fround(0.1), Math.fround(3e38)],
  double: [Number.NaN, -Infinity, Infinity, -0, 0, 1, 1.5, 0.1, 2 ** 53, 5e-324, 1e300],
  'decimal(10,2)': [-9_999_999_999n, -150n, -1n, 0n, 1n, 10n, 150n, 200n, 9_999_999_999n],
  'decimal(38,10)': [
    -(10n ** 38n - 1n),
    -1n,
    0n,
    1n,
    10n ** 10n,
    123_456_789_012_345_678_901n,
    123_456_789_012_345_678_902n,
    2n ** 64n,
    10n ** 38n - 1n,
  ],
  string: TEXTS,
  binary: [[], [0], [0, 1], [1], [127], [128], [255, 255]].map((bytes) => Uint8Array.from(bytes)),
  boolean: [false, true],
  date: [-(2 ** 31), -1, 0, 1, 19_000, 19_001, 2 ** 31 - 1],
  timestamp: TIMES,
  timestamp_ntz: TIMES,
};

function cell(type: DataType): fc.Arbitrary<Cell> {
  if (type === 'void') return fc.constant(null);
  if (typeof type === 'string') {
    const value = fc.constantFrom(...(POOLS[type] ?? []));
    return fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) });
  }
  if (type.type !== 'struct') throw new Error('not used');
  const fields = Object.fromEntries(type.fields.map((item) => [item.name, cell(item.type)]));
  return fc.oneof(
    { weight: 3, arbitrary: fc.record(fields) },
    { arbitrary: fc.constant(null), weight: 1 },
  );
}

export const row: fc.Arbitrary<TestRow> = cell(schema) as fc.Arbitrary<TestRow>;
/** Never null itself. */
export const rows = (maxLength: number): fc.Arbitrary<TestRow[]> =>
  fc.array(
    row.filter((item) => item !== null),
    { maxLength },
  );

/**
 * The rows as a batch that begins `before` rows into its buffers, so that bitmaps begin within a byte.
 * Below nulls stand values, valid ones below a null struct.
 */
export function batchOf(items: readonly TestRow[], before: number): RecordBatch {
  const padding = Array.from({ length: before }, (): TestRow => items[0] ?? nulls());
  const all = [...padding, ...items];
  const children = schema.fields.map((item) =>
    columnOf(
      item.type,
      all.map((one) => one[item.name] ?? null),
    ),
  );
  const arrow = new Schema(
    schema.fields.map((item) => new Field(item.name, arrowType(item.type), true)),
  );
  const type = new Struct(arrow.fields);
  const data = makeData({ type, length: all.length, nullCount: 0, children });
  return new RecordBatch(arrow, data).slice(before, all.length);
}

function nulls(): TestRow {
  return Object.fromEntries(schema.fields.map((item) => [item.name, null]));
}

function columnOf(type: DataType, cells: readonly Cell[]): Data {
  const arrow = arrowType(type);
  const length = cells.length;
  if (type === 'void') return makeData({ type: arrow, length } as never);
  const nullBitmap = new Uint8Array((length + 7) >> 3);
  let nullCount = 0;
  cells.forEach((value, at) => {
    if (value === null) nullCount++;
    else nullBitmap[at >> 3] = (nullBitmap[at >> 3] ?? 0) | (1 << (at & 7));
  });
  const common = { type: arrow, length, nullCount, nullBitmap: nullCount > 0 ? nullBitmap : null };
  if (typeof type !== 'string' && type.type === 'struct') {
    const children = type.fields.map((item) => {
      const values = cells.map((value) => fieldOf(value, item.name, item.type));
      return columnOf(item.type, values);
    });
    return makeData({ ...common, children } as never);
  }
  const filled = cells.map((value) => value ?? (POOLS[type as string] ?? [])[1]);
  return makeData({
    ...common,
    ...buffersOf(arrow, type, filled as NonNullable<Scalar>[]),
  } as never);
}

function fieldOf(value: Cell, name: string, type: DataType): Cell {
  if (value === null) return typeof type === 'string' ? ((POOLS[type] ?? [])[0] ?? null) : {};
  return (value as { readonly [name: string]: Cell })[name] ?? null;
}

function buffersOf(
  arrow: ArrowType,
  type: DataType,
  values: readonly NonNullable<Scalar>[],
): object {
  if (type === 'string' || type === 'binary') {
    const parts = values.map((value) =>
      typeof value === 'string' ? Buffer.from(value) : Buffer.from(value as Uint8Array),
    );
    const valueOffsets = new Int32Array(parts.length + 1);
    parts.forEach((part, at) => {
      valueOffsets[at + 1] = (valueOffsets[at] ?? 0) + part.length;
    });
    return { valueOffsets, data: new Uint8Array(Buffer.concat(parts)) };
  }
  if (type === 'boolean') {
    const data = new Uint8Array((values.length + 7) >> 3);
    values.forEach((value, at) => {
      if (value === true) data[at >> 3] = (data[at >> 3] ?? 0) | (1 << (at & 7));
    });
    return { data };
  }
  if (typeof type === 'string' && type.startsWith('decimal')) {
    const data = new Uint32Array(values.length * 4);
    values.forEach((value, at) => {
      for (let word = 0; word < 4; word++) {
        data[at * 4 + word] = Number(BigInt.asUintN(32, (value as bigint) >> BigInt(32 * word)));
      }
    });
    return { data };
  }
  const Kind = arrow.ArrayType as { from(items: unknown): ArrayLike<unknown> };
  return { data: Kind.from(values) };
}
