import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/log/actions.js';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { encodeAction } from '../../src/log/encode-action.js';
import { checkpointKey, commitKey, LOG, SIDECARS, versionDigits } from '../../src/log/log-path.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';
import { add, CREATE, LogFixture, remove } from './log-fixture.js';

const UUID = '80a083e8-7026-4e79-81be-64bd76c43a11';

function v2Key(version: number, uuid = UUID): string {
  return `${LOG}${versionDigits(version)}.checkpoint.${uuid}.json`;
}

function paths(snapshot: Snapshot): string[] {
  return [...snapshot.files.files()].map(({ path }) => path).toSorted();
}

/** The bytes of a Parquet checkpoint with these actions behind a protocol and a metaData. */
async function parquetOf(actions: readonly Action[]): Promise<Uint8Array> {
  const fixture = new LogFixture();
  await fixture.commit(0, [...CREATE, ...actions]);
  await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
  const object = await fixture.store.get(checkpointKey(0));
  return object?.bytes ?? new Uint8Array(0);
}

function lines(...actions: readonly (Action | Record<string, unknown>)[]): string {
  return actions
    .map(
      (action) => `${'kind' in action ? encodeAction(action as Action) : JSON.stringify(action)}\n`,
    )
    .join('');
}

const OWN = { checkpointMetadata: { version: 2 } };

/** Three versions that add `f0`, `f1` and `f2`, and a sidecar that says the same in other words. */
async function withSidecar(name = 'side.parquet'): Promise<{ fixture: LogFixture; size: number }> {
  const fixture = new LogFixture();
  await fixture.commit(0, [...CREATE, add('f0')]);
  await fixture.commit(1, [add('f1'), remove('f0')]);
  await fixture.commit(2, [add('f2')]);
  const bytes = await parquetOf([
    add('s1'),
    add('s2'),
    remove('s0', { deletionTimestamp: 10 ** 12 }),
  ]);
  await fixture.put(`${SIDECARS}${name}`, bytes);
  return { fixture, size: bytes.length };
}

