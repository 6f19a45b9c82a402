import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../src/errors.js';
import type { Action } from '../../src/log/actions.js';
import { CheckpointBatches } from '../../src/log/checkpoint-batches.js';
import { CHECKPOINT } from '../../src/log/checkpoint-schema.js';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { checkpointKey, commitKey } from '../../src/log/log-path.js';
import {
  advanceSnapshot,
  loadSnapshot,
  MAX_INCREMENTAL_COMMITS,
  refreshSnapshot,
} from '../../src/log/snapshot.js';
import { type Snapshot } from '../../src/log/table-snapshot.js';
import { ParquetFileEncoder } from '../../src/storage/parquet/encode.js';
import { add, CREATE, LogFixture, metadata, PROTOCOL, remove, TABLE_ID } from './log-fixture.js';

function paths(snapshot: Snapshot): string[] {
  return [...snapshot.files.files()].map(({ path }) => path);
}

const PLAIN_ADDS = { hasStats: true, stats: undefined, partitionValues: undefined };

/** A table whose version n adds the file `f<n>`. */
async function tableOf(versions: number): Promise<LogFixture> {
  const fixture = new LogFixture();
  await fixture.commit(0, [...CREATE, add('f0')]);
  for (let version = 1; version < versions; version++) {
    await fixture.commit(version, [add(`f${version}`)]);
  }
  return fixture;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return isVarveError(error) ? error.code : String(error);
  }
}

