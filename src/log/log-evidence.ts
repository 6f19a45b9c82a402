/** Whether a log has gone beyond a version whose commit is not there: then it never will be. */
import type { CallContext, ObjectStore } from '../storage/object-store.js';
import { LOG, parseLogName } from './log-path.js';
import { listLog } from './log-segment.js';
import { hintedKeys, readHint } from './probe-log.js';

/**
 * Whether anything in the log proves that `version` was committed: a commit or a checkpoint of that version or a later
 * one. A listing may be late, so a checkpoint that the hint names is asked for by its name, too. Costs one page of a
 * listing, and when that shows nothing the hint and its checkpoint.
 *
 * @throws StorageUnavailableError, AccessDeniedError of the store
 * @see PROTOCOL.md "Metadata Cleanup"
 */
export async function isBehindLog(
  store: ObjectStore,
  version: number,
  { signal }: CallContext,
): Promise<boolean> {
  const until = ({ key }: { readonly key: string }): boolean => provenBy(key) >= version;
  const listed = await listLog(store, { from: version, until, signal });
  if (listed.some(until)) return true;
  const { hint } = await readHint(store, { signal });
  if (hint === undefined || hint.version < version) return false;
  for (const key of hintedKeys(hint)) {
    if ((await store.head(key, { signal })) === undefined) return false;
  }
  return true;
}

/** The version that a file of the log proves by its name; -1 for none. */
function provenBy(key: string): number {
  const name = parseLogName(key.slice(LOG.length));
  const proves = name.kind === 'commit' || name.kind.startsWith('checkpoint');
  return proves && 'version' in name ? name.version : -1;
}
