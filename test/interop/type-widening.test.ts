import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable, eq, isNull } from '../../src/index.js';
import { readRows } from '../golden/table-rows.js';
import { type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** A column's types, one after the other, each with values in SQL that only its type can hold. */
type History = readonly (readonly [type: string, ...values: string[]])[];

const BYTES = ['byte', '-128', '127', '5'] as const;
const SHORTS = ['short', '-32768', '32767', '5'] as const;
const INTEGERS = ['int', '-2147483648', '2147483647', '5'] as const;
const LONGS = ['long', '-9223372036854775808', '9223372036854775807', '5'] as const;
const DOUBLES = ['double', '1e300D', "double('NaN')", '0.1D'] as const;

const HISTORIES: readonly History[] = [
  [BYTES, SHORTS, INTEGERS, LONGS],
  [BYTES, INTEGERS, DOUBLES],
  [BYTES, ['decimal(10,0)', '9999999999', '-1', '5'], ['decimal(38,18)', '0.1', '-0.1', '5']],
  [SHORTS, LONGS, ['decimal(20,0)', '99999999999999999999', '-1', '5']],
  [SHORTS, DOUBLES],
  [SHORTS, ['decimal(12,2)', '9999999999.99', '-0.01', '5']],
  [INTEGERS, ['decimal(10,0)', '-9999999999', '1', '5'], ['decimal(18,8)', '0.00000001', '1', '5']],
  [INTEGERS, DOUBLES],
  [LONGS, ['decimal(38,18)', '99999999999999999999.999999999999999999', '-0.5', '5']],
  [['float', "float('0.1')", "float('-Infinity')", "float('3.4e38')"], DOUBLES],
  [
    ['date', "date'0001-01-01'", "date'9999-12-31'", "date'1969-12-31'"],
    [
      'timestamp_ntz',
      "timestamp_ntz'1969-12-31 23:59:59.999999'",
      "timestamp_ntz'9999-12-31 23:59:59.999999'",
      "timestamp_ntz'1969-12-31 00:00:00'",
    ],
  ],
  [
    ['decimal(5,2)', '999.99', '-999.99', '0.01'],
    ['decimal(10,2)', '99999999.99', '-0.01', '0.02'],
    ['decimal(20,12)', '99999999.999999999999', '-0.000000000001', '0.01'],
    ['decimal(38,20)', '999999999999999999.99999999999999999999', '-1', '0.01'],
  ],
];
const ROUNDS = Math.max(...HISTORIES.map((history) => history.length));
const VALUES = 3;

/** The step of a history that holds in a round; histories that are over stay at their last. */
const stepAt = (history: History, round: number): History[number] =>
  history[Math.min(round, history.length - 1)] ?? ['int'];

/** Every place a type may stand in: a column, a field, an element, a map's key and value. */
const placesOf = (at: number): readonly string[] => [
  `c${at}`,
  `s.c${at}`,
  `l${at}.element`,
  `m${at}.key`,
  `m${at}.value`,
];

function rowSql(row: number, round: number): string {
  const literals = HISTORIES.map((history) => {
    const [type, ...values] = stepAt(history, round);
    return { type, value: `cast(${values[row] ?? 'null'} as ${type})` };
  });
  const isNullRow = row === VALUES;
  const fields = literals.map(({ value }, at) => `'c${at}', ${value}`).join(', ');
  const lists = literals.map(({ value }) => (isNullRow ? 'null' : `array(${value}, null)`));
  const maps = literals.map(({ value }) => (isNullRow ? 'null' : `map(${value}, ${value})`));
  const struct = `named_struct(${fields})`;
  const columns = literals.map(({ value }) => value);
  return `(${[round * 10 + row, ...columns, struct, ...lists, ...maps].join(', ')})`;
}

describeWithOracles('tables whose types spark widened', ['spark'], () => {
  const folder = temporaryFolder();

  async function run(path: string, statement: string): Promise<void> {
    await peer('spark').ask('sql', { path, statement });
  }

  async function expectEveryVersion(path: string): Promise<void> {
    const { version } = await (await DeltaTable.open(path)).snapshot();
    for (let at = 0; at <= version; at++) {
      const ours = await readRows(path, { at: { version: at } });
      const theirs = await peer('spark').ask<Digest>('read', {
        path,
        version: at,
        out: join(folder, 'theirs'),
      });
      expect({ at, rows: theirs.rows, sha256: theirs.sha256 }).toEqual({ at, ...ours });
    }
  }

  it('are read in the newest type at every version, at every depth', async () => {
    const path = join(folder, 'nested');
    const first = HISTORIES.map((history) => stepAt(history, 0)[0]);
    const columns = [
      ...first.map((type, at) => `c${at} ${type}`),
      `s struct<${first.map((type, at) => `c${at}: ${type}`).join(', ')}>`,
      ...first.map((type, at) => `l${at} array<${type}>`),
      ...first.map((type, at) => `m${at} map<${type}, ${type}>`),
    ];
    await run(
      path,
      `create table {path} (id int, ${columns.join(', ')}) using delta tblproperties (
        'delta.enableTypeWidening' = 'true', 'delta.feature.timestampNtz' = 'supported',
        'delta.dataSkippingNumIndexedCols' = '-1', 'delta.checkpointInterval' = '5',
        'delta.checkpoint.writeStatsAsJson' = 'false', 'delta.checkpoint.writeStatsAsStruct' = 'true')`,
    );
    for (let round = 0; round < ROUNDS; round++) {
      const changed = HISTORIES.flatMap((history, at) => {
        const type = stepAt(history, round)[0];
        const isNew = round > 0 && round < history.length;
        return isNew ? placesOf(at).map((place) => `${place} type ${type}`) : [];
      });
      if (changed.length > 0) await run(path, `alter table {path} alter column ${changed.join()}`);
      const rows = Array.from({ length: VALUES + 1 }, (_, row) => rowSql(row, round));
      await run(path, `insert into {path} values ${rows.join(', ')}`);
    }
    await expectEveryVersion(path);
    expect(existsSync(join(path, '_delta_log', `${'0'.repeat(19)}5.checkpoint.parquet`))).toBe(
      true,
    );
    // The checkpoint of version 5 has statistics of the types before the last change.
    for (const version of [3, 5, 6, 7]) await expectEachValueIsFound(path, version);
  });

  it('are read by partition, whose values stay in the text of the old type', async () => {
    const path = join(folder, 'partitioned');
    const first = HISTORIES.map((history) => stepAt(history, 0)[0]);
    const names = first.map((_, at) => `c${at}`);
    await run(
      path,
      `create table {path} (id int, ${first.map((type, at) => `c${at} ${type}`).join(', ')})
        using delta partitioned by (${names.join(', ')}) tblproperties (
        'delta.enableTypeWidening' = 'true', 'delta.feature.timestampNtz' = 'supported')`,
    );
    for (let round = 0; round < ROUNDS; round++) {
      const changed = HISTORIES.flatMap((history, at) =>
        round > 0 && round < history.length ? [`c${at} type ${stepAt(history, round)[0]}`] : [],
      );
      if (changed.length > 0) await run(path, `alter table {path} alter column ${changed.join()}`);
      const rows = Array.from({ length: VALUES + 1 }, (_, row) => {
        const values = HISTORIES.map((history) => {
          const [type, ...given] = stepAt(history, round);
          return `cast(${given[row] ?? 'null'} as ${type})`;
        });
        return `(${[round * 10 + row, ...values].join(', ')})`;
      });
      await run(path, `insert into {path} values ${rows.join(', ')}`);
    }
    await expectEveryVersion(path);
    await expectEachValueIsFound(path);
  });

  /** Statistics and partition values in the old type must rule out no file that holds the value. */
  async function expectEachValueIsFound(path: string, version?: number): Promise<void> {
    const table = await DeltaTable.open(path);
    const snapshot = await table.snapshot(version === undefined ? {} : { version });
    const rows = await snapshot.scan().toArray();
    for (const [at] of HISTORIES.entries()) {
      const column = `c${at}`;
      const values = rows.map((row) => row[column]);
      for (const value of new Set(values)) {
        const where = value === null ? isNull(column) : eq(column, value as number);
        const found = await snapshot.scan({ where, select: ['id'] }).count();
        const expected = values.filter((other) => Object.is(other, value)).length;
        expect({ column, value, found }).toEqual({ column, value, found: expected });
      }
    }
  }
});
