/**
 * Tables that Varve made with a feature that binds writers. What delta-rs and Spark accept, all three read alike, and
 * Varve goes on; what delta-rs refuses it leaves as it was.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Int64, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { expect, it } from 'vitest';
import { DeltaTable, eq, systemClock } from '../../src/index.js';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { cleanUpLog } from '../../src/log/log-cleanup.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { LogContext } from '../../src/log/table-snapshot.js';
import { localStore } from '../../src/storage/local-store.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement, expectSameVersions, type Readers } from './agreement.js';

const schema = { id: 'long', part: 'string' } as const;
const LATER_MS = 100 * 86_400_000;
const TIMEOUT_MS = 400_000;

const rows = (part: string, ...ids: number[]) => ids.map((id) => ({ id, part }));
const supported = (...names: string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [`delta.feature.${name}`, 'supported']));

interface Accepted {
  readonly feature: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Nothing may be taken away, and everybody knows it. */
  readonly isAppendOnly?: boolean;
}

const ACCEPTED: readonly Accepted[] = [
  { feature: 'v2Checkpoint', properties: { 'delta.checkpointPolicy': 'v2' } },
  {
    feature: 'appendOnly',
    properties: { 'delta.appendOnly': 'true', 'delta.checkpointPolicy': 'v2' },
    isAppendOnly: true,
  },
  {
    feature: 'changeDataFeed, and features that nothing uses',
    properties: {
      'delta.enableChangeDataFeed': 'true',
      ...supported(
        'checkConstraints',
        'columnMapping',
        'generatedColumns',
        'timestampNtz',
        'variantType',
      ),
    },
  },
];

interface Refused {
  readonly features: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  /** The engines that read the table. */
  readonly readers?: Readers;
}

/** By the names that delta-rs gives them. */
const REFUSED: readonly Refused[] = [
  {
    features: ['InCommitTimestamp'],
    properties: { 'delta.enableInCommitTimestamps': 'true', 'delta.checkpointPolicy': 'v2' },
  },
  { features: ['DomainMetadata'], properties: supported('domainMetadata') },
  {
    features: ['RowTracking', 'DomainMetadata'],
    properties: { 'delta.enableRowTracking': 'true', 'delta.checkpointPolicy': 'v2' },
  },
  {
    features: ['VacuumProtocolCheck'],
    properties: supported('vacuumProtocolCheck'),
    readers: ['spark'],
  },
  {
    features: ['checkpointProtection', 'IdentityColumns', 'AllowColumnDefaults'],
    properties: supported('checkpointProtection', 'identityColumns', 'allowColumnDefaults'),
  },
];

