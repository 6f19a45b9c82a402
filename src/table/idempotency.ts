/** Exactly-once writes by the protocol's transaction identifiers. */

import { LimitError } from '../errors.js';
import type { Action, SetTransaction } from '../log/actions.js';
import type { Idempotency } from './options.js';

/** The `txn` action of a write. @see PROTOCOL.md "Transaction Identifiers" */
export function setTransaction(
  idempotency: Idempotency | undefined,
  nowMs: number,
): SetTransaction | undefined {
  if (idempotency === undefined) return undefined;
  // Without lastUpdated a table with delta.setTransactionRetentionDuration would forget the sequence at once.
  const { appId, sequence } = idempotency;
  return { appId, version: BigInt(sequence), lastUpdated: nowMs };
}

export function txnActions(txn: SetTransaction | undefined): readonly Action[] {
  return txn === undefined ? [] : [{ kind: 'txn', txn }];
}

/** The applications a write reads: those it writes, always. */
export function readAppIds(txn: SetTransaction | undefined): ReadonlySet<string> {
  return new Set(txn === undefined ? [] : [txn.appId]);
}

/** @throws LimitError for a sequence that is no safe integer */
export function sequenceNumber({ appId, version }: SetTransaction): number {
  const value = Number(version);
  if (Number.isSafeInteger(value)) return value;
  throw new LimitError({
    message: `the last transaction of ${appId} has a version of ${version}, which no number can hold`,
    limit: 'Number.MAX_SAFE_INTEGER',
    value,
    max: Number.MAX_SAFE_INTEGER,
  });
}
