import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { DeltaTable, type ObjectStore, type StorageProvider } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { type Fault, faultStore, type StoreCall } from '../../src/testing/fault-store.js';
import { scheduledStorage } from '../../src/testing/scheduled-store.js';
import { Scheduler } from '../../src/testing/scheduler.js';

const DAY_MS = 86_400_000;
const LOCATION = 'memory://lake/t';
const SCHEMA = { id: 'long' } as const;

interface Lake {
  readonly storage: StorageProvider;
  readonly store: ObjectStore;
  readonly clock: Clock & { nowMs: number };
}

function lake(): Lake {
  const clock = { nowMs: 1_000 * DAY_MS, now: () => clock.nowMs, sleep: () => Promise.resolve() };
  const storage = { ...memoryStorage({ clock }), clock };
  return { storage, store: storage.open(new URL(LOCATION)), clock };
}

/** Versions 0 to `newest`, one a day, a row each, with a checkpoint every third. */
async function oldTable(newest: number, properties: Record<string, string> = {}) {
  const made = lake();
  const { storage, clock } = made;
  const table = await DeltaTable.create(LOCATION, {
    schema: SCHEMA,
    storage,
    properties: { 'delta.checkpointInterval': '3', ...properties },
  });
  for (let id = 1; id <= newest; id++) {
    clock.nowMs += DAY_MS;
    await table.append([{ id }]);
  }
  return { ...made, table };
}

async function logOf(store: ObjectStore): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of store.list('_delta_log/'))
    names.push(key.replace(/^.*\/0*(?=\d)/, ''));
  return names;
}

