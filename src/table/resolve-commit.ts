/** Whether a commit whose outcome was unknown landed after all. */

import { z } from 'zod';
import type { CommitAttempt } from '../errors.js';
import { isBehindLog } from '../log/log-evidence.js';
import { callOptions, checkOptions } from './call-options.js';
import type { CallOptions } from './options.js';
import type { CommitResolution } from './results.js';
import type { TableState } from './table-state.js';

const attemptOf = z.object({
  version: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  txnId: z.string().min(1),
});

/** Reads the version that was tried and compares its txnId; see {@link DeltaTable.resolveCommit}. */
export async function resolveCommit(
  state: TableState,
  attempt: CommitAttempt,
  options: CallOptions,
): Promise<CommitResolution> {
  const { version, txnId } = checkOptions('resolveCommit', attemptOf, attempt, 'attempt');
  const { signal } = checkOptions('resolveCommit', z.strictObject(callOptions), options);
  signal?.throwIfAborted();
  const found = await resolution(state, { version, txnId }, signal);
  if (found !== undefined) return found;
  if (!(await isBehindLog(state.log.store, version, { signal }))) return { outcome: 'unknown' };
  // It may have landed, and the next version too, between the two looks.
  return (await resolution(state, { version, txnId }, signal)) ?? { outcome: 'expired' };
}

/** What the version itself tells; undefined when it is not there. */
async function resolution(
  state: TableState,
  { version, txnId }: CommitAttempt,
  signal: AbortSignal | undefined,
): Promise<CommitResolution | undefined> {
  const owner = await state.commits.identify(version, txnId, signal);
  if (owner === 'ours') return { outcome: 'committed', version };
  return owner === 'other' ? { outcome: 'lost' } : undefined;
}
