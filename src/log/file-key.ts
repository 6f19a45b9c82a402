/** From the path of an action to the key of the object: the one door to files that the log names. */
import { UnsupportedFeatureError } from '../errors.js';
import { reconcileKey, resolveActionPath } from './action-path.js';
import { LOG } from './log-path.js';

/** A path may be as long as a line of the log; an error's message should not be. */
const SHOWN_CHARACTERS = 200;

/** A path that stands for itself, as almost every one does: relative, with nothing to decode and no dot segment. */
const PLAIN_PATH = /^[\w=-][\w.=+-]*(?:\/[\w=-][\w.=+-]*)*$/;

/** Where files of a table may lie. */
export interface TableRoots {
  /** The table's own root: absolute, canonical, without a trailing slash. */
  readonly url: string;
  /** Other roots that the caller trusts, spelled alike. */
  readonly allowedRoots?: readonly string[] | undefined;
}

/**
 * The key of a data, change data or deletion vector file: of one below the table's root relative to it, of one below an
 * allowed root its whole URL, decoded.
 *
 * @param logKey - where the path was read, for the error
 * @throws CorruptDataError as `resolveActionPath`
 * @throws UnsupportedFeatureError for a file that lies below none of the roots
 */
export function fileKey(path: string, roots: TableRoots, logKey: string = LOG): string {
  if (PLAIN_PATH.test(path)) return path;
  const { url, allowedRoots = [] } = roots;
  const place = resolveActionPath(path, url, logKey);
  if (place.kind === 'key') return place.key;
  // A path without a scheme has the table's, whatever the allowed root's is.
  const absolute = reconcileKey(path, url);
  for (const root of allowedRoots) {
    const below = resolveActionPath(absolute, root, logKey);
    if (below.kind === 'key') return `${root}/${below.key}`;
  }
  throw new UnsupportedFeatureError({
    message: `the table names a file outside its own folder, as a shallow clone does: ${path.slice(0, SHOWN_CHARACTERS)}`,
    features: ['absolute file paths'],
    side: 'read',
    remedy: 'open it with `allowedRoots` if you trust that place, or make the clone a deep one',
  });
}
