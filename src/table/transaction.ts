/** Several writes as one commit, each of which sees the ones before. */

import { z } from 'zod';
import { InvalidArgumentError, isVarveError } from '../errors.js';
import { isApplied } from '../log/commit.js';
import { checkWritable } from '../log/protocol.js';
import { checkOptions, writeOptions } from './call-options.js';
import { commitFiles } from './commit-files.js';
import { isolationOf, planRequest } from './commit-write.js';
import { setTransaction } from './idempotency.js';
import { latestSnapshot } from './open.js';
import type { TransactionOptions } from './options.js';
import { outcomeOf, unchanged } from './outcome.js';
import type { Commit } from './results.js';
import type { TableSchema } from './row/row-types.js';
import { type MergedPlan, StagedWrites } from './staged-writes.js';
import type { TableHandle } from './table-state.js';
import { Transaction } from './transaction-handle.js';
import { discardFiles } from './write-files.js';

const optionsOf = z.strictObject({
  ...writeOptions,
  retry: z
    .strictObject({ attempts: z.number().int().min(1), signal: writeOptions.signal })
    .optional(),
});

/** Runs the function and commits what it did; see {@link DeltaTable.transaction}. */
export async function transaction<S extends TableSchema>(
  handle: TableHandle,
  work: (tx: Transaction<S>) => Promise<unknown>,
  options: TransactionOptions,
): Promise<Commit> {
  const { retry } = checkOptions('transaction', optionsOf, options);
  if (typeof work !== 'function') {
    throw new InvalidArgumentError({
      message: 'transaction: what to do is no function',
      option: 'work',
      expected: 'an async function of the transaction',
    });
  }
  const attempts = retry?.attempts ?? 1;
  for (let attempt = 1; ; attempt++) {
    const ended = await attemptOnce(handle, work, options);
    if ('commit' in ended) return ended.commit;
    if (attempt >= attempts || retry?.signal?.aborted === true) throw ended.conflict;
  }
}

/** What a run came to; whatever else went wrong was thrown, the function's own errors as they are. */
type Ended = { readonly commit: Commit } | { readonly conflict: unknown };

async function attemptOnce<S extends TableSchema>(
  handle: TableHandle,
  work: (tx: Transaction<S>) => Promise<unknown>,
  options: TransactionOptions,
): Promise<Ended> {
  const { state } = handle;
  const { signal, onProgress, idempotency } = options;
  const base = await latestSnapshot(state, signal);
  checkWritable(base.protocol, base.metadata, base.schema);
  const isolation = isolationOf(base, options.isolation);
  const txn = setTransaction(idempotency, state.environment.clock.now());
  if (txn !== undefined && isApplied(base, txn)) {
    return { commit: unchanged(base.version, 'already-applied') };
  }
  const staged = new StagedWrites(base);
  const { spare, ...plan } = await run(handle, staged, async () => {
    await work(new Transaction<S>(handle, staged, { signal, onProgress }));
  });
  await discardFiles(state.log.store, spare);
  if (plan.actions.length === 0 && txn === undefined) {
    return { commit: unchanged(base.version, 'nothing-to-do') };
  }
  const request = planRequest(plan, txn, { base, isolation, signal });
  const { result, warnings } = await commitFiles(state, request, plan.keys);
  try {
    const advice = 'run the transaction again on the newest version, or have it done by retry';
    return { commit: outcomeOf(result, plan.metrics, warnings, advice) };
  } catch (error) {
    if (isVarveError(error, 'COMMIT_CONFLICT')) return { conflict: error };
    throw error;
  }
}

/** Lets the function write. When it fails, nothing of what it wrote is left. */
async function run(
  { state }: TableHandle,
  staged: StagedWrites,
  work: () => Promise<void>,
): Promise<MergedPlan> {
  try {
    await work();
    await staged.end();
    return staged.merged();
  } catch (error) {
    await staged.end();
    await discardFiles(state.log.store, staged.keys);
    throw error;
  }
}
