/** Work that follows a commit and can fail without harm: the commit stands, the next one tries again. */
import { isVarveError, type VarveError } from '../errors.js';
import { writeCheckpoint } from '../log/checkpoint-writer.js';
import { tableProperties } from '../log/table-properties.js';
import type { Snapshot } from '../log/table-snapshot.js';
import type { TableState } from './table-state.js';

const LOCK = '_varve/maintenance';

/**
 * Writes a checkpoint when the version is due for one (`delta.checkpointInterval`). Two processes may both do it: the
 * store keeps the first, so the lock only saves work.
 *
 * @returns what failed, for the commit's `warnings`
 * @see PROTOCOL.md "Checkpoints"
 */
export async function afterCommit(
  state: TableState,
  snapshot: Snapshot | undefined,
): Promise<readonly VarveError[]> {
  if (snapshot === undefined || snapshot.version === 0) return [];
  try {
    const { checkpointInterval } = tableProperties(snapshot.metadata.configuration);
    if (snapshot.version % checkpointInterval !== 0) return [];
    const { store } = state.log;
    const work = async (): Promise<void> => {
      await writeCheckpoint(state.log, snapshot);
    };
    if (store.exclusively === undefined) await work();
    else await store.exclusively(LOCK, work);
    return [];
  } catch (error) {
    if (!isVarveError(error)) throw error;
    return [error];
  }
}
