/** A store that tries again what a passing fault stopped. */
import type { ObjectInfo, ObjectStore } from './object-store.js';
import { Retries, type RetryContext } from './retries.js';

/**
 * `store`, with operations that ended with STORAGE_UNAVAILABLE tried again as {@link Retries} does. Repeating a read, a
 * whole put or a delete changes nothing; put-if-absent is sent once, since a second try would take the first one's
 * success for another writer's. Aborts end the waiting at once.
 */
export function retryingStore(store: ObjectStore, context: RetryContext): ObjectStore {
  const retries = new Retries(context);
  return {
    access: store.access,
    get: async (key, options) => await retries.run(options?.signal, () => store.get(key, options)),
    head: async (key, options) =>
      await retries.run(options?.signal, () => store.head(key, options)),
    putIfAbsent: async (key, body, options) => await store.putIfAbsent(key, body, options),
    put: async (key, body, options) =>
      await retries.run(options?.signal, () => store.put(key, body, options)),
    delete: async (key, options) =>
      await retries.run(options?.signal, () => store.delete(key, options)),
    list: (prefix, options) => listRetried(store, retries, prefix, options),
  };
}

/** Goes on after the last key that was seen, so that a fault in the middle costs no more than a page. */
async function* listRetried(
  store: ObjectStore,
  retries: Retries,
  prefix: string,
  options: Parameters<ObjectStore['list']>[1],
): AsyncGenerator<ObjectInfo, void, undefined> {
  let startAfter = options?.startAfter;
  let iterator: AsyncIterator<ObjectInfo> | undefined;
  for (;;) {
    const next = await retries.run(options?.signal, async () => {
      iterator ??= store.list(prefix, { ...options, startAfter })[Symbol.asyncIterator]();
      try {
        return await iterator.next();
      } catch (error) {
        iterator = undefined;
        throw error;
      }
    });
    if (next.done === true) return;
    startAfter = next.value.key;
    yield next.value;
  }
}
