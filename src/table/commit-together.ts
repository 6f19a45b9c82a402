/** Several appends as one commit: who is in it is decided by a pure function, each is told its own outcome. */
import type { RecordBatch } from 'apache-arrow';
import type { CommitStateUnknownError } from '../errors.js';
import type { SetTransaction } from '../log/actions.js';
import type { CommitRequest, CommitResult } from '../log/commit.js';
import { checkWritable } from '../log/protocol.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { commitFiles } from './commit-files.js';
import type { PlannedWrite } from './commit-write.js';
import { setTransaction, txnActions } from './idempotency.js';
import { latestSnapshot } from './open.js';
import type { CallOptions } from './options.js';
import { outcomeOf, unchanged, unknownState } from './outcome.js';
import { planAppend } from './plan-append.js';
import type { Commit } from './results.js';
import { restageRows, type StagedRows } from './staged-rows.js';
import type { TableState } from './table-state.js';

/** How often rows in memory are written again after a conflict: only a new schema, protocol or sequence makes one. */
const ATTEMPTS = 3;

/** What becomes of one append: its rows are written; the table has its sequence; it has no rows and no sequence. */
export type Fate = 'taken' | 'applied' | 'nothing';

export interface Together {
  /** One for each append, in their order. */
  readonly fates: readonly Fate[];
  /** The one sequence of each application that the commit writes: its last. */
  readonly sequences: ReadonlyMap<string, number>;
}

/**
 * Decides which appends a commit on top of these transactions holds. They count in their order, as if each had been
 * committed by itself: of one application each must be newer than the one before. PROTOCOL.md "Transaction Identifiers"
 */
export function planTogether(
  appends: readonly StagedRows[],
  transactions: ReadonlyMap<string, SetTransaction>,
): Together {
  const sequences = new Map<string, number>();
  const fates = appends.map(({ rows, idempotency }): Fate => {
    if (idempotency === undefined) return rows === 0 ? 'nothing' : 'taken';
    const { appId, sequence } = idempotency;
    const last = sequences.get(appId) ?? transactions.get(appId)?.version;
    if (last !== undefined && last >= sequence) return 'applied';
    sequences.set(appId, sequence);
    return 'taken';
  });
  return { fates, sequences };
}

export interface TogetherOptions extends CallOptions {
  /** Whether one append whose rows no longer fit the table's schema fails them all, or alone. */
  readonly misfit: 'fails-all' | 'fails-alone';
}

/** What became of them. */
export interface CommittedTogether {
  /** Of the whole. */
  readonly commit: Commit;
  /** Of each, in their order. */
  readonly each: readonly PromiseSettledResult<Commit>[];
  /** When present, the rest is so only if this attempt landed. */
  readonly unknown?: CommitStateUnknownError | undefined;
}

/**
 * Commits them on the newest version, those that the table has seen left out; on a conflict again on a newer one.
 *
 * @throws CommitConflictError and the errors of the store as an append does, for all of them
 */
export async function commitTogether(
  state: TableState,
  appends: readonly StagedRows[],
  options: TogetherOptions,
): Promise<CommittedTogether> {
  for (let attempt = 1; ; ) {
    const base = await latestSnapshot(state, options.signal);
    checkWritable(base.protocol, base.metadata, base.schema);
    const fitting = await fit(appends, base, options);
    const { fates, sequences } = planTogether(
      fitting.map(({ rows }) => rows),
      base.transactions,
    );
    const taken = fitting.filter(({ error }, at) => error === undefined && fates[at] === 'taken');
    if (taken.length === 0) {
      const applied = fates.includes('applied') ? 'already-applied' : 'nothing-to-do';
      return told(fitting, fates, unchanged(base.version, applied));
    }
    const batches = batchesOf(taken.map(({ rows }) => rows));
    const { metrics, keys, ...plan } = await planAppend(state, base, batches, options);
    const request = requestOf(state, { ...plan, base, sequences, signal: options.signal });
    const { result, warnings } = await commitFiles(state, request, keys);
    if (isWorthAnother(result, sequences, attempt)) {
      if (result.outcome === 'conflict') attempt++;
      continue;
    }
    if (result.outcome === 'unknown') {
      const { version } = result.attempt;
      const commit: Commit = { version, outcome: 'committed', metrics, warnings };
      return { ...told(fitting, fates, commit), unknown: unknownState(result.attempt) };
    }
    return told(fitting, fates, outcomeOf(result, metrics, warnings, 'append the rows again'));
  }
}

interface Fitting {
  readonly rows: StagedRows;
  /** Why the rows do not fit the table any more. */
  readonly error?: unknown;
}

async function fit(
  appends: readonly StagedRows[],
  base: Snapshot,
  { misfit }: TogetherOptions,
): Promise<readonly Fitting[]> {
  const fitting: Fitting[] = [];
  for (const rows of appends) {
    try {
      fitting.push({ rows: await restageRows(rows, base) });
    } catch (error) {
      if (misfit === 'fails-all') throw error;
      // Nothing of it may be in the commit, its sequence neither.
      fitting.push({ rows: { ...rows, batches: [], rows: 0, idempotency: undefined }, error });
    }
  }
  return fitting;
}

async function* batchesOf(
  appends: readonly StagedRows[],
): AsyncGenerator<RecordBatch, void, undefined> {
  for (const { batches } of appends) yield* batches;
}

interface Planned extends Pick<PlannedWrite, 'actions' | 'reads' | 'described'> {
  readonly base: Snapshot;
  readonly sequences: ReadonlyMap<string, number>;
  readonly signal: AbortSignal | undefined;
}

function requestOf(state: TableState, planned: Planned): CommitRequest {
  const { base, actions, reads, described, sequences, signal } = planned;
  const nowMs = state.environment.clock.now();
  const txns = [...sequences].flatMap(([appId, sequence]) =>
    txnActions(setTransaction({ appId, sequence }, nowMs)),
  );
  return {
    base,
    actions: [...txns, ...actions],
    reads: { ...reads, appIds: new Set(sequences.keys()) },
    described,
    // As strict as any of them can have asked for; of appends that read nothing it costs nothing.
    isolation: 'Serializable',
    signal,
  };
}

/** A sequence that was committed meanwhile is left out the next time, so that the others are not lost with it. */
function isWorthAnother(
  { outcome }: CommitResult,
  sequences: ReadonlyMap<string, number>,
  attempt: number,
): boolean {
  return outcome === 'conflict'
    ? attempt < ATTEMPTS
    : outcome === 'already-applied' && sequences.size > 0;
}

function told(
  fitting: readonly Fitting[],
  fates: readonly Fate[],
  commit: Commit,
): CommittedTogether {
  const each = fitting.map(({ rows, error }, at): PromiseSettledResult<Commit> => {
    if (error !== undefined) return { status: 'rejected', reason: error };
    const fate = fates[at];
    if (fate === 'applied') return fulfilled(unchanged(commit.version, 'already-applied'));
    if (fate === 'nothing') return fulfilled(unchanged(commit.version, 'nothing-to-do'));
    return fulfilled({ ...commit, metrics: { ...commit.metrics, rowsAdded: rows.rows } });
  });
  return { commit, each };
}

function fulfilled(value: Commit): PromiseSettledResult<Commit> {
  return { status: 'fulfilled', value };
}
