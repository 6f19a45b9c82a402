/** What a commit is followed by, by hand. */
import { z } from 'zod';
import { writeCheckpoint } from '../log/checkpoint-writer.js';
import { checkWritable } from '../log/protocol.js';
import { callOptions, checkOptions } from './call-options.js';
import { cleanUp } from './clean-up.js';
import { latestSnapshot } from './open.js';
import type { CallOptions } from './options.js';
import type { CheckpointResult, LogCleanUp } from './results.js';
import type { TableState } from './table-state.js';

const optionsOf = z.strictObject(callOptions);

/** Writes a checkpoint of the newest version; see {@link DeltaTable.checkpoint}. */
export async function checkpointTable(
  state: TableState,
  options: CallOptions,
): Promise<CheckpointResult> {
  const { signal } = checkOptions('checkpoint', optionsOf, options);
  const snapshot = await latestSnapshot(state, signal);
  checkWritable(snapshot.protocol, snapshot.metadata, snapshot.schema);
  const { entropy } = state.environment;
  const { outcome, version } = await writeCheckpoint(state.log, snapshot, { entropy, signal });
  return { version, outcome };
}

/** Cleans expired versions out of the log; see {@link DeltaTable.cleanUpLog}. */
export async function cleanUpTableLog(
  state: TableState,
  options: CallOptions,
): Promise<LogCleanUp> {
  const { signal } = checkOptions('cleanUpLog', optionsOf, options);
  const snapshot = await latestSnapshot(state, signal);
  checkWritable(snapshot.protocol, snapshot.metadata, snapshot.schema);
  const { oldest, deleted } = await cleanUp(state, snapshot, { signal });
  return { oldestVersion: oldest, deleted };
}
