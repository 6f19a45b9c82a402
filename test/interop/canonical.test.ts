import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Map_,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimestampMicrosecond,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { expect, it } from 'vitest';
import { CanonicalRows, type StructSchema } from '../support/canonical.js';
import { type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const nullable = (name: string, type: DataType): Field => new Field(name, type, true);

/** Each column's protocol type, Arrow type and values; the first row holds every null. */
const COLUMNS: readonly (readonly [
  string,
  StructSchema['fields'][number]['type'],
  DataType,
  unknown[],
])[] = [
  ['flag', 'boolean', new Bool(), [null, true, false, true]],
  ['tiny', 'byte', new Int8(), [null, -128, 127, 0]],
  ['small', 'short', new Int16(), [null, -32768, 32767, 0]],
  ['medium', 'integer', new Int32(), [null, -2147483648, 2147483647, 0]],
  ['big', 'long', new Int64(), [null, -(2n ** 63n), 2n ** 63n - 1n, 0n]],
  ['single', 'float', new Float32(), [null, Number.NaN, -0, 1.5]],
  ['precise', 'double', new Float64(), [null, -Infinity, -0, 0.1]],
  ['text', 'string', new Utf8(), [null, '', 'a"\\\n\u0001\u007f\u2028', 'ü€😀\uffff']],
  [
    'bytes',
    'binary',
    new Binary(),
    [null, new Uint8Array(), new Uint8Array([0, 255]), new Uint8Array([7])],
  ],
  [
    'items',
    { type: 'array', elementType: 'integer', containsNull: true },
    new List(nullable('element', new Int32())),
    [null, [], [1, null, 3], [4]],
  ],
  [
    'scores',
    { type: 'map', keyType: 'string', valueType: 'long', valueContainsNull: true },
    new Map_(
      new Field(
        'key_value',
        new Struct<{ key: Utf8; value: Int64 }>([
          new Field('key', new Utf8(), false),
          nullable('value', new Int64()),
        ]),
        false,
      ),
    ),
    [
      null,
      new Map(),
      new Map([
        ['b', 1n],
        ['B', null],
        ['ü', 3n],
      ]),
      new Map([['', 4n]]),
    ],
  ],
  [
    'place',
    {
      type: 'struct',
      fields: [
        { name: 'x', type: 'double', nullable: true },
        {
          name: 'tags',
          type: { type: 'array', elementType: 'string', containsNull: true },
          nullable: true,
        },
      ],
    },
    new Struct([
      nullable('x', new Float64()),
      nullable('tags', new List(nullable('element', new Utf8()))),
    ]),
    [null, { x: 1, tags: null }, { x: null, tags: ['a', null] }, { x: 2, tags: [] }],
  ],
];

describeWithOracles('the canonical form of arrow batches', ['delta-rs'], () => {
  const folder = temporaryFolder();

  it('equals what delta-rs says of the same rows', async () => {
    const { batch, schema } = everyType();
    const arrow = join(folder, 'rows.arrow');
    const table = join(folder, 'table');
    writeFileSync(arrow, tableToIPC(new Table([batch]), 'file'));
    const deltars = peer('delta-rs');
    await deltars.ask('write', { path: table, arrow });
    const theirs = await deltars.ask<Digest>('read', { path: table, out: join(folder, 'theirs') });

    const rows = new CanonicalRows(schema);
    rows.add(batch);
    expect(rows.finish(join(folder, 'ours'))).toEqual({ rows: 4, sha256: theirs.sha256 });
  });

  it('does not depend on how rows are cut into batches, nor on their order', () => {
    const { batch, schema } = everyType();
    const whole = new CanonicalRows(schema);
    whole.add(batch);
    const cut = new CanonicalRows(schema);
    for (const [from, to] of [
      [3, 4],
      [1, 3],
      [0, 1],
    ] as const)
      cut.add(batch.slice(from, to));
    expect(cut.finish()).toEqual(whole.finish());
  });

  it('refuses a column of another arrow type', () => {
    const { batch } = everyType();
    const schema: StructSchema = {
      type: 'struct',
      fields: [{ name: 'medium', type: 'long', nullable: true }],
    };
    expect(() => new CanonicalRows(schema).add(batch)).toThrow('arrow type Int32, expected Int64');
  });
});

function everyType(): { readonly batch: RecordBatch; readonly schema: StructSchema } {
  const columns = [
    ...COLUMNS.map(([name, type, arrowType, values]) => ({
      name,
      type,
      data: vectorFromArray(values, arrowType).data[0],
    })),
    ...fixedWidthColumns(),
  ];
  const fields = columns.map(({ name, data }) => nullable(name, data?.type as DataType));
  const children = columns.map(({ data }) => data as NonNullable<typeof data>);
  const struct = makeData({ type: new Struct(fields), length: 4, nullCount: 0, children });
  return {
    batch: new RecordBatch(new Schema(fields), struct),
    schema: {
      type: 'struct',
      fields: columns.map(({ name, type }) => ({ name, type, nullable: true })),
    },
  };
}

/** Columns whose values are given as Arrow's own integers, which JavaScript has no literal for. */
function fixedWidthColumns() {
  const nullBitmap = new Uint8Array([0b1110]);
  const micros = new BigInt64Array([0n, -62135596800000000n, 253402300799999999n, -1n]);
  const words = [0n, -(10n ** 38n - 1n), -1n, 10n ** 38n - 1n].flatMap((value) =>
    [0n, 32n, 64n, 96n].map((shift) => Number(BigInt.asUintN(32, value >> shift))),
  );
  const shared = { length: 4, nullCount: 1, nullBitmap };
  return [
    {
      name: 'day',
      type: 'date',
      data: makeData({
        ...shared,
        type: new DateDay(),
        data: new Int32Array([0, -719162, 2932896, -1]),
      }),
    },
    {
      name: 'instant',
      type: 'timestamp',
      data: makeData({ ...shared, type: new TimestampMicrosecond('UTC'), data: micros }),
    },
    {
      name: 'wall_clock',
      type: 'timestamp_ntz',
      data: makeData({ ...shared, type: new TimestampMicrosecond(), data: micros }),
    },
    {
      name: 'amount',
      type: 'decimal(38,10)',
      data: makeData({ ...shared, type: new Decimal(10, 38, 128), data: new Uint32Array(words) }),
    },
  ];
}
