/** What an append wants to commit. */
import type { RecordBatch } from 'apache-arrow';
import { NOTHING_READ } from '../log/conflict.js';
import type { Snapshot } from '../log/table-snapshot.js';
import type { PlannedWrite } from './commit-write.js';
import type { CallOptions } from './options.js';
import { NO_METRICS } from './outcome.js';
import type { TableState } from './table-state.js';
import { writeDescription } from './write-description.js';
import { fileTarget, writeFiles } from './write-files.js';

/** Writes batches of its schema into data files of the table that `base` is. */
export async function planAppend(
  state: TableState,
  base: Snapshot,
  batches: AsyncIterable<RecordBatch>,
  options: CallOptions,
): Promise<PlannedWrite> {
  const written = await writeFiles(fileTarget(state, base, 'append'), batches, options);
  const { partitionColumns } = base.metadata;
  return {
    actions: written.adds.map((add) => ({ kind: 'add', add })),
    reads: NOTHING_READ,
    described: writeDescription({ mode: 'Append', partitionColumns, written }),
    keys: written.keys,
    metrics: {
      ...NO_METRICS,
      rowsAdded: written.rows,
      filesAdded: written.adds.length,
      bytesAdded: written.bytes,
    },
  };
}
