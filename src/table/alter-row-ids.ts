/** Gives row ids to the files of a table that is about to track rows. */
import { InvalidArgumentError, UnsupportedFeatureError } from '../errors.js';
import { reconcileKey } from '../log/action-path.js';
import type { AddFile } from '../log/actions.js';
import { checkWritable } from '../log/protocol.js';
import {
  BACKFILL_OPERATION,
  hasRowIds,
  isRowTrackingSuspended,
  physicalRows,
} from '../log/row-tracking.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { commitFiles } from './commit-files.js';
import { latestSnapshot } from './open.js';
import type { CallOptions } from './options.js';
import { NO_METRICS, outcomeOf } from './outcome.js';
import type { TableState } from './table-state.js';

/** Files that one commit gives ids to: some megabytes of log. */
export const BACKFILL_FILES = 10_000;

/**
 * Adds every file that has no row ids again, unchanged, so that a commit gives it some: as many commits as it takes,
 * none of which changes a row. The protocol supports row tracking already, so files that others add meanwhile have ids.
 *
 * @throws InvalidArgumentError while `delta.rowTrackingSuspended` is set
 * @throws UnsupportedFeatureError when the log does not count the rows of a file
 * @throws CommitConflictError when another commit changed the protocol or the metadata
 * @see PROTOCOL.md "Row Tracking"
 */
export async function backfillRowIds(state: TableState, { signal }: CallOptions): Promise<void> {
  for (let batch = 0; ; batch++) {
    const base = await latestSnapshot(state, signal);
    const adds = await filesWithoutIds(base, signal);
    if (adds.length === 0) return;
    const request = {
      base,
      actions: adds.map((add) => ({ kind: 'add', add: { ...add, dataChange: false } }) as const),
      reads: {
        files: new Set(adds.map(({ path }) => reconcileKey(path, base.url))),
        appIds: new Set<string>(),
      },
      described: {
        operation: BACKFILL_OPERATION,
        operationParameters: { batchId: String(batch) },
        operationMetrics: {},
      },
      signal,
    };
    const { result, warnings } = await commitFiles(state, request, []);
    outcomeOf(result, NO_METRICS, warnings, 'turn row tracking on again');
  }
}

/**
 * Whether the table can be made one whose rows have ids; true when it is.
 * @throws InvalidArgumentError, UnsupportedFeatureError as {@link backfillRowIds}, before anything is committed
 */
export async function checkCanTrackRows(
  base: Snapshot,
  signal: AbortSignal | undefined,
): Promise<void> {
  checkWritable(base.protocol, base.metadata, base.schema);
  if (hasRowIds(base.metadata)) return;
  if (isRowTrackingSuspended(base.metadata)) {
    throw new InvalidArgumentError({
      message: 'the table gives no row ids while delta.rowTrackingSuspended is true',
      option: 'delta.enableRowTracking',
      expected: 'a table whose delta.rowTrackingSuspended is unset first',
    });
  }
  for await (const add of base.files.adds(signal)) {
    if (add.baseRowId !== undefined || physicalRows(add) !== undefined) continue;
    throw new UnsupportedFeatureError({
      message: `row ids need the number of rows of each file, and the log does not count those of ${add.path}`,
      features: ['rowTracking'],
      side: 'write',
      remedy: 'rewrite the file, so that it has statistics, and turn row tracking on again',
    });
  }
}

async function filesWithoutIds(
  base: Snapshot,
  signal: AbortSignal | undefined,
): Promise<readonly AddFile[]> {
  const found: AddFile[] = [];
  for await (const add of base.files.adds(signal)) {
    if (add.baseRowId === undefined) found.push(add);
    if (found.length === BACKFILL_FILES) break;
  }
  return found;
}
