/**
 * Tables that Spark makes by a seeded history of every kind of change, read by both at every version: deletion vectors,
 * mapped columns, widened types, row ids and checkpoints at once, as they meet in real tables.
 */
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DeltaTable, isVarveError } from '../../src/index.js';
import { readRows } from '../golden/table-rows.js';
import { type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const HISTORY_TIMEOUT_MS = 1_800_000;
const COLUMNS = [
  '*',
  '_metadata.row_id as row_id',
  '_metadata.row_commit_version as row_commit_version',
];
const ODD_NAMES = ['a b,;{}()=', '.v.', 'V#%ü', '`'];

const KINDS = [
  'insert',
  'delete',
  'delete',
  'update',
  'merge',
  'optimize',
  'rename',
  'renameNested',
  'renamePartition',
  'drop',
  'add',
  'widen',
  'restore',
] as const;
const steps = fc.record({
  kinds: fc.shuffledSubarray([...KINDS], { minLength: KINDS.length }),
  numbers: fc.array(fc.nat(1000), { minLength: KINDS.length, maxLength: KINDS.length }),
});

/** What a version's columns are called; undefined for one that is not there. */
interface Names {
  readonly v: string;
  readonly x: string;
  readonly e: string;
  readonly p: string;
  readonly w: string | undefined;
}

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

function create(mode: string, policy: string): string {
  const properties = {
    'delta.columnMapping.mode': mode,
    'delta.enableDeletionVectors': 'true',
    'delta.enableRowTracking': 'true',
    'delta.enableTypeWidening': 'true',
    'delta.checkpointInterval': '4',
    'delta.checkpointPolicy': policy,
  };
  const list = Object.entries(properties).map(([key, value]) => `'${key}'='${value}'`);
  return (
    'CREATE TABLE {path} (id BIGINT, v INT, s STRUCT<x: INT, y: STRING>, ' +
    'l ARRAY<STRUCT<e: INT>>, p STRING, w STRING) ' +
    `USING DELTA PARTITIONED BY (p) TBLPROPERTIES (${list.join()})`
  );
}

function rowsFrom({ v, x, e, p, w }: Names, from: number, count: number): string {
  const columns = [
    'id',
    `CAST(id * 7 % 100 AS INT) AS ${quoted(v)}`,
    `IF(id % 5 = 0, NULL, named_struct('${x}', CAST(id AS INT), 'y', concat('y', id))) AS s`,
    `array(named_struct('${e}', CAST(id % 3 AS INT))) AS l`,
    `element_at(array('a b', 'ü/1', NULL, 'x=%'), CAST(id % 4 + 1 AS INT)) AS ${quoted(p)}`,
    ...(w === undefined ? [] : [`CAST(id AS STRING) AS ${w}`]),
  ];
  return `SELECT ${columns.join(', ')} FROM range(${from}, ${from + count})`;
}

interface Step {
  readonly sql: string;
  readonly after: Names;
}

function stepOf(
  kind: (typeof KINDS)[number],
  number: number,
  history: readonly Names[],
): Step | undefined {
  const names = history.at(-1);
  if (names === undefined) return undefined;
  const { v, x, e, p, w } = names;
  const same = (sql: string): Step => ({ sql, after: names });
  const renamed = (column: string, to: string, after: Partial<Names>): Step => ({
    sql: `ALTER TABLE {path} RENAME COLUMN ${column} TO ${quoted(to)}`,
    after: { ...names, ...after },
  });
  switch (kind) {
    case 'insert':
      return same(`INSERT INTO {path} BY NAME ${rowsFrom(names, 1000 + number, 30)}`);
    case 'delete':
      return same(`DELETE FROM {path} WHERE id % ${3 + (number % 5)} = ${number % 3}`);
    case 'update':
      return same(
        `UPDATE {path} SET ${quoted(v)} = ${number % 100} WHERE id % 7 = ${number % 7} OR s.y = 'y3'`,
      );
    case 'merge':
      return same(
        `MERGE INTO {path} t USING (${rowsFrom(names, number % 60, 50)}) n ON t.id = n.id ` +
          `WHEN MATCHED AND t.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET * ` +
          'WHEN NOT MATCHED THEN INSERT *',
      );
    case 'optimize':
      return same('OPTIMIZE {path}');
    case 'rename': {
      const to = ODD_NAMES[number % ODD_NAMES.length] ?? 'v2';
      return renamed(quoted(v), to, { v: to });
    }
    case 'renameNested':
      return number % 2 === 0
        ? renamed(`s.${x}`, `${x}2`, { x: `${x}2` })
        : renamed(`l.element.${e}`, `${e}2`, { e: `${e}2` });
    case 'renamePartition':
      return renamed(quoted(p), `${p} q`, { p: `${p} q` });
    case 'drop':
      if (w === undefined) return undefined;
      return { sql: `ALTER TABLE {path} DROP COLUMN ${w}`, after: { ...names, w: undefined } };
    case 'add':
      if (w !== undefined) return undefined;
      return { sql: 'ALTER TABLE {path} ADD COLUMN (w STRING)', after: { ...names, w: 'w' } };
    case 'widen':
      return same(`ALTER TABLE {path} ALTER COLUMN ${quoted(v)} TYPE BIGINT`);
    case 'restore': {
      const version = 1 + (number % (history.length - 1));
      const after = history[version] ?? names;
      return { sql: `RESTORE TABLE {path} TO VERSION AS OF ${version}`, after };
    }
  }
}

/** Runs a seeded history; gives how many of its steps Spark took. */
async function makeHistory(path: string, mode: string, seed: number): Promise<number> {
  const spark = peer('spark');
  const [plan] = fc.sample(steps, { seed, numRuns: 1 });
  const first: Names = { v: 'v', x: 'x', e: 'e', p: 'p', w: 'w' };
  await spark.ask('sql', { path, statement: create(mode, seed % 2 === 0 ? 'v2' : 'classic') });
  await spark.ask('sql', { path, statement: `INSERT INTO {path} ${rowsFrom(first, 0, 80)}` });
  const history = [first, first];
  let taken = 0;
  for (const [at, kind] of (plan?.kinds ?? []).entries()) {
    const step = stepOf(kind, plan?.numbers[at] ?? 0, history);
    if (step === undefined) continue;
    const answer = await spark.tryAsk('sql', { path, statement: step.sql });
    if (answer.ok) taken++;
    const { version } = await (await DeltaTable.open(path)).snapshot();
    while (history.length <= version) history.push(step.after);
  }
  return taken;
}

describeWithOracles('histories that Spark made', ['spark'], () => {
  const folder = temporaryFolder();

  it.each([
    ['name', 11],
    ['id', 12],
  ])(
    'have the same rows and row ids at every version, columns mapped by %s',
    { timeout: HISTORY_TIMEOUT_MS },
    async (mode, seed) => {
      const path = join(folder, `history ${mode}`);
      expect(await makeHistory(path, mode, seed)).toBeGreaterThanOrEqual(KINDS.length - 3);
      const table = await DeltaTable.open(path);
      const last = (await table.snapshot()).version;
      const spark = peer('spark');
      let deleted = 0;
      const ask = { path, out: join(folder, 'theirs'), columns: COLUMNS };
      for (let version = 1; version <= last; version++) {
        const read = await spark.ask<Digest>('read', { ...ask, version });
        const out = join(folder, 'ours');
        const ours = await readRows(path, { at: { version }, columns: COLUMNS, out });
        const { rows, sha256 } = read;
        expect({ version, ...ours }).toEqual({ version, rows, sha256 });
        const snapshot = await table.snapshot({ version });
        expect(await snapshot.scan().count()).toBe(rows);
        deleted += snapshot.files().filter((file) => file.deletionVectorId !== undefined).length;
      }
      expect(deleted).toBeGreaterThan(0);
      await spark.ask('sql', { path, statement: 'VACUUM {path} RETAIN 0 HOURS' });
      for (const version of [1, (await table.snapshot()).version]) {
        const read = await spark.tryAsk('read', { ...ask, version });
        const ours = await readRows(path, { at: { version }, columns: COLUMNS }).catch(
          (error: unknown) => (isVarveError(error, 'DATA_GONE') ? 'gone' : error),
        );
        expect(ours).toEqual(read.ok ? { rows: read['rows'], sha256: read['sha256'] } : 'gone');
      }
    },
  );

  it('delete millions of rows of a file, bit by bit', { timeout: HISTORY_TIMEOUT_MS }, async () => {
    const path = join(folder, 'large');
    const spark = peer('spark');
    const properties = "TBLPROPERTIES ('delta.enableDeletionVectors'='true')";
    await spark.ask('sql', {
      path,
      statement: `CREATE TABLE {path} USING DELTA ${properties} AS SELECT id FROM range(0, 2500000, 1, 1)`,
    });
    for (const where of [
      'id % 2 = 0',
      'id % 1000 < 30',
      'id BETWEEN 700000 AND 1400000',
      'id > 2499000',
    ]) {
      await spark.ask('sql', { path, statement: `DELETE FROM {path} WHERE ${where}` });
      const statement = 'SELECT count(*) AS n, CAST(sum(id) AS STRING) AS total FROM {path}';
      const { result } = await spark.ask<{ result: object[] }>('sql', { path, statement });
      const table = await DeltaTable.open(path);
      let n = 0;
      let total = 0n;
      for await (const batch of table.scan().batches()) {
        n += batch.numRows;
        for (const id of batch.getChild('id') ?? []) total += id as bigint;
      }
      expect([{ n, total: `${total}` }]).toEqual(result);
      expect(await table.scan().count()).toBe(n);
    }
  });
});
