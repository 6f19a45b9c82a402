import { describe, expect, it } from 'vitest';
import type { Action, Protocol } from '../../src/log/actions.js';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { encodeAction } from '../../src/log/encode-action.js';
import { cleanUpLog } from '../../src/log/log-cleanup.js';
import {
  checkpointKey,
  commitKey,
  LAST_CHECKPOINT_KEY,
  LOG,
  SIDECARS,
  versionDigits,
} from '../../src/log/log-path.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { LogContext, Snapshot } from '../../src/log/table-snapshot.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { type Fault, faultStore } from '../../src/testing/fault-store.js';
import { add, CREATE, LogFixture, metadata, PROTOCOL, remove } from './log-fixture.js';

const DAY_MS = 86_400_000;
const NEWEST = 8;

/** A file a day, each taking the place of the one two days before; checkpoints at 2, 4 and 6. */
async function oldTable(
  configuration: ReadonlyMap<string, string> = new Map(),
  protocol: Protocol = PROTOCOL,
): Promise<LogFixture> {
  const fixture = new LogFixture();
  const create: readonly Action[] =
    configuration.size === 0
      ? CREATE
      : [
          { kind: 'protocol', protocol },
          { kind: 'metaData', metaData: metadata({ configuration }) },
        ];
  for (let version = 0; version <= NEWEST; version++) {
    const old = version < 2 ? [] : [remove(`f${version - 2}`)];
    await fixture.commit(version, [...(version === 0 ? create : []), ...old, add(`f${version}`)]);
    if ([2, 4, 6].includes(version)) {
      await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    }
    fixture.nowMs += DAY_MS;
  }
  return fixture;
}

/** The same table once more, with the same times. */
async function copyOf({ store }: LogFixture): Promise<LogFixture> {
  const copy = new LogFixture();
  for await (const { key, modifiedMs } of store.list('')) {
    copy.nowMs = modifiedMs;
    await copy.store.put(key, (await store.get(key))?.bytes ?? new Uint8Array(0));
  }
  return copy;
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(LOG))
    keys.push(key.slice(LOG.length).replace(/^0+(?=\d)/, ''));
  return keys;
}

const paths = (snapshot: Snapshot): string[] =>
  [...snapshot.files.files()].map(({ path }) => path).toSorted();

/** When so many days of the table have expired, at its retention of 30 days. */
const after = (days: number): number => (30 + days) * DAY_MS + 5_000_000;

async function clean(
  fixture: LogFixture,
  nowMs: number,
  over: { readonly log?: LogContext; readonly pins?: readonly number[] } = {},
): Promise<Awaited<ReturnType<typeof cleanUpLog>>> {
  const snapshot = await loadSnapshot(fixture.log);
  const { log = fixture.log, pins = [] } = over;
  return await cleanUpLog(log, snapshot, { nowMs, pins: () => Promise.resolve(pins) });
}

