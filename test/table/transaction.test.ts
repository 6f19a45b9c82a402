import { describe, expect, it } from 'vitest';
import { DeltaTable, eq, gt, type StorageProvider, type Transaction } from '../../src/index.js';
import { commitKey } from '../../src/log/log-path.js';
import {
  faultStore,
  memoryStorage,
  Scheduler,
  scheduledStorage,
  seededFaults,
} from '../../src/testing/index.js';
import { isCommit, type Lake, LOCATION, lake } from './writer-fixture.js';

const SCHEMA = { id: 'long not null', part: 'string' } as const;
type Table = DeltaTable<typeof SCHEMA>;
type Tx = Transaction<typeof SCHEMA>;

async function opened(of: Lake = lake(), storage: StorageProvider = of.storage) {
  const other = await DeltaTable.create(LOCATION, {
    schema: SCHEMA,
    partitionBy: ['part'],
    storage: of.storage,
  });
  await other.append([
    { id: 1, part: 'p' },
    { id: 2, part: 'q' },
  ]);
  const table = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage });
  return { ...of, other, table };
}

async function idsOf(from: { scan: Table['scan'] } | Tx): Promise<number[]> {
  const found = await from.scan().toArray();
  return found.map(({ id }) => Number(id)).toSorted((a, b) => a - b);
}

async function filesIn(storage: StorageProvider): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of storage.open(new URL(LOCATION)).list('')) {
    if (key.endsWith('.parquet') && !key.startsWith('_')) found.push(key);
  }
  return found.toSorted();
}

async function actionsOf(storage: StorageProvider, version: number): Promise<object[]> {
  const object = await storage.open(new URL(LOCATION)).get(commitKey(version));
  const lines = new TextDecoder().decode(object?.bytes).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as object);
}

