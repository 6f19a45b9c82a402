/**
 * Whether a commit that lost a race may go behind the winner: a pure decision, in Delta's own words.
 * The order of the checks is Delta Spark's, so that the same race is given the same name.
 */
import { reconcileKey } from './action-path.js';
import type { Action, AddFile, CommitInfo, Metadata, Protocol } from './actions.js';
import { commitInfoOf } from './commit-clock.js';
import { operationOf } from './commit-info.js';
import { isAdoptable, isResolvable } from './conflict-metadata.js';
import type { IsolationLevel } from './isolation.js';
import { isJsonObject } from './json.js';
import { supportsFeature } from './protocol.js';
import { BACKFILL_OPERATION, ROW_TRACKING_DOMAIN, UNBACKFILL_OPERATION } from './row-tracking.js';

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
  /** As in commitInfo. */
  readonly operation: string;
  readonly reads: ReadSet;
  readonly actions: readonly Action[];
  /** The protocol of the version it was built on. */
  readonly readProtocol: Protocol;
  /** The protocol and metadata it would be committed under: those it read, or of the last winner that changed them. */
  readonly protocol: Protocol;
  readonly metadata: Metadata;
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
  /** The path, application, domain or action that is in the way. */
  readonly subject: string;
}

/**
 * The first conflict of `mine` with a commit that took the version it wanted, or undefined when `mine` may be
 * committed behind it, as `adopt` leaves it. Every file the winner added counts, whether or not it changed data, as far
 * as the isolation asks for it; files are compared by path alone, whatever their deletion vectors.
 *
 * @see PROTOCOL.md leaves conflicts to the writer; the rules are those of Delta Spark's ConflictChecker.
 */
export function checkConflict(mine: Loser, winner: WinningCommit): Conflict | undefined {
  return (
    protocolConflict(mine, winner) ??
    metadataConflict(mine, winner) ??
    domainConflict(mine, winner) ??
    transactionConflict(mine, winner) ??
    appendConflict(mine, winner) ??
    removeConflict(mine, winner)
  );
}

/**
 * `mine` as if it had begun at the winner's version, given that the two do not conflict: under its protocol and
 * metadata; and where either gave ids to files that were there, with one id for each file.
 */
export function adopt(mine: Loser, winner: WinningCommit): Loser {
  return {
    ...mine,
    actions: withBackfill(mine, winner),
    protocol: protocolOf(winner) ?? mine.protocol,
    metadata: metadataOf(winner) ?? mine.metadata,
  };
}

function protocolOf({ actions }: Pick<WinningCommit, 'actions'>): Protocol | undefined {
  return actions.find((action) => action.kind === 'protocol')?.protocol;
}

function metadataOf({ actions }: Pick<WinningCommit, 'actions'>): Metadata | undefined {
  return actions.find((action) => action.kind === 'metaData')?.metaData;
}

/** A changed protocol may ask for duties that this commit was built without. */
function protocolConflict(mine: Loser, winner: WinningCommit): Conflict | undefined {
  const theirs = protocolOf(winner);
  if (theirs === undefined) return undefined;
  if (protocolOf(mine) === undefined && isAdoptable(theirs, mine.readProtocol)) return undefined;
  return { name: 'ProtocolChangedException', subject: 'protocol' };
}

/** Rows were checked and encoded against the old schema and properties. */
function metadataConflict(mine: Loser, winner: WinningCommit): Conflict | undefined {
  const theirs = metadataOf(winner);
  if (theirs === undefined) return undefined;
  const protocol = protocolOf(winner) ?? mine.protocol;
  const isResolved =
    metadataOf(mine) === undefined &&
    (onlyCounts(winner) || isResolvable(mine.metadata, theirs, protocol));
  return isResolved ? undefined : { name: 'MetadataChangedException', subject: 'metaData' };
}