describeWithOracles('tables with a feature for writers', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();
  const deltaRs = peer('delta-rs');
  let arrows = 0;

  async function made(name: string, properties: Readonly<Record<string, string>>) {
    const path = join(folder, name);
    const table = await DeltaTable.create(path, {
      schema,
      partitionBy: ['part'],
      properties: { 'delta.checkpointInterval': '100', ...properties },
    });
    await table.append([...rows('a', 1, 2), ...rows('b', 3)]);
    await table.append(rows('a', 4));
    await checkpoint(path);
    await table.append(rows('c', 5));
    return { path, table };
  }

  function arrowOf(part: string, id: number): string {
    const file = join(folder, `${arrows++}.arrow`);
    const table = new Table({
      id: vectorFromArray([BigInt(id)], new Int64()),
      part: vectorFromArray([part], new Utf8()),
    });
    writeFileSync(file, tableToIPC(table, 'file'));
    return file;
  }

  async function spark(path: string, statement: string): Promise<void> {
    await peer('spark').ask('sql', { path, statement });
  }

  it.each(ACCEPTED)(
    'that delta-rs writes are written in turns: $feature',
    async ({ feature, properties, isAppendOnly = false }) => {
      const { path, table } = await made(feature.replaceAll(/[ ,]+/g, '-'), properties);
      await deltaRs.ask('write', { path, arrow: arrowOf('a', 10) });
      const deleted = await deltaRs.tryAsk('delete', { path, where: "id = 1 and part = 'a'" });
      expect(deleted.ok).toBe(!isAppendOnly);
      await table.append(rows('d', 11));
      if (isAppendOnly) {
        const overwritten = table.overwrite(rows('a', 12), { where: eq('part', 'a') });
        await expect(overwritten).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
        await expect(spark(path, 'delete from {path} where id = 2')).rejects.toThrow('DELTA_');
      } else {
        await table.overwrite(rows('a', 12), { where: eq('part', 'a') });
        await spark(path, "insert into {path} replace where part = 'b' values (13, 'b')");
      }
      await deltaRs.ask('write', { path, arrow: arrowOf('d', 14) });
      await spark(path, "insert into {path} values (15, 'd')");
      await spark(path, 'optimize {path}');
      await deltaRs.ask('write', { path, arrow: arrowOf('d', 16) });
      await deltaRs.ask('optimize', { path });
      await table.append(rows('d', 17));
      const { version } = await table.snapshot();
      await expectSameVersions(path, folder, { from: 0, to: version });

      await checkpoint(path);
      expect(await cleanUp(path)).toBe(version);
      await expectAgreement(path, folder);
      await deltaRs.ask('write', { path, arrow: arrowOf('e', 18) });
      await deltaRs.ask('checkpoint', { path });
      await spark(path, "insert into {path} values (19, 'e')");
      await table.append(rows('e', 20));
      expect((await table.snapshot()).version).toBe(version + 3);
      await expectSameVersions(path, folder, { from: version, to: version + 3 });
      await expectAgreement(path, folder);
    },
    TIMEOUT_MS,
  );

  it.each(REFUSED)(
    'that delta-rs refuses it leaves as they were: $features',
    async ({ features, properties, readers }) => {
      const { path, table } = await made(features.join('-'), properties);
      await table.overwrite(rows('c', 6), { where: eq('part', 'c') });
      const before = filesOf(path);
      const attempts: readonly (readonly [string, object])[] = [
        ['write', { arrow: arrowOf('a', 10) }],
        ['write', { arrow: arrowOf('a', 10), mode: 'overwrite' }],
        ['delete', { where: "part = 'a'" }],
        ['update', { updates: { id: '7' }, where: 'id = 1' }],
        ['optimize', {}],
        // The file that the overwrite took away would go.
        ['vacuum', { hours: 0, dryRun: false }],
      ];
      for (const [op, args] of attempts) {
        const answer = await deltaRs.tryAsk(op, { path, ...args });
        expect({ op, ...answer }).toMatchObject({ op, ok: false, error: 'CommitFailedError' });
        for (const feature of features) expect(answer.message).toContain(feature);
        expect(filesOf(path)).toEqual(before);
      }
      const read = await deltaRs.tryAsk('read', { path, out: join(folder, 'read') });
      expect(read.ok).toBe(readers === undefined);
      await expectAgreement(path, folder, readers);

      // A checkpoint is no commit: delta-rs writes it, and whoever opens the table begins at it.
      await deltaRs.ask('checkpoint', { path });
      expect([...filesOf(path).keys()].join()).toContain('0004.checkpoint.parquet');
      const fresh = await DeltaTable.open(path, { schema });
      await fresh.append(rows('d', 20));
      await spark(path, "insert into {path} values (21, 'd')");
      await spark(path, 'optimize {path}');
      await table.append(rows('d', 22));
      const { version } = await table.snapshot();
      await expectSameVersions(path, folder, {
        from: 0,
        to: version,
        ...(readers === undefined ? {} : { engines: readers }),
      });
      await expectAgreement(path, folder, readers);
    },
    TIMEOUT_MS,
  );
});

function logOf(path: string): LogContext {
  return { store: localStore(path), url: pathToFileURL(path).href, clock: systemClock };
}

/** With sidecars of a few files each, where the table has such checkpoints. */
async function checkpoint(path: string): Promise<void> {
  const log = logOf(path);
  await writeCheckpoint(log, await loadSnapshot(log), { actionsPerSidecar: 2 });
}

/** Takes everything out of the log that its newest checkpoint does not need. */
async function cleanUp(path: string): Promise<number | undefined> {
  const log = logOf(path);
  const nowMs = Date.now() + LATER_MS;
  return (await cleanUpLog(log, await loadSnapshot(log), { nowMs })).oldest;
}

/** Every file below a folder, with a digest of its bytes. */
function filesOf(path: string): ReadonlyMap<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const digest = (file: string): string =>
    createHash('sha256').update(readFileSync(file)).digest('hex');
  return new Map(files.map((file) => [file, digest(file)]));
}
