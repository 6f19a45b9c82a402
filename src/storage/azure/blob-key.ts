/** What a key may be in Azure: less than elsewhere. */
import { InvalidArgumentError } from '../../errors.js';
import { checkKey, checkPrefix } from '../key.js';

/**
 * A backslash in a blob's name is taken for a slash (by Azurite at least): two keys would be one blob, and `..\` would
 * lead out of the table.
 *
 * @throws InvalidArgumentError
 */
export function checkBlobKey(key: string): void {
  checkKey(key);
  refuseBackslash(key);
}

/** As {@link checkBlobKey}, for the beginning of a key. */
export function checkBlobPrefix(prefix: string): void {
  checkPrefix(prefix);
  refuseBackslash(prefix);
}

function refuseBackslash(key: string): void {
  if (!key.includes('\\')) return;
  throw new InvalidArgumentError({
    message: `${JSON.stringify(key)} cannot be a blob: its backslash would be taken for a slash`,
    option: 'key',
    expected: 'a key without a backslash',
  });
}
