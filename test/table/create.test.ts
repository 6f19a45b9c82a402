import { describe, expect, it } from 'vitest';
import { type CommitAttempt, DeltaTable, type StorageProvider } from '../../src/index.js';
import { type FaultPlan, faultStore } from '../../src/testing/index.js';
import { isCommit, type Lake, LOCATION, lake, StillClock } from './writer-fixture.js';

const schema = { id: 'long' } as const;

/** A process whose requests for version 0 arrive, if ever, when they are let. */
function cutOff(of: Lake) {
  const waiting: (() => void)[] = [];
  const plan: FaultPlan = ({ operation, key }) =>
    operation === 'putIfAbsent' && isCommit(key, 0) ? 'late-request' : undefined;
  const storage: StorageProvider = {
    schemes: of.storage.schemes,
    clock: new StillClock(),
    open: (url) =>
      faultStore(of.storage.open(url), plan, {
        arrival: async () => await new Promise<void>((resolve) => waiting.push(resolve)),
      }),
  };
  return {
    storage,
    arrive: async () => {
      for (const send of waiting.splice(0)) send();
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    },
  };
}

async function attemptOf(creation: Promise<unknown>, advice: RegExp): Promise<CommitAttempt> {
  const error = await creation.then(undefined, (reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'COMMIT_STATE_UNKNOWN',
    attempt: { version: 0 },
    message: expect.stringMatching(advice),
  });
  return (error as { readonly attempt: CommitAttempt }).attempt;
}

describe('a creation of which nobody knows whether it landed', () => {
  it.each([
    ['before', 'committed'],
    ['after', 'lost'],
  ])('is made again with ifExists: open, its request arriving %s', async (when, outcome) => {
    const of = lake();
    const { storage, arrive } = cutOff(of);
    const creation = DeltaTable.create(LOCATION, { schema, storage });
    const attempt = await attemptOf(creation, /create the table again with ifExists: 'open'/u);
    if (when === 'before') await arrive();
    const again = { schema, storage: of.storage, ifExists: 'open' } as const;
    const table = await DeltaTable.create(LOCATION, again);
    await arrive();
    expect(await table.resolveCommit(attempt)).toMatchObject({ outcome });
    await table.append([{ id: 1 }]);
    const seen = await DeltaTable.open(LOCATION, { storage: { ...of.storage } });
    expect((await seen.history()).map(({ version }) => version)).toEqual([1, 0]);
    expect(await seen.scan().count()).toBe(1);
  });

  it.each([
    ['before', 'committed'],
    ['after', 'lost'],
  ])('has its rows once, its request arriving %s', async (when, outcome) => {
    const of = lake();
    const { storage, arrive } = cutOff(of);
    const rows = [{ id: 1n }, { id: 2n }];
    const creation = DeltaTable.create(LOCATION, { rows, storage });
    const attempt = await attemptOf(creation, /create the table again, and if that says/u);
    if (when === 'before') await arrive();
    const again = DeltaTable.create(LOCATION, { rows, storage: of.storage });
    if (when === 'before') await expect(again).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    else await again;
    await arrive();
    const table = await DeltaTable.open(LOCATION, { storage: of.storage });
    expect(await table.resolveCommit(attempt)).toMatchObject({ outcome });
    expect(await table.scan().count()).toBe(2);
  });
});

describe('a creation from rows', () => {
  it.each(['ifExists', 'columns'])('refuses %s, which it would pass over', async (option) => {
    const { storage } = lake();
    const options = { rows: [{ id: 1n }], storage, [option]: option === 'columns' ? {} : 'open' };
    await expect(DeltaTable.create(LOCATION, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option,
    });
    expect(await DeltaTable.exists(LOCATION, { storage })).toBe(false);
  });

  it('is aborted while they have nothing to give', async () => {
    const { storage } = lake();
    const stop = new AbortController();
    const reason = new Error('enough');
    const rows: AsyncIterable<{ id: bigint }> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          stop.abort(reason);
          return new Promise<never>(() => undefined);
        },
      }),
    };
    const { signal } = stop;
    await expect(DeltaTable.create(LOCATION, { rows, storage, signal })).rejects.toBe(reason);
  });

  it.each([
    ['have no schema', [{ id: 1n }, { id: 'one' }], {}],
    ['cannot be parted so', [{ id: 1n }], { partitionBy: ['id'] }],
  ])('ends their source when they %s', async (_, given, options) => {
    const { storage } = lake();
    let isEnded = false;
    async function* rows(): AsyncGenerator<object> {
      try {
        yield* given;
        await new Promise((resolve) => setImmediate(resolve));
        for (let row = 0; row < 20_000; row++) yield { id: BigInt(row) };
      } finally {
        isEnded = true;
      }
    }
    const made = DeltaTable.create(LOCATION, { rows: rows(), storage, ...options } as never);
    await expect(made).rejects.toMatchObject({ code: expect.stringMatching(/SCHEMA|ARGUMENT/u) });
    expect(isEnded).toBe(true);
  });
});
