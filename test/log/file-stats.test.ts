import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildStats, type FileStats, parseFileStats } from '../../src/log/file-stats.js';
import type { Scalar } from '../../src/log/schema/scalar.js';
import type { PrimitiveName, StructType } from '../../src/log/schema/types.js';
import type { StatValue } from '../../src/log/stats-value.js';

const NO_PROPERTIES = new Map<string, string>();

function schemaOf(
  types: Readonly<Record<string, StructType['fields'][number]['type']>>,
): StructType {
  const fields = Object.entries(types).map(([name, type]) => ({
    name,
    type,
    nullable: true,
    metadata: {},
  }));
  return { type: 'struct', fields };
}

interface Bounds {
  readonly min?: string;
  readonly max?: string;
}

/** The bounds as they are in the JSON of a file whose one column has these. */
function written(type: PrimitiveName, min: StatValue, max: StatValue): Bounds {
  const text = buildStats(
    [{ path: ['c'], nullCount: 0, min, max }],
    2,
    schemaOf({ c: type }),
    NO_PROPERTIES,
  );
  const json = JSON.parse(text) as { minValues: { c: string }; maxValues: { c: string } };
  return { min: json.minValues.c, max: json.maxValues.c };
}

function read(type: PrimitiveName, min: string, max: string): { min: unknown; max: unknown } {
  const json = `{"numRecords":1,"minValues":{"c":${min}},"maxValues":{"c":${max}}}`;
  const stats = parseFileStats(json, [{ path: ['c'], type }]) as FileStats;
  return { min: stats.min(['c']), max: stats.max(['c']) };
}

