/** Adds rows. */

import { z } from 'zod';
import { checkOptions, writeOptions } from './call-options.js';
import { commitWrite } from './commit-write.js';
import { appendInGroup } from './group-commit.js';
import { inputBatches } from './input.js';
import type { AppendOptions } from './options.js';
import { planAppend } from './plan-append.js';
import type { Commit } from './results.js';
import type { TableState } from './table-state.js';

const optionsOf = z.strictObject({ ...writeOptions, group: z.boolean().optional() });

/** Appends every row of `rows` in one commit; see {@link DeltaTable.append}. */
export async function append(
  state: TableState,
  rows: unknown,
  options: AppendOptions,
): Promise<Commit> {
  const { group = false } = checkOptions('append', optionsOf, options);
  if (group) return await appendInGroup(state, rows, options);
  return await commitWrite(state, options, {
    plan: async (base) => {
      const batches = inputBatches(rows, base.schema, options.signal);
      return await planAppend(state, base, batches, options);
    },
    advice: 'append the rows again',
  });
}
