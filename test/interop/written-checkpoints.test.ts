/** What we write down of a table, and what we clean out of its log, is a table for delta-rs and Spark still. */
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { expect, it } from 'vitest';
import { DeltaTable, systemClock } from '../../src/index.js';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { cleanUpLog } from '../../src/log/log-cleanup.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { LogContext } from '../../src/log/table-snapshot.js';
import { localStore } from '../../src/storage/local-store.js';
import { readRows } from '../golden/table-rows.js';
import { corpusFolder, type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

const DAY_MS = 86_400_000;

const schema = {
  id: 'long',
  name: 'string',
  price: 'decimal(20,2)',
  at: 'timestamp',
  ratio: 'double',
  flag: 'boolean',
  day: 'date',
  p: 'string',
  raw: 'binary',
  cost: 'decimal(20,2)',
} as const;

function row(id: number) {
  return {
    id,
    name: id % 3 === 0 ? null : `näme ${id}`,
    price: `${id}.25`,
    at: new Date(1_700_000_000_000 + id * 1000),
    ratio: id / 3,
    flag: id % 2 === 0,
    day: `2024-01-${String((id % 28) + 1).padStart(2, '0')}`,
    p: ['a b', 'ü/1', null, 'x=%'][id % 4] ?? null,
    cost: id % 7 === 0 ? null : `-${id % 3}.50`,
    raw: id % 5 === 0 ? null : new TextEncoder().encode(`ü/${id % 2}`),
  };
}

const STRUCT = {
  'delta.checkpoint.writeStatsAsJson': 'false',
  'delta.checkpoint.writeStatsAsStruct': 'true',
};
const BOTH = { 'delta.checkpoint.writeStatsAsStruct': 'true' };
const V2 = { 'delta.checkpointPolicy': 'v2' };

describeWithOracles('checkpoints that varve wrote', ['corpora', 'delta-rs', 'spark'], () => {
  const folder = temporaryFolder();
  const deltars = peer('delta-rs');
  const spark = peer('spark');

  it.each<[string, Record<string, string>]>([
    ['classic', {}],
    ['with statistics as columns', STRUCT],
    ['with statistics in both forms', BOTH],
    ['with sidecars', V2],
    ['with sidecars and statistics as columns', { ...V2, ...STRUCT }],
  ])('%s: are all that is left of the log, and read and appended to', async (name, properties) => {
    const path = join(folder, name.replaceAll(' ', '-'));
    const table = await DeltaTable.create(path, {
      schema,
      partitionBy: ['p', 'day', 'raw', 'cost'],
      properties: { 'delta.checkpointInterval': '100', ...properties },
    });
    await table.append(Array.from({ length: 10 }, (_, id) => row(id)));
    await table.overwrite(Array.from({ length: 30 }, (_, id) => row(id)));
    await table.append(Array.from({ length: 10 }, (_, id) => row(100 + id)));

    const log: LogContext = {
      store: localStore(path),
      url: pathToFileURL(path).href,
      clock: systemClock,
    };
    const snapshot = await loadSnapshot(log);
    const written = await writeCheckpoint(log, snapshot, { actionsPerSidecar: 20 });
    expect(written).toMatchObject({ outcome: 'written', version: 3 });
    const nowMs = Date.now() + 100 * DAY_MS;
    expect(await cleanUpLog(log, snapshot, { nowMs })).toEqual({ oldest: 3, deleted: 3 });
    const names = readdirSync(join(path, '_delta_log'));
    expect(names.filter((one) => one.endsWith('.json'))).toEqual([`${'3'.padStart(20, '0')}.json`]);
    if (name.includes('sidecars')) {
      expect(readdirSync(join(path, '_delta_log', '_sidecars')).length).toBeGreaterThan(2);
    }
    await expectAgreement(path, folder);
    const where = "price >= 104.25 and at > timestamp'2023-11-14 22:15:00Z' and name is not null";
    const found = await readRows(path, { where });
    for (const engine of ['delta-rs', 'spark'] as const) {
      const out = join(folder, 'found');
      const read = await peer(engine).ask<Digest>('read', { path, out, where });
      expect({ engine, rows: read.rows }).toEqual({ engine, rows: found.rows });
    }

    const history = await spark.ask<{ history: { version: number }[] }>('history', { path });
    expect(history.history.map(({ version }) => version)).toEqual([3]);
    const old = await deltars.ask<{ history: { version: number }[] }>('history', { path });
    expect(old.history.map(({ version }) => version)).toEqual([3]);

    await spark.ask('sql', {
      path,
      statement:
        "insert into {path} values (500, 'spark', 1.5, now(), 0.5, true, date'2024-02-01', 'a b', X'C3BC', 1.25)",
    });
    await spark.ask('sql', { path, statement: 'delete from {path} where id = 3' });
    await expectAgreement(path, folder);
    const arrow = join(folder, 'rows.arrow');
    const ids = tableFromArrays({ id: BigInt64Array.from([7n]) });
    writeFileSync(arrow, tableToIPC(ids, 'file'));
    await deltars.ask('write', { path, arrow, mode: 'append', schemaMode: 'merge' });
    await expectAgreement(path, folder);
    await table.append([row(900)]);
    expect(await table.checkpoint()).toMatchObject({ outcome: 'written', version: 7 });
    await expectAgreement(path, folder);
  });

  it('leave a table with checkpoint protection to its engine, before and after a clean-up', async () => {
    const path = join(folder, 'protected');
    cpSync(join(corpusFolder('spark'), 'features_dropped', 'delta'), path, { recursive: true });
    const table = await DeltaTable.open(path);
    const { features, version } = await table.detail();
    expect(features).toContain('checkpointProtection');
    await table.append([{ id: 1000 }] as never);
    await table.checkpoint();
    await expectAgreement(path, folder);
    const log: LogContext = {
      store: localStore(path),
      url: pathToFileURL(path).href,
      clock: systemClock,
    };
    const nowMs = Date.now() + 100 * DAY_MS;
    const cleaned = await cleanUpLog(log, await loadSnapshot(log), { nowMs });
    expect(cleaned.oldest).toBe(version + 1);
    await spark.ask('sql', { path, statement: 'insert into {path} values (1001)' });
    await expectAgreement(path, folder);
  });
});
