/** Data files that a version names and the store no longer has. */
import { DataGoneError } from '../errors.js';

/** The error of a read that met a missing file. */
export function dataGone(version: number, missing: readonly string[]): DataGoneError {
  return new DataGoneError({
    message:
      'data files of this version are gone, most likely by a VACUUM; ' +
      'read a later version, or pin versions that must last',
    version,
    missing,
  });
}
