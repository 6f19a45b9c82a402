/** From a file that is live to the tombstone that ends it. */
import type { AddFile, RemoveFile } from './actions.js';

/**
 * The `remove` of a live file: its path and deletion vector as they were read, byte for byte, for other engines match
 * them as text; every field Spark needs to undo or read the change; `deletionTimestamp` always, because a tombstone
 * without one has already expired.
 *
 * @see PROTOCOL.md "Add File and Remove File"
 */
export function removeOf(add: AddFile, deletionTimestamp: number): RemoveFile {
  return {
    path: add.path,
    deletionTimestamp,
    dataChange: true,
    extendedFileMetadata: true,
    partitionValues: add.partitionValues,
    size: add.size,
    tags: add.tags,
    stats: add.stats,
    deletionVector: add.deletionVector,
    baseRowId: add.baseRowId,
    defaultRowCommitVersion: add.defaultRowCommitVersion,
  };
}