/** Whether the winner's metadata is new only in the high-water marks of identity columns. */
function onlyCounts({ commitInfo }: WinningCommit): boolean {
  const tags = commitInfo?.['tags'];
  return isJsonObject(tags) && tags['delta.identity.schemaUpdate'] === 'true';
}

/** Two commits that write one domain do not know of each other's; of row ids a rebase makes one out of two. */
function domainConflict(mine: Loser, winner: WinningCommit): Conflict | undefined {
  if (!supportsFeature(protocolOf(winner) ?? mine.protocol, 'domainMetadata')) return undefined;
  const theirs = new Set(domainsOf(winner.actions));
  const both = domainsOf(mine.actions).find(
    (domain) => domain !== ROW_TRACKING_DOMAIN && theirs.has(domain),
  );
  return both === undefined ? undefined : { name: 'ConcurrentTransactionException', subject: both };
}

function domainsOf(actions: readonly Action[]): readonly string[] {
  return actions.flatMap((action) =>
    action.kind === 'domainMetadata' ? [action.domainMetadata.domain] : [],
  );
}

function transactionConflict(mine: Loser, winner: WinningCommit): Conflict | undefined {
  for (const action of winner.actions) {
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

/** Whether the isolation, or what the two do, lets `mine` come before what the winner added. */
function mayIgnoreAdds(mine: Loser, { commitInfo }: WinningCommit): boolean {
  // The files of a backfill were there before.
  const theirs = operationOf(commitInfo);
  if (theirs === BACKFILL_OPERATION || theirs === UNBACKFILL_OPERATION) return true;
  if (mine.isolation === 'SnapshotIsolation') return true;
  // Who changes the metadata cannot come before anybody.
  return (
    mine.isolation === 'WriteSerializable' &&
    commitInfo?.['isBlindAppend'] === true &&
    metadataOf(mine) === undefined
  );
}

function removeConflict(mine: Loser, winner: WinningCommit): Conflict | undefined {
  // A backfill leaves out what others took away.
  if (mine.operation === BACKFILL_OPERATION) return undefined;
  const removedByMe = new Set<string>();
  for (const action of mine.actions) {
    if (action.kind === 'remove') removedByMe.add(reconcileKey(action.remove.path, mine.tableUrl));
  }
  let deleted: Conflict | undefined;
  for (const action of winner.actions) {
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

/**
 * The actions of `mine`, when one of the two gave ids to files that were there. A backfill of mine leaves out the files
 * that the winner touched: they were removed, or have their ids from it. Behind the winner's, a file that mine adds
 * again or removes has the ids that the backfill gave it, as an add and its remove must agree.
 */
function withBackfill(mine: Loser, { actions, commitInfo }: WinningCommit): readonly Action[] {
  const keyOf = (path: string): string => reconcileKey(path, mine.tableUrl);
  if (mine.operation === BACKFILL_OPERATION) {
    const touched = new Set<string>();
    for (const action of actions) {
      if (action.kind === 'add') touched.add(keyOf(action.add.path));
      if (action.kind === 'remove') touched.add(keyOf(action.remove.path));
    }
    return mine.actions.filter(
      (action) => action.kind !== 'add' || !touched.has(keyOf(action.add.path)),
    );
  }
  if (operationOf(commitInfo) !== BACKFILL_OPERATION) return mine.actions;
  const given = new Map<string, Pick<AddFile, 'baseRowId' | 'defaultRowCommitVersion'>>();
  for (const action of actions) {
    if (action.kind !== 'add') continue;
    const { path, baseRowId, defaultRowCommitVersion } = action.add;
    given.set(keyOf(path), { baseRowId, defaultRowCommitVersion });
  }
  return mine.actions.map((action) => {
    if (action.kind === 'add') {
      return { ...action, add: { ...action.add, ...given.get(keyOf(action.add.path)) } };
    }
    if (action.kind === 'remove') {
      return { ...action, remove: { ...action.remove, ...given.get(keyOf(action.remove.path)) } };
    }
    return action;
  });
}
