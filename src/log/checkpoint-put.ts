/** Puts one file of a checkpoint. */
import { StorageUnavailableError } from '../errors.js';
import type { Body, ObjectStore } from '../storage/object-store.js';

/**
 * Creates the file if it is not there. Whoever's it is, one that is there is whole: it appears at once or not at all.
 * @throws StorageUnavailableError when the store does not say whether it was written
 */
export async function putCheckpointFile(
  store: ObjectStore,
  key: string,
  body: Body,
  signal: AbortSignal | undefined,
): Promise<'created' | 'exists'> {
  const outcome = await store.putIfAbsent(key, body, { signal });
  if (outcome !== 'unknown') return outcome;
  if ((await store.head(key, { signal })) !== undefined) return 'exists';
  throw new StorageUnavailableError({
    message: `the store did not say whether ${key} of a checkpoint was written; it is not needed, try again later`,
    key,
    operation: 'putIfAbsent',
  });
}
