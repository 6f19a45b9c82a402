/** How much of what others committed meanwhile a commit may ignore. */
import type { Action } from './actions.js';
import { ROW_TRACKING_DOMAIN } from './row-tracking.js';

/**
 * From the strictest to the weakest. `Serializable`: the rows are those that the commits would give one after the other,
 * in the order of their versions. `WriteSerializable`: in some order, in which a commit may come before a blind append
 * that has a lower version. `SnapshotIsolation`: what others added is not looked at; only what both took away is.
 */
export const ISOLATION_LEVELS = ['Serializable', 'WriteSerializable', 'SnapshotIsolation'] as const;
export type IsolationLevel = (typeof ISOLATION_LEVELS)[number];

/** Whether a write at `wanted` keeps what a table of `floor` promises. */
export function isAtLeast(wanted: IsolationLevel, floor: IsolationLevel): boolean {
  return ISOLATION_LEVELS.indexOf(wanted) <= ISOLATION_LEVELS.indexOf(floor);
}

/**
 * The level a commit is checked at, and says that it was: `level`, unless its file actions move rows without changing
 * any. Then a reader cannot tell whether it came before or after what others added, and SnapshotIsolation is as strict.
 * Below Serializable the operation itself must be one that changes no data, too.
 *
 * @param actions - everything but the commitInfo
 * @param operation - as in commitInfo
 * @see PROTOCOL.md leaves isolation to the writer; the rule is Delta Spark's.
 */
export function effectiveIsolation(
  level: IsolationLevel,
  actions: readonly Action[],
  operation: string,
): IsolationLevel {
  if (level === 'WriteSerializable' && DATA_OPERATIONS.has(operation)) return level;
  return actions.every(keepsData) ? 'SnapshotIsolation' : level;
}

/** The operations that are there to change rows, whether or not a commit of theirs did. */
const DATA_OPERATIONS: ReadonlySet<string> = new Set([
  'WRITE',
  'STREAMING UPDATE',
  'DELETE',
  'UPDATE',
  'MERGE',
  'TRUNCATE',
  'CONVERT',
  'RESTORE',
  'CLONE',
  'CREATE TABLE AS SELECT',
  'REPLACE TABLE',
  'REPLACE TABLE AS SELECT',
  'CREATE OR REPLACE TABLE',
  'CREATE OR REPLACE TABLE AS SELECT',
]);

function keepsData(action: Action): boolean {
  switch (action.kind) {
    case 'add':
      return !action.add.dataChange;
    case 'remove':
      return !action.remove.dataChange;
    case 'cdc':
      return true;
    case 'domainMetadata':
      return action.domainMetadata.domain === ROW_TRACKING_DOMAIN;
    default:
      return false;
  }
}
