/** Tables whose commits carry row ids and their own time, written by Varve and by Spark in turns. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { type At, DeltaTable, eq, systemClock } from '../../src/index.js';
import { cleanUpLog } from '../../src/log/log-cleanup.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { LogContext } from '../../src/log/table-snapshot.js';
import { localStore } from '../../src/storage/local-store.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

const schema = { id: 'long', part: 'string' } as const;
type Table = DeltaTable<typeof schema>;
const rows = (part: string, ...ids: number[]) => ids.map((id) => ({ id: BigInt(id), part }));

/** Spark plans each of many statements, seconds each on a busy machine. */
const TIMEOUT_MS = 400_000;
const LATER_MS = 100 * 86_400_000;
const DOMAIN = 'delta.rowTracking';

const FEATURES = {
  'delta.enableInCommitTimestamps': 'true',
  'delta.enableRowTracking': 'true',
};

/** By row: its id and the version it came in, as an engine says. */
type Tracked = readonly (readonly [id: number, rowId: number, since: number])[];

async function ours(table: Table): Promise<Tracked> {
  const select = ['id', '_metadata.row_id', '_metadata.row_commit_version'] as const;
  const found = await table.scan({ select }).toArray();
  return found
    .map((row) => Object.values(row).map(Number) as [number, number, number])
    .toSorted(([one], [other]) => one - other);
}

async function sparks(path: string): Promise<Tracked> {
  const { result } = await sql(
    path,
    'select id, _metadata.row_id as r, _metadata.row_commit_version as v from {path} order by id',
  );
  return result.map(({ id, r, v }) => [id, r, v]);
}

interface Result {
  readonly result: readonly { readonly id: number; readonly r: number; readonly v: number }[];
}

async function sql(path: string, statement: string): Promise<Result> {
  return await peer('spark').ask<Result>('sql', { path, statement });
}

/** Both engines give the same rows, ids and times, and no id twice. */
async function expectSame(table: Table, path: string, folder: string): Promise<void> {
  await expectAgreement(path, folder);
  const tracked = await ours(table);
  expect(tracked).toEqual(await sparks(path));
  expect(new Set(tracked.map(([, rowId]) => rowId)).size).toBe(tracked.length);
  const { history } = await peer('spark').ask<{
    history: { version: number; timestampMs: number }[];
  }>('history', { path });
  const times = (await table.history()).map(({ version, timestamp }) => [
    version,
    timestamp.getTime(),
  ]);
  expect(times).toEqual(history.map(({ version, timestampMs }) => [version, timestampMs]));
}

function logOf(path: string): LogContext {
  return { store: localStore(path), url: pathToFileURL(path).href, clock: systemClock };
}

/** Takes everything out of the log that its newest checkpoint does not need. */
async function cleanUp(path: string): Promise<number | undefined> {
  const log = logOf(path);
  const nowMs = Date.now() + LATER_MS;
  return (await cleanUpLog(log, await loadSnapshot(log), { nowMs })).oldest;
}

/** The highest row id that was given to anybody, at a version or the newest. */
async function markOf(table: Table, at: At = {}): Promise<number> {
  const { domains } = await table.snapshot(at);
  return markIn(domains.get(DOMAIN) ?? '');
}

/** The newest version that Spark left a checksum of, and the same mark as it has it there. */
function sparksMark(path: string): readonly [version: number, mark: number] | undefined {
  const log = join(path, '_delta_log');
  const name = readdirSync(log).findLast((one) => /^\d{20}\.crc$/u.test(one));
  if (name === undefined) return undefined;
  const { domainMetadata } = JSON.parse(readFileSync(join(log, name), 'utf8')) as Checksum;
  const said = domainMetadata.find(({ domain }) => domain === DOMAIN);
  return [Number.parseInt(name, 10), markIn(said?.configuration ?? '')];
}

const markIn = (configuration: string): number =>
  (JSON.parse(configuration) as { readonly rowIdHighWaterMark: number }).rowIdHighWaterMark;

interface Checksum {
  readonly domainMetadata: readonly { readonly domain: string; readonly configuration: string }[];
}

