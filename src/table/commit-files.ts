/** The last step of every write: its data files are there, and now one commit makes them part of the table, or not. */
import type { VarveError } from '../errors.js';
import { type CommitRequest, type CommitResult, commit } from '../log/commit.js';
import { afterCommit } from './post-commit.js';
import type { TableState } from './table-state.js';
import { discardFiles } from './write-files.js';

/**
 * Commits, then does what a commit is followed by. Files that no version names and none ever will are deleted; on an
 * unknown outcome every file stays, for the commit may yet land.
 */
export async function commitFiles(
  state: TableState,
  request: CommitRequest,
  keys: readonly string[],
): Promise<{ readonly result: CommitResult; readonly warnings: readonly VarveError[] }> {
  const { store } = state.log;
  let result: CommitResult;
  try {
    result = await commit(state.commits, request);
  } catch (error) {
    await discardFiles(store, keys);
    throw error;
  }
  if (result.outcome === 'conflict' || result.outcome === 'already-applied') {
    await discardFiles(store, keys);
  }
  const snapshot = result.outcome === 'committed' ? result.snapshot : undefined;
  return { result, warnings: await afterCommit(state, snapshot) };
}
