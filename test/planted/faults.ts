/** Known mistakes, each of which the harness must catch: put in from outside, never by a switch in src. */
import { settle } from '../../src/log/committer.js';
import { joinBody, type ObjectStore, type PutOutcome } from '../../src/storage/object-store.js';
import type { Planted } from '../model/history.js';

/** Replaces a store's put-if-absent. */
function withPut(
  store: ObjectStore,
  putIfAbsent: (key: string, bytes: Uint8Array) => Promise<PutOutcome>,
): ObjectStore {
  return {
    get: async (key, options) => await store.get(key, options),
    head: async (key, options) => await store.head(key, options),
    put: async (key, body, options) => await store.put(key, body, options),
    delete: async (key, options) => await store.delete(key, options),
    list: (prefix, options) => store.list(prefix, options),
    putIfAbsent: async (key, body) => await putIfAbsent(key, joinBody(body)),
  };
}

const isCommit = (key: string): boolean => /^_delta_log\/\d{20}\.json$/u.test(key);

/** By name, in the order in which they are tried. */
export const PLANTED: Readonly<Record<string, Planted>> = {
  'no txnId check': {
    identify: () => Promise.resolve('other'),
  },
  'exists then put': {
    store: (store, point) =>
      withPut(store, async (key, bytes) => {
        if ((await store.head(key)) !== undefined) return 'exists';
        await point(`put ${key} that was absent`);
        await store.put(key, bytes);
        return 'created';
      }),
  },
  'no conflict check': {
    decisions: { checkConflict: () => undefined },
  },
  'next version after an unknown outcome': {
    decisions: {
      settle: async (context, version, txnId, bytes) => {
        const answer = await context.committer.commit(version, bytes);
        if (answer === 'committed') return 'committed';
        return answer === 'unknown' ? 'lost' : await settle(context, version, txnId, bytes);
      },
    },
  },
  'torn commit': {
    store: (store, point) =>
      withPut(store, async (key, bytes) => {
        if (!isCommit(key)) return await store.putIfAbsent(key, bytes);
        // Created under its final name before it is whole, as an exclusive create and then a write would be.
        const half = bytes.subarray(0, Math.floor(bytes.length / 2));
        const outcome = await store.putIfAbsent(key, half);
        if (outcome !== 'created') return outcome;
        await point(`write the rest of ${key}`);
        await store.put(key, bytes);
        return 'created';
      }),
  },
};