describe('v2 checkpoints', () => {
  it('reads adds and tombstones from sidecars, and nothing else of them', async () => {
    const { fixture, size } = await withSidecar();
    const txn: Action = { kind: 'txn', txn: { appId: 'a', version: 7n } };
    const sidecar = { sidecar: { path: 'side.parquet', sizeInBytes: size, modificationTime: 1 } };
    await fixture.put(v2Key(2), lines(OWN, ...CREATE, txn, sidecar));
    const snapshot = await loadSnapshot(fixture.log);
    expect(paths(snapshot)).toEqual(['s1', 's2']);
    expect(snapshot.checkpointVersion).toBe(2);
    expect(snapshot.transactions.get('a')?.version).toBe(7n);
    const gone: string[] = [];
    for await (const { path } of snapshot.tombstones()) gone.push(path);
    expect(gone).toEqual(['s0']);
  });

  it('replays commits on top of sidecars', async () => {
    const { fixture, size } = await withSidecar();
    await fixture.put(
      v2Key(2),
      lines(OWN, ...CREATE, { sidecar: { path: 'side.parquet', sizeInBytes: size } }),
    );
    await fixture.commit(3, [remove('s1'), add('f3')]);
    expect(paths(await loadSnapshot(fixture.log))).toEqual(['f3', 's2']);
  });

  it('reads files that are inline in JSON, tombstones too', async () => {
    const { fixture } = await withSidecar();
    await fixture.put(v2Key(2), lines(OWN, ...CREATE, add('i1'), add('i2'), remove('i0')));
    await fixture.commit(3, [remove('i2')]);
    const snapshot = await loadSnapshot(fixture.log);
    expect(paths(snapshot)).toEqual(['i1']);
    expect(snapshot.checkpointVersion).toBe(2);
    const gone: string[] = [];
    for await (const { path } of snapshot.tombstones()) gone.push(path);
    expect(gone).toEqual(['i0', 'i2']);
  });

  it.each([
    ['no checkpointMetadata', lines(...CREATE, add('x'))],
    ['two of them', lines(OWN, OWN, ...CREATE, add('x'))],
    ['one of another version', lines({ checkpointMetadata: { version: 1 } }, ...CREATE, add('x'))],
    ['inline files beside sidecars', 'mixed'],
    [
      'a sidecar that is gone',
      lines(OWN, ...CREATE, { sidecar: { path: 'gone.parquet', sizeInBytes: 9 } }),
    ],
    [
      'a sidecar of another size',
      lines(OWN, ...CREATE, { sidecar: { path: 'side.parquet', sizeInBytes: 9 } }),
    ],
    ['torn JSON', `${lines(OWN, ...CREATE)}{"sidecar":{"path":"side.par`],
    ['an empty file', ''],
  ])('passes over a checkpoint with %s for the commits', async (_what, given) => {
    const { fixture, size } = await withSidecar();
    const mixed = lines(OWN, ...CREATE, add('x'), {
      sidecar: { path: 'side.parquet', sizeInBytes: size },
    });
    await fixture.put(v2Key(2), given === 'mixed' ? mixed : given);
    const snapshot = await loadSnapshot(fixture.log);
    expect(paths(snapshot)).toEqual(['f1', 'f2']);
    expect(snapshot.checkpointVersion).toBeUndefined();
  });

  it('passes over one with a damaged sidecar for another of the same version', async () => {
    const { fixture } = await withSidecar();
    const sidecar = { sidecar: { path: 'side.parquet', sizeInBytes: 9 } };
    await fixture.put(v2Key(2), lines(OWN, ...CREATE, sidecar));
    const other = UUID.replace('8', '9');
    await fixture.put(v2Key(2, other), lines(OWN, ...CREATE, add('i1')));
    expect(paths(await loadSnapshot(fixture.log))).toEqual(['i1']);
  });

  it('fails, naming the sidecar, when no other way leads to the version', async () => {
    const { fixture } = await withSidecar();
    const sidecar = { sidecar: { path: 'gone.parquet', sizeInBytes: 9 } };
    await fixture.put(v2Key(2), lines(OWN, ...CREATE, sidecar));
    await fixture.store.delete(commitKey(0));
    const error = await loadSnapshot(fixture.log).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CORRUPT_DATA', key: `${SIDECARS}gone.parquet` });
  });

  it.each([
    ['side%20one.parquet'],
    ['memory://lake/table/_delta_log/_sidecars/side%20one.parquet'],
    ['/table/_delta_log/_sidecars/side%20one.parquet'],
  ])('finds the sidecar %s', async (path) => {
    const { fixture, size } = await withSidecar('side one.parquet');
    await fixture.put(v2Key(2), lines(OWN, ...CREATE, { sidecar: { path, sizeInBytes: size } }));
    expect(paths(await loadSnapshot(fixture.log))).toEqual(['s1', 's2']);
  });

  it.each([
    ['../side.parquet'],
    ['..%2f..%2fside.parquet'],
    ['memory://lake/table/side.parquet'],
    ['memory://other/table/_delta_log/_sidecars/side.parquet'],
    ['file:///etc/passwd'],
    ['/etc/passwd'],
    [''],
  ])('reads nothing for the sidecar path %j', async (path) => {
    const { fixture, size } = await withSidecar();
    await fixture.put(`${LOG}side.parquet`, 'x');
    await fixture.put(v2Key(2), lines(OWN, ...CREATE, { sidecar: { path, sizeInBytes: size } }));
    fixture.forgetRequests();
    expect(paths(await loadSnapshot(fixture.log))).toEqual(['f1', 'f2']);
    expect(fixture.requests.gets.filter((key) => key.endsWith('.parquet'))).toEqual([]);
  });
});
