/**
 * Whether a commit that lost a race may simply go behind the winner: a pure decision, in Delta's own words.
 * The order of the checks is Delta Spark's, so that the same race is given the same name.
 */
import { reconcileKey } from './action-path.js';
import type { Action, AddFile } from './actions.js';

/** The conflicts of Delta, by the names its users know. */
export const CONFLICTS = [
  'ProtocolChangedException',
  'MetadataChangedException',
  'ConcurrentTransactionException',
  'ConcurrentAppendException',
  'ConcurrentDeleteReadException',
  'ConcurrentDeleteDeleteException',
] as const;
export type ConflictName = (typeof CONFLICTS)[number];

/** What a transaction looked at before it decided what to write. */
export interface ReadSet {
  /**
   * Whether a file, had it been there, would have been read. Absent for a transaction that read no file: it is a
   * blind append and no file of another commit can stand in its way.
   */
  readonly matches?: ((file: AddFile) => boolean) | undefined;
  /** The reconcile keys of the files that were read or removed. */
  readonly files: ReadonlySet<string>;
  /** The applications whose last sequence was looked at; always those that are written, too. */
  readonly appIds: ReadonlySet<string>;
}

/** A read set of nothing: what a blind append reads. */
export const NOTHING_READ: ReadSet = { files: new Set(), appIds: new Set() };

/** The side that lost the race. */
export interface Loser {
  /** Where the table is: what its paths are compared by. */
  readonly tableUrl: string;
  readonly reads: ReadSet;
  readonly actions: readonly Action[];
}

export interface Conflict {
  readonly name: ConflictName;
  /** The path, application or action that is in the way. */
  readonly subject: string;
}

/**
 * The first conflict of `mine` with a commit that took the version it wanted, or undefined when `mine` may be
 * committed behind it unchanged. Isolation is Serializable: every file the winner added counts, whether or not it
 * changed data, and files are compared by path alone, whatever their deletion vectors.
 *
 * @see PROTOCOL.md leaves conflicts to the writer; the rules are those of Delta Spark's ConflictChecker.
 */
export function checkConflict(mine: Loser, theirs: readonly Action[]): Conflict | undefined {
  return (
    protocolConflict(theirs) ??
    metadataConflict(theirs) ??
    transactionConflict(mine, theirs) ??
    appendConflict(mine, theirs) ??
    removeConflict(mine, theirs)
  );
}

/** A changed protocol may ask for duties that this commit was built without. */
function protocolConflict(theirs: readonly Action[]): Conflict | undefined {
  return theirs.some((action) => action.kind === 'protocol')
    ? { name: 'ProtocolChangedException', subject: 'protocol' }
    : undefined;
}

/** Rows were checked and encoded against the old schema and properties. */
function metadataConflict(theirs: readonly Action[]): Conflict | undefined {
  return theirs.some((action) => action.kind === 'metaData')
    ? { name: 'MetadataChangedException', subject: 'metaData' }
    : undefined;
}

function transactionConflict(mine: Loser, theirs: readonly Action[]): Conflict | undefined {
  for (const action of theirs) {
    if (action.kind === 'txn' && mine.reads.appIds.has(action.txn.appId)) {
      return { name: 'ConcurrentTransactionException', subject: action.txn.appId };
    }
  }
  return undefined;
}

function appendConflict(mine: Loser, theirs: readonly Action[]): Conflict | undefined {
  const { matches } = mine.reads;
  if (matches === undefined) return undefined;
  for (const action of theirs) {
    if (action.kind === 'add' && matches(action.add)) {
      return { name: 'ConcurrentAppendException', subject: action.add.path };
    }
  }
  return undefined;
}

function removeConflict(mine: Loser, theirs: readonly Action[]): Conflict | undefined {
  const removedByMe = new Set<string>();
  for (const action of mine.actions) {
    if (action.kind === 'remove') removedByMe.add(reconcileKey(action.remove.path, mine.tableUrl));
  }
  let deleted: Conflict | undefined;
  for (const action of theirs) {
    if (action.kind !== 'remove') continue;
    const key = reconcileKey(action.remove.path, mine.tableUrl);
    if (mine.reads.files.has(key)) {
      return { name: 'ConcurrentDeleteReadException', subject: action.remove.path };
    }
    if (deleted === undefined && removedByMe.has(key)) {
      deleted = { name: 'ConcurrentDeleteDeleteException', subject: action.remove.path };
    }
  }
  return deleted;
}
