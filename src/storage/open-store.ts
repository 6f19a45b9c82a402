/** A store at a URL, for what lies beside tables: a run's artifacts, for example. */
import { locate } from './locate.js';
import type { ObjectStore, StorageProvider } from './object-store.js';

/**
 * The objects below `url`; nothing is read yet.
 *
 * @throws InvalidArgumentError when no provider knows the URL's scheme
 */
export function openStore(
  url: string | URL,
  options: {
    readonly storage?: StorageProvider | readonly StorageProvider[] | undefined;
  } = {},
): ObjectStore {
  const { storage } = options;
  const providers = storage === undefined ? [] : 'open' in storage ? [storage] : storage;
  return locate(url, providers).store;
}