describe('a transaction', () => {
  it('is one commit of all its writes, each of which sees those before, and nobody else', async () => {
    const { table, other, storage } = await opened();
    const seen: number[][] = [];
    const commit = await table.transaction(async (tx) => {
      expect(tx.version).toBe(1);
      expect(await tx.append([{ id: 3, part: 'p' }])).toMatchObject({ rowsAdded: 1 });
      seen.push(await idsOf(tx));
      await tx.overwrite([{ id: 9, part: 'p' }], { where: eq('part', 'p') });
      seen.push(await idsOf(tx));
      await tx.append([{ id: 4, part: 'r' }]);
      const snapshot = tx.snapshot();
      seen.push([snapshot.numFiles, await snapshot.scan({ where: gt('id', 3) }).count()]);
      expect(await idsOf(other)).toEqual([1, 2]);
    });
    expect(seen).toEqual([
      [1, 2, 3],
      [2, 9],
      [3, 2],
    ]);
    expect(commit).toMatchObject({
      version: 2,
      outcome: 'committed',
      metrics: { rowsAdded: 3, rowsRemoved: 2, filesAdded: 2, filesRemoved: 1 },
    });
    expect(await idsOf(other)).toEqual([2, 4, 9]);
    expect((await actionsOf(storage, 2)).map((action) => Object.keys(action)[0])).toEqual([
      'commitInfo',
      'remove',
      'add',
      'add',
    ]);
    const [{ operation, operationParameters, operationMetrics } = {} as never] =
      await other.history();
    expect(operation).toBe('TRANSACTION');
    expect(operationParameters).toEqual({ operations: '["WRITE","WRITE","WRITE"]' });
    expect(operationMetrics).toMatchObject({
      numFiles: '2',
      numOutputRows: '2',
      numRemovedFiles: '1',
    });
    // The file of the row 3 was needed by nobody in the end; that of the row 1 by version 1.
    const named = (await table.snapshot({ version: 1 })).files().length;
    expect(await filesIn(storage)).toHaveLength(named + 2);
  });

  it('says of one write what it says outside', async () => {
    const { table } = await opened();
    await table.transaction(async (tx) => await tx.append([{ id: 3, part: 'p' }]));
    await table.append([{ id: 4, part: 'p' }]);
    const [alone, within] = await table.history({ limit: 2 });
    expect({ ...within, operationMetrics: {} }).toMatchObject({
      operation: alone?.operation,
      operationParameters: alone?.operationParameters,
      isBlindAppend: true,
    });
  });

  it('sets properties with what it writes, and obeys them at once', async () => {
    const { table, storage } = await opened();
    const commit = await table.transaction(async (tx) => {
      await tx.setProperties({ owner: 'me' });
      await tx.append([{ id: 3, part: 'p' }]);
      await tx.setProperties({ owner: 'you', 'delta.appendOnly': 'true' });
      expect(tx.snapshot().properties.get('owner')).toBe('you');
      await expect(tx.overwrite([])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      const ids = tx.setProperties({ 'delta.enableRowTracking': 'true' });
      await expect(ids).rejects.toMatchObject({ option: 'delta.enableRowTracking' });
      const wrong = tx.setProperties({ 'delta.appendOnly': 'maybe' });
      await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });
    expect(commit).toMatchObject({ version: 2, metrics: { rowsAdded: 1 } });
    const kinds = (await actionsOf(storage, 2)).map((action) => Object.keys(action)[0]);
    expect(kinds).toEqual(['commitInfo', 'metaData', 'add']);
    expect((await table.snapshot()).properties.get('owner')).toBe('you');
    const [{ operation, operationParameters } = {} as never] = await table.history();
    expect([operation, operationParameters]).toEqual([
      'TRANSACTION',
      { operations: '["SET TBLPROPERTIES","WRITE","SET TBLPROPERTIES"]' },
    ]);
  });

  it('gives rows their ids with the commit, also those of files it rewrote itself', async () => {
    const { storage } = lake();
    const table = await DeltaTable.create(LOCATION, {
      schema: SCHEMA,
      properties: { 'delta.enableRowTracking': 'true', 'delta.enableInCommitTimestamps': 'true' },
      storage,
    });
    await table.append([{ id: 1 }]);
    const select = ['id', '_metadata.row_id'] as const;
    await table.transaction(async (tx) => {
      expect(await tx.scan({ select }).toArray()).toHaveLength(1);
      await tx.append([{ id: 2 }, { id: 3 }]);
      await tx.overwrite([{ id: 4 }], { where: gt('id', 2) });
      expect(() => tx.scan({ select })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'select' }),
      );
    });
    const rows = await table.scan({ select }).toArray();
    expect(rows.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual([1, 2, 4]);
    expect(new Set(rows.map((row) => row['_metadata.row_id'])).size).toBe(3);
  });

  it('leaves nothing when it throws, and throws that on', async () => {
    const { table, storage } = await opened();
    const before = await filesIn(storage);
    const reason = new Error('changed my mind');
    const done = table.transaction(async (tx) => {
      await tx.append([{ id: 3 }]);
      void tx.overwrite([{ id: 4 }]);
      throw reason;
    });
    await expect(done).rejects.toBe(reason);
    expect(await filesIn(storage)).toEqual(before);
    expect((await table.snapshot()).version).toBe(1);
  });

  it('goes on after a write that failed, without it', async () => {
    const { table, storage } = await opened();
    await table.transaction(async (tx) => {
      const bad = tx.append([{ id: 3 }, { id: 'x' } as never]);
      await expect(bad).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH', row: 1 });
      const wrong = tx.overwrite([{ id: 5, part: 'q' }], { where: eq('part', 'p') });
      await expect(wrong).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
      await tx.append([{ id: 4 }]);
    });
    expect(await idsOf(table)).toEqual([1, 2, 4]);
    expect(await filesIn(storage)).toHaveLength(3);
  });

  it('that writes nothing makes no version', async () => {
    const { table } = await opened();
    const commit = await table.transaction(async (tx) => {
      await tx.append([]);
      await tx.scan().count();
    });
    expect(commit).toMatchObject({ version: 1, outcome: 'nothing-to-do' });
    const undone = await table.transaction(async (tx) => {
      await tx.append([{ id: 5, part: 'z' }]);
      await tx.overwrite([], { where: eq('part', 'z') });
    });
    expect(undone).toMatchObject({ version: 1, outcome: 'nothing-to-do' });
  });

  it('waits for what its function did not await, and takes nothing after it', async () => {
    const { table } = await opened();
    let late: Tx | undefined;
    await table.transaction(async (tx) => {
      late = tx;
      void tx.append([{ id: 3 }]);
      void tx.append([{ id: 4 }]);
      await Promise.resolve();
    });
    expect(await idsOf(table)).toEqual([1, 2, 3, 4]);
    await expect(late?.append([{ id: 5 }])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(() => late?.scan()).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('fails with a write that its function did not await', async () => {
    const { table, storage } = await opened();
    const before = await filesIn(storage);
    let late: Promise<unknown> | undefined;
    const done = table.transaction(async (tx) => {
      await tx.append([{ id: 3 }]);
      late = tx.append([{ id: 'x' } as never]);
      late.catch(() => undefined);
      void tx.append([{ id: 4 }]);
    });
    await expect(done).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH', row: 0 });
    await expect(late).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
    expect(await filesIn(storage)).toEqual(before);
    expect((await table.snapshot()).version).toBe(1);
  });

  it.each([
    [{ retry: { attempts: 0 } }, 'retry.attempts'],
    [{ retry: 3 }, 'retry'],
    [{ isolation: 'SnapshotIsolation' }, 'isolation'],
    [{ attempts: 3 }, 'attempts'],
  ])('refuses bad options: %o', async (options, option) => {
    const { table } = await opened();
    const done = table.transaction(async () => await Promise.resolve(), options as never);
    await expect(done).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', option });
    await expect(table.transaction(undefined as never)).rejects.toMatchObject({ option: 'work' });
    await table.transaction(async (tx) => {
      const wrong = tx.overwrite([], { where: undefined } as never);
      await expect(wrong).rejects.toMatchObject({ option: 'where' });
      const more = tx.overwrite([], { attempts: 2 } as never);
      await expect(more).rejects.toMatchObject({ option: 'attempts' });
      const alone = { idempotency: { appId: 'a', sequence: 1 } } as never;
      await expect(tx.append([], alone)).rejects.toMatchObject({ option: 'idempotency' });
    });
  });
});

describe('a transaction whose table others change', () => {
  it.each<[string, (tx: Tx) => Promise<unknown>, (other: Table) => Promise<unknown>, string]>([
    [
      'is in conflict when a scan of it would have seen their rows',
      async (tx) => await tx.scan({ where: eq('part', 'p') }).count(),
      async (other) => await other.append([{ id: 7, part: 'p' }]),
      'ConcurrentAppendException',
    ],
    [
      'is not when its scan could not',
      async (tx) => await tx.scan({ where: eq('part', 'q') }).count(),
      async (other) => await other.append([{ id: 7, part: 'p' }]),
      'none',
    ],
    [
      'is in conflict when they took away what it scanned',
      async (tx) => await tx.scan({ where: eq('part', 'q') }).count(),
      async (other) => await other.overwrite([], { where: eq('part', 'q') }),
      'ConcurrentDeleteReadException',
    ],
    [
      'is not when they took away something else',
      async (tx) => await tx.scan({ where: eq('part', 'q') }).count(),
      async (other) => await other.overwrite([], { where: eq('part', 'p') }),
      'none',
    ],
    [
      'is in conflict with anything once it looked at the whole table',
      async (tx) => await Promise.resolve(tx.snapshot().numFiles),
      async (other) => await other.append([{ id: 7, part: 'z' }]),
      'ConcurrentAppendException',
    ],
    [
      'is in conflict by any of its writes',
      async (tx) => await tx.overwrite([], { where: eq('part', 'q') }),
      async (other) => await other.overwrite([], { where: eq('part', 'q') }),
      'ConcurrentDeleteReadException',
    ],
    [
      'is not when it only appends',
      async () => await Promise.resolve(),
      async (other) => await other.overwrite([{ id: 8 }]),
      'none',
    ],
  ])('%s', async (_what, read, meanwhile, conflict) => {
    const of = lake();
    const { table, storage } = await opened(of, of.process());
    const other = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage });
    let before: readonly string[] = [];
    const done = table.transaction(async (tx) => {
      await read(tx);
      await tx.append([{ id: 3, part: 'z' }]);
      await meanwhile(other);
      before = await filesIn(storage);
    });
    if (conflict === 'none') {
      expect(await done).toMatchObject({ version: 3, outcome: 'committed' });
      return;
    }
    await expect(done).rejects.toMatchObject({
      code: 'COMMIT_CONFLICT',
      conflict,
      winner: { version: 2, operation: 'WRITE' },
      subject: expect.stringMatching(/\.parquet$/u),
      message: expect.stringMatching(/ subject=.*\.parquet$/u),
    });
    const after = await filesIn(storage);
    expect(before.filter((key) => !after.includes(key))).toHaveLength(1);
    expect((await table.snapshot()).version).toBe(2);
  });

  it('is run again on a fresh snapshot as often as it may', async () => {
    const of = lake();
    const { table, other } = await opened(of, of.process());
    const versions: number[] = [];
    const work = (rivals: number) => async (tx: Tx) => {
      versions.push(tx.version);
      const count = await tx.scan().count();
      if (versions.length <= rivals) await other.append([{ id: 100 }]);
      await tx.append([{ id: 1_000 + count }]);
    };
    expect(await table.transaction(work(2), { retry: { attempts: 3 } })).toMatchObject({
      version: 4,
    });
    expect(versions).toEqual([1, 2, 3]);
    expect(await idsOf(table)).toEqual([1, 2, 100, 100, 1_004]);
    versions.length = 0;
    const lost = table.transaction(work(9), { retry: { attempts: 2 } });
    await expect(lost).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' });
    expect(versions).toHaveLength(2);
    versions.length = 0;
    const retry = { attempts: 9, signal: AbortSignal.abort() };
    const once = table.transaction(work(9), { retry });
    await expect(once).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' });
    expect(versions).toHaveLength(1);
  });

  it('counts right however many count at once, and whatever answers are lost', async () => {
    for (let seed = 1; seed <= 15; seed++) {
      const scheduler = new Scheduler(seed);
      const stored = memoryStorage({ clock: scheduler.clock('lake') });
      const made = await DeltaTable.create(LOCATION, { schema: SCHEMA, storage: stored });
      await made.append([{ id: 0, part: 'counter' }]);
      const actor = (name: string, at: number) => async (): Promise<number> => {
        const faults = seededFaults(seed * 31 + at, {
          putIfAbsent: { 'lost-reply': 0.15, 'lost-request': 0.1, 'late-request': 0.1 },
        });
        const storage = scheduledStorage(stored, scheduler, name, (store) =>
          faultStore(store, faults, { arrival: () => scheduler.point(name, 'arrive') }),
        );
        const table = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage });
        const where = eq('part', 'counter');
        let done = 0;
        for (let round = 0; round < 3; round++) {
          await table.transaction(
            async (tx) => {
              const [row] = await tx.scan({ where }).toArray();
              await tx.overwrite([{ id: (row?.id ?? 0n) + 1n, part: 'counter' }], { where });
              await tx.append([{ id: 10_000 + at * 100 + round, part: 'log' }]);
            },
            { retry: { attempts: 50 } },
          );
          done++;
        }
        return done;
      };
      const actors = { a: actor('a', 0), b: actor('b', 1), c: actor('c', 2) };
      for (const one of await scheduler.run(actors)) {
        if (one.status === 'rejected') throw one.reason;
      }
      const table = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage: { ...stored } });
      const ids = await idsOf(table);
      expect(ids.slice(0, 1), `seed ${seed}`).toEqual([9]);
      expect(ids.slice(1), `seed ${seed}`).toHaveLength(9);
      const needed = new Set<string>();
      for (let version = 0; version <= (await table.snapshot()).version; version++) {
        for (const { path } of (await table.snapshot({ version })).files()) needed.add(path);
      }
      expect(await filesIn(stored), `seed ${seed}`).toEqual([...needed].toSorted());
    }
  });
});

