/**
 * Whether a commit that lost a race may simply go behind the winner: a pure decision, in Delta's own words.
 * The order of the checks is Delta Spark's, so that the same race is given the same name.
 */
import { reconcileKey } from './action-path.js';
import type { Action, AddFile, CommitInfo } from './actions.js';
import { commitInfoOf } from './commit-clock.js';
import type { IsolationLevel } from './isolation.js';

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
  /** Whether every file was read, whichever they were: then no other commit may have taken one away. */
  readonly wholeTable?: boolean | undefined;
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
  /** What it is checked at; see `effectiveIsolation`. */
  readonly isolation: IsolationLevel;
  readonly reads: ReadSet;
  readonly actions: readonly Action[];
}

/** The side that won it: a commit that is in the log. */
export interface WinningCommit {
  readonly version: number;
  readonly actions: readonly Action[];
  readonly commitInfo: CommitInfo | undefined;
}

/** A commit as it was read. */
export function winningCommit(version: number, actions: readonly Action[]): WinningCommit {
  return { version, actions, commitInfo: commitInfoOf(actions) };
}

/** Whether a commit depends on no file of the table: only then may a rival go behind it unchecked. */
export function isBlindAppend(reads: ReadSet, actions: readonly Action[]): boolean {
  const dependsOnFiles = reads.matches !== undefined || reads.wholeTable === true;
  return (
    !dependsOnFiles &&
    reads.files.size === 0 &&
    actions.every(({ kind }) => kind !== 'remove' && kind !== 'cdc')
  );
}

export interface Conflict {
  readonly name: ConflictName;
  /** The path, application or action that is in the way. */
  readonly subject: string;
}

/**
 * The first conflict of `mine` with a commit that took the version it wanted, or undefined when `mine` may be
 * committed behind it. Every file the winner added counts, whether or not it changed data, as far as the isolation asks
 * for it; files are compared by path alone, whatever their deletion vectors.
 *
 * @see PROTOCOL.md leaves conflicts to the writer; the rules are those of Delta Spark's ConflictChecker.
 */
export function checkConflict(mine: Loser, winner: WinningCommit): Conflict | undefined {
  const theirs = winner.actions;
  return (
    protocolConflict(theirs) ??
    metadataConflict(theirs) ??
    transactionConflict(mine, theirs) ??
    appendConflict(mine, winner) ??
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

function appendConflict(mine: Loser, winner: WinningCommit): Conflict | undefined {
  const { matches } = mine.reads;
  if (matches === undefined || mayIgnoreAdds(mine, winner)) return undefined;
  for (const action of winner.actions) {
    if (action.kind === 'add' && matches(action.add)) {
      return { name: 'ConcurrentAppendException', subject: action.add.path };
    }
  }
  return undefined;
}

/** Whether the isolation lets `mine` come before what the winner added. */
function mayIgnoreAdds({ isolation, actions }: Loser, { commitInfo }: WinningCommit): boolean {
  switch (isolation) {
    case 'Serializable':
      return false;
    case 'WriteSerializable':
      // Who changes the metadata cannot come before anybody.
      return (
        commitInfo?.['isBlindAppend'] === true && !actions.some(({ kind }) => kind === 'metaData')
      );
    case 'SnapshotIsolation':
      return true;
  }
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
    if (mine.reads.wholeTable === true || mine.reads.files.has(key)) {
      return { name: 'ConcurrentDeleteReadException', subject: action.remove.path };
    }
    if (deleted === undefined && removedByMe.has(key)) {
      deleted = { name: 'ConcurrentDeleteDeleteException', subject: action.remove.path };
    }
  }
  return deleted;
}
