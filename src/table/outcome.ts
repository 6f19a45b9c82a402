/** From the outcome of a commit, which is a value, to what a caller of a verb gets or catches. */

import {
  type CommitAttempt,
  CommitConflictError,
  CommitStateUnknownError,
  type VarveError,
} from '../errors.js';
import type { CommitResult } from '../log/commit.js';
import type { Commit, CommitMetrics } from './results.js';

export const NO_METRICS: CommitMetrics = {
  rowsAdded: 0,
  rowsRemoved: 0,
  filesAdded: 0,
  filesRemoved: 0,
  bytesAdded: 0,
  engine: 'varve',
};

/** A write that made no version. */
export function unchanged(version: number, outcome: 'already-applied' | 'nothing-to-do'): Commit {
  return { version, outcome, metrics: NO_METRICS, warnings: [] };
}

/**
 * @throws CommitConflictError when another commit was in the way
 * @throws CommitStateUnknownError when the store never said whether it landed
 */
export function outcomeOf(
  result: CommitResult,
  metrics: CommitMetrics,
  warnings: readonly VarveError[],
  advice: string,
): Commit {
  switch (result.outcome) {
    case 'committed':
      return { version: result.version, outcome: 'committed', metrics, warnings };
    case 'already-applied':
      return unchanged(result.version, 'already-applied');
    case 'conflict':
      throw new CommitConflictError({
        message: `another commit was in the way and nothing of this one was committed; ${advice}`,
        conflict: result.conflict,
        winner: result.winner,
        subject: result.subject,
      });
    case 'unknown':
      throw unknownState(result.attempt);
  }
}

export function unknownState(
  attempt: CommitAttempt,
  advice = 'ask table.resolveCommit(error.attempt) before writing again',
): CommitStateUnknownError {
  return new CommitStateUnknownError({
    message: `the store did not say whether the commit landed; ${advice}`,
    attempt,
  });
}