async function keysIn(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** A storage whose stores are changed, with the time of the one it comes from. */
function changed(
  storage: StorageProvider,
  change: (store: ObjectStore) => ObjectStore,
): StorageProvider {
  return { ...storage, open: (url) => change(storage.open(url)) };
}

/** Requests that fail for ever once a clean-up has said what is about to go. */
function diesOnceAnnounced(): (call: StoreCall) => Fault | undefined {
  let announced = 0;
  return ({ operation, key }) => {
    if (announced === 2) return 'fail';
    // The first only asks for the time.
    if (operation === 'put' && key.startsWith('_varve/log-cleanup/')) announced++;
    return undefined;
  };
}

describe('what follows a commit', () => {
  it('cleans the log behind a checkpoint, and history and old versions say so', async () => {
    const { table, store, clock } = await oldTable(8);
    clock.nowMs += 27 * DAY_MS;
    expect(await table.append([{ id: 9 }])).toMatchObject({ version: 9, warnings: [] });
    const log = await logOf(store);
    expect(log.filter((name) => name.endsWith('.json'))).toEqual([
      '3.json',
      '4.json',
      '5.json',
      '6.json',
      '7.json',
      '8.json',
      '9.json',
    ]);
    expect(log.filter((name) => name.endsWith('.parquet'))).toHaveLength(3);
    expect(await table.scan().count()).toBe(9);
    expect((await table.history()).map(({ version }) => version)).toEqual([9, 8, 7, 6, 5, 4, 3]);
    const fresh = await table.snapshot({ version: 3 });
    expect(await fresh.scan().count()).toBe(3);
    await expect(table.snapshot({ version: 2 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      available: '3..9',
    });
    expect(await keysIn(store, '_varve/')).toEqual([]);
  });

  it('leaves the commit as it is when the checkpoint or the clean-up fails, and says what failed', async () => {
    const denied = [
      ['putIfAbsent', '.checkpoint.parquet'],
      ['put', '_last_checkpoint'],
      ['put', '.json'],
      ['delete', '00.json'],
    ] as const;
    for (const [call, suffix] of denied) {
      const { storage, clock } = await oldTable(8);
      clock.nowMs += 90 * DAY_MS;
      const faulty = changed(storage, (inner) =>
        faultStore(inner, ({ operation, key }) =>
          operation === call && key.endsWith(suffix) ? 'fail' : undefined,
        ),
      );
      const table = await DeltaTable.open(LOCATION, { storage: faulty });
      const commit = await table.append([{ id: 9 }]);
      expect(commit).toMatchObject({ version: 9, outcome: 'committed' });
      expect(commit.warnings).toMatchObject([{ code: 'STORAGE_UNAVAILABLE' }]);
      expect(await table.scan().count()).toBe(9);
    }
  });

  it('says no commit failed when what follows it meets a mistake of our own or of a store', async () => {
    const { storage } = await oldTable(8);
    const mistaken = changed(storage, (inner) => ({
      ...faultStore(inner, () => undefined),
      exclusively: () => Promise.reject(new TypeError('is not a function')),
    }));
    const table = await DeltaTable.open(LOCATION, { storage: mistaken });
    const commit = await table.append([{ id: 9 }]);
    expect(commit).toMatchObject({ version: 9, outcome: 'committed' });
    expect(commit.warnings).toMatchObject([
      { code: 'INTERNAL', cause: expect.any(TypeError) as TypeError },
    ]);
  });

  it('writes a checksum of each version it made, where the table asks for it', async () => {
    const asked = await oldTable(3, { 'varve.writeVersionChecksums': 'true' });
    const crc = (await logOf(asked.store)).filter((name) => name.endsWith('.crc'));
    expect(crc).toEqual(['0.crc', '1.crc', '2.crc', '3.crc']);
    const other = await oldTable(3);
    expect((await logOf(other.store)).filter((name) => name.endsWith('.crc'))).toEqual([]);
    const faulty = changed(asked.storage, (inner) =>
      faultStore(inner, ({ key }) => (key.endsWith('.crc') ? 'fail' : undefined)),
    );
    const table = await DeltaTable.open(LOCATION, { storage: faulty });
    const commit = await table.append([{ id: 4 }]);
    expect(commit).toMatchObject({ version: 4, warnings: [{ code: 'STORAGE_UNAVAILABLE' }] });
  });

  it('takes no history when this machine runs ahead of the store by years', async () => {
    const { storage, clock, store } = await oldTable(8);
    const ahead = { ...clock, now: () => clock.nowMs + 10_000 * DAY_MS };
    const table = await DeltaTable.open(LOCATION, { storage: { ...storage, clock: ahead } });
    expect(await table.append([{ id: 9 }])).toMatchObject({ warnings: [] });
    expect(await table.cleanUpLog()).toEqual({ oldestVersion: undefined, deleted: 0 });
    expect(await logOf(store)).toContain('0.json');
  });

  it('keeps a pinned version readable', async () => {
    const { table, clock } = await oldTable(8);
    await table.pins.create('paper', { version: 4 });
    clock.nowMs += 90 * DAY_MS;
    await table.append([{ id: 9 }]);
    const pinned = await table.snapshot({ pin: 'paper' });
    expect(await pinned.scan().count()).toBe(4);
    await expect(table.snapshot({ version: 2 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await table.pins.delete('paper');
    expect(await table.cleanUpLog()).toMatchObject({ oldestVersion: 6 });
  });

  it('is seen by whoever pins a version that is about to go', async () => {
    const { table, storage, clock } = await oldTable(8);
    clock.nowMs += 90 * DAY_MS;
    const pinned: Promise<string>[] = [];
    const pin = async (version: number): Promise<string> => {
      const name = `v${version}`;
      return await table.pins.create(name, { version }).then(
        () => 'pinned',
        (error: { readonly code: string }) => error.code,
      );
    };
    const hooked = changed(storage, (inner) => ({
      ...bound(inner),
      async *list(prefix, options) {
        yield* inner.list(prefix, options);
        // The pins were listed, and nothing is gone yet.
        if (prefix !== '_varve/pins/') return;
        pinned.push(pin(2), pin(6));
        await Promise.all(pinned);
      },
    }));
    const cleaner = await DeltaTable.open(LOCATION, { storage: hooked });
    expect(await cleaner.cleanUpLog()).toMatchObject({ oldestVersion: 6 });
    expect(await Promise.all(pinned)).toEqual(['DATA_GONE', 'pinned']);
    expect((await table.pins.list()).map(({ version }) => version)).toEqual([6]);
  });

  it('is not held up by clean-ups that died: their intents count for a day, and every clean-up sweeps', async () => {
    const { table, storage, store, clock } = await oldTable(8);
    clock.nowMs += 90 * DAY_MS;
    const dying = changed(storage, (inner) => faultStore(inner, diesOnceAnnounced()));
    const cleaner = await DeltaTable.open(LOCATION, { storage: dying });
    await expect(cleaner.cleanUpLog()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    const intents = '_varve/log-cleanup/';
    expect(await keysIn(store, intents)).toHaveLength(1);
    await expect(table.pins.create('soon', { version: 4 })).rejects.toMatchObject({
      code: 'DATA_GONE',
    });
    clock.nowMs += DAY_MS;
    await expect(table.pins.create('soon', { version: 4 })).rejects.toMatchObject({
      code: 'DATA_GONE',
    });
    clock.nowMs += 1;
    expect(await table.pins.create('later', { version: 4 })).toMatchObject({ version: 4 });
    await table.setProperties({ 'delta.enableExpiredLogCleanup': 'false' });
    // It has nothing to delete.
    expect(await table.cleanUpLog()).toEqual({ oldestVersion: undefined, deleted: 0 });
    expect(await keysIn(store, intents)).toEqual([]);
  });

  it('does not clean when a pin cannot be read', async () => {
    const { table, store, clock } = await oldTable(8);
    await store.put('_varve/pins/torn.json', new TextEncoder().encode('{'));
    clock.nowMs += 90 * DAY_MS;
    expect((await table.append([{ id: 9 }])).warnings).toMatchObject([{ code: 'CORRUPT_DATA' }]);
    expect(await logOf(store)).toContain('0.json');
    expect(await keysIn(store, '_varve/log-cleanup/')).toEqual([]);
  });

  it('says of a commit whose version was cleaned up that it has expired', async () => {
    const { table, clock } = await oldTable(8);
    const [first] = (await table.history()).toReversed();
    const attempt = { version: 0, txnId: first?.txnId ?? '' };
    expect(await table.resolveCommit(attempt)).toEqual({ outcome: 'committed', version: 0 });
    clock.nowMs += 90 * DAY_MS;
    await table.append([{ id: 9 }]);
    expect(await table.resolveCommit(attempt)).toEqual({ outcome: 'expired' });
    expect(await table.resolveCommit({ version: 10, txnId: 'x' })).toEqual({ outcome: 'unknown' });
  });
});

describe('maintenance by hand', () => {
  it('writes a checkpoint once', async () => {
    const { table, store } = await oldTable(2);
    expect(await table.checkpoint()).toEqual({ version: 2, outcome: 'written' });
    expect(await table.checkpoint()).toEqual({ version: 2, outcome: 'exists' });
    expect(await logOf(store)).toContain('2.checkpoint.parquet');
  });

  it('cleans the log of an idle table', async () => {
    const { table, clock, store } = await oldTable(5);
    clock.nowMs += 90 * DAY_MS;
    // By the store's own clock, which must have moved too.
    expect(await table.cleanUpLog()).toMatchObject({ oldestVersion: 3 });
    expect(await logOf(store)).not.toContain('2.json');
    expect(await table.scan().count()).toBe(5);
  });

  it('refuses options it does not know, and a table it may not write', async () => {
    const { table, storage, store } = await oldTable(1);
    for (const call of ['checkpoint', 'cleanUpLog'] as const) {
      await expect(table[call]({ retention: 1 } as never)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        option: 'retention',
      });
    }
    const protocol =
      '{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["x"]}}';
    await store.put(`_delta_log/${'2'.padStart(20, '0')}.json`, new TextEncoder().encode(protocol));
    const strange = await DeltaTable.open(LOCATION, { storage });
    for (const call of ['checkpoint', 'cleanUpLog'] as const) {
      await expect(strange[call]()).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE' });
    }
  });
});

describe('two processes at once', () => {
  it('commit, checkpoint and clean up, and no row or pinned version is lost, in any order', async () => {
    let refused = 0;
    for (let seed = 1; seed <= 25; seed++) {
      const scheduler = new Scheduler(seed);
      const made = lake();
      const { clock } = made;
      const storage = { ...made.storage };
      const table = await DeltaTable.create(LOCATION, {
        schema: SCHEMA,
        storage,
        properties: { 'delta.checkpointInterval': '2' },
      });
      for (let id = 1; id <= 5; id++) await table.append([{ id }]);
      clock.nowMs += 90 * DAY_MS;
      const as = (name: string): StorageProvider => {
        const provider = scheduledStorage(storage, scheduler, name);
        // Without the election: both do all of it.
        return { ...changed(provider, bound), clock };
      };
      const writer = (name: string, from: number) => async (): Promise<void> => {
        const mine = await DeltaTable.open(LOCATION, { storage: as(name) });
        for (let id = from; id < from + 3; id++) {
          expect((await mine.append([{ id }])).warnings).toEqual([]);
        }
      };
      const pinner = async (): Promise<void> => {
        const mine = await DeltaTable.open(LOCATION, { storage: as('pinner') });
        await mine.pins.create('old', { version: 3 });
      };
      const settled = await scheduler.run({ a: writer('a', 10), b: writer('b', 20), pinner });
      for (const result of settled) {
        if (result.status === 'fulfilled') continue;
        const code = expect.stringMatching(/^(DATA_GONE|NOT_FOUND)$/) as unknown;
        expect(result, `seed ${seed}`).toMatchObject({ actor: 'pinner', reason: { code } });
        refused++;
      }
      const after = await DeltaTable.open(LOCATION, { storage: made.storage });
      expect(await after.scan().count(), `seed ${seed}`).toBe(11);
      for (const pin of await after.pins.list()) {
        expect(await (await after.snapshot({ pin: pin.name })).scan().count()).toBe(3);
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(25);
  });
});

/** The methods of a store that hold for a copy of it, without the election. */
function bound(store: ObjectStore): ObjectStore {
  return {
    get: (...call) => store.get(...call),
    head: (...call) => store.head(...call),
    putIfAbsent: (...call) => store.putIfAbsent(...call),
    put: (...call) => store.put(...call),
    list: (...call) => store.list(...call),
    delete: (...call) => store.delete(...call),
  };
}
