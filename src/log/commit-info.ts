/** The first line of every commit: who wrote it, what it did, and the id that tells it from any other. */

import { forEachAction } from './action-codec.js';
import type { CommitInfo } from './actions.js';
import type { IsolationLevel } from './isolation.js';
import type { Json } from './json.js';

/** What a commit says of itself, in the names Spark's `DESCRIBE HISTORY` shows. */
export interface CommitDescription {
  /** `WRITE`, `CREATE TABLE`, ... */
  readonly operation: string;
  /** A flat map; values that are not strings are given as their JSON text, as Spark does. */
  readonly operationParameters: Readonly<Record<string, string>>;
  /** Counts as decimal text. */
  readonly operationMetrics: Readonly<Record<string, string>>;
  /** Whether rows were written again without the row ids they had; false when undefined. */
  readonly losesRowIds?: boolean | undefined;
}

/** What the attempt adds. */
export interface AttemptFacts {
  readonly timestampMs: number;
  /** Absent where commits do not carry their time. */
  readonly inCommitTimestamp: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly txnId: string;
  /** The version the transaction was built on; absent for the first. */
  readonly readVersion: number | undefined;
  /** What it was checked at. */
  readonly isolationLevel: IsolationLevel;
  /** Adds alone, with nothing read: rivals may go behind such a commit unchecked. */
  readonly isBlindAppend: boolean;
  readonly engineInfo: string;
}

/** The `commitInfo` action. @see PROTOCOL.md "Commit Provenance Information" */
export function commitInfo(described: CommitDescription, facts: AttemptFacts): CommitInfo {
  const { inCommitTimestamp, tags } = facts;
  return {
    // In front, where who looks for it finds it first.
    ...(inCommitTimestamp === undefined ? {} : { inCommitTimestamp }),
    timestamp: facts.timestampMs,
    operation: described.operation,
    operationParameters: { ...described.operationParameters },
    ...(facts.readVersion === undefined ? {} : { readVersion: facts.readVersion }),
    isolationLevel: facts.isolationLevel,
    isBlindAppend: facts.isBlindAppend,
    operationMetrics: { ...described.operationMetrics },
    ...(Object.keys(tags).length === 0 ? {} : { tags: { ...tags } }),
    engineInfo: facts.engineInfo,
    txnId: facts.txnId,
  };
}

/**
 * The `commitInfo` of a commit's bytes; undefined when it has none. What follows it, which may be very long, is not
 * looked at.
 *
 * @throws CorruptDataError when it is no commit
 */
export function readCommitInfo(bytes: Uint8Array, key: string): CommitInfo | undefined {
  let found: CommitInfo | undefined;
  forEachAction(bytes, key, (action) => {
    if (action.kind !== 'commitInfo') return undefined;
    found = action.commitInfo;
    return 'stop';
  });
  return found;
}

/** The operation a commit names, for messages. */
export function operationOf(info: CommitInfo | undefined): string {
  const operation: Json | undefined = info?.['operation'];
  return typeof operation === 'string' ? operation : 'unknown';
}
