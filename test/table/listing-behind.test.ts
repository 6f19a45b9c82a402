import { beforeEach, describe, expect, it } from 'vitest';
import type { ObjectInfo } from '../../src/index.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import { memoryStorage, type ObjectStore, type StorageProvider } from '../../src/testing/index.js';

const URL_TEXT = 'memory://lake/t';
const SCHEMA = { id: 'long' } as const;

describe('a table whose listings are behind', () => {
  let lake: StorageProvider;
  /** Commits from this version on are not listed. */
  let hiddenFrom: number;
  /** Of the next listing: told when it was made, and waited for before it is answered. */
  let hold: { readonly made: () => void; readonly answered: Promise<void> } | undefined;
  let puts: string[];

  const late = (): StorageProvider => ({
    ...lake,
    open: (url) => {
      const store = lake.open(url);
      const shown: ObjectStore = {
        get: async (key, options) => await store.get(key, options),
        head: async (key, options) => await store.head(key, options),
        put: async (key, body, options) => await store.put(key, body, options),
        delete: async (key, options) => await store.delete(key, options),
        putIfAbsent: async (key, body, options) => {
          puts.push(key);
          return await store.putIfAbsent(key, body, options);
        },
        async *list(prefix, options) {
          const shown: ObjectInfo[] = [];
          for await (const info of store.list(prefix, options)) {
            const digits = /^_delta_log\/(\d{20})\.json$/u.exec(info.key)?.[1];
            if (digits === undefined || Number(digits) < hiddenFrom) shown.push(info);
          }
          const held = hold;
          hold = undefined;
          held?.made();
          await held?.answered;
          yield* shown;
        },
      };
      return shown;
    },
  });

  beforeEach(async () => {
    lake = memoryStorage();
    puts = [];
    hold = undefined;
    hiddenFrom = Number.POSITIVE_INFINITY;
    const table = await DeltaTable.create(URL_TEXT, { schema: SCHEMA, storage: lake });
    await table.append([{ id: 1n }]);
  });

  it('is no older to a handle that has read a version', async () => {
    const table = await DeltaTable.open(URL_TEXT, { storage: late(), schema: SCHEMA });
    expect((await table.snapshot()).version).toBe(1);
    hiddenFrom = 1;
    expect((await table.snapshot()).version).toBe(1);
    expect(await table.scan().count()).toBe(1);
    expect((await table.append([{ id: 2n }])).version).toBe(2);
  });

  it('is no older to a handle whose first call was answered last', async () => {
    const table = await DeltaTable.open(URL_TEXT, { storage: late(), schema: SCHEMA });
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const isMade = new Promise<void>((made) => (hold = { made, answered }));
    const slow = table.scan().count();
    await isMade;
    expect((await table.append([{ id: 2n }])).version).toBe(2);
    answer();
    await slow;
    hiddenFrom = 2;
    expect((await table.snapshot()).version).toBe(2);
    expect(await table.scan().count()).toBe(2);
  });

  it('has what a handle wrote, though the commit could not be looked at', async () => {
    const storage = late();
    let isBlind = false;
    const blind: StorageProvider = {
      ...storage,
      open: (url) => {
        const store = storage.open(url);
        return {
          ...store,
          head: async (key, options) => {
            if (isBlind) throw new TypeError('no answer can be read');
            return await store.head(key, options);
          },
        };
      },
    };
    const table = await DeltaTable.open(URL_TEXT, { storage: blind, schema: SCHEMA });
    hiddenFrom = 2;
    isBlind = true;
    expect((await table.append([{ id: 2n }])).version).toBe(2);
    isBlind = false;
    expect((await table.snapshot()).version).toBe(2);
  });

  it('is opened by whoever would make it, though no listing shows it', async () => {
    hiddenFrom = 0;
    const options = { storage: late(), schema: SCHEMA, ifExists: 'open' } as const;
    const table = await DeltaTable.create(URL_TEXT, options);
    expect((await table.snapshot({ version: 0 })).version).toBe(0);
    expect((await table.append([{ id: 2n }])).version).toBe(2);
    const other = { id: 'string' } as const;
    await expect(
      DeltaTable.create(URL_TEXT, { ...options, storage: late(), schema: other }),
    ).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
  });

  it('has the versions that are asked for by their numbers', async () => {
    hiddenFrom = 1;
    const table = await DeltaTable.open(URL_TEXT, { storage: late(), schema: SCHEMA });
    expect(await (await table.snapshot({ version: 1 })).scan().count()).toBe(1);
    await expect(table.snapshot({ version: 2 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'version',
    });
  });

  it('lets a writer go behind a commit that is not listed, at its second try', async () => {
    hiddenFrom = 1;
    const table = await DeltaTable.open(URL_TEXT, { storage: late(), schema: SCHEMA });
    expect((await table.append([{ id: 2n }])).version).toBe(2);
    const commits = puts.filter((key) => key.endsWith('.json'));
    expect(commits.map((key) => Number(key.slice(-7, -5)))).toEqual([1, 2]);
  });
});

describe('a log that is cleaned up while listings are behind', () => {
  const MONTH_MS = 40 * 86_400_000;
  let lake: StorageProvider;
  let nowMs: number;

  /** A table with a checkpoint at version 3, the first that its log has left, and what was listed before. */
  async function cleaned(properties: Record<string, string>): Promise<ReadonlySet<string>> {
    nowMs = 1_700_000_000_000;
    const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
    lake = { ...memoryStorage({ clock }), clock };
    const table = await DeltaTable.create(URL_TEXT, { schema: SCHEMA, properties, storage: lake });
    for (let id = 1; id <= 3; id++) await table.append([{ id: BigInt(id) }]);
    const before = new Set<string>();
    for await (const { key } of lake.open(new URL(URL_TEXT)).list('_delta_log/')) before.add(key);
    nowMs += MONTH_MS;
    await table.checkpoint();
    expect(await table.cleanUpLog()).toMatchObject({ oldestVersion: 3 });
    return before;
  }

  const listing = (
    shown: (key: string) => boolean,
    gone: ReadonlySet<string>,
  ): StorageProvider => ({
    ...lake,
    open: (url) => {
      const store = lake.open(url);
      return {
        putIfAbsent: async (key, body, options) => await store.putIfAbsent(key, body, options),
        put: async (key, body, options) => await store.put(key, body, options),
        delete: async (key, options) => await store.delete(key, options),
        get: async (key, options) => await store.get(key, options),
        head: async (key, options) => await store.head(key, options),
        async *list(prefix, options) {
          const infos: ObjectInfo[] = [];
          for await (const info of store.list(prefix, options)) {
            if (shown(info.key)) infos.push(info);
          }
          for (const key of gone) {
            const isWanted = key.startsWith(prefix) && key > (options?.startAfter ?? '');
            if (!isWanted || infos.some((info) => info.key === key)) continue;
            infos.push({ key, sizeBytes: 100, modifiedMs: 1_700_000_000_000, etag: 'gone' });
          }
          yield* infos.toSorted((a, b) => (a.key < b.key ? -1 : 1));
        },
      };
    },
  });

  const V2 = { 'delta.checkpointPolicy': 'v2' };
  it.each<[string, Record<string, string>, boolean]>([
    ['still shows what is gone, and not the checkpoint', {}, true],
    ['shows neither what is gone nor the checkpoint', {}, false],
    ['still shows what is gone, and not the checkpoint with sidecars', V2, true],
    ['shows neither what is gone nor the checkpoint with sidecars', V2, false],
  ])('is read by way of the checkpoint that the hint names: %s', async (_, properties, isOld) => {
    const before = await cleaned(properties);
    const storage = listing((key) => before.has(key), isOld ? before : new Set());
    const table = await DeltaTable.open(URL_TEXT, { storage, schema: SCHEMA });
    expect((await table.snapshot()).version).toBe(3);
    expect(await table.scan().count()).toBe(3);
    expect(await (await table.snapshot({ version: 3 })).scan().count()).toBe(3);
    expect((await table.append([{ id: 4n }])).version).toBe(4);
    if (isOld) return;
    await expect(table.snapshot({ version: 1 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'version',
      available: '3..3',
    });
  });
});
