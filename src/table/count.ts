/** How many rows a scan would give, read only where the log cannot tell. */

import { recordCount } from './file-facts.js';
import type { CallOptions } from './options.js';
import { scanBatches } from './scan-batches.js';
import type { PlannedFile, PlannedScan } from './scan-plan.js';

/**
 * Counts files whose rows all match by their statistics, or by their footers where there are none, and reads the
 * condition's columns of the others. Exact either way.
 */
export async function countRows(plan: PlannedScan, options: CallOptions): Promise<number> {
  const known = plan.rowFilter === undefined ? plan.files.filter(({ allMatch }) => allMatch) : [];
  const unknown = known.length === 0 ? plan.files : plan.files.filter((file) => !file.allMatch);
  let count = 0;
  for (const { file, only } of known) {
    options.signal?.throwIfAborted();
    count += only?.cardinality ?? (await recordCount(plan.snapshot, file, options.signal));
    if (plan.limit !== undefined && count >= plan.limit) return plan.limit;
  }
  count += await countRead(plan, unknown, options);
  return plan.limit === undefined ? count : Math.min(count, plan.limit);
}

async function countRead(
  plan: PlannedScan,
  files: readonly PlannedFile[],
  options: CallOptions,
): Promise<number> {
  const nothing = { type: 'struct', fields: [] } as const;
  const needed = new Set([
    ...(plan.where?.columns.map(({ name }) => name) ?? []),
    ...(plan.rowFilter?.columns ?? []),
  ]);
  const fields = plan.reading.fields.filter(({ name }) => needed.has(name));
  const counted = { ...plan, files, output: nothing, reading: { ...plan.reading, fields } };
  let count = 0;
  for await (const batch of scanBatches(counted, options)) count += batch.numRows;
  return count;
}
