/** Adds rows. */

import { z } from 'zod';
import { isApplied } from '../log/commit.js';
import { checkWritable } from '../log/protocol.js';
import { checkOptions, writeOptions } from './call-options.js';
import { commitFiles } from './commit-files.js';
import { readAppIds, setTransaction, txnActions } from './idempotency.js';
import { inputBatches } from './input.js';
import { latestSnapshot } from './open.js';
import type { WriteOptions } from './options.js';
import { NO_METRICS, outcomeOf, unchanged } from './outcome.js';
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
  const { signal } = checkOptions('append', optionsOf, options);
  const base = await latestSnapshot(state, signal);
  checkWritable(base.protocol, base.metadata, base.schema);
  const txn = setTransaction(options.idempotency, state.environment.clock.now());
  if (txn !== undefined && isApplied(base, txn)) return unchanged(base.version, 'already-applied');

  const batches = inputBatches(rows, base.schema, signal);
  const written = await writeFiles(fileTarget(state, base, 'append'), batches, options);
  if (written.adds.length === 0 && txn === undefined) {
    return unchanged(base.version, 'nothing-to-do');
  }

  const adds = written.adds.map((add) => ({ kind: 'add', add }) as const);
  const { partitionColumns } = base.metadata;
  const request = {
    base,
    actions: [...txnActions(txn), ...adds],
    reads: { files: new Set<string>(), appIds: readAppIds(txn) },
    described: writeDescription({ mode: 'Append', partitionColumns, written }),
    signal,
  };
  const { result, warnings } = await commitFiles(state, request, written.keys);
  const metrics = {
    ...NO_METRICS,
    rowsAdded: written.rows,
    filesAdded: written.adds.length,
    bytesAdded: written.bytes,
  };
  return outcomeOf(result, metrics, warnings, 'append the rows again');
}