describe('loadSnapshot', () => {
  it('gives what the log says at a version', async () => {
    const { log } = await tableOf(3);
    const snapshot = await loadSnapshot(log, { version: 1 });
    expect(paths(snapshot)).toEqual(['f0', 'f1']);
    expect(snapshot.metadata.id).toBe(TABLE_ID);
    expect(snapshot.partitionColumns).toEqual(['day']);
    expect(snapshot.schema.fields.map(({ name }) => name)).toEqual(['id', 'day']);
    expect([...snapshot.files.files()][0]?.partitionValue('day')).toBe('monday');
    expect([...snapshot.files.files()][0]?.partitionValue('night')).toBeUndefined();
  });

  it('refuses what is no table, and versions that are not there, by name', async () => {
    const fixture = new LogFixture();
    expect(await codeOf(loadSnapshot(fixture.log))).toBe('NOT_FOUND');
    const { log } = await tableOf(2);
    const error = await loadSnapshot(log, { version: 2 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'NOT_FOUND', kind: 'version', available: '0..1' });
  });

  it('reads no commit before its checkpoint', async () => {
    const fixture = await tableOf(5);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log, { version: 3 }));
    fixture.forgetRequests();
    const snapshot = await loadSnapshot(fixture.log);
    expect(paths(snapshot)).toEqual(['f0', 'f1', 'f2', 'f3', 'f4']);
    const commits = fixture.requests.gets.filter((key) => key.endsWith('.json'));
    expect(commits).toEqual([commitKey(4)]);
  });

  it.each(['', 'PAR1', 'not parquet at all', 'PAR1    \u0004   PAR1'])(
    'passes over a damaged checkpoint (%j) for the commits',
    async (text) => {
      const fixture = await tableOf(4);
      await fixture.put(checkpointKey(2), text);
      expect(paths(await loadSnapshot(fixture.log))).toEqual(['f0', 'f1', 'f2', 'f3']);
    },
  );

  it('passes over a damaged checkpoint for an older one', async () => {
    const fixture = await tableOf(6);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log, { version: 2 }));
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log, { version: 4 }));
    const good = await fixture.store.get(checkpointKey(4));
    await fixture.put(checkpointKey(4), good?.bytes.slice(100) ?? '');
    for (const version of [0, 1]) await fixture.store.delete(commitKey(version));
    const snapshot = await loadSnapshot(fixture.log);
    expect(snapshot.checkpointVersion).toBe(2);
    expect(snapshot.files.count).toBe(6);
  });

  it('never gives fewer rows when the only way to a version is damaged', async () => {
    const fixture = await tableOf(5);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log, { version: 3 }));
    await fixture.put(checkpointKey(3), 'PAR1 rubbish PAR1');
    await fixture.store.delete(commitKey(1));
    const error = await loadSnapshot(fixture.log).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CORRUPT_DATA', key: checkpointKey(3) });
  });

  it('reads the log anew when a commit is cleaned away between its listing and its reading', async () => {
    const fixture = await tableOf(4);
    const { log, store } = fixture;
    const whole = await loadSnapshot(log);
    let cleaned = false;
    const get: typeof store.get = async (key, options) => {
      if (key === commitKey(1) && !cleaned) {
        cleaned = true;
        await writeCheckpoint(log, whole);
        for (const version of [0, 1, 2]) await store.delete(commitKey(version));
      }
      return await store.get(key, options);
    };
    const snapshot = await loadSnapshot({ ...log, store: { ...store, get } });
    expect([cleaned, snapshot.files.count, snapshot.checkpointVersion]).toEqual([true, 4, 3]);
  });

  it('never takes a commit that cannot be read for the end of the log', async () => {
    const { log, store } = await tableOf(4);
    const get: typeof store.get = (key, options) =>
      key === commitKey(2) ? Promise.resolve(undefined) : store.get(key, options);
    const error = await loadSnapshot({ ...log, store: { ...store, get } }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'CORRUPT_DATA', key: commitKey(2) });
  });

  it('refuses a log without a protocol or metaData', async () => {
    for (const missing of [0, 1]) {
      const fixture = new LogFixture();
      await fixture.commit(0, [...CREATE.slice(missing, missing + 1), add('a')]);
      expect(await codeOf(loadSnapshot(fixture.log))).toBe('CORRUPT_DATA');
    }
  });

  it('refuses a whole checkpoint without metaData, though the commits have it', async () => {
    const fixture = await tableOf(2);
    const batches = new CheckpointBatches(CHECKPOINT, PLAIN_ADDS, []);
    const { schema } = batches;
    const encoder = new ParquetFileEncoder({ schema, key: 'checkpoint', statistics: false });
    await encoder.write(batches.few([{ column: 'protocol', value: PROTOCOL }]));
    await fixture.store.put(checkpointKey(1), (await encoder.finish()).body);
    expect(await codeOf(loadSnapshot(fixture.log))).toBe('CORRUPT_DATA');
    expect((await loadSnapshot(fixture.log, { version: 0 })).files.count).toBe(1);
  });

  it('refuses a protocol that we lack, also when a later commit takes it back', async () => {
    const fixture = await tableOf(1);
    const future = {
      kind: 'protocol',
      protocol: {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ['featureFromTheFuture'],
        writerFeatures: ['featureFromTheFuture'],
      },
    } as const satisfies Action;
    await fixture.commit(1, [future]);
    await fixture.commit(2, [{ kind: 'protocol', protocol: PROTOCOL }]);
    const error = await loadSnapshot(fixture.log).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      features: ['featureFromTheFuture'],
    });
    expect((await loadSnapshot(fixture.log, { version: 0 })).files.count).toBe(1);
  });

  it('stops with the reason of an abort', async () => {
    const { log } = await tableOf(3);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(loadSnapshot(log, { signal })).rejects.toThrow('enough');
  });

  it('lets transactions expire', async () => {
    const fixture = new LogFixture();
    const configuration = new Map([['delta.setTransactionRetentionDuration', 'interval 1 hour']]);
    const txn = (appId: string, lastUpdated: number | undefined): Action => ({
      kind: 'txn',
      txn: { appId, version: 1n, lastUpdated },
    });
    await fixture.commit(0, [
      { kind: 'protocol', protocol: PROTOCOL },
      { kind: 'metaData', metaData: metadata({ configuration }) },
      txn('new', 8_000_000),
      txn('old', 1_000_000),
      txn('undated', undefined),
    ]);
    fixture.nowMs = 8_000_000;
    expect([...(await loadSnapshot(fixture.log)).transactions.keys()]).toEqual(['new']);
  });

  it('dates a version by its commit, never before the version before it', async () => {
    const fixture = new LogFixture();
    await fixture.commit(0, CREATE);
    await fixture.commit(1, [add('a')]);
    fixture.nowMs -= 60_000;
    await fixture.commit(2, [add('b')]);
    const times = await Promise.all(
      [0, 1, 2].map(async (version) => (await loadSnapshot(fixture.log, { version })).timestampMs),
    );
    expect(times).toEqual([1_001_000, 1_002_000, 1_002_001]);
  });

  it('dates a version by the time in its commit where the table keeps it', async () => {
    const fixture = new LogFixture();
    const configuration = new Map([['delta.enableInCommitTimestamps', 'true']]);
    const info = (inCommitTimestamp: number): Action => ({
      kind: 'commitInfo',
      commitInfo: { inCommitTimestamp },
    });
    const protocol = {
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ['inCommitTimestamp'],
    };
    await fixture.commit(0, [
      info(77),
      { kind: 'protocol', protocol },
      { kind: 'metaData', metaData: metadata({ configuration }) },
    ]);
    await fixture.commit(1, [info(78), add('a')]);
    const snapshot = await loadSnapshot(fixture.log);
    expect(snapshot.timestampMs).toBe(78);
    await writeCheckpoint(fixture.log, snapshot);
    const again = await loadSnapshot(fixture.log);
    expect([again.checkpointVersion, again.timestampMs]).toEqual([1, 78]);
  });
});

