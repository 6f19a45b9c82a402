/** Objects in memory that are only read, one of them replaced: made new for each input, so it must cost nothing. */
import { compareKeys } from '../../src/storage/key.js';
import type { ObjectInfo, ObjectStore } from '../../src/storage/object-store.js';

/** By key. */
export type Objects = ReadonlyMap<string, Uint8Array>;

/** Objects that are read as one: a table, or a folder with one Parquet file in it. */
export interface Base {
  readonly name: string;
  readonly objects: Objects;
}

/** When every object was modified: in-commit times aside, versions are told apart by their order only. */
const MODIFIED_MS = Date.UTC(2026, 0, 1);

const readOnly = (): never => {
  throw new Error('fuzzing only reads');
};

export function overlayStore(objects: Objects): ObjectStore {
  const keys = [...objects.keys()].toSorted(compareKeys);
  const infoOf = (key: string, sizeBytes: number): ObjectInfo => ({
    key,
    sizeBytes,
    modifiedMs: MODIFIED_MS,
    etag: '1',
  });
  return {
    get: (key, { range } = {}) => {
      const bytes = objects.get(key);
      if (bytes === undefined) return Promise.resolve(undefined);
      const info = infoOf(key, bytes.length);
      return Promise.resolve({ bytes: bytes.slice(range?.start, range?.end), info });
    },
    head: (key) => {
      const bytes = objects.get(key);
      return Promise.resolve(bytes && infoOf(key, bytes.length));
    },
    // biome-ignore lint/suspicious/useAwait: the contract is asynchronous
    async *list(prefix, { startAfter } = {}) {
      for (const key of keys) {
        if (!key.startsWith(prefix)) continue;
        if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue;
        yield infoOf(key, objects.get(key)?.length ?? 0);
      }
    },
    putIfAbsent: readOnly,
    put: readOnly,
    delete: readOnly,
  };
}
