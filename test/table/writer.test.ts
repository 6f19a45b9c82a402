import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTurn } from '../../src/clock.js';
import { type Commit, DeltaTable, type StorageProvider } from '../../src/index.js';
import { SETTLE_BUDGET_MS } from '../../src/log/committer.js';
import type { Fault, StoreCall } from '../../src/testing/index.js';
import {
  changeSchema,
  gated,
  isCommit,
  type Lake,
  LOCATION,
  lake,
  settle,
  until,
} from './writer-fixture.js';

const SCHEMA = { id: 'long not null', note: 'string' } as const;

async function opened(of: Lake = lake(), storage: StorageProvider = of.storage) {
  const made = await DeltaTable.create(LOCATION, { schema: SCHEMA, storage: of.storage });
  const table = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage });
  return { ...of, made, table };
}

const rows = (from: number, count = 1) =>
  Array.from({ length: count }, (_, at) => ({ id: from + at }));

async function idsOf(table: DeltaTable<typeof SCHEMA>): Promise<number[]> {
  const found = await table.scan().toArray();
  return found.map(({ id }) => Number(id)).toSorted((a, b) => a - b);
}

describe('a writer commits', () => {
  it('on flush, all that was appended before, in one commit and one file', async () => {
    const { table } = await opened();
    await using writer = table.writer();
    for (let id = 0; id < 50; id++) expect(await writer.append(rows(id))).toBe('buffered');
    expect(writer.bufferedRows).toBe(50);
    expect((await table.snapshot()).version).toBe(0);
    const commits = await writer.flush();
    expect(commits).toMatchObject([
      { version: 1, outcome: 'committed', metrics: { rowsAdded: 50, filesAdded: 1 }, warnings: [] },
    ]);
    expect(writer.bufferedRows).toBe(0);
    expect(await idsOf(table)).toEqual(rows(0, 50).map(({ id }) => id));
    expect(await writer.flush()).toEqual([]);
  });

  it('without awaiting each append, in the order of the calls', async () => {
    const { table } = await opened();
    const writer = table.writer();
    const slow = (async function* () {
      await nextTurn();
      yield { id: 0 };
    })();
    const pending = [writer.append(slow), writer.append(rows(1)), writer.append(rows(2))];
    const commits = await writer.flush();
    await Promise.all(pending);
    expect(commits).toMatchObject([{ version: 1, metrics: { rowsAdded: 3 } }]);
    expect((await table.scan().toArray()).map(({ id }) => id)).toEqual([0n, 1n, 2n]);
    await writer.close();
  });

  it.each([
    ['rows', { maxRows: 5 }, ''],
    ['bytes', { maxBytes: 5_000 }, 'x'.repeat(1_000)],
  ])('in the background when its %s are enough, and tells of it', async (_what, limit, note) => {
    const { table } = await opened();
    const told: Commit[] = [];
    const writer = table.writer({ ...limit, onCommit: (commit) => told.push(commit) });
    for (let id = 0; id < 4; id++) await writer.append([{ id, note }]);
    await settle();
    expect(writer.bufferedRows).toBe(4);
    await writer.append([
      { id: 4, note },
      { id: 5, note },
    ]);
    await until(() => told.length > 0);
    expect(told).toMatchObject([{ version: 1, metrics: { rowsAdded: 6 } }]);
    expect(await writer.flush()).toEqual([]);
    await writer.close();
  });

  it('when its oldest rows have waited long enough, and holds no timer after that', async () => {
    const { table, clock } = await opened();
    const told: number[] = [];
    const writer = table.writer({
      maxDelayMs: 60_000,
      onCommit: ({ version }) => told.push(version),
    });
    expect(clock.sleepers).toBe(0);
    await writer.append(rows(0));
    clock.advance(59_000);
    await writer.append(rows(1));
    await settle();
    expect(told).toEqual([]);
    clock.advance(1_000);
    await until(() => told.length > 0);
    expect(told).toEqual([1]);
    expect(clock.sleepers).toBe(0);
    await writer.append(rows(2));
    expect(clock.sleepers).toBe(1);
    await writer.close();
    expect(clock.sleepers).toBe(0);
    expect(await idsOf(table)).toEqual([0, 1, 2]);
  });

  it('with a checkpoint when one is due', async () => {
    const { storage, table } = await opened();
    const writer = table.writer({ maxRows: 1 });
    for (let id = 0; id < 10; id++) await writer.append(rows(id));
    await writer.close();
    const store = storage.open(new URL(LOCATION));
    expect(await store.head('_delta_log/00000000000000000010.checkpoint.parquet')).toBeDefined();
  });

  it('nothing, when nothing was appended', async () => {
    const { table } = await opened();
    const writer = table.writer();
    expect(await writer.append([])).toBe('buffered');
    expect(await writer.flush()).toEqual([]);
    await writer.close();
    await writer.close();
    expect((await table.snapshot()).version).toBe(0);
  });
});