describe('refreshSnapshot', () => {
  it('gives the same object and reads nothing when nothing is new', async () => {
    const fixture = await tableOf(3);
    const snapshot = await loadSnapshot(fixture.log);
    fixture.forgetRequests();
    expect(await refreshSnapshot(fixture.log, snapshot)).toBe(snapshot);
    expect(fixture.requests).toEqual({ gets: [], lists: 1 });
  });

  it('reads only what is new, and keeps the objects that did not change', async () => {
    const fixture = await tableOf(3);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    const snapshot = await loadSnapshot(fixture.log);
    await fixture.commit(3, [remove('f1'), add('new')]);
    fixture.forgetRequests();
    const next = await refreshSnapshot(fixture.log, snapshot);
    expect(fixture.requests.gets).toEqual([commitKey(3)]);
    expect(paths(next)).toEqual(['f0', 'f2', 'new']);
    expect(paths(snapshot)).toEqual(['f0', 'f1', 'f2']);
    expect([next.protocol, next.metadata]).toEqual([snapshot.protocol, snapshot.metadata]);
    expect(next.protocol).toBe(snapshot.protocol);
    expect(next.metadata).toBe(snapshot.metadata);
  });

  it('sees a table that was dropped and made again', async () => {
    const fixture = await tableOf(2);
    const snapshot = await loadSnapshot(fixture.log);
    for (const version of [0, 1]) await fixture.store.delete(commitKey(version));
    const metaData = metadata({ id: 'another' });
    await fixture.commit(0, [
      { kind: 'protocol', protocol: PROTOCOL },
      { kind: 'metaData', metaData },
    ]);
    await fixture.commit(1, [add('other')]);
    const error = await refreshSnapshot(fixture.log, snapshot).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'NOT_FOUND', kind: 'table', available: 'another' });
  });

  it('reads a log anew whose own version was replaced', async () => {
    const fixture = await tableOf(2);
    const snapshot = await loadSnapshot(fixture.log);
    await fixture.commit(1, [add('restored')]);
    expect(paths(await refreshSnapshot(fixture.log, snapshot))).toEqual(['f0', 'restored']);
  });

  it('reports versions that are gone', async () => {
    const fixture = await tableOf(3);
    const snapshot = await loadSnapshot(fixture.log);
    await fixture.store.delete(commitKey(2));
    expect(await codeOf(refreshSnapshot(fixture.log, snapshot))).toBe('CORRUPT_DATA');
    for (const version of [0, 1]) await fixture.store.delete(commitKey(version));
    expect(await codeOf(refreshSnapshot(fixture.log, snapshot))).toBe('NOT_FOUND');
  });

  it('goes on from a checkpoint when the commits between were cleaned away', async () => {
    const fixture = await tableOf(3);
    const snapshot = await loadSnapshot(fixture.log);
    for (const version of [3, 4]) await fixture.commit(version, [add(`f${version}`)]);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    for (const version of [0, 1, 2, 3]) await fixture.store.delete(commitKey(version));
    const next = await refreshSnapshot(fixture.log, snapshot);
    expect([next.version, next.files.count]).toEqual([4, 5]);
  });

  it('loads anew when far more is new than a checkpoint takes', async () => {
    const fixture = await tableOf(1);
    const snapshot = await loadSnapshot(fixture.log);
    const last = MAX_INCREMENTAL_COMMITS + 2;
    for (let version = 1; version <= last; version++) {
      await fixture.commit(version, [add(`f${version}`)]);
    }
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log, { version: last - 1 }));
    fixture.forgetRequests();
    const next = await refreshSnapshot(fixture.log, snapshot);
    expect(next.files.count).toBe(last + 1);
    expect(fixture.requests.gets.length).toBeLessThan(10);
  });
});

describe('advanceSnapshot', () => {
  it('needs no reading, and the next refresh sees that nothing is new', async () => {
    const fixture = await tableOf(2);
    const snapshot = await loadSnapshot(fixture.log);
    await fixture.commit(2, [add('mine')]);
    fixture.forgetRequests();
    const mine = await advanceSnapshot(fixture.log, snapshot, 2, [add('mine')]);
    expect(fixture.requests.gets).toEqual([]);
    expect(paths(mine)).toEqual(['f0', 'f1', 'mine']);
    expect(mine.timestampMs).toBe((await loadSnapshot(fixture.log)).timestampMs);
    expect(await refreshSnapshot(fixture.log, mine)).toBe(mine);
  });

  it('begins a table', async () => {
    const fixture = new LogFixture();
    await fixture.commit(0, CREATE);
    const snapshot = await advanceSnapshot(fixture.log, undefined, 0, CREATE);
    expect([snapshot.version, snapshot.files.count]).toEqual([0, 0]);
  });
});