describeWithOracles('tables that track rows and time', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();

  it.each([
    ['classic checkpoints', {}],
    ['v2 checkpoints', { 'delta.checkpointPolicy': 'v2' }],
  ])('made by varve, with %s, are spark’s to go on with', async (name, more) => {
    const path = join(folder, name.replace(' ', '-'));
    const properties = { ...FEATURES, ...more, 'delta.checkpointInterval': '3' };
    const table = await DeltaTable.create(path, { schema, partitionBy: ['part'], properties });
    await table.append([...rows('a', 1, 2, 3), ...rows('b', 4)]);
    await table.append(rows('a', 5));
    await expectSame(table, path, folder);
    await sql(path, "insert into {path} values (6, 'b'), (7, 'c')");
    await expectSame(table, path, folder);
    await table.append(rows('c', 8, 9));
    await table.overwrite(rows('a', 10), { where: eq('part', 'a') });
    await expectSame(table, path, folder);
    await sql(path, 'update {path} set id = id + 100 where id = 7');
    await table.append(rows('d', 11));
    await expectSame(table, path, folder);
    await table.overwrite(rows('b', 4), { where: eq('id', 4n) });
    await table.append(rows('d', 12));
    await expectSame(table, path, folder);
  });

  it('keep ids and times in order through rewrites of spark and clean-ups of varve', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const path = join(folder, 'rewritten');
    const table = await DeltaTable.create(path, {
      schema,
      partitionBy: ['part'],
      properties: {
        ...FEATURES,
        'delta.checkpointPolicy': 'v2',
        'delta.checkpointInterval': '100',
      },
    });
    /** The row of each row id that was ever given. */
    const given = new Map<number, number>();
    let marks = 0;
    const note = async (): Promise<void> => {
      await expectSame(table, path, folder);
      for (const [id, rowId] of await ours(table)) {
        expect(given.get(rowId) ?? id).toBe(id);
        given.set(rowId, id);
      }
      expect(await markOf(table)).toBeGreaterThanOrEqual(Math.max(...given.keys()));
      const [version, mark] = sparksMark(path) ?? [];
      if (version !== undefined) {
        expect(mark).toBe(await markOf(table, { version }));
        marks++;
      }
      const times = (await table.history()).map(({ timestamp }) => timestamp.getTime());
      expect(times).toEqual([...new Set(times)].toSorted((a, b) => b - a));
    };
    await table.append([...rows('a', 1, 2, 3), ...rows('b', 4)]);
    await table.append(rows('a', 5));
    await sql(path, "insert into {path} values (6, 'a'), (7, 'c')");
    await sql(path, 'optimize {path}');
    await table.append(rows('a', 8));
    await sql(path, "insert into {path} replace where part = 'b' values (9, 'b'), (10, 'b')");
    await sql(path, "delete from {path} where part = 'c'");
    await note();
    // What the rewrite kept in columns of its own, an overwrite in part gives ids anew.
    await table.overwrite(rows('a', 2), { where: eq('id', 2n) });
    await table.append(rows('d', 12));
    await note();

    expect(await table.checkpoint()).toMatchObject({ outcome: 'written' });
    const oldest = await cleanUp(path);
    expect(oldest).toBe((await table.snapshot()).version);
    await sql(path, "insert into {path} values (13, 'd')");
    await sql(path, 'optimize {path}');
    await table.append(rows('d', 14));
    await note();
    await sql(path, "insert overwrite {path} values (15, 'e'), (16, 'e')");
    await table.append(rows('e', 17));
    await note();
    expect(marks).toBe(4);
  });

  it('get their features from varve, whoever wrote their history', async () => {
    const path = join(folder, 'upgraded');
    await sql(path, 'create table {path} (id bigint, part string) using delta');
    await sql(path, "insert into {path} values (1, 'a'), (2, 'b')");
    const table = await DeltaTable.open(path, { schema });
    await table.append(rows('c', 3, 4));
    await sql(path, 'delete from {path} where id = 2');
    await table.setProperties({ 'delta.enableInCommitTimestamps': 'true' });
    await table.setProperties({ 'delta.enableRowTracking': 'true' });
    await expectSame(table, path, folder);
    await sql(path, "insert into {path} values (5, 'e')");
    await table.append(rows('f', 6));
    await expectSame(table, path, folder);
    const { timestamp } = (await table.history()).find(({ version }) => version === 2) ?? {};
    const past = await table.snapshot({ timestamp: timestamp ?? new Date(0) });
    expect(past.version).toBe(2);
    expect(await past.scan().count()).toBe(4);
    await table.unsetProperties(['delta.enableInCommitTimestamps']);
    await table.addFeature('v2Checkpoint');
    await sql(path, "insert into {path} values (7, 'g')");
    await expectAgreement(path, folder);
  });

  it('get their features from spark while varve writes', async () => {
    const path = join(folder, 'turned-on');
    const table = await DeltaTable.create(path, { schema });
    await table.append(rows('a', 1, 2));
    async function* late() {
      yield* rows('b', 3);
      const properties = Object.entries(FEATURES).map(([name, value]) => `'${name}' = '${value}'`);
      await sql(path, `alter table {path} set tblproperties (${properties.join(', ')})`);
      yield* rows('b', 4);
    }
    await table.append(late());
    await expectSame(table, path, folder);
    await sql(path, "insert into {path} values (5, 'e')");
    await expectSame(table, path, folder);
  });
});
