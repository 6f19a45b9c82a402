import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/log/actions.js';
import { encodeAction } from '../../src/log/encode-action.js';
import { commitKey, LOG, versionDigits } from '../../src/log/log-path.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';
import { add, CREATE, LogFixture, metadata, remove } from './log-fixture.js';

function compactionKey(from: number, to: number): string {
  return `${LOG}${versionDigits(from)}.${versionDigits(to)}.compacted.json`;
}

function lines(...actions: readonly Action[]): string {
  return actions.map((action) => `${encodeAction(action)}\n`).join('');
}

function paths(snapshot: Snapshot): string[] {
  return [...snapshot.files.files()].map(({ path }) => path).toSorted();
}

const domain = (removed: boolean): Action => ({
  kind: 'domainMetadata',
  domainMetadata: { domain: 'd', configuration: '{}', removed },
});

/** Versions 0 to 4; what 1 to 3 did is in a compaction too. */
async function compactedLog(): Promise<LogFixture> {
  const fixture = new LogFixture();
  await fixture.commit(0, [...CREATE, add('f0'), add('g0'), domain(false)]);
  await fixture.commit(1, [add('f1')]);
  await fixture.commit(2, [remove('f1', { deletionTimestamp: 1 }), remove('f0'), domain(true)]);
  await fixture.commit(3, [add('f3')]);
  await fixture.commit(4, [add('f4')]);
  const gone = [remove('f1', { deletionTimestamp: 1 }), remove('f0')];
  await fixture.put(compactionKey(1, 3), lines(...gone, add('f3'), domain(true)));
  return fixture;
}

function commitsRead({ requests }: LogFixture): string[] {
  return requests.gets.filter((key) => /\d{20}\.json$/.test(key));
}

describe('log compaction files', () => {
  it('stand for their commits', async () => {
    const fixture = await compactedLog();
    fixture.forgetRequests();
    const snapshot = await loadSnapshot(fixture.log);
    expect(commitsRead(fixture)).toEqual([0, 4].map(commitKey));
    expect(snapshot.version).toBe(4);
    expect(paths(snapshot)).toEqual(['f3', 'f4', 'g0']);
    expect(snapshot.domains.size).toBe(0);
    const gone: string[] = [];
    for await (const { path } of snapshot.tombstones()) gone.push(path);
    expect(gone.toSorted()).toEqual(['f0', 'f1']);
    await fixture.store.delete(compactionKey(1, 3));
    expect(snapshot.timestampMs).toBe((await loadSnapshot(fixture.log)).timestampMs);
  });

  it.each(['', 'not json', '{"add":{"path":'])('are passed over when damaged: %j', async (text) => {
    const fixture = await compactedLog();
    await fixture.put(compactionKey(1, 3), text);
    fixture.forgetRequests();
    expect(paths(await loadSnapshot(fixture.log))).toEqual(['f3', 'f4', 'g0']);
    const read = commitsRead(fixture).toSorted((a, b) => (a < b ? -1 : 1));
    expect(read).toEqual([0, 1, 2, 3, 4].map(commitKey));
  });

  it('are not read for a version within them', async () => {
    const fixture = await compactedLog();
    expect(paths(await loadSnapshot(fixture.log, { version: 1 }))).toEqual(['f0', 'f1', 'g0']);
    expect(paths(await loadSnapshot(fixture.log, { version: 2 }))).toEqual(['g0']);
  });

  it('carry no time: that of the last commit is read from it', async () => {
    const fixture = new LogFixture();
    const own = (inCommitTimestamp: number): Action => ({
      kind: 'commitInfo',
      commitInfo: { inCommitTimestamp },
    });
    const configuration = new Map([['delta.enableInCommitTimestamps', 'true']]);
    const [protocol] = CREATE;
    if (protocol === undefined) throw new TypeError('no protocol');
    await fixture.commit(0, [
      own(5),
      protocol,
      { kind: 'metaData', metaData: metadata({ configuration }) },
    ]);
    await fixture.commit(1, [own(6), add('f1')]);
    await fixture.commit(2, [own(7), add('f2')]);
    await fixture.put(compactionKey(1, 2), lines(add('f1'), add('f2')));
    fixture.forgetRequests();
    const snapshot = await loadSnapshot(fixture.log);
    expect(snapshot.timestampMs).toBe(7);
    expect(commitsRead(fixture)).toEqual([0, 2].map(commitKey));
    expect(paths(snapshot)).toEqual(['f1', 'f2']);
  });
});

describe('version checksums', () => {
  it('never change what the log says', async () => {
    const fixture = await compactedLog();
    const before = await loadSnapshot(fixture.log);
    const lie = { numFiles: 99, tableSizeBytes: 1, metadata: { id: 'other' }, allFiles: [] };
    for (const version of [0, 3, 4]) {
      await fixture.put(commitKey(version).replace('.json', '.crc'), JSON.stringify(lie));
    }
    const after = await loadSnapshot(fixture.log);
    expect(paths(after)).toEqual(paths(before));
    expect(after.metadata).toEqual(before.metadata);
  });
});
