import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DeltaTable, isNull, not } from '../../src/index.js';
import { readRows } from '../golden/table-rows.js';
import { type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const wide = (count: number): string =>
  `{${Array.from({ length: count }, (_, at) => `"k${(at * 7919) % count}":${at}`).join()}}`;
const deep = (levels: number): string => `${'[{"a":'.repeat(levels)}1${'}]'.repeat(levels)}`;

const ODD_TEXTS: readonly string[] = [
  // One JSON text a line.
  ...String.raw`
null
true
false
""
[]
{}
[[]]
{"":{}}
[null,[null]]
0
-0
127
128
-128
-129
32767
32768
2147483647
2147483648
9223372036854775807
9223372036854775808
-9223372036854775808
-9223372036854775809
0.0
-0.0
1.0
1.50
0.1
-999999999.999999999
12345678901234567.89
99999999999999999999999999999999999999
0.00000000000000000000000000000000000001
100000000000000000000000000000000000000
1e0
1e5
-1E-7
1e16
1.5e300
1e999
"ü"
"\u0000"
"\ud83d\ude00\"\\\n"
"<>&'"
{"__proto__":1,"constructor":{"toString":2}}
{"😀":1,"\uffff":2,"é":3,"e":4,"":5}
{"a":1,"b":"x","c":{"d":1.5,"e":[1.25,"no",null]},"q":9}
{"a":"text","c":5}
{"a":9999999999,"b":null,"c":{"d":null,"z":1}}
{"b":{"b":"b"}}
{"c":{"e":{}}}
{"k":[{"x":1,"y":2},{"y":3},4,null,{}]}
{"k":[[1,2],[]]}
{"k":7}
[{"a":1},2]`
    .trim()
    .split('\n'),
  JSON.stringify('\u{10ffff}'),
  JSON.stringify('x'.repeat(63)),
  JSON.stringify('ü'.repeat(32)),
  JSON.stringify('y'.repeat(64)),
  JSON.stringify('z'.repeat(70_000)),
  JSON.stringify(Array.from({ length: 300 }, (_, at) => at)),
  JSON.stringify(Array.from({ length: 200 }, () => 'w'.repeat(200))),
  wide(3),
  wide(255),
  wide(256),
  wide(700),
  deep(1),
  deep(40),
];

/** What JSON has no values of. */
const ODD_VALUES: readonly string[] = [
  "to_variant_object(named_struct('x', date'0001-01-01', 't', timestamp'9999-12-31 23:59:59.999999', " +
    "'n', timestamp_ntz'1969-12-31 23:59:59.5', 'f', float('0.1'), 'y', X'00ff', 'g', -5y, 's', 300s, " +
    "'l', 5000000000L, 'z', true, 'm', 1.50BD, 'w', double('NaN')))",
  "to_variant_object(array(double('-Infinity'), -0.0D, 1e21D, 1.0E-5D, null))",
  "to_variant_object(map('k', array(map('j', date'2024-02-29')), 'a', array()))",
  "cast(float('3.4028235e38') as variant)",
  "cast(timestamp'0001-01-01 00:00:00' as variant)",
  'cast(cast(12.30 as decimal(38, 20)) as variant)',
  "cast(X'' as variant)",
  'cast(1.25BD as variant)',
  'cast(null as variant)',
];

/** A literal that Spark's parser takes for this text. */
const literal = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const random = fc.sample(fc.json({ depthSize: 'small', maxDepth: 4, stringUnit: 'binary' }), {
  seed: 5,
  numRuns: 250,
});

const VALUES: readonly string[] = [
  ...[...ODD_TEXTS, ...random].map((text) => `parse_json(${literal(text)})`),
  ...ODD_VALUES,
];

const FIELDS =
  'a int, b string, c struct<d: double, e: array<decimal(10,2)>, z: byte>, k ' +
  'array<struct<x: long, y: variant>>, t timestamp, n timestamp_ntz, x date, y binary, z boolean, ' +
  'f float, l long, s short, g byte, m decimal(38,20), w double, `__proto__` decimal(18,3), `😀` int';

/** Columns that pieces of a value are kept in, as Spark's types. */
const SHREDDED = [
  FIELDS,
  'bigint',
  'decimal(38,10)',
  'decimal(9,2)',
  'string',
  'double',
  'boolean',
  'array<bigint>',
  'array<array<string>>',
  'array<struct<a: int>>',
] as const;

describeWithOracles('variants that spark wrote', ['spark'], () => {
  const folder = temporaryFolder();

  async function run(path: string, statement: string, conf?: object): Promise<void> {
    await peer('spark').ask('sql', { path, statement, ...(conf === undefined ? {} : { conf }) });
  }

  async function expectSameRows(path: string): Promise<void> {
    const ours = await readRows(path, { out: join(folder, 'ours') });
    const theirs = await peer('spark').ask<Digest>('read', { path, out: join(folder, 'theirs') });
    expect({ rows: theirs.rows, sha256: theirs.sha256 }).toEqual(ours);
  }

  const rows = VALUES.map((value, id) => `(${id}, ${value})`);

  it('are the same values, whole', async () => {
    const path = join(folder, 'whole');
    await run(path, 'create table {path} (id int, v variant) using delta');
    await run(path, `insert into {path} select * from values ${rows.join(', ')} as t(id, v)`);
    await expectSameRows(path);

    const snapshot = await (await DeltaTable.open(path)).snapshot();
    const table = await DeltaTable.open(path);
    await expect(table.append([{ id: 1 }])).rejects.toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      features: ['variantType'],
      side: 'write',
    });
    const nulls = await snapshot.scan({ where: isNull('v') }).count();
    const others = await snapshot.scan({ where: not(isNull('v')) }).count();
    expect([nulls, others]).toEqual([1, VALUES.length - 1]);
    const found = await snapshot.scan().toArray();
    const byId = new Map(found.map((row) => [row['id'], row['v']]));
    for (const [id, text] of ODD_TEXTS.entries()) {
      const value = byId.get(id);
      // What a number of JavaScript cannot hold is exact text or a bigint.
      if (typeof value === 'number' || typeof value === 'object') {
        // An integer or a decimal has no negative zero.
        const expected: unknown = Number(text) === 0 ? 0 : JSON.parse(text);
        expect({ text, value }).toEqual({ text, value: expected });
      }
    }
  });

  it.each(SHREDDED)('are the same values, with %s in columns of their own', async (schema) => {
    const path = join(folder, `shredded-${SHREDDED.indexOf(schema)}`);
    await run(
      path,
      `create table {path} (id int, v variant) using delta
        tblproperties ('delta.enableVariantShredding' = 'true')`,
    );
    const statement = `insert into {path} select * from values ${rows.join(', ')} as t(id, v)`;
    await run(path, statement, {
      'spark.sql.variant.writeShredding.enabled': 'true',
      'spark.sql.variant.forceShreddingSchemaForTest': schema,
    });
    await run(path, 'insert into {path} values (-1, parse_json(\'{"a":1}\'))');
    await expectSameRows(path);
  });

  it('are the same values inside structs, arrays and maps', async () => {
    const path = join(folder, 'nested');
    await run(
      path,
      `create table {path} (id int, s struct<v: variant, w: struct<v: variant>>, a array<variant>,
        m map<string, variant>) using delta
        tblproperties ('delta.enableVariantShredding' = 'true')`,
    );
    const nested = VALUES.slice(0, 40).map(
      (value, id) =>
        `(${id}, named_struct('v', ${value}, 'w', if(${id} % 3 = 0, null, named_struct('v', ${value}))),
          if(${id} % 4 = 0, null, array(${value}, null, ${value})), map('k', ${value}, 'n', null))`,
    );
    for (const shredding of ['false', 'true']) {
      await run(path, `insert into {path} values ${nested.join(', ')}`, {
        'spark.sql.variant.writeShredding.enabled': shredding,
        'spark.sql.variant.inferShreddingSchema': shredding,
      });
    }
    await expectSameRows(path);
  });
});