describe('cleanUpLog', () => {
  it('leaves the newest expired checkpoint, its commit and all behind it', async () => {
    const fixture = await oldTable();
    expect(await clean(fixture, after(6))).toEqual({ oldest: 4, deleted: 5 });
    expect(await keysOf(fixture.store)).toEqual([
      '4.checkpoint.parquet',
      '4.json',
      '5.json',
      '6.checkpoint.parquet',
      '6.json',
      '7.json',
      '8.json',
      '_last_checkpoint',
    ]);
    expect(paths(await loadSnapshot(fixture.log))).toEqual(['f7', 'f8']);
    expect(paths(await loadSnapshot(fixture.log, { version: 4 }))).toEqual(['f3', 'f4']);
    await expect(loadSnapshot(fixture.log, { version: 3 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'version',
      available: '4..8',
    });
    expect(await clean(fixture, after(6))).toEqual({ oldest: undefined, deleted: 0 });
  });

  it('deletes every commit before any checkpoint', async () => {
    const fixture = await oldTable();
    const deleted: string[] = [];
    const store: ObjectStore = {
      ...fixture.store,
      delete: async (key, options) => {
        deleted.push(key);
        return await fixture.store.delete(key, options);
      },
    };
    await clean(fixture, after(99), { log: { ...fixture.log, store } });
    const versions = [0, 1, 2, 3, 4, 5];
    expect(deleted).toEqual([...versions.map(commitKey), checkpointKey(2), checkpointKey(4)]);
  });

  it('does nothing before a version has expired, and where the table forbids it', async () => {
    const young = await oldTable();
    expect((await clean(young, 9 * DAY_MS)).deleted).toBe(0);
    const forbidden = await oldTable(new Map([['delta.enableExpiredLogCleanup', 'false']]));
    expect((await clean(forbidden, after(99))).deleted).toBe(0);
    const guarded = await oldTable(
      new Map([['delta.requireCheckpointProtectionBeforeVersion', '7']]),
    );
    expect((await clean(guarded, after(99))).deleted).toBe(0);
  });

  it('keeps a day of commits, however short the retention of the table', async () => {
    const fixture = await oldTable(new Map([['delta.logRetentionDuration', 'interval 1 second']]));
    const newestMs = NEWEST * DAY_MS + 1_000_000;
    expect(await clean(fixture, newestMs)).toMatchObject({ oldest: 6 });
    expect(paths(await loadSnapshot(fixture.log, { version: 7 }))).toEqual(['f6', 'f7']);
  });

  it('keeps what a pin needs, and asks for pins only when something would go', async () => {
    const fixture = await oldTable();
    expect(await clean(fixture, after(99), { pins: [5] })).toMatchObject({ oldest: 4 });
    expect(paths(await loadSnapshot(fixture.log, { version: 5 }))).toEqual(['f4', 'f5']);
    const snapshot = await loadSnapshot(fixture.log);
    const before: number[] = [];
    const pins = (version: number): Promise<number[]> => {
      before.push(version);
      return Promise.resolve([]);
    };
    await cleanUpLog(fixture.log, snapshot, { nowMs: after(5), pins });
    expect(before).toEqual([]);
    await cleanUpLog(fixture.log, snapshot, { nowMs: after(7), pins });
    expect(before).toEqual([6]);
  });

  it('passes over a checkpoint that cannot be read, whose commits are then still needed', async () => {
    const fixture = await oldTable();
    await fixture.store.put(checkpointKey(6), new Uint8Array(200));
    expect(await clean(fixture, after(99))).toMatchObject({ oldest: 4 });
    expect(paths(await loadSnapshot(fixture.log))).toEqual(['f7', 'f8']);
    const damaged = await oldTable();
    for (const version of [2, 4, 6]) {
      await damaged.store.put(checkpointKey(version), new Uint8Array(200));
    }
    expect(await clean(damaged, after(99))).toEqual({ oldest: undefined, deleted: 0 });
  });

  it('keeps the checkpoint that the hint points at', async () => {
    const fixture = await oldTable();
    await fixture.put(LAST_CHECKPOINT_KEY, '{"version":4,"size":1}');
    expect(await clean(fixture, after(99))).toMatchObject({ oldest: 4 });
    await fixture.put(LAST_CHECKPOINT_KEY, 'torn');
    expect(await clean(fixture, after(99))).toMatchObject({ oldest: 6 });
  });

  it('leaves a checkpoint of the classic name, of the v2 spec too', async () => {
    const protocol = {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['v2Checkpoint'],
      writerFeatures: ['v2Checkpoint'],
    };
    const configuration = new Map([['delta.checkpointPolicy', 'v2']]);
    const fixture = await oldTable(configuration, protocol);
    expect(await keysOf(fixture.store)).not.toContain('6.checkpoint.parquet');
    expect(await clean(fixture, after(99))).toMatchObject({ oldest: 6 });
    const named = (await keysOf(fixture.store)).filter((key) => /^\d+\.checkpoint/.test(key));
    expect(named).toEqual([
      expect.stringMatching(/^6\.checkpoint\.[0-9a-f-]{36}\.parquet$/),
      '6.checkpoint.parquet',
    ]);
    await fixture.store.delete(`${LOG}${versionDigits(6).slice(0, -1)}${named[0] ?? ''}`);
    const snapshot = await loadSnapshot(fixture.log);
    expect([snapshot.checkpointVersion, paths(snapshot)]).toEqual([6, ['f7', 'f8']]);
  });

  it('deletes old sidecars that no checkpoint names, and none when one cannot be read', async () => {
    const fixture = await oldTable();
    const uuid = '80a083e8-7026-4e79-81be-64bd76c43a11';
    const v2 = `${LOG}${versionDigits(7)}.checkpoint.${uuid}.json`;
    const lines = [
      '{"checkpointMetadata":{"version":7}}',
      ...CREATE.map(encodeAction),
      '{"sidecar":{"path":"named.parquet","sizeInBytes":1}}',
    ];
    for (const name of ['named', 'old']) await fixture.put(`${SIDECARS}${name}.parquet`, 'x');
    fixture.nowMs = after(99) - DAY_MS;
    await fixture.put(`${SIDECARS}young.parquet`, 'x');
    const snapshot = await loadSnapshot(fixture.log);
    const run = (nowMs: number): Promise<unknown> => cleanUpLog(fixture.log, snapshot, { nowMs });
    await fixture.put(v2, 'torn');
    await expect(run(after(5))).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
    expect(await keysOf(fixture.store)).toContain('_sidecars/old.parquet');
    await fixture.put(v2, lines.join('\n'));
    await run(after(99));
    const sidecars = (await keysOf(fixture.store)).filter((key) => key.includes('_sidecars'));
    expect(sidecars).toEqual(['_sidecars/named.parquet', '_sidecars/young.parquet']);
  });

  it('leaves a table that opens to the same rows, whatever fails at any call, and goes on later', async () => {
    const whole = await oldTable();
    let points = 0;
    const faults: readonly (Fault | 'crash')[] = ['fail', 'lost-reply', 'lost-request', 'crash'];
    for (const fault of faults) {
      for (let at = 0; ; at++) {
        const fixture = await copyOf(whole);
        let met = false;
        const store = faultStore(fixture.store, ({ calls }) => {
          if (calls < at || (fault !== 'crash' && calls > at)) return undefined;
          met = true;
          return fault === 'crash' ? 'fail' : fault;
        });
        await clean(fixture, after(99), { log: { ...fixture.log, store } }).catch(
          (error: unknown) => expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' }),
        );
        for (const version of [undefined, 6, 7, 8]) {
          const expected = version ?? NEWEST;
          expect(paths(await loadSnapshot(fixture.log, { version }))).toEqual([
            `f${expected - 1}`,
            `f${expected}`,
          ]);
        }
        await clean(fixture, after(99));
        expect(await keysOf(fixture.store)).toEqual([
          '6.checkpoint.parquet',
          '6.json',
          '7.json',
          '8.json',
          '_last_checkpoint',
        ]);
        if (!met) break;
        points++;
      }
    }
    expect(points).toBeGreaterThanOrEqual(40);
  });

  it('is the work of two at once as it is of one', async () => {
    const fixture = await oldTable();
    await Promise.all([
      clean(fixture, after(99)),
      clean(fixture, after(99)),
      clean(fixture, after(5)),
    ]);
    expect(paths(await loadSnapshot(fixture.log))).toEqual(['f7', 'f8']);
    expect((await keysOf(fixture.store)).at(0)).toBe('6.checkpoint.parquet');
    expect(await fixture.store.head(commitKey(6))).toBeDefined();
  });
});
