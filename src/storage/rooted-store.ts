/** A store that also reads below other roots than its own: a shallow clone's files lie where it was cloned from. */
import type { ObjectStore } from './object-store.js';

/** A root beside the store's own. */
export interface OtherRoot {
  /** Absolute and canonical, without a trailing slash. */
  readonly url: string;
  /** Keys are relative to the URL. */
  readonly store: ObjectStore;
}

/**
 * `store`, in which a key that is the URL of one of `roots`, a `/` and a key of that root is read there. No key of its
 * own looks like that, for none has `//` in it. Everything but `get` and `head` knows the store's own keys only.
 */
export function rootedStore(store: ObjectStore, roots: readonly OtherRoot[]): ObjectStore {
  if (roots.length === 0) return store;
  const placeOf = (key: string): { readonly store: ObjectStore; readonly key: string } => {
    const root = roots.find(({ url }) => key.startsWith(`${url}/`));
    return root === undefined
      ? { store, key }
      : { store: root.store, key: key.slice(root.url.length + 1) };
  };
  const copy = store.copy?.bind(store);
  const exclusively = store.exclusively?.bind(store);
  const sweep = store.sweep?.bind(store);
  return {
    access: store.access,
    get: (key, options) => {
      const place = placeOf(key);
      return place.store.get(place.key, options);
    },
    head: (key, options) => {
      const place = placeOf(key);
      return place.store.head(place.key, options);
    },
    putIfAbsent: (key, body, options) => store.putIfAbsent(key, body, options),
    put: (key, body, options) => store.put(key, body, options),
    list: (prefix, options) => store.list(prefix, options),
    delete: (key, options) => store.delete(key, options),
    ...(copy && { copy }),
    ...(exclusively && { exclusively }),
    ...(sweep && { sweep }),
  };
}
