/** Adds rows. */

import { z } from 'zod';
import { NOTHING_READ } from '../log/conflict.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { checkOptions, writeOptions } from './call-options.js';
import { commitWrite, type PlannedWrite } from './commit-write.js';
import { inputBatches } from './input.js';
import type { CallOptions, WriteOptions } from './options.js';
import { NO_METRICS } from './outcome.js';
import type { Commit } from './results.js';
import type { TableState } from './table-state.js';
import { writeDescription } from './write-description.js';
import { fileTarget, writeFiles } from './write-files.js';

const optionsOf = z.strictObject(writeOptions);

/** Appends every row of `rows` in one commit; see {@link DeltaTable.append}. */
export async function append(
  state: TableState,
  rows: unknown,
  options: WriteOptions,
): Promise<Commit> {
  checkOptions('append', optionsOf, options);
  return await commitWrite(state, options, {
    plan: async (base) => await planAppend(state, base, rows, options),
    advice: 'append the rows again',
  });
}

/** Writes the rows into data files of the table that `base` is. */
export async function planAppend(
  state: TableState,
  base: Snapshot,
  rows: unknown,
  options: CallOptions,
): Promise<PlannedWrite> {
  const batches = inputBatches(rows, base.schema, options.signal);
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
