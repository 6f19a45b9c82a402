/** One process's storage under the circumstances of a variant. */

import type { ObjectInfo } from '../../src/storage/object-store.js';
import type { ObjectStore, StorageProvider } from '../../src/testing/index.js';
import type { Variant } from './line.js';
import { virtualClock } from './virtual-clock.js';

const YEAR_MS = 365 * 24 * 3_600_000;
const SKEW_MS = 12 * YEAR_MS;
/** How many listings of a process are behind before they are what is there. */
const STALE_LISTINGS = 3;

export function circumstances(
  storage: StorageProvider,
  variant: Variant | undefined,
): StorageProvider {
  switch (variant) {
    case undefined:
      return storage;
    case 'skew':
      return { ...storage, clock: virtualClock(SKEW_MS) };
    case 'no-locks':
      return { ...storage, open: (url) => ({ ...storage.open(url), exclusively: atOnce }) };
    case 'stale-lists': {
      let left = STALE_LISTINGS;
      return { ...storage, open: (url) => behind(storage.open(url), () => left-- > 0) };
    }
  }
}

async function atOnce(_key: string, work: () => Promise<void>): Promise<boolean> {
  await work();
  return true;
}

/** While `isBehind`, a listing does not show the newest commit. */
function behind(store: ObjectStore, isBehind: () => boolean): ObjectStore {
  return {
    ...store,
    async *list(prefix, options) {
      const all: ObjectInfo[] = [];
      for await (const info of store.list(prefix, options)) all.push(info);
      const newest = all.findLast(({ key }) => /^_delta_log\/\d{20}\.json$/u.test(key));
      const isShort = newest !== undefined && isBehind();
      yield* isShort ? all.filter(({ key }) => key !== newest.key) : all;
    },
  };
}
