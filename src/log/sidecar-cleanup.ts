/** Deletes sidecars that no checkpoint names any more. PROTOCOL.md "Metadata Cleanup", steps 4 and 5. */
import { sidecarKeys } from './checkpoint.js';
import { SIDECARS } from './log-path.js';
import { listLog, readListing } from './log-segment.js';
import type { LogContext } from './table-snapshot.js';

/**
 * Deletes what lies in the folder of sidecars, is older than `beforeMs` and is named by no checkpoint of the log. A
 * younger one may belong to a checkpoint that is just being written.
 *
 * @returns how many were deleted
 * @throws CorruptDataError when a checkpoint cannot be read, for then nobody knows what it names; nothing was deleted
 */
export async function deleteSidecars(
  log: LogContext,
  beforeMs: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { store } = log;
  const old: string[] = [];
  for await (const { key, modifiedMs } of store.list(SIDECARS, { signal })) {
    if (modifiedMs < beforeMs) old.push(key);
  }
  if (old.length === 0) return 0;
  const named = new Set<string>();
  for (const candidate of readListing(await listLog(store, { signal })).checkpoints) {
    for (const key of await sidecarKeys(log, candidate, signal)) named.add(key);
  }
  let deleted = 0;
  for (const key of old) {
    if (named.has(key)) continue;
    if ((await store.delete(key, { signal })) === 'deleted') deleted++;
  }
  return deleted;
}
