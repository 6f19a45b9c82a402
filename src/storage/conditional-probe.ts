/** Proof that a store keeps the one condition that commits rest on, before the first of them. */
import type { Entropy } from '../clock.js';
import { StorageUnavailableError, UnsupportedFeatureError } from '../errors.js';
import { checkKey } from './key.js';
import type { ObjectStore } from './object-store.js';

/** Objects that are tried, each under a name of its own, while a store does not say what it did. */
const PROBES = 3;
const BODY: Uint8Array = new TextEncoder().encode('a probe: may be deleted\n');

/** What is known of one place, a bucket for example: shared by all stores in it, so that it is asked once. */
export class ConditionalProbe {
  readonly #entropy: Entropy;
  #proof: Promise<void> | undefined;

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  /**
   * Puts an object that is not there, twice, and deletes it again. Some servers that call themselves compatible take
   * the second put too: with such a server two writers would overwrite each other's commits. The object lies beside
   * `key`, where the rights are those of what is to be written, under a name that begins with `_probe-`: readers of
   * Delta pass over it, should it be left behind.
   *
   * @throws UnsupportedFeatureError when the condition is not kept, or not known
   * @throws StorageUnavailableError when the store did not say
   */
  async prove(store: ObjectStore, key: string): Promise<void> {
    this.#proof ??= this.#probe(store, key.slice(0, key.lastIndexOf('/') + 1));
    const proof = this.#proof;
    try {
      await proof;
    } catch (error) {
      // What failed in passing is asked again; one of several that waited forgets it, and no newer one.
      if (this.#proof === proof) this.#proof = undefined;
      throw error;
    }
  }

  async #probe(store: ObjectStore, folder: string): Promise<void> {
    for (let tries = 0; tries < PROBES; tries++) {
      const key = `${folder}_probe-${this.#entropy.uuid()}`;
      const first = await store.putIfAbsent(key, BODY);
      const second = first === 'created' ? await store.putIfAbsent(key, BODY) : first;
      await forget(store, key);
      if (first === 'unknown' || second === 'unknown') continue;
      if (first === 'created' && second === 'exists') return;
      throw ignored();
    }
    throw new StorageUnavailableError({
      message: 'the store did not say whether it writes only what is absent; try again later',
      key: folder,
      operation: 'putIfAbsent',
    });
  }
}

/** `store`, whose writes on a condition wait for `probe` to prove that it keeps them. */
export function probedStore(store: ObjectStore, probe: ConditionalProbe): ObjectStore {
  const copy = store.copy?.bind(store);
  const exclusively = store.exclusively?.bind(store);
  const sweep = store.sweep?.bind(store);
  const prove = async (key: string, signal: AbortSignal | undefined): Promise<void> => {
    checkKey(key);
    signal?.throwIfAborted();
    await probe.prove(store, key);
    signal?.throwIfAborted();
  };
  return {
    access: store.access,
    get: (key, options) => store.get(key, options),
    head: (key, options) => store.head(key, options),
    putIfAbsent: async (key, body, options) => {
      await prove(key, options?.signal);
      return await store.putIfAbsent(key, body, options);
    },
    put: (key, body, options) => store.put(key, body, options),
    list: (prefix, options) => store.list(prefix, options),
    delete: (key, options) => store.delete(key, options),
    ...(copy && {
      copy: async (from, to, options) => {
        await prove(to, options?.signal);
        return await copy(from, to, options);
      },
    }),
    ...(exclusively && { exclusively }),
    ...(sweep && { sweep }),
  };
}

/** Whoever may write and not delete leaves the probe behind, which does no harm. */
async function forget(store: ObjectStore, key: string): Promise<void> {
  try {
    await store.delete(key);
  } catch {
    return;
  }
}

function ignored(): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message:
      'this store took a second object where it was told to write only what is absent: ' +
      "two writers would overwrite each other's commits, so nothing is written",
    features: ['conditional writes'],
    side: 'write',
    remedy: 'take a service that keeps If-None-Match, or a newer release of this one',
  });
}
