/** A store whose every operation waits for its turn. */
import type { ObjectInfo, ObjectStore, StorageProvider } from '../storage/object-store.js';
import type { Scheduler } from './scheduler.js';

/**
 * `store` as one actor sees it. Whatever changes something waits twice, before its effect and before its answer, so
 * that others may come in between; a listing is taken at one moment.
 */
export function scheduledStore(
  store: ObjectStore,
  scheduler: Scheduler,
  actor: string,
): ObjectStore {
  const reading = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    await scheduler.point(actor, what);
    return await run();
  };
  const changing = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    const answer = await reading(what, run);
    await scheduler.point(actor, `answer of ${what}`);
    return answer;
  };
  return {
    access: store.access,
    get: async (key, options) => await reading(`get ${key}`, () => store.get(key, options)),
    head: async (key, options) => await reading(`head ${key}`, () => store.head(key, options)),
    putIfAbsent: async (key, body, options) =>
      await changing(`putIfAbsent ${key}`, () => store.putIfAbsent(key, body, options)),
    put: async (key, body, options) =>
      await changing(`put ${key}`, () => store.put(key, body, options)),
    delete: async (key, options) =>
      await changing(`delete ${key}`, () => store.delete(key, options)),
    async *list(prefix, options) {
      const found = await reading(`list ${prefix}`, async () => {
        const all: ObjectInfo[] = [];
        for await (const info of store.list(prefix, options)) all.push(info);
        return all;
      });
      yield* found;
    },
  };
}

/**
 * Storage as one actor, a process of its own, sees it, with the scheduler's time and chance for the tables opened
 * through it: give each actor its own. `wrap` may put faults between the actor and the store.
 */
export function scheduledStorage(
  storage: StorageProvider,
  scheduler: Scheduler,
  actor: string,
  wrap: (store: ObjectStore) => ObjectStore = (store) => store,
): StorageProvider {
  return {
    schemes: storage.schemes,
    clock: scheduler.clock(actor),
    entropy: scheduler.entropy(actor),
    open: (url) => scheduledStore(wrap(storage.open(url)), scheduler, actor),
  };
}
