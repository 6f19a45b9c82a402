import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/log/actions.js';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { versionAt } from '../../src/log/commit-times.js';
import { readHistory } from '../../src/log/history.js';
import { checkpointKey, commitKey, LOG } from '../../src/log/log-path.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { LogContext } from '../../src/log/table-snapshot.js';
import type { ObjectInfo } from '../../src/storage/object-store.js';
import { add, CREATE, LogFixture, metadata } from './log-fixture.js';

/** Commits at these times, the first of them creating the table. */
async function tableAt(...times: readonly number[]): Promise<LogFixture> {
  const fixture = new LogFixture();
  for (const [version, time] of times.entries()) {
    fixture.nowMs = time - 1_000;
    await fixture.commit(version, version === 0 ? CREATE : [add(`f${version}`)]);
  }
  return fixture;
}

async function at({ log }: LogFixture, timestampMs: number): Promise<number | string> {
  const latest = await loadSnapshot(log);
  try {
    return await versionAt(log, latest, timestampMs);
  } catch (error) {
    return (error as { readonly available?: string }).available ?? String(error);
  }
}

const iso = (timestampMs: number): string => new Date(timestampMs).toISOString();

/** In-commit timestamps from version `from` on; version n carries `times[n]` where it is defined. */
async function tableWithOwnTimes(
  times: readonly (number | undefined)[],
  properties: Readonly<Record<string, string>>,
): Promise<LogFixture> {
  const fixture = new LogFixture();
  const configuration = new Map(
    Object.entries({ 'delta.enableInCommitTimestamps': 'true', ...properties }),
  );
  const create: readonly Action[] = [
    {
      kind: 'protocol',
      protocol: { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ['inCommitTimestamp'] },
    },
    { kind: 'metaData', metaData: metadata({ configuration }) },
  ];
  for (const [version, inCommitTimestamp] of times.entries()) {
    const info: Action = { kind: 'commitInfo', commitInfo: { inCommitTimestamp } };
    await fixture.commit(version, [info, ...(version === 0 ? create : [add(`f${version}`)])]);
  }
  return fixture;
}

describe('versionAt', () => {
  it('is the newest version at or before the instant', async () => {
    const fixture = await tableAt(10_000, 20_000, 30_000);
    expect(await at(fixture, 10_000)).toBe(0);
    expect(await at(fixture, 19_999)).toBe(0);
    expect(await at(fixture, 20_000)).toBe(1);
    expect(await at(fixture, 30_000)).toBe(2);
  });

  it('refuses instants outside the range and names it', async () => {
    const fixture = await tableAt(10_000, 20_000);
    expect(await at(fixture, 9_999)).toBe(`${iso(10_000)}..${iso(20_000)}`);
    expect(await at(fixture, 20_001)).toBe(`${iso(10_000)}..${iso(20_000)}`);
  });

  it('takes times that stand still or go back as a millisecond after the one before', async () => {
    const fixture = await tableAt(10_000, 5_000, 5_000, 20_000);
    expect(await at(fixture, 10_000)).toBe(0);
    expect(await at(fixture, 10_001)).toBe(1);
    expect(await at(fixture, 10_002)).toBe(2);
    expect(await at(fixture, 19_000)).toBe(2);
  });

  it('begins with the oldest version that can be read', async () => {
    const fixture = await tableAt(10_000, 20_000, 30_000, 40_000);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log, { version: 2 }));
    await fixture.store.delete(commitKey(0));
    expect(await at(fixture, 25_000)).toBe(`${iso(30_000)}..${iso(40_000)}`);
    expect(await at(fixture, 30_000)).toBe(2);
  });

  it('dates a version of which only the checkpoint is left', async () => {
    const fixture = await tableAt(10_000, 20_000);
    fixture.nowMs = 25_000;
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    for (const version of [0, 1]) await fixture.store.delete(commitKey(version));
    fixture.nowMs = 29_000;
    await fixture.commit(2, [add('later')]);
    expect(await at(fixture, 25_000)).toBe(1);
    expect(await at(fixture, 30_000)).toBe(2);
  });

  it('goes by the times in the commits, whatever those of the files are', async () => {
    const fixture = await tableWithOwnTimes([5, 6, 9], {});
    expect(await at(fixture, 5)).toBe(0);
    expect(await at(fixture, 8)).toBe(1);
    expect(await at(fixture, 9)).toBe(2);
    expect(await at(fixture, 10)).toBe(`${iso(5)}..${iso(9)}`);
  });

  it('divides the versions at the instant where in-commit timestamps begin', async () => {
    const fixture = await tableWithOwnTimes([undefined, undefined, 5_000_000, 5_000_001], {
      'delta.inCommitTimestampEnablementVersion': '2',
      'delta.inCommitTimestampEnablementTimestamp': '5000000',
    });
    expect(await at(fixture, 1_001_000)).toBe(0);
    expect(await at(fixture, 1_002_000)).toBe(1);
    expect(await at(fixture, 4_999_999)).toBe(1);
    expect(await at(fixture, 5_000_000)).toBe(2);
    expect(await at(fixture, 5_000_001)).toBe(3);
  });

  it('refuses a commit that lacks the time it should carry', async () => {
    const fixture = await tableWithOwnTimes([5, 6, undefined], {});
    const latest = await loadSnapshot(fixture.log);
    await expect(versionAt(fixture.log, latest, 6)).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      key: commitKey(2),
    });
  });
});