describe('buildStats', () => {
  it('nests structs, counts nulls of every leaf and keeps the digits', () => {
    const schema = schemaOf({
      id: 'long',
      price: 'decimal(20,3)',
      ok: 'boolean',
      s: schemaOf({ f: 'float', t: schemaOf({ d: 'date' }) }),
      gone: 'void',
    });
    const leaves = [
      { path: ['id'], nullCount: 0, min: -1n, max: 2n ** 63n - 1n },
      { path: ['price'], nullCount: 1, min: -5n, max: 12_345_678_901_234_567_890n },
      { path: ['ok'], nullCount: 2 },
      { path: ['s', 'f'], nullCount: 3, min: Math.fround(0.1), max: Math.fround(0.5) },
      { path: ['s', 't', 'd'], nullCount: 3, min: 0, max: 19_782 },
    ];
    expect(buildStats(leaves, 4, schema, NO_PROPERTIES)).toBe(
      '{"numRecords":4,' +
        '"minValues":{"id":-1,"price":-0.005,"s":{"f":0.1,"t":{"d":"1970-01-01"}}},' +
        '"maxValues":{"id":9223372036854775807,"price":12345678901234567.890,"s":{"f":0.5,"t":{"d":"2024-02-29"}}},' +
        '"nullCount":{"id":0,"price":1,"ok":2,"s":{"f":3,"t":{"d":3}}}}',
    );
  });

  it('rounds timestamps outwards to milliseconds, on both sides of 1970', () => {
    expect(written('timestamp', 1_999n, 2_001n)).toEqual({
      min: '1970-01-01T00:00:00.001Z',
      max: '1970-01-01T00:00:00.003Z',
    });
    expect(written('timestamp_ntz', -1n, -1n)).toEqual({
      min: '1969-12-31T23:59:59.999',
      max: '1970-01-01T00:00:00.000',
    });
  });

  it('writes no bound that another engine cannot read', () => {
    expect(written('timestamp', -(2n ** 62n), 2n ** 62n)).toEqual({});
    expect(written('date', -(2 ** 31), 2 ** 31 - 1)).toEqual({});
  });

  it('quotes what is no number in JSON and gives zeros the outward sign', () => {
    expect(written('double', -Infinity, Number.NaN)).toEqual({ min: '-Infinity', max: 'NaN' });
    const leaf = { path: ['c'], nullCount: 0, min: 0, max: -0 };
    expect(buildStats([leaf], 1, schemaOf({ c: 'double' }), NO_PROPERTIES)).toContain(
      '"minValues":{"c":-0.0},"maxValues":{"c":0.0}',
    );
  });

  it('cuts text to bounds by UTF-8 order, and never through a character', () => {
    const head = 'x'.repeat(31);
    expect(written('string', `${head}yz`, `${head}yz`)).toEqual({
      min: `${head}y`,
      max: `${head}y\u007f`,
    });
    expect(written('string', 'short', 'x'.repeat(32))).toEqual({
      min: 'short',
      max: 'x'.repeat(32),
    });
    expect(written('string', `${head}\u{1f600}z`, `${head}\u{1f600}z`)).toEqual({
      min: head,
      max: `${head}\u{10ffff}`,
    });
    expect(written('string', 'a', `${head}y\u007fz`).max).toBe(`${head}y\u{10ffff}`);
    expect(written('string', 'a', `${head}y\u{10ffff}az`).max).toBe(`${head}y\u{10ffff}\u007f`);
    expect(written('string', 'a', '\u{10ffff}'.repeat(40)).max).toBeUndefined();
  });

  it('bounds every text', () => {
    const letter = fc.constantFrom(
      'a',
      '~',
      '\u007f',
      '\u0080',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    );
    fc.assert(
      fc.property(fc.string({ unit: letter, minLength: 28, maxLength: 70 }), (text) => {
        const { min, max } = written('string', text, text);
        expect(Buffer.compare(Buffer.from(min ?? '~'), Buffer.from(text))).toBeLessThanOrEqual(0);
        if (max === undefined) return;
        expect(Buffer.compare(Buffer.from(max), Buffer.from(text))).toBeGreaterThanOrEqual(0);
        expect(max.length).toBeLessThanOrEqual(66);
      }),
    );
  });

  const wide = schemaOf(
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`c${i}`, 'integer'])),
  );
  const wideLeaves = wide.fields.map(({ name }) => ({
    path: [name],
    nullCount: 0,
    min: 1,
    max: 2,
  }));
  const counted = (
    configuration: Record<string, string>,
    schema = wide,
    leaves = wideLeaves,
  ): string[] => {
    const text = buildStats(leaves, 1, schema, new Map(Object.entries(configuration)));
    return Object.keys((JSON.parse(text) as { nullCount: object }).nullCount);
  };

  it('covers the first 32 leaves unless the table says otherwise', () => {
    expect(counted({})).toHaveLength(32);
    expect(counted({ 'delta.dataSkippingNumIndexedCols': '-1' })).toHaveLength(40);
    expect(counted({ 'delta.dataSkippingNumIndexedCols': '0' })).toEqual([]);
    expect(counted({ 'delta.dataSkippingStatsColumns': 'c39, `c1`,C2' })).toEqual([
      'c1',
      'c2',
      'c39',
    ]);
  });

  it('counts arrays and maps as one leaf, and takes a struct by its name', () => {
    const schema = schemaOf({
      list: { type: 'array', elementType: 'integer', containsNull: true },
      'a.b': schemaOf({ x: 'integer', y: 'integer' }),
      z: 'integer',
    });
    const leaves = [['a.b', 'x'], ['a.b', 'y'], ['z']].map((path) => ({
      path,
      nullCount: 0,
      min: 1,
      max: 1,
    }));
    expect(counted({ 'delta.dataSkippingNumIndexedCols': '2' }, schema, leaves as never)).toEqual([
      'a.b',
    ]);
    const text = buildStats(
      leaves,
      1,
      schema,
      new Map([['delta.dataSkippingStatsColumns', '`a.b`.y, z']]),
    );
    expect(text).toContain('"nullCount":{"a.b":{"y":0},"z":0}');
  });

  it.each(['x', '-2', '1.5'])('refuses %j as a number of columns', (text) => {
    expect(() => counted({ 'delta.dataSkippingNumIndexedCols': text })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('uses physical names where the table maps names', () => {
    const field = {
      name: 'c',
      type: 'integer',
      nullable: true,
      metadata: { 'delta.columnMapping.physicalName': 'col-1' },
    } as const;
    const leaf = { path: ['col-1'], nullCount: 0, min: 1, max: 1 };
    const schema: StructType = { type: 'struct', fields: [field] };
    const mapped = buildStats([leaf], 1, schema, new Map([['delta.columnMapping.mode', 'name']]));
    expect(mapped).toContain('"minValues":{"col-1":1}');
    expect(buildStats([leaf], 1, schema, NO_PROPERTIES)).toContain('"minValues":{}');
  });
});

describe('parseFileStats', () => {
  it.each<[PrimitiveName, string, string, Scalar | undefined, Scalar | undefined]>([
    ['integer', '1', '2', 1, 2],
    ['integer', '1.5', '"2"', undefined, undefined],
    ['long', '9007199254740993', '9223372036854775807', 9007199254740993n, 2n ** 63n - 1n],
    ['float', '0.1', '"NaN"', Math.fround(0.1), Number.NaN],
    ['double', '1.5', '"Infinity"', 1.5, Infinity],
    ['double', '0.1', '0.1', 0.1, Math.fround(0.1)],
    ['double', '1e400', '12345678901234567890', undefined, 12345679395506094080],
    ['decimal(10,2)', '1.5', '"2.25"', 150n, 225n],
    ['decimal(10,2)', '1.555', 'true', undefined, undefined],
    ['date', '"2024-02-29"', '"2024-02-30"', 19_782, undefined],
    [
      'timestamp',
      '"1970-01-01T00:00:01.000Z"',
      '"1970-01-01T02:00:00.001+02:00"',
      1_000_000n,
      1_999n,
    ],
    ['timestamp', '"1969-12-31T23:59:59.999Z"', '"1970-01-01T00:00:00.000001Z"', -1_999n, 1n],
    ['timestamp', '"1970-01-01 00:00:00"', '5', undefined, undefined],
    ['timestamp_ntz', '"1970-01-02"', '"1970-01-01T00:00:00.001Z"', 86_400_000_000n, 1_999n],
    ['string', '"a"', '"b\ufffd"', 'a', undefined],
    ['boolean', 'false', 'true', undefined, undefined],
    ['binary', '"a"', '"b"', undefined, undefined],
  ])('%s from %s and %s', (type, ...[min, max, low, high]) => {
    expect(read(type, min, max)).toEqual({ min: low, max: high });
  });

  it('allows for a decimal that was written as a double', () => {
    const exact = 12_345_678_901_234_567_890_123n;
    const asDouble = String(Number(exact) / 1e3);
    const { min, max } = read('decimal(38,3)', asDouble, asDouble);
    expect((min as bigint) <= exact && exact <= (max as bigint)).toBe(true);
    expect((max as bigint) - (min as bigint) < exact / 10n ** 14n).toBe(true);
  });

  it.each([undefined, '', '{"numRecords":1', '{"maxValues":{"c":NaN}}', 'null', '[]', '7'])(
    'takes %j as no statistics',
    (text) => {
      expect(parseFileStats(text, [{ path: ['c'], type: 'double' }])).toBeUndefined();
    },
  );

  it('knows nothing of what is missing, and never makes it 0', () => {
    const stats = parseFileStats('{}', [{ path: ['c'], type: 'long' }]) as FileStats;
    expect(stats.numRecords).toBeUndefined();
    expect(stats.nullCount(['c'])).toBeUndefined();
    expect(stats.min(['c'])).toBeUndefined();
    expect(stats.tightBounds).toBe(true);
    expect(stats.nullCount(['other'])).toBeUndefined();
  });

  it('reads counts, nested paths and odd names', () => {
    const text =
      '{"numRecords":5,"tightBounds":false,"minValues":{"s":{"__proto__":3}},' +
      '"nullCount":{"s":{"__proto__":1},"constructor":-1}}';
    const wanted = [
      { path: ['s', '__proto__'], type: 'integer' },
      { path: ['constructor'], type: 'integer' },
      { path: ['toString', 'name'], type: 'string' },
    ] as const;
    const stats = parseFileStats(text, wanted) as FileStats;
    expect(stats.numRecords).toBe(5);
    expect(stats.tightBounds).toBe(false);
    expect(stats.min(['s', '__proto__'])).toBe(3);
    expect(stats.nullCount(['s', '__proto__'])).toBe(1);
    expect(stats.nullCount(['constructor'])).toBeUndefined();
    expect(stats.min(['toString', 'name'])).toBeUndefined();
  });
});
