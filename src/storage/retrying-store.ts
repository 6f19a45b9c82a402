/** A store that tries again what a passing fault stopped. */
import type { Clock, Entropy } from '../clock.js';
import { isVarveError } from '../errors.js';
import type { ObjectInfo, ObjectStore } from './object-store.js';

/** Tries of one operation, the first included. */
export const MAX_TRIES = 5;
/** Time after which no further try is begun. */
export const RETRY_BUDGET_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

export interface RetryContext {
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/**
 * `store`, with operations that ended with STORAGE_UNAVAILABLE tried again: after the pause the store asked for, or one
 * that doubles, with jitter. Repeating a read, a whole put or a delete changes nothing; put-if-absent is sent once,
 * since a second try would take the first one's success for another writer's. Aborts end the waiting at once.
 */
export function retryingStore(store: ObjectStore, context: RetryContext): ObjectStore {
  const retried = <T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> =>
    withRetries(context, signal, run);
  return {
    access: store.access,
    get: async (key, options) => await retried(options?.signal, () => store.get(key, options)),
    head: async (key, options) => await retried(options?.signal, () => store.head(key, options)),
    putIfAbsent: async (key, body, options) => await store.putIfAbsent(key, body, options),
    put: async (key, body, options) =>
      await retried(options?.signal, () => store.put(key, body, options)),
    delete: async (key, options) =>
      await retried(options?.signal, () => store.delete(key, options)),
    list: (prefix, options) => listRetried(store, context, prefix, options),
  };
}

/** Goes on after the last key that was seen, so that a fault in the middle costs no more than a page. */
async function* listRetried(
  store: ObjectStore,
  context: RetryContext,
  prefix: string,
  options: Parameters<ObjectStore['list']>[1],
): AsyncGenerator<ObjectInfo, void, undefined> {
  let startAfter = options?.startAfter;
  let iterator: AsyncIterator<ObjectInfo> | undefined;
  for (;;) {
    const next = await withRetries(context, options?.signal, async () => {
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

async function withRetries<T>(
  { clock, entropy }: RetryContext,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  const deadline = clock.now() + RETRY_BUDGET_MS;
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!isVarveError(error, 'STORAGE_UNAVAILABLE') || tries >= MAX_TRIES) throw error;
      const longest = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), MAX_PAUSE_MS);
      const pauseMs = error.retryAfterMs ?? longest * (0.5 + entropy.random() / 2);
      if (clock.now() + pauseMs > deadline) throw error;
      await clock.sleep(pauseMs, signal);
    }
  }
}
