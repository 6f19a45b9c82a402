/** A store at a URL, for what lies beside tables: a run's artifacts, for example. */
import { InvalidArgumentError } from '../errors.js';
import { locate, providersOf } from './locate.js';
import type { ObjectStore, StorageProvider } from './object-store.js';

/**
 * The objects below `url`; nothing is read yet.
 *
 * @throws InvalidArgumentError when no provider knows the URL's scheme, or what was given is no provider or no options
 */
export function openStore(
  url: string | URL,
  options: {
    readonly storage?: StorageProvider | readonly StorageProvider[] | undefined;
  } = {},
): ObjectStore {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new InvalidArgumentError({
      message: 'openStore: what was given is not valid',
      option: 'options',
      expected: 'an object, with storage or without',
    });
  }
  return locate(url, providersOf(options.storage)).store;
}
