/** What every verb that writes does around its plan: the newest snapshot, exactly-once, the commit, the answer. */
import { InvalidArgumentError } from '../errors.js';
import type { Action, SetTransaction } from '../log/actions.js';
import { type CommitRequest, isApplied } from '../log/commit.js';
import type { CommitDescription } from '../log/commit-info.js';
import type { ReadSet } from '../log/conflict.js';
import { type IsolationLevel, isAtLeast } from '../log/isolation.js';
import { checkWritable } from '../log/protocol.js';
import { tableProperties } from '../log/table-properties.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { commitFiles } from './commit-files.js';
import { readAppIds, setTransaction, txnActions } from './idempotency.js';
import { latestSnapshot } from './open.js';
import type { WriteOptions } from './options.js';
import { outcomeOf, unchanged } from './outcome.js';
import type { Commit, CommitMetrics } from './results.js';
import type { TableState } from './table-state.js';

/**
 * What a verb wants to commit, worked out on one snapshot. Its data files are written; nothing is committed, and whoever
 * does not commit it deletes the files.
 */
export interface PlannedWrite {
  /** Everything but the commitInfo and the `txn`; none when there is nothing to do. */
  readonly actions: readonly Action[];
  readonly reads: ReadSet;
  readonly described: CommitDescription;
  /** The keys of the data files that were written for it. */
  readonly keys: readonly string[];
  readonly metrics: CommitMetrics;
}

/** A verb that writes. */
export interface Verb {
  plan(base: Snapshot): Promise<PlannedWrite>;
  /** What the caller does after a conflict. */
  readonly advice: string;
}

/** Plans on the newest snapshot and commits the plan, once. */
export async function commitWrite(
  state: TableState,
  options: WriteOptions,
  verb: Verb,
): Promise<Commit> {
  const { signal } = options;
  const base = await latestSnapshot(state, signal);
  checkWritable(base.protocol, base.metadata, base.schema);
  const isolation = isolationOf(base, options.isolation);
  const txn = setTransaction(options.idempotency, state.environment.clock.now());
  if (txn !== undefined && isApplied(base, txn)) return unchanged(base.version, 'already-applied');
  const plan = await verb.plan(base);
  if (plan.actions.length === 0 && txn === undefined) {
    return unchanged(base.version, 'nothing-to-do');
  }
  const request = planRequest(plan, txn, { base, isolation, signal });
  const { result, warnings } = await commitFiles(state, request, plan.keys);
  return outcomeOf(result, plan.metrics, warnings, verb.advice);
}

/** What commits a plan, and with it the sequence of the write, which then counts as read. */
export function planRequest(
  { actions, reads, described }: PlannedWrite,
  txn: SetTransaction | undefined,
  of: Pick<CommitRequest, 'base' | 'isolation' | 'signal'>,
): CommitRequest {
  return {
    ...of,
    actions: [...txnActions(txn), ...actions],
    reads: { ...reads, appIds: new Set([...reads.appIds, ...readAppIds(txn)]) },
    described,
  };
}

/**
 * The isolation of a write on `base`.
 * @throws InvalidArgumentError when it would be weaker than the table's
 */
export function isolationOf(base: Snapshot, wanted: IsolationLevel | undefined): IsolationLevel {
  const floor = tableProperties(base.configuration).isolationLevel;
  const level = wanted ?? floor;
  if (isAtLeast(level, floor)) return level;
  throw new InvalidArgumentError({
    message: `a write to this table cannot be weaker than its delta.isolationLevel, ${floor}`,
    option: 'isolation',
    expected: `${floor}, or stricter`,
  });
}
