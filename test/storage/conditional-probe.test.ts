import { describe, expect, it } from 'vitest';
import { systemEntropy } from '../../src/clock.js';
import { StorageUnavailableError } from '../../src/errors.js';
import { ConditionalProbe, probedStore } from '../../src/storage/conditional-probe.js';
import { memoryStore } from '../../src/storage/memory-store.js';
import type { ObjectStore, PutOutcome } from '../../src/storage/object-store.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';
import { describeObjectStore } from '../contract/object-store.js';

const body = new Uint8Array([1]);
const KEY = '_delta_log/00000000000000000000.json';

const probed = (store: ObjectStore): ObjectStore =>
  probedStore(store, new ConditionalProbe(systemEntropy));

describeObjectStore(
  'memory that is probed',
  async () => await Promise.resolve(probed(memoryStore())),
);

/** A store whose put-if-absent answers one after the other of these, then the truth. */
function answering(...answers: readonly (PutOutcome | Error)[]): {
  readonly store: ObjectStore;
  readonly requests: StoreRequest[];
} {
  const memory = memoryStore();
  const left = [...answers];
  const requests: StoreRequest[] = [];
  const store: ObjectStore = {
    get: (key, options) => memory.get(key, options),
    head: (key, options) => memory.head(key, options),
    put: (key, bytes, options) => memory.put(key, bytes, options),
    list: (prefix, options) => memory.list(prefix, options),
    delete: (key, options) => memory.delete(key, options),
    putIfAbsent: async (key, bytes, options) => {
      const answer = left.shift();
      if (answer === undefined) return await memory.putIfAbsent(key, bytes, options);
      if (answer instanceof Error) throw answer;
      await memory.put(key, bytes);
      return answer;
    },
  };
  return { store: recordingStore(store, requests), requests };
}

async function keysOf(store: ObjectStore): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

describe('a probe', () => {
  it('asks once for all stores of a place, before the first write on a condition only', async () => {
    const { store, requests } = answering();
    const probe = new ConditionalProbe(systemEntropy);
    const [one, other] = [probedStore(store, probe), probedStore(store, probe)];
    await one.put('data.parquet', body);
    await one.get(KEY);
    expect(requests.map(({ operation }) => operation)).toEqual(['put', 'get']);
    const outcomes = await Promise.all(
      [one, other, one].map(async (each) => await each.putIfAbsent(KEY, body)),
    );
    expect(outcomes.toSorted()).toEqual(['created', 'exists', 'exists']);
    const asked = requests.slice(2).filter(({ key }) => key !== KEY);
    expect(asked.map(({ operation }) => operation)).toEqual([
      'putIfAbsent',
      'putIfAbsent',
      'delete',
    ]);
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
    expect(asked[0]?.key).toMatch(/^_delta_log\/_probe-[0-9a-f-]{36}$/u);
    expect(await keysOf(store)).toEqual([KEY, 'data.parquet']);
  });

  it.each([[['created', 'created']], [['exists']], [['unknown', 'created', 'created']]] as const)(
    'refuses a store that answers %j, and writes nothing',
    async (answers) => {
      const { store } = answering(...answers);
      const writing = probed(store).putIfAbsent(KEY, body);
      await expect(writing).rejects.toMatchObject({
        code: 'UNSUPPORTED_FEATURE',
        features: ['conditional writes'],
        side: 'write',
      });
      expect(await keysOf(store)).toEqual([]);
    },
  );

  it('asks again, elsewhere, while it is not told, and not for ever', async () => {
    const told = answering('unknown', 'created', 'unknown');
    expect(await probed(told.store).putIfAbsent(KEY, body)).toBe('created');
    expect(await keysOf(told.store)).toEqual([KEY]);
    const silent = answering('unknown', 'unknown', 'unknown');
    const store = probed(silent.store);
    await expect(store.putIfAbsent(KEY, body)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect(await store.putIfAbsent(KEY, body)).toBe('created');
  });

  it('passes on why it cannot be asked, and is asked anew by the next write', async () => {
    const trouble = new StorageUnavailableError({ message: 'down', key: 'k', operation: 'put' });
    const store = probed(answering(trouble).store);
    const both = await Promise.allSettled([
      store.putIfAbsent(KEY, body),
      store.putIfAbsent(KEY, body),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await store.putIfAbsent(KEY, body)).toBe('created');
  });

  it('stays where it may not be deleted', async () => {
    const { store } = answering();
    const keeping: ObjectStore = {
      ...store,
      delete: async () =>
        await Promise.reject(
          new StorageUnavailableError({ message: 'no', key: 'k', operation: 'delete' }),
        ),
    };
    expect(await probed(keeping).putIfAbsent('pins/a.json', body)).toBe('created');
    const keys = await keysOf(store);
    expect(keys[0]).toMatch(/^pins\/_probe-/u);
    expect(keys).toHaveLength(2);
  });
});
