/** Whether a commit whose outcome was unknown landed after all. */

import { z } from 'zod';
import type { CommitAttempt } from '../errors.js';
import { commitKey, LOG } from '../log/log-path.js';
import { callOptions, checkOptions } from './call-options.js';
import type { CallOptions } from './options.js';
import type { CommitResolution } from './results.js';
import type { TableState } from './table-state.js';

const attemptOf = z.object({
  version: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  txnId: z.string().min(1),
});

/** Reads the version that was tried and compares its txnId. */
export async function resolveCommit(
  state: TableState,
  attempt: CommitAttempt,
  options: CallOptions,
): Promise<CommitResolution> {
  const { version, txnId } = checkOptions('resolveCommit', attemptOf, attempt);
  const { signal } = checkOptions('resolveCommit', z.strictObject(callOptions), options);
  const owner = await state.commits.identify(version, txnId);
  if (owner === 'ours') return { outcome: 'committed', version };
  if (owner === 'other') return { outcome: 'lost' };
  // The version is absent. If a later commit exists, the log was cleaned up to beyond it.
  const after = commitKey(version);
  for await (const { key } of state.log.store.list(LOG, { startAfter: after, signal })) {
    if (/\/\d{20}\.json$/.test(key)) return { outcome: 'expired' };
  }
  return { outcome: 'unknown' };
}