describe('a full writer', () => {
  it('takes one more buffer while a commit is under way, then lets append wait', async () => {
    const of = lake();
    const { storage, open } = gated(of.process());
    const { table } = await opened(of, storage);
    const writer = table.writer({ maxRows: 10 });
    await writer.append(rows(0, 10));
    await writer.append(rows(10, 10));
    let isIn = false;
    const waiting = writer.append(rows(20, 10)).then(() => (isIn = true));
    const stop = new AbortController();
    const given = writer.append(rows(99), { signal: stop.signal });
    stop.abort(new Error('no longer wanted'));
    await settle();
    expect(isIn).toBe(false);
    expect(writer.bufferedRows).toBe(20);
    open();
    await waiting;
    await expect(given).rejects.toThrow('no longer wanted');
    await writer.close();
    expect(await idsOf(table)).toEqual(rows(0, 30).map(({ id }) => id));
  });
});

describe('bad rows', () => {
  it('are refused where they are appended, whole, and the others stay', async () => {
    const { table } = await opened();
    const writer = table.writer();
    await writer.append(rows(0));
    const bad = writer.append([{ id: 1 }, { id: 'two' } as never]);
    await expect(bad).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH', row: 1, column: 'id' });
    await writer.append(rows(3));
    await writer.close();
    expect(await idsOf(table)).toEqual([0, 3]);
  });

  it.each([
    [{ maxRows: 0 }, 'maxRows'],
    [{ maxDelayMs: 1.5 }, 'maxDelayMs'],
    [{ onCommit: 1 }, 'onCommit'],
    [{ size: 1 }, 'size'],
  ])('so are bad options: %o', async (options, option) => {
    const { table } = await opened();
    expect(() => table.writer(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option }),
    );
  });

  it('and appends to a writer that is closed', async () => {
    const { table } = await opened();
    const writer = table.writer();
    await writer.close();
    await expect(writer.append(rows(0))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a commit that fails', () => {
  const failing = (fault: Fault, matches: (call: StoreCall) => boolean) => {
    const broken = { is: true, calls: 0 };
    const plan = (call: StoreCall): Fault | undefined => {
      if (!broken.is || !matches(call)) return undefined;
      broken.calls++;
      return fault;
    };
    return { broken, plan };
  };

  it('is told by the next call, and flush writes its rows', async () => {
    const of = lake();
    const { plan, broken } = failing('fail', ({ key }) => key.endsWith('.parquet'));
    const { table } = await opened(of, of.process(plan));
    const writer = table.writer({ maxRows: 5 });
    await writer.append(rows(0, 5));
    await until(() => broken.calls > 0);
    await settle();
    await expect(writer.append(rows(5))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(writer.flush()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(writer.bufferedRows).toBe(5);
    broken.is = false;
    expect(await writer.flush()).toMatchObject([{ version: 1, metrics: { rowsAdded: 5 } }]);
    await writer.append(rows(5));
    await writer.close();
    expect(await idsOf(table)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is told by close, which can be called again', async () => {
    const of = lake();
    const { plan, broken } = failing('fail', ({ key }) => key.endsWith('.parquet'));
    const { table } = await opened(of, of.process(plan));
    const writer = table.writer();
    await writer.append(rows(0));
    await expect(writer.close()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(writer.append(rows(1))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    broken.is = false;
    await writer.close();
    expect(await idsOf(table)).toEqual([0]);
  });

  it('whose answer was lost is in the table once', async () => {
    const of = lake();
    const { plan } = failing(
      'lost-reply',
      ({ operation, key }) => operation === 'putIfAbsent' && isCommit(key),
    );
    const { table } = await opened(of, of.process(plan));
    const writer = table.writer();
    await writer.append(rows(0, 3));
    expect(await writer.flush()).toMatchObject([{ version: 1, outcome: 'committed' }]);
    await writer.close();
    expect(await idsOf(table)).toEqual([0, 1, 2]);
  });

  /** Commits are put, and nobody is told, nor can any be read. */
  const dark = ({ operation, key }: StoreCall): boolean =>
    isCommit(key, 1) && (operation === 'putIfAbsent' || operation === 'get');
  const lostThenFail =
    (fault: Fault, state: { isDark: boolean }) =>
    (call: StoreCall): Fault | undefined => {
      if (!state.isDark || !dark(call)) return undefined;
      return call.operation === 'get' ? 'fail' : fault;
    };

  it('of unknown outcome that landed is not written again', async () => {
    const of = lake();
    const state = { isDark: true };
    const { table } = await opened(of, of.process(lostThenFail('lost-reply', state)));
    const writer = table.writer();
    await writer.append(rows(0, 3));
    await expect(writer.flush()).rejects.toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' });
    state.isDark = false;
    const commits = await writer.flush();
    expect(commits).toMatchObject([
      { version: 1, outcome: 'committed', metrics: { rowsAdded: 3 } },
    ]);
    await writer.append(rows(3));
    await writer.close();
    expect(await idsOf(table)).toEqual([0, 1, 2, 3]);
  });

  it('of unknown outcome that lost to another is written again', async () => {
    const of = lake();
    const state = { isDark: true };
    const { table, made } = await opened(of, of.process(lostThenFail('lost-request', state)));
    const writer = table.writer();
    await writer.append(rows(0, 3));
    await expect(writer.flush()).rejects.toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' });
    state.isDark = false;
    await expect(writer.flush()).rejects.toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' });
    await made.append(rows(9));
    expect(await writer.flush()).toMatchObject([{ version: 2, metrics: { rowsAdded: 3 } }]);
    expect(await idsOf(table)).toEqual([0, 1, 2, 9]);
    await writer.close();
  });

  it('of unknown outcome is written again at once where every append has a sequence', async () => {
    const of = lake();
    const state = { isDark: true };
    const { table } = await opened(of, of.process(lostThenFail('lost-request', state)));
    const writer = table.writer();
    await writer.append(rows(0), { idempotency: { appId: 'a', sequence: 1 } });
    await expect(writer.flush()).rejects.toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' });
    state.isDark = false;
    expect(await writer.flush()).toMatchObject([{ version: 1, outcome: 'committed' }]);
    expect(await idsOf(table)).toEqual([0]);
    await writer.close();
  });

  it('because onCommit threw is told, and no row is written twice', async () => {
    const { table } = await opened();
    let calls = 0;
    const onCommit = (): void => {
      calls++;
      throw new Error('in the callback');
    };
    const writer = table.writer({ onCommit });
    await writer.append(rows(0));
    await expect(writer.flush()).rejects.toThrow('in the callback');
    await writer.close();
    expect(calls).toBe(1);
    expect(await idsOf(table)).toEqual([0]);
  });
});

describe('a schema that is changed meanwhile', () => {
  const ID = { name: 'id', type: 'long', nullable: false };
  const NOTE = { name: 'note', type: 'string', nullable: true };
  const SIZE = { name: 'size', type: 'long', nullable: true };

  it('takes the rows that still fit it', async () => {
    const { table, storage } = await opened();
    const writer = table.writer();
    await writer.append([{ id: 0, note: 'x' }]);
    await changeSchema(storage, 1, [ID, SIZE, NOTE]);
    await writer.append([{ id: 1 }]);
    expect(await writer.flush()).toMatchObject([{ version: 2, metrics: { rowsAdded: 2 } }]);
    await writer.append([{ id: 2, size: 5n } as never]);
    await writer.close();
    expect(await table.scan().toArray()).toEqual(
      expect.arrayContaining([
        { id: 0n, size: null, note: 'x' },
        { id: 1n, size: null, note: null },
        { id: 2n, size: 5n, note: null },
      ]),
    );
  });

  it('keeps the rows that do not, all of them, and says so', async () => {
    const { table, storage } = await opened();
    const writer = table.writer();
    await writer.append([{ id: 0, note: 'x' }]);
    await changeSchema(storage, 1, [ID, NOTE, { ...SIZE, nullable: false }]);
    for (let flush = 0; flush < 2; flush++) {
      await expect(writer.flush()).rejects.toMatchObject({
        code: 'SCHEMA_MISMATCH',
        column: 'size',
      });
    }
    expect(writer.bufferedRows).toBe(1);
    await changeSchema(storage, 2, [ID, NOTE, SIZE]);
    expect(await writer.flush()).toMatchObject([{ version: 3, metrics: { rowsAdded: 1 } }]);
    await writer.close();
  });
});

describe('an aborted writer', () => {
  it('rejects every call with the reason, has committed nothing more, and closes', async () => {
    const { table, clock } = await opened();
    const stop = new AbortController();
    const writer = table.writer({ signal: stop.signal });
    await writer.append(rows(0));
    await writer.flush();
    await writer.append(rows(1));
    const reason = new Error('stop');
    stop.abort(reason);
    await expect(writer.append(rows(2))).rejects.toBe(reason);
    await expect(writer.flush()).rejects.toBe(reason);
    await writer.close();
    expect(clock.sleepers).toBe(0);
    expect(await idsOf(table)).toEqual([0]);
  });

  it('does not say that nothing was committed where nobody knows', async () => {
    const of = lake();
    const cut = ({ operation, key }: StoreCall): Fault | undefined => {
      if (!isCommit(key, 1)) return undefined;
      return operation === 'putIfAbsent' ? 'lost-reply' : operation === 'get' ? 'fail' : undefined;
    };
    const { table } = await opened(of, of.process(cut));
    const stop = new AbortController();
    const writer = table.writer({ maxRows: 1, signal: stop.signal });
    await writer.append(rows(0));
    await until(() => of.clock.nowMs > Date.UTC(2026, 0, 1) + SETTLE_BUDGET_MS - 5_000);
    await settle();
    stop.abort(new Error('stop'));
    await expect(writer.flush()).rejects.toMatchObject({
      code: 'COMMIT_STATE_UNKNOWN',
      attempt: { version: 1 },
    });
    await writer.close();
  });

  it('tells by close that rows were dropped, when no call has told it', async () => {
    const { table } = await opened();
    const stop = new AbortController();
    const writer = table.writer({ signal: stop.signal });
    await writer.append(rows(1));
    const reason = new Error('stop');
    stop.abort(reason);
    await expect(writer.close()).rejects.toBe(reason);
    await writer.close();
  });

  it('settles the commit whose PUT was sent', async () => {
    const of = lake();
    const { storage, reached, open } = gated(of.process());
    const { table } = await opened(of, storage);
    const stop = new AbortController();
    const told: number[] = [];
    const writer = table.writer({
      signal: stop.signal,
      onCommit: ({ version }) => told.push(version),
    });
    await writer.append(rows(0));
    const flushed = writer.flush();
    await reached;
    stop.abort(new Error('too late'));
    open();
    expect(await flushed).toMatchObject([{ version: 1 }]);
    await writer.close();
    expect(told).toEqual([1]);
  });
});

describe('exactly once', () => {
  const once = (sequence: number, appId = 'app') => ({ idempotency: { appId, sequence } });

  it('leaves out what the table or the buffer has, and tells where to go on', async () => {
    const of = lake();
    const { table } = await opened(of);
    const first = table.writer();
    expect(await first.lastSequence('app')).toBeUndefined();
    expect(await first.append(rows(0), once(0))).toBe('buffered');
    expect(await first.append(rows(0), once(0))).toBe('already-applied');
    expect(await first.append(rows(1), once(1))).toBe('buffered');
    expect(await first.append(rows(7), once(0, 'other'))).toBe('buffered');
    expect(await first.lastSequence('app')).toBeUndefined();
    await first.close();
    expect(await first.lastSequence('app')).toBe(1);

    const restarted = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage: of.process() });
    const second = restarted.writer();
    expect(await second.append(rows(1), once(1))).toBe('already-applied');
    expect(await second.append(rows(2), once(2))).toBe('buffered');
    await second.close();
    expect(await idsOf(table)).toEqual([0, 1, 2, 7]);
    const { transactions } = await table.snapshot();
    expect([...transactions]).toEqual([
      ['app', 2],
      ['other', 0],
    ]);
  });

  it('leaves out only what another process committed meanwhile, in the middle of a buffer', async () => {
    const of = lake();
    const { table } = await opened(of);
    const other = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage: of.process() });
    const writer = table.writer();
    for (let sequence = 0; sequence < 4; sequence++) {
      await writer.append(rows(sequence), once(sequence));
    }
    await writer.append(rows(50), once(0, 'other'));
    await other.append(rows(0, 2), once(1));
    expect(await writer.flush()).toMatchObject([{ version: 2, metrics: { rowsAdded: 3 } }]);
    expect(await idsOf(table)).toEqual([0, 1, 2, 3, 50]);
    await writer.close();
  });

  it('holds when processes die at any call and start again from the last sequence', async () => {
    const faults: readonly Fault[] = ['fail', 'lost-request', 'late-request', 'lost-reply'];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ dies: fc.nat(60), fault: fc.constantFrom(...faults) }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 1, max: 5 }),
        async (deaths, maxRows) => {
          const of = lake();
          const { made } = await opened(of);
          for (const death of [...deaths, undefined]) await feed(of, maxRows, death);
          expect(await idsOf(made)).toEqual(rows(0, 20).map(({ id }) => id));
        },
      ),
      { numRuns: 25 },
    );
  });

  /** One life of a process that feeds rows 0 to 19; from its call `dies` on every call fails. */
  async function feed(
    of: Lake,
    maxRows: number,
    death: { readonly dies: number; readonly fault: Fault } | undefined,
  ): Promise<void> {
    const plan = ({ calls }: StoreCall): Fault | undefined => {
      if (death === undefined || calls < death.dies) return undefined;
      return calls === death.dies ? death.fault : 'fail';
    };
    try {
      const table = await DeltaTable.open(LOCATION, { schema: SCHEMA, storage: of.process(plan) });
      const writer = table.writer({ maxRows });
      const from = ((await writer.lastSequence('app')) ?? -1) + 1;
      for (let id = from; id < 20; id++) await writer.append(rows(id), once(id));
      await writer.close();
    } catch (error) {
      if (death === undefined) throw error;
    }
    await settle();
  }
});