describe('readHistory', () => {
  it('tells the commits newest first, as they describe themselves', async () => {
    const fixture = await tableAt(10_000);
    const commitInfo = {
      timestamp: 1,
      operation: 'WRITE',
      operationParameters: { mode: 'Append', partitionBy: ['day'], predicate: null },
      operationMetrics: { numFiles: '1' },
      isBlindAppend: true,
      engineInfo: 'some engine',
      readVersion: 0,
      isolationLevel: 'Serializable',
      txnId: 't',
      userMetadata: 'note',
    };
    fixture.nowMs = 19_000;
    await fixture.commit(1, [{ kind: 'commitInfo', commitInfo }, add('a')]);
    const latest = await loadSnapshot(fixture.log);
    const history = await readHistory(fixture.log, { latest });
    expect(history).toEqual([
      {
        ...commitInfo,
        timestamp: undefined,
        version: 1,
        timestampMs: 20_000,
        operationParameters: { mode: 'Append', partitionBy: '["day"]' },
      },
      { version: 0, timestampMs: 10_000, operationParameters: {}, operationMetrics: {} },
    ]);
  });

  it('reads only as many commits as are asked for, and none behind the snapshot', async () => {
    const fixture = await tableAt(10_000, 20_000, 30_000, 40_000);
    const latest = await loadSnapshot(fixture.log, { version: 2 });
    fixture.forgetRequests();
    const history = await readHistory(fixture.log, { latest, limit: 2 });
    expect(history.map(({ version }) => version)).toEqual([2, 1]);
    expect(new Set(fixture.requests.gets)).toEqual(new Set([commitKey(2), commitKey(1)]));
  });

  it('finds a commitInfo that is not on the first line of a long commit', async () => {
    const fixture = await tableAt(10_000);
    const long = JSON.stringify({ add: { ...addJson, path: 'x'.repeat(50_000) } });
    await fixture.put(commitKey(1), `${long}\n{"commitInfo":{"operation":"LATE"}}\n`);
    const latest = await loadSnapshot(fixture.log);
    const [newest] = await readHistory(fixture.log, { latest });
    expect(newest?.operation).toBe('LATE');
  });
});

describe('versions and instants of a log', () => {
  /** What is listed from now on; by the listing, not by the store. */
  const listing = (
    fixture: LogFixture,
    shown: (infos: readonly ObjectInfo[]) => readonly ObjectInfo[] | Promise<readonly ObjectInfo[]>,
  ): LogContext => ({
    ...fixture.log,
    store: {
      ...fixture.store,
      async *list(prefix, options) {
        const infos: ObjectInfo[] = [];
        for await (const info of fixture.store.list(prefix, options)) infos.push(info);
        yield* await shown(infos);
      },
    },
  });

  it('are those up to the version that was read, where the listing is behind', async () => {
    const fixture = await tableAt(10_000, 20_000, 30_000, 40_000);
    const latest = await loadSnapshot(fixture.log, { version: 2 });
    for (const count of [0, 1, 2]) {
      const log = listing(fixture, (infos) => infos.slice(0, count));
      expect(await versionAt(log, latest, 20_000)).toBe(1);
      expect(await versionAt(log, latest, 30_000)).toBe(2);
      const history = await readHistory(log, { latest });
      expect(history.map(({ version }) => version)).toEqual([2, 1, 0]);
    }
  });

  it('are those that are left, where a clean-up takes listed commits away', async () => {
    const fixture = await tableWithOwnTimes([10, 20, 30], {});
    const latest = await loadSnapshot(fixture.log);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log, { version: 1 }));
    const log = listing(fixture, async (infos) => {
      await fixture.store.delete(commitKey(0));
      return infos;
    });
    expect(await versionAt(log, latest, 20)).toBe(1);
    const again = await tableAt(10_000, 20_000);
    const vanishing = listing(again, async (infos) => {
      await again.store.delete(commitKey(0));
      return infos;
    });
    const history = await readHistory(vanishing, { latest: await loadSnapshot(again.log) });
    expect(history.map(({ version }) => version)).toEqual([1]);
  });

  it('are damaged where what is listed is never there', async () => {
    const fixture = await tableAt(10_000, 20_000);
    const latest = await loadSnapshot(fixture.log);
    const all: ObjectInfo[] = [];
    for await (const info of fixture.store.list(LOG)) all.push(info);
    await fixture.store.delete(commitKey(0));
    const log = listing(fixture, () => all);
    await expect(readHistory(log, { latest })).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      key: commitKey(0),
    });
  });

  it('are not found where their checkpoint goes while it is read', async () => {
    const fixture = await tableAt(10_000, 20_000, 30_000, 40_000);
    for (const version of [1, 3]) {
      await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log, { version }));
    }
    const log = listing(fixture, async (infos) => {
      for (const key of [commitKey(0), commitKey(1), commitKey(2), checkpointKey(1)]) {
        await fixture.store.delete(key);
      }
      return infos;
    });
    await expect(loadSnapshot(log, { version: 2 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'version',
      available: '3..3',
    });
  });
});

const addJson = { partitionValues: {}, size: 1, modificationTime: 1, dataChange: true };
