import { describe, expect, it } from 'vitest';
import { DeltaTable, type StorageProvider } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';
import { FOLLOW_POLL_MS } from '../../src/table/changes.js';
import { scheduledStorage } from '../../src/testing/scheduled-store.js';
import { Scheduler } from '../../src/testing/scheduler.js';
import {
  commitMetadata,
  LOCATION,
  row,
  schema,
  schemaString,
  short,
  shortRows,
  storeOf,
  table,
} from './changes-fixture.js';

describe('changes that are followed', () => {
  /** A lake whose clock runs what is to happen while somebody sleeps. */
  function lake(whileAsleep: (() => unknown)[]) {
    const requests: StoreRequest[] = [];
    const inner = memoryStorage();
    const sleeps: number[] = [];
    const clock = {
      now: () => Date.now(),
      sleep: async (delayMs: number, signal?: AbortSignal): Promise<void> => {
        sleeps.push(delayMs);
        await whileAsleep.shift()?.();
        signal?.throwIfAborted();
      },
    };
    const storage: StorageProvider = {
      schemes: ['memory'],
      clock,
      open: (url) => recordingStore(inner.open(url), requests),
    };
    return { storage, inner, requests, sleeps };
  }

  it('waits for what comes, at one request a look, and ends with the signal', async () => {
    const stop = new AbortController();
    const counts: number[] = [];
    let other: DeltaTable<typeof schema> | undefined;
    const { storage, inner, requests, sleeps } = lake([
      () => requests.splice(0),
      () => counts.push(requests.splice(0).length),
      () => counts.push(requests.splice(0).length),
      () => other?.append([row(2), row(3)]),
      () => stop.abort(new Error('enough')),
    ]);
    other = await table(inner);
    await other.append([row(1)]);
    const t = await DeltaTable.open(LOCATION, { storage });
    const seen: [number, string[]][] = [];
    const follow = async (): Promise<void> => {
      for await (const { version, rows } of t.changes({
        from: 0,
        follow: true,
        signal: stop.signal,
      })) {
        seen.push([version, await shortRows(rows())]);
      }
    };
    await expect(follow()).rejects.toThrow('enough');
    expect(seen).toEqual([
      [0, []],
      [1, ['+1']],
      [2, ['+2', '+3']],
    ]);
    expect(counts).toEqual([1, 1]);
    expect(new Set(sleeps)).toEqual(new Set([FOLLOW_POLL_MS]));
  });

  it('waits behind the newest version too, and ends at `to`', async () => {
    let other: DeltaTable<typeof schema> | undefined;
    const { storage, inner } = lake([() => other?.append([row(1)]), () => other?.append([row(2)])]);
    other = await table(inner);
    const t = await DeltaTable.open(LOCATION, { storage });
    expect(await short(t.changes({ from: 1, to: 2, follow: true }))).toEqual([
      [1, ['+1']],
      [2, ['+2']],
    ]);
  });

  it('gives a version that changed the schema with its own', async () => {
    const { storage, inner } = lake([
      () =>
        commitMetadata(storeOf(inner), 2, {
          schemaString: schemaString(['id', 'long'], ['city', 'string'], ['x', 'date']),
        }),
      async () => await (await DeltaTable.open(LOCATION, { storage: inner })).append([row(2)]),
    ]);
    await (await table(inner)).append([row(1)]);
    const t = await DeltaTable.open(LOCATION, { storage });
    const keys: string[] = [];
    for await (const { rows } of t.changes({ from: 1, to: 3, follow: true })) {
      for await (const { row: changed } of rows()) keys.push(Object.keys(changed).join());
    }
    expect(keys).toEqual(['id,city', 'id,city,x']);
  });

  it('sees that the table was dropped and made again', async () => {
    const { storage, inner } = lake([
      async () => {
        const store = storeOf(inner);
        for await (const { key } of store.list('')) await store.delete(key);
        await table(inner);
      },
    ]);
    await (await table(inner)).append([row(1)]);
    const t = await DeltaTable.open(LOCATION, { storage });
    await expect(short(t.changes({ from: 0, follow: true }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'table',
    });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'misses no version and repeats none while others write (seed %i)',
    async (seed) => {
      const commits = 12;
      const scheduler = new Scheduler(seed);
      const provider = memoryStorage({ clock: scheduler.clock('lake') });
      await table(provider);
      const open = (actor: string): Promise<DeltaTable> =>
        DeltaTable.open(LOCATION, { storage: scheduledStorage(provider, scheduler, actor) });
      const writer = (actor: string, first: number) => async (): Promise<void> => {
        const t = await open(actor);
        for (let at = 0; at < commits / 2; at++) await t.append([row(first + at)]);
      };
      const seen: [number, string[]][] = [];
      const settled = await scheduler.run({
        a: writer('a', 100),
        b: writer('b', 200),
        reader: async () => {
          const t = await open('reader');
          for await (const { version, rows } of t.changes({ from: 1, to: commits, follow: true })) {
            seen.push([version, await shortRows(rows())]);
          }
        },
      });
      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
      expect(seen.map(([version]) => version)).toEqual(
        Array.from({ length: commits }, (_, at) => at + 1),
      );
      const numbers = (first: number): string[] =>
        Array.from({ length: commits / 2 }, (_, at) => `+${first + at}`);
      expect(seen.flatMap(([, rows]) => rows).toSorted()).toEqual([
        ...numbers(100),
        ...numbers(200),
      ]);
    },
  );
});
