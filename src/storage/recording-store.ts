/** A store that notes which requests were made of it. */
import type { ByteRange, ObjectStore } from './object-store.js';

/** One request. */
export interface StoreRequest {
  readonly operation: 'get' | 'head' | 'putIfAbsent' | 'put' | 'list' | 'delete' | 'copy';
  /** The key, or a listing's prefix. */
  readonly key: string;
  readonly range?: ByteRange | undefined;
}

/** `store`, noting each request in `requests` before it is made. A listing counts once, however many its pages. */
export function recordingStore(store: ObjectStore, requests: StoreRequest[]): ObjectStore {
  const note = (operation: StoreRequest['operation'], key: string, range?: ByteRange): void => {
    requests.push(range === undefined ? { operation, key } : { operation, key, range });
  };
  return {
    access: store.access,
    get: async (key, options) => {
      note('get', key, options?.range);
      return await store.get(key, options);
    },
    head: async (key, options) => {
      note('head', key);
      return await store.head(key, options);
    },
    putIfAbsent: async (key, body, options) => {
      note('putIfAbsent', key);
      return await store.putIfAbsent(key, body, options);
    },
    put: async (key, body, options) => {
      note('put', key);
      return await store.put(key, body, options);
    },
    list: (prefix, options) => {
      note('list', prefix);
      return store.list(prefix, options);
    },
    delete: async (key, options) => {
      note('delete', key);
      return await store.delete(key, options);
    },
    ...(store.copy === undefined
      ? {}
      : {
          copy: async (from, to, options) => {
            note('copy', from);
            return (await store.copy?.(from, to, options)) ?? 'unknown';
          },
        }),
    ...(store.exclusively === undefined
      ? {}
      : { exclusively: async (key, work) => (await store.exclusively?.(key, work)) ?? false }),
    ...(store.sweep === undefined
      ? {}
      : {
          sweep: async (prefix, beforeMs, options) =>
            (await store.sweep?.(prefix, beforeMs, options)) ?? 0,
        }),
  };
}
