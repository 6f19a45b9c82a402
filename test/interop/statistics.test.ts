/**
 * Spark skips files by the statistics we wrote. One file a value, so that a bound that is too tight loses rows: counts
 * of `>=` and `<=` at every value say whether one did.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const LONG = 'a'.repeat(31);

/** Each type's values in ascending order, with what writes one in Spark's SQL (`?` is the value). */
const ORDERED: readonly (readonly [
  type: string,
  values: readonly (bigint | number | string)[],
  literal: string,
])[] = [
  ['byte', [-128, -1, 0, 127], 'cast(? as tinyint)'],
  ['short', [-32768, 0, 32767], 'cast(? as smallint)'],
  ['integer', [-(2 ** 31), 0, 2 ** 31 - 1], 'int(?)'],
  [
    'long',
    [-(2n ** 63n), -(2n ** 53n) - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n],
    "cast('?' as bigint)",
  ],
  [
    'float',
    [-Infinity, -1.5, Math.fround(0.1), Math.fround(3.4e38), Infinity, Number.NaN],
    "float('?')",
  ],
  ['double', [-Infinity, -1.5, 5e-324, 0.1, 1.7e308, Infinity, Number.NaN], "double('?')"],
  ['decimal(5,2)', ['-999.99', '-0.01', '0.00', '999.99'], "cast('?' as decimal(5,2))"],
  [
    'decimal(18,4)',
    ['-99999999999999.9999', '0.0001', '99999999999999.9998', '99999999999999.9999'],
    "cast('?' as decimal(18,4))",
  ],
  [
    'decimal(38,10)',
    [
      '-9999999999999999999999999999.9999999999',
      '0.0000000001',
      '9999999999999999999999999999.9999999998',
      '9999999999999999999999999999.9999999999',
    ],
    "cast('?' as decimal(38,10))",
  ],
  [
    'string',
    [
      '',
      'a',
      `${LONG}b tail`,
      `${LONG}\u007f tail`,
      `${LONG}😀tail`,
      'ü',
      '\uffff',
      '😀',
      '😀😀'.repeat(40),
    ],
    "'?'",
  ],
  ['date', ['0001-01-01', '1582-10-15', '1969-12-31', '9999-12-31'], "date'?'"],
  [
    'timestamp',
    [
      '0001-01-01T00:00:00Z',
      '1969-12-31T23:59:59.999001Z',
      '1969-12-31T23:59:59.999999Z',
      '2024-02-29T01:02:03.000001Z',
      '2024-02-29T01:02:03.000999Z',
      '9999-12-31T23:59:59.999999Z',
    ],
    "timestamp'?'",
  ],
  [
    'timestamp_ntz',
    [
      '0001-01-01T00:00:00',
      '1969-12-31T23:59:59.999001',
      '2024-02-29T01:02:03.000001',
      '2024-02-29T01:02:03.000999',
      '9999-12-31T23:59:59.999999',
    ],
    "timestamp_ntz'?'",
  ],
];

describeWithOracles('statistics that varve wrote', ['spark'], () => {
  const folder = temporaryFolder();

  it.each(ORDERED)('lose no row of spark’s filters on a %s', async (type, values, literal) => {
    const path = join(folder, type.replaceAll(/\W/gu, '-'));
    const table = await DeltaTable.create(path, { schema: { c: type } as never });
    for (const value of [...values, null]) await table.append([{ c: value }] as never);
    const counts = values.flatMap((value, at) => {
      const bound = literal.replace('?', () => String(value));
      return [
        { where: `c >= ${bound}`, rows: values.length - at },
        { where: `c <= ${bound}`, rows: at + 1 },
        { where: `c = ${bound}`, rows: 1 },
      ];
    });
    // A statement a condition would take minutes; a subquery each has its own file skipping as well.
    const found = await countEach(path, [
      ...counts.map(({ where }) => where),
      'c is null',
      'c is not null',
    ]);
    expect(found).toEqual([...counts.map(({ rows }) => rows), 1, values.length]);
  });

  it.each(['float', 'double'])('lose no NaN of a %s that lies beside numbers', async (type) => {
    const path = join(folder, `nan-${type}`);
    const schema = { id: 'long', c: type, s: { struct: { c: type } } };
    const table = await DeltaTable.create(path, { schema: schema as never });
    const files = [[Number.NaN, Infinity, 1], [1, 2], [Number.NaN], [-1, null, Number.NaN]];
    for (const values of files) {
      await table.append(values.map((c, id) => ({ id, c, s: { c } })) as never);
    }
    const nan = `${type}('NaN')`;
    const found = await countEach(
      path,
      ['c', 's.c'].flatMap((c) => [
        `${c} = ${nan}`,
        `${c} >= ${nan}`,
        `${c} > ${type}('Infinity')`,
        `${c} > 1D`,
        `not (${c} <= 1D)`,
        `${c} in (${nan}, ${type}('5'))`,
      ]),
    );
    expect(found).toEqual([3, 3, 3, 5, 5, 3, 3, 3, 3, 5, 5, 3]);
  });

  it('would lose rows if a bound were too tight', async () => {
    const path = join(folder, 'tight');
    const table = await DeltaTable.create(path, { schema: { c: 'integer' } });
    await table.append([{ c: 1 }, { c: 7 }]);
    const commit = join(path, '_delta_log', `${'1'.padStart(20, '0')}.json`);
    const text = readFileSync(commit, 'utf8');
    const planted = text.replace(
      String.raw`\"maxValues\":{\"c\":7}`,
      String.raw`\"maxValues\":{\"c\":6}`,
    );
    expect(planted).not.toBe(text);
    writeFileSync(commit, planted);
    expect(await countEach(path, ['c >= 7', 'c >= 1'])).toEqual([0, 2]);
  });
});

async function countEach(path: string, conditions: readonly string[]): Promise<number[]> {
  const each = conditions.map(
    (where, at) => `select ${at} as at, count(*) as n from {path} where ${where}`,
  );
  const statement = `${each.join(' union all ')} order by at`;
  const { result } = await peer('spark').ask<{ result: { n: number }[] }>('sql', {
    path,
    statement,
  });
  return result.map(({ n }) => n);
}
