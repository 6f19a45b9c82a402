import { describe, expect, it } from 'vitest';
import { type Commit, DeltaTable, type StorageProvider } from '../../src/index.js';
import { commitKey } from '../../src/log/log-path.js';
import {
  faultStore,
  memoryStorage,
  Scheduler,
  scheduledStorage,
  seededFaults,
} from '../../src/testing/index.js';
import { changeSchema, gated, isCommit, type Lake, LOCATION, lake } from './writer-fixture.js';

const SCHEMA = { id: 'long not null', note: 'string' } as const;
const group = true;

async function opened(of: Lake = lake(), storage: StorageProvider = of.storage) {
  const made = await DeltaTable.create(LOCATION, { schema: SCHEMA, storage: of.storage });
  const table = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage });
  return { ...of, made, table };
}

async function idsOf(table: DeltaTable<typeof SCHEMA>): Promise<number[]> {
  const found = await table.scan().toArray();
  return found.map(({ id }) => Number(id)).toSorted((a, b) => a - b);
}

/** The actions of one kind in a commit. */
async function actionsOf(storage: StorageProvider, version: number, kind: string) {
  const object = await storage.open(new URL(LOCATION)).get(commitKey(version));
  const lines = new TextDecoder().decode(object?.bytes).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => kind in line);
}

