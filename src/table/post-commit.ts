/** Work that follows a commit and can fail without harm: the commit stands, the next one tries again. */
import { InternalError, isVarveError, type VarveError } from '../errors.js';
import { writeCheckpoint } from '../log/checkpoint-writer.js';
import { tableProperties } from '../log/table-properties.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { writeVersionChecksum } from '../log/version-checksum.js';
import { cleanUp } from './clean-up.js';
import type { TableState } from './table-state.js';

const LOCK = '_varve/maintenance';

/**
 * Writes the version's checksum where the table asks for it (`varve.writeVersionChecksums`); writes a checkpoint when
 * the version is due for one (`delta.checkpointInterval`), and behind it cleans expired versions out of the log
 * (`delta.logRetentionDuration`). Two processes may both do it: the store keeps the first checkpoint, and what is deleted
 * already is no error, so the lock only saves work.
 *
 * @param snapshot - the table as the commit itself made it
 * @returns what failed, for the commit's `warnings`
 * @see PROTOCOL.md "Version Checksum File", "Checkpoints", "Metadata Cleanup"
 */
export async function afterCommit(
  state: TableState,
  snapshot: Snapshot | undefined,
): Promise<readonly VarveError[]> {
  if (snapshot === undefined) return [];
  const properties = tableProperties(snapshot.configuration);
  const checksum = await warningsOf(async () => {
    if (properties.writeVersionChecksums) await writeVersionChecksum(state.log, snapshot);
  });
  const checkpoint = await warningsOf(async () => {
    if (snapshot.version === 0 || snapshot.version % properties.checkpointInterval !== 0) return;
    const { store } = state.log;
    const work = async (): Promise<void> => await checkpointAndCleanUp(state, snapshot);
    if (store.exclusively === undefined) await work();
    else await store.exclusively(LOCK, work);
  });
  return [...checksum, ...checkpoint];
}

/** Who wrote the checkpoint cleans up too: whoever came second leaves it to the first. */
async function checkpointAndCleanUp(state: TableState, snapshot: Snapshot): Promise<void> {
  const { entropy } = state.environment;
  const written = await writeCheckpoint(state.log, snapshot, { entropy });
  if (written.outcome !== 'written' || written.storeMs === undefined) return;
  await cleanUp(state, snapshot, { storeNowMs: written.storeMs });
}

async function warningsOf(work: () => Promise<void>): Promise<readonly VarveError[]> {
  try {
    await work();
    return [];
  } catch (error) {
    // Thrown, it would say that the commit had failed.
    return [isVarveError(error) ? error : mistake(error)];
  }
}

function mistake(cause: unknown): InternalError {
  return new InternalError({
    message: 'the work that follows a commit failed, not the commit',
    cause,
  });
}