describe('a transaction of unknown outcome', () => {
  it('keeps its files, and is in the table once', async () => {
    const of = lake();
    const state = { isDark: true };
    const { table, storage } = await opened(
      of,
      of.process(({ operation, key }) => {
        if (!state.isDark || !isCommit(key, 2)) return undefined;
        return operation === 'putIfAbsent'
          ? 'lost-reply'
          : operation === 'get'
            ? 'fail'
            : undefined;
      }),
    );
    const runs: number[] = [];
    const done = table.transaction(
      async (tx) => {
        runs.push(tx.version);
        await tx.append([{ id: 3 }]);
        await tx.append([{ id: 4 }]);
      },
      { retry: { attempts: 5 } },
    );
    const error = await done.then(undefined, (reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'COMMIT_STATE_UNKNOWN', attempt: { version: 2 } });
    expect(runs).toEqual([1]);
    state.isDark = false;
    const { attempt } = error as { attempt: Parameters<Table['resolveCommit']>[0] };
    expect(await table.resolveCommit(attempt)).toEqual({ outcome: 'committed', version: 2 });
    expect(await idsOf(table)).toEqual([1, 2, 3, 4]);
    expect(await filesIn(storage)).toHaveLength(4);
  });

  it('happens once with a sequence, and is not even run again', async () => {
    const of = lake();
    const { table } = await opened(of);
    const idempotency = { appId: 'tx', sequence: 4 };
    let runs = 0;
    const work = async (tx: Tx): Promise<void> => {
      runs++;
      await tx.append([{ id: 3 }]);
    };
    expect(await table.transaction(work, { idempotency })).toMatchObject({ version: 2 });
    expect(await table.transaction(work, { idempotency })).toMatchObject({
      version: 2,
      outcome: 'already-applied',
    });
    expect(runs).toBe(1);
    const elsewhere = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage: of.process() });
    const raced = table.transaction(
      async (tx) => {
        await tx.append([{ id: 5 }]);
        await elsewhere.append([{ id: 6 }], { idempotency: { appId: 'tx', sequence: 5 } });
      },
      { idempotency: { appId: 'tx', sequence: 5 } },
    );
    expect(await raced).toMatchObject({ outcome: 'already-applied' });
    expect(await idsOf(table)).toEqual([1, 2, 3, 6]);
  });

  it('stops by its signal with nothing left', async () => {
    const { table, storage } = await opened();
    const before = await filesIn(storage);
    const stop = new AbortController();
    const reason = new Error('stop');
    const done = table.transaction(
      async (tx) => {
        await tx.append([{ id: 3 }]);
        stop.abort(reason);
      },
      { signal: stop.signal },
    );
    await expect(done).rejects.toBe(reason);
    expect(await filesIn(storage)).toEqual(before);
  });
});