describe('appends in a group', () => {
  it('share a commit and a file, and each is told its own rows', async () => {
    const { table, storage } = await opened();
    const commits = await Promise.all(
      Array.from({ length: 20 }, (_, id) =>
        table.append(
          Array.from({ length: id + 1 }, () => ({ id })),
          { group },
        ),
      ),
    );
    for (const [at, commit] of commits.entries()) {
      expect(commit).toMatchObject({
        version: 1,
        outcome: 'committed',
        metrics: { rowsAdded: at + 1, filesAdded: 1 },
      });
    }
    expect(await actionsOf(storage, 1, 'add')).toHaveLength(1);
    expect(await actionsOf(storage, 1, 'commitInfo')).toMatchObject([
      { commitInfo: { isBlindAppend: true, operationMetrics: { numOutputRows: '210' } } },
    ]);
    expect(await idsOf(table)).toHaveLength(210);
  });

  it('wait for the next commit while one is under way', async () => {
    const of = lake();
    const { storage, reached, open } = gated(of.process());
    const { table } = await opened(of, storage);
    const first = table.append([{ id: 0 }], { group });
    await reached;
    const later = [1, 2, 3].map((id) => table.append([{ id }], { group }));
    open();
    expect(await first).toMatchObject({ version: 1 });
    expect((await Promise.all(later)).map(({ version }) => version)).toEqual([2, 2, 2]);
    expect(await idsOf(table)).toEqual([0, 1, 2, 3]);
  });

  it('fail alone when their rows are bad', async () => {
    const { table } = await opened();
    const told = await Promise.allSettled([
      table.append([{ id: 1 }], { group }),
      table.append([{ id: 2 }, { id: 'three' } as never], { group }),
      table.append([{ id: 4 }], { group }),
      table.append([], { group }),
    ]);
    expect(told).toMatchObject([
      { value: { version: 1, outcome: 'committed' } },
      { reason: { code: 'SCHEMA_MISMATCH', row: 1, column: 'id' } },
      { value: { version: 1, outcome: 'committed' } },
      { value: { outcome: 'nothing-to-do', metrics: { rowsAdded: 0, filesAdded: 0 } } },
    ]);
    expect(await idsOf(table)).toEqual([1, 4]);
  });

  it('fail alone when their rows do not fit a schema that was changed meanwhile', async () => {
    const of = lake();
    const { storage, reached, open } = gated(of.process());
    const { table } = await opened(of, storage);
    const idempotency = { appId: 'a', sequence: 1 };
    const pending = Promise.allSettled([
      table.append([{ id: 1, note: 'x' }], { group }),
      table.append([{ id: 2 }], { group, idempotency }),
      table.append([{ id: 3, note: 'z' }], { group }),
    ]);
    await reached;
    await changeSchema(of.storage, 1, [
      { name: 'id', type: 'long', nullable: false },
      { name: 'note', type: 'string', nullable: false },
    ]);
    open();
    expect(await pending).toMatchObject([
      { value: { version: 2, metrics: { rowsAdded: 1 } } },
      { reason: { code: 'SCHEMA_MISMATCH', column: 'note' } },
      { value: { version: 2, metrics: { rowsAdded: 1 } } },
    ]);
    expect(await idsOf(table)).toEqual([1, 3]);
    expect((await table.snapshot()).transactions.size).toBe(0);
  });

  it('tell how far they are before the commit, so that what a callback throws leaves nothing', async () => {
    const { table } = await opened();
    const before = (await table.snapshot()).version;
    const reason = new Error('cannot show this');
    const done = table.append([{ id: 7 }], {
      group: true,
      onProgress: () => {
        throw reason;
      },
    });
    await expect(done).rejects.toBe(reason);
    expect((await table.snapshot()).version).toBe(before);
  });

  it('keep their sequences, one of an application in a commit', async () => {
    const { table, storage } = await opened();
    await table.append([{ id: 0 }], { idempotency: { appId: 'a', sequence: 3 } });
    const once = (id: number, appId: string, sequence: number) =>
      table.append([{ id }], { group, idempotency: { appId, sequence } });
    const commits = await Promise.all([
      once(1, 'a', 3),
      once(2, 'a', 4),
      once(3, 'b', 0),
      once(4, 'a', 5),
      once(5, 'b', 0),
    ]);
    expect(commits.map(({ version, outcome }) => [version, outcome])).toEqual([
      [2, 'already-applied'],
      [2, 'committed'],
      [2, 'committed'],
      [2, 'committed'],
      [2, 'already-applied'],
    ]);
    expect(await actionsOf(storage, 2, 'txn')).toMatchObject([
      { txn: { appId: 'a', version: 5 } },
      { txn: { appId: 'b', version: 0 } },
    ]);
    expect(await idsOf(table)).toEqual([0, 2, 3, 4]);
  });

  it('do not lose with one whose sequence another process commits meanwhile', async () => {
    const of = lake();
    const { storage, reached, open } = gated(of.process());
    const { table, made } = await opened(of, storage);
    const idempotency = { appId: 'a', sequence: 1 };
    const pending = Promise.all([
      table.append([{ id: 1 }], { group, idempotency }),
      table.append([{ id: 2 }], { group }),
      table.append([{ id: 3 }], { group, idempotency: { appId: 'b', sequence: 1 } }),
    ]);
    await reached;
    await made.append([{ id: 9 }], { idempotency });
    open();
    expect(await pending).toMatchObject([
      { outcome: 'already-applied' },
      { version: 2, outcome: 'committed' },
      { version: 2, outcome: 'committed' },
    ]);
    expect(await idsOf(table)).toEqual([2, 3, 9]);
  });

  it('leave when they are aborted before the commit is sent, and the others stay', async () => {
    const of = lake();
    const stop = new AbortController();
    const reason = new Error('stop');
    const plan = ({ operation, key }: { operation: string; key: string }): undefined => {
      if (operation === 'put' && key.endsWith('.parquet')) stop.abort(reason);
    };
    const { table } = await opened(of, of.process(plan));
    const told = await Promise.allSettled([
      table.append([{ id: 1 }], { group, signal: stop.signal }),
      table.append([{ id: 2 }], { group, signal: new AbortController().signal }),
      table.append([{ id: 3 }], { group, signal: AbortSignal.abort(reason) }),
    ]);
    expect(told).toMatchObject([{ reason }, { value: { version: 1 } }, { reason }]);
    expect(await idsOf(table)).toEqual([2]);
    const files = [];
    for await (const { key } of of.storage.open(new URL(LOCATION)).list('')) {
      if (key.endsWith('.parquet')) files.push(key);
    }
    expect(files).toHaveLength(1);
  });

  it('leave at once while they wait for another commit', async () => {
    const of = lake();
    const { storage, reached, open } = gated(of.process());
    const { table } = await opened(of, storage);
    const first = table.append([{ id: 0 }], { group });
    await reached;
    const stop = new AbortController();
    const waiting = table.append([{ id: 1 }], { group, signal: stop.signal });
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    open();
    await first;
    expect(await idsOf(table)).toEqual([0]);
  });

  it('are all told when nobody knows whether the commit landed', async () => {
    const of = lake();
    const state = { isDark: true };
    const { table } = await opened(
      of,
      of.process(({ operation, key }) => {
        if (!state.isDark || !isCommit(key, 1)) return undefined;
        return operation === 'putIfAbsent'
          ? 'lost-reply'
          : operation === 'get'
            ? 'fail'
            : undefined;
      }),
    );
    const told = await Promise.allSettled([1, 2].map((id) => table.append([{ id }], { group })));
    expect(told).toMatchObject([
      { reason: { code: 'COMMIT_STATE_UNKNOWN', attempt: { version: 1 } } },
      { reason: { code: 'COMMIT_STATE_UNKNOWN', attempt: { version: 1 } } },
    ]);
    state.isDark = false;
    expect(await idsOf(table)).toEqual([1, 2]);
  });

  it('are told that they do not fit, though nobody knows whether the commit of the others landed', async () => {
    const of = lake();
    const { storage, reached, open } = gated(
      of.process(({ operation, key }) => {
        if (!isCommit(key, 2)) return undefined;
        return operation === 'putIfAbsent' ? 'lost-reply' : 'fail';
      }),
    );
    const { table, made } = await opened(of, storage);
    const pending = Promise.allSettled([
      table.append([{ id: 1, note: 'x' }], { group }),
      table.append([{ id: 2 }], { group }),
    ]);
    await reached;
    await changeSchema(of.storage, 1, [
      { name: 'id', type: 'long', nullable: false },
      { name: 'note', type: 'string', nullable: false },
    ]);
    open();
    expect(await pending).toMatchObject([
      { reason: { code: 'COMMIT_STATE_UNKNOWN', attempt: { version: 2 } } },
      { reason: { code: 'SCHEMA_MISMATCH', column: 'note' } },
    ]);
    expect(await idsOf(made)).toEqual([1]);
  });

  it('land exactly once each, whoever else writes and whatever answers are lost', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const scheduler = new Scheduler(seed);
      const stored = memoryStorage({ clock: scheduler.clock('lake') });
      await DeltaTable.create(LOCATION, { schema: SCHEMA, storage: stored });
      const actor = (name: string, from: number) => async (): Promise<readonly Commit[]> => {
        const faults = seededFaults(seed * 7 + from, {
          putIfAbsent: { 'lost-reply': 0.2, 'lost-request': 0.1, 'late-request': 0.1 },
        });
        const storage = scheduledStorage(stored, scheduler, name, (store) =>
          faultStore(store, faults, { arrival: () => scheduler.point(name, 'arrive') }),
        );
        const table = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage });
        return await Promise.all(
          Array.from({ length: 6 }, (_, at) =>
            table.append([{ id: from + at }], {
              group: at % 3 < 2,
              // Alone, two of one application at once would be in each other's way.
              idempotency: {
                appId: `${name} ${at % 3 < 2 ? at % 3 : `alone ${at}`}`,
                sequence: at,
              },
            }),
          ),
        );
      };
      const settled = await scheduler.run({ a: actor('a', 0), b: actor('b', 100) });
      const table = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage: { ...stored } });
      const ids = await idsOf(table);
      expect(new Set(ids).size, `seed ${seed}`).toBe(ids.length);
      for (const [actorAt, one] of settled.entries()) {
        if (one.status === 'rejected') throw one.reason;
        for (const [at, { outcome }] of one.value.entries()) {
          expect(ids.includes(actorAt * 100 + at), `seed ${seed}`).toBe(outcome === 'committed');
        }
      }
    }
  });
});
