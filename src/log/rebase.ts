/**
 * What a commit owes to the version it becomes: row ids, its time, and the version itself where it is written down.
 * Made anew from the transaction's own actions for each version that is tried.
 */
import { InternalError } from '../errors.js';
import type { Action, AddFile, Metadata, Protocol } from './actions.js';
import { monotonic, usesInCommitTimestamps } from './commit-clock.js';
import { rebaseMetadata } from './rebase-metadata.js';
import {
  assignsRowIds,
  hasRowIds,
  PRESERVED_TAG,
  physicalRows,
  ROW_TRACKING_DOMAIN,
  rowIdHighWaterMark,
  withHighWaterMark,
} from './row-tracking.js';
import type { Snapshot } from './table-snapshot.js';

/** A table at a version, as far as a commit behind it owes it something. */
export type Ground = Pick<
  Snapshot,
  'version' | 'protocol' | 'metadata' | 'domains' | 'timestampMs' | 'storeMs'
>;

/** What the actions of a transaction meet at one attempt. */
export interface RebaseFacts {
  /** What the transaction was built on; undefined when it creates the table. */
  readonly read: Ground | undefined;
  /** The version before the one that is tried; undefined when that is the first. */
  readonly current: Ground | undefined;
  readonly nowMs: number;
  /** Whether rows were written again without the ids they had. */
  readonly losesRowIds: boolean;
}

/** A commit for one version. */
export interface Rebased {
  /** Everything but the commitInfo. */
  readonly actions: readonly Action[];
  /** Milliseconds since 1970; undefined where commits do not carry their time. */
  readonly inCommitTimestamp: number | undefined;
  /** Of the commitInfo. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The actions of a transaction, as they are committed at the version behind `current`.
 *
 * - In-commit timestamp: after that of the version before, whatever the clock says; a metaData that turns them on tells
 *   version and time, when there are versions before.
 * - Row ids: each file that the transaction adds, and no file that has its ids already, gets ids above the mark of the
 *   version before, and the version as its default row commit version. The new mark goes along.
 * - A tombstone and a sequence are no older than the version before was stored: one that a clock far behind had dated
 *   would have expired at once.
 * - A version that the transaction named as its own becomes the version it has.
 *
 * @see PROTOCOL.md "Writer Requirements for In-Commit Timestamps", "Writer Requirements for Row Tracking"
 */
export function rebase(actions: readonly Action[], facts: RebaseFacts): Rebased {
  const { current, read, nowMs } = facts;
  const version = versionBehind(current);
  const { protocol, metadata } = becoming(actions, current);
  const inCommitTimestamp = usesInCommitTimestamps(metadata)
    ? monotonic(nowMs, current?.timestampMs)
    : undefined;
  const metadataFacts = {
    version,
    ownSince: versionBehind(read),
    before: current?.metadata,
    inCommitTimestamp,
  };
  const revised = actions.map((action) =>
    action.kind === 'metaData'
      ? { ...action, metaData: rebaseMetadata(action.metaData, metadataFacts) }
      : notBefore(action, current?.storeMs ?? 0),
  );
  const wasTracked = read === undefined || hasRowIds(read.metadata);
  return {
    actions: assignsRowIds(protocol, metadata) ? withRowIds(revised, facts, version) : revised,
    inCommitTimestamp,
    tags: hasRowIds(metadata) ? { [PRESERVED_TAG]: String(wasTracked && !facts.losesRowIds) } : {},
  };
}

function versionBehind(ground: Ground | undefined): number {
  return ground === undefined ? 0 : ground.version + 1;
}

/** A tombstone or a sequence, dated no earlier than `storeMs`. */
function notBefore(action: Action, storeMs: number): Action {
  if (action.kind === 'remove') {
    const { deletionTimestamp } = action.remove;
    if (deletionTimestamp === undefined || deletionTimestamp >= storeMs) return action;
    return { kind: 'remove', remove: { ...action.remove, deletionTimestamp: storeMs } };
  }
  if (action.kind === 'txn') {
    const { lastUpdated } = action.txn;
    if (lastUpdated === undefined || lastUpdated >= storeMs) return action;
    return { kind: 'txn', txn: { ...action.txn, lastUpdated: storeMs } };
  }
  return action;
}

/** The protocol and metadata of the version that is made. */
function becoming(
  actions: readonly Action[],
  current: Ground | undefined,
): { readonly protocol: Protocol; readonly metadata: Metadata } {
  const own = {
    protocol: actions.find((action) => action.kind === 'protocol')?.protocol,
    metadata: actions.find((action) => action.kind === 'metaData')?.metaData,
  };
  const protocol = own.protocol ?? current?.protocol;
  const metadata = own.metadata ?? current?.metadata;
  if (protocol !== undefined && metadata !== undefined) return { protocol, metadata };
  throw new InternalError({ message: 'a first commit lacks its protocol or its metadata' });
}

function withRowIds(
  actions: readonly Action[],
  { read, current }: RebaseFacts,
  version: number,
): readonly Action[] {
  const readMark = rowIdHighWaterMark(read?.domains.get(ROW_TRACKING_DOMAIN));
  const domain = current?.domains.get(ROW_TRACKING_DOMAIN);
  const before = rowIdHighWaterMark(domain);
  let mark = before;
  const assigned: Action[] = [];
  for (const action of actions) {
    if (action.kind === 'domainMetadata' && action.domainMetadata.domain === ROW_TRACKING_DOMAIN) {
      continue;
    }
    if (action.kind !== 'add') {
      assigned.push(action);
      continue;
    }
    const { baseRowId, defaultRowCommitVersion: since } = action.add;
    const isFresh = baseRowId === undefined || baseRowId > readMark;
    const isNew = since === undefined || since >= versionBehind(read);
    assigned.push({
      kind: 'add',
      add: {
        ...action.add,
        baseRowId: isFresh ? mark + 1n : baseRowId,
        defaultRowCommitVersion: isNew ? BigInt(version) : since,
      },
    });
    if (isFresh) mark += rowsOf(action.add);
  }
  if (mark === before) return assigned;
  // In front, where who looks for it finds it first.
  return [{ kind: 'domainMetadata', domainMetadata: withHighWaterMark(domain, mark) }, ...assigned];
}

function rowsOf(add: AddFile): bigint {
  const rows = physicalRows(add);
  if (rows !== undefined) return BigInt(rows);
  throw new InternalError({
    message: `a file is to get row ids and its statistics do not count its rows: ${add.path}`,
  });
}
