/** The writes of a transaction that is not committed yet, and what it read. */
import { InvalidArgumentError } from '../errors.js';
import { encodeActionPath } from '../log/action-path.js';
import type { Action } from '../log/actions.js';
import type { CommitDescription } from '../log/commit-info.js';
import type { ReadSet } from '../log/conflict.js';
import { mergeReads, mergeWrites } from '../log/merge-writes.js';
import { Mutex } from '../log/mutex.js';
import { checkWritable } from '../log/protocol.js';
import { physicalRows } from '../log/row-tracking.js';
import { stagedSnapshot } from '../log/staged-snapshot.js';
import type { Snapshot } from '../log/table-snapshot.js';
import type { PlannedWrite } from './commit-write.js';
import { NO_METRICS } from './outcome.js';
import type { CommitMetrics } from './results.js';

/** What the writes come to. */
export interface MergedPlan extends PlannedWrite {
  /** Keys of files that one write added and a later one took away: nobody needs them. */
  readonly spare: readonly string[];
}

export class StagedWrites {
  readonly base: Snapshot;
  #current: Snapshot;
  readonly #order = new Mutex();
  readonly #writes: PlannedWrite[] = [];
  readonly #reads: ReadSet[] = [];
  #isOver = false;
  /** Of the first write that failed when nobody was left to see it. */
  #lateFailure: { readonly error: unknown } | undefined;

  constructor(base: Snapshot) {
    this.base = base;
    this.#current = base;
  }

  /** The keys of every file that was written. */
  get keys(): readonly string[] {
    return this.#writes.flatMap(({ keys }) => keys);
  }

  /** The table as the writes so far leave it. */
  current(): Snapshot {
    this.#checkOpen();
    return this.#current;
  }

  /** Notes what was read of it. */
  read(reads: ReadSet): void {
    this.#reads.push(reads);
  }

  /** One more write, planned on the table as those before leave it; they are planned one after the other. */
  async stage(plan: (on: Snapshot) => Promise<PlannedWrite>): Promise<CommitMetrics> {
    this.#checkOpen();
    return await this.#order.run(async () => {
      const write = await this.#planned(plan);
      const on = this.#current;
      this.#writes.push(write);
      this.#reads.push(write.reads);
      if (write.actions.length > 0) this.#current = stagedSnapshot(on, write.actions);
      return write.metrics;
    });
  }

  async #planned(plan: (on: Snapshot) => Promise<PlannedWrite>): Promise<PlannedWrite> {
    const on = this.#current;
    try {
      checkWritable(on.protocol, on.metadata, on.schema);
      return await plan(on);
    } catch (error) {
      if (this.#isOver) this.#lateFailure ??= { error };
      throw error;
    }
  }

  /** Takes no more, and resolves when what was begun is done. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#order.run(() => Promise.resolve());
  }

  /**
   * What all of it comes to.
   * @throws UnsupportedFeatureError when the writes cannot be one commit
   * @throws what a write failed with after the function had ended: without it the rest would be half of what was meant
   */
  merged(): MergedPlan {
    if (this.#lateFailure !== undefined) throw this.#lateFailure.error;
    const { actions, dropped } = mergeWrites(
      this.#writes.map((write) => write.actions),
      this.base.url,
    );
    const gone = new Set(dropped);
    const isSpare = (key: string): boolean => gone.has(encodeActionPath(key));
    return {
      actions,
      reads: mergeReads(this.#reads),
      described: description(this.#writes, actions),
      keys: this.keys.filter((key) => !isSpare(key)),
      spare: this.keys.filter(isSpare),
      metrics: metricsOf(this.#writes, actions),
    };
  }

  #checkOpen(): void {
    if (!this.#isOver) return;
    throw new InvalidArgumentError({
      message: 'the transaction is over; await what it does before its function ends',
      option: 'transaction',
    });
  }
}

/** Of one write its own words; of several that they were, and what the commit holds. */
function description(
  writes: readonly PlannedWrite[],
  actions: readonly Action[],
): CommitDescription {
  const [first, ...others] = writes.filter((write) => write.actions.length > 0);
  if (first !== undefined && others.length === 0) return first.described;
  const all = first === undefined ? writes : [first, ...others];
  const counts = countsOf(actions);
  return {
    operation: 'TRANSACTION',
    operationParameters: {
      operations: JSON.stringify(all.map(({ described }) => described.operation)),
    },
    operationMetrics: {
      numFiles: String(counts.added),
      numOutputRows: String(counts.rows),
      numOutputBytes: String(counts.bytes),
      numRemovedFiles: String(counts.removed),
    },
    losesRowIds: all.some(({ described }) => described.losesRowIds === true),
  };
}

/** Rows as the writes counted them, one after the other; files and bytes of the commit. */
function metricsOf(writes: readonly PlannedWrite[], actions: readonly Action[]): CommitMetrics {
  const counts = countsOf(actions);
  return {
    ...NO_METRICS,
    rowsAdded: writes.reduce((sum, { metrics }) => sum + metrics.rowsAdded, 0),
    rowsRemoved: writes.reduce((sum, { metrics }) => sum + metrics.rowsRemoved, 0),
    filesAdded: counts.added,
    filesRemoved: counts.removed,
    bytesAdded: counts.bytes,
  };
}

interface Counts {
  readonly added: number;
  readonly rows: number;
  readonly bytes: number;
  readonly removed: number;
}

function countsOf(actions: readonly Action[]): Counts {
  const adds = actions.flatMap((action) => (action.kind === 'add' ? [action.add] : []));
  return {
    added: adds.length,
    rows: adds.reduce((sum, add) => sum + (physicalRows(add) ?? 0), 0),
    bytes: adds.reduce((sum, { size }) => sum + size, 0),
    removed: actions.filter(({ kind }) => kind === 'remove').length,
  };
}
