/** A buffering writer: many appends, few commits, nothing lost without being told. */

import { z } from 'zod';
import { type CommitStateUnknownError, InvalidArgumentError } from '../errors.js';
import type { SetTransaction } from '../log/actions.js';
import { Mutex } from '../log/mutex.js';
import { callOptions, checkOptions, writeOptions } from './call-options.js';
import { commitTogether } from './commit-together.js';
import { sequenceNumber } from './idempotency.js';
import { latestSnapshot } from './open.js';
import type { Idempotency, WriterAppendOptions, WriterOptions } from './options.js';
import { resolveCommit } from './resolve-commit.js';
import type { Commit } from './results.js';
import type { Rows } from './rows.js';
import { type StagedRows, stageRows } from './staged-rows.js';
import type { TableState } from './table-state.js';
import { WriteBuffer } from './write-buffer.js';

/** Rows, and bytes as Arrow, at which a buffer is committed. */
export const WRITER_ROWS = 131_072;
export const WRITER_BYTES: number = 32 * 1024 * 1024;
/** How long rows wait for a commit when the buffer does not fill. */
export const WRITER_DELAY_MS = 10_000;

/** The longest that a timer of JavaScript waits, 24 days; a longer one would end at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

const count = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const optionsOf = z.strictObject({
  ...callOptions,
  maxRows: count.default(WRITER_ROWS),
  maxBytes: count.default(WRITER_BYTES),
  maxDelayMs: count.max(MAX_DELAY_MS).default(WRITER_DELAY_MS),
  onCommit: z.custom<(commit: Commit) => void>((value) => typeof value === 'function').optional(),
});
const appendOptionsOf = z.strictObject({
  signal: writeOptions.signal,
  idempotency: writeOptions.idempotency,
});

/** A commit that did not work out; its appends are in the buffer again. */
interface Failure {
  readonly error: unknown;
  /** The commit may have landed: then these, the oldest of the buffer, are in the table. */
  readonly unsettled?:
    | { readonly appends: readonly StagedRows[]; readonly commit: Commit }
    | undefined;
}

/**
 * Buffers appends and commits them together, in the order of the calls: when the buffer is full, when its oldest rows
 * have waited long enough, on `flush` and on `close`. The rows of one `append` are never parted. While a commit is
 * under way the next buffer fills; when that is full too, `append` waits: memory holds two buffers and the rows of one
 * append.
 *
 * A commit that failed in the background is told by the next call, and its rows stay: `append` takes no more until a
 * `flush` has written them. A writer that is not closed holds nothing open but the rows that wait and a timer for them.
 */
export class Writer<N = object> {
  readonly #state: TableState;
  readonly #options: z.output<typeof optionsOf>;
  readonly #buffer: WriteBuffer;
  /** The calls take effect one after the other. */
  readonly #calls = new Mutex();
  /** The last sequence of each application that is in the table or on its way there. */
  readonly #sequences = new Map<string, number>();
  /** The commit under way; never rejects. */
  #underway: Promise<void> | undefined;
  #underwayRows = 0;
  #failure: Failure | undefined;
  #timer: AbortController | undefined;
  #isDue = false;
  #isClosed = false;
  /** The last error that a call rejected with. */
  #told: unknown;
  /** What the flush under way made durable. */
  #flushed: Commit[] | undefined;

  /** @internal */
  constructor(state: TableState, options: WriterOptions) {
    this.#state = state;
    this.#options = checkOptions('writer', optionsOf, options);
    this.#buffer = new WriteBuffer(this.#options);
  }

  /** Rows that are not known to be durable. */
  get bufferedRows(): number {
    return this.#buffer.rows + this.#underwayRows;
  }

  /**
   * Buffers rows, all of them or none; waits while the buffer is full. What is buffered is not yet durable: `flush` is.
   *
   * @returns `already-applied` when the table or the buffer has this sequence of the application, or a later one; the
   * rows are then not read
   * @throws SchemaMismatchError with the row and column of the first value that does not fit; nothing was buffered
   * @throws InvalidArgumentError when the writer is closed, or an option is wrong
   * @throws what a commit in the background failed with, until a flush has succeeded
   */
  async append(
    rows: Rows<N>,
    options: WriterAppendOptions = {},
  ): Promise<'buffered' | 'already-applied'> {
    const { idempotency, signal } = checkOptions('append', appendOptionsOf, options);
    if (this.#isClosed) {
      throw new InvalidArgumentError({
        message: 'the writer is closed and takes no more rows; make another with table.writer()',
        option: 'writer',
      });
    }
    const either = anyOf(this.#options.signal, signal);
    return await this.#call(async () => {
      while (this.#buffer.isFull && this.#underway !== undefined) {
        await settledOr(this.#underway, either);
      }
      this.#refuse();
      const base = this.#state.head.latest ?? (await latestSnapshot(this.#state, either));
      if (idempotency !== undefined && this.#has(idempotency, base.transactions)) {
        return 'already-applied';
      }
      const staged = await stageRows(rows, base, { idempotency, signal: either });
      this.#refuse();
      this.#add(staged);
      return 'buffered';
    });
  }

  /**
   * Commits everything that was appended before, and resolves when all of it is durable. After a failure it tries
   * again; when the outcome was unknown it asks first, so that no row is written twice.
   *
   * @returns the commits that hold what was buffered when it was called
   * @throws SchemaMismatchError when the table's schema was changed and buffered rows do not fit it
   * @throws CommitStateUnknownError while nobody can tell whether a commit landed, unless all its rows have sequences
   * @throws CommitConflictError and the errors of the store; whatever it throws, the rows stay in the buffer
   */
  async flush(): Promise<readonly Commit[]> {
    return await this.#call(async () => {
      const flushed: Commit[] = [];
      this.#flushed = flushed;
      try {
        await this.#drain();
      } finally {
        this.#flushed = undefined;
      }
      return flushed;
    });
  }

  /**
   * The last sequence of an application that is durable in the table: where its source goes on after a restart.
   * Undefined when there is none, or it has expired (`delta.setTransactionRetentionDuration`).
   *
   * @throws InvalidArgumentError when `appId` is no name
   * @throws LimitError when another engine wrote a sequence that no number can hold
   * @throws NotFoundError, CorruptDataError, StorageUnavailableError, AccessDeniedError as opening the table does
   */
  async lastSequence(appId: string): Promise<number | undefined> {
    checkOptions('lastSequence', z.string().min(1), appId, 'appId');
    const { transactions } = await latestSnapshot(this.#state, this.#options.signal);
    const last = transactions.get(appId);
    return last && sequenceNumber(last);
  }

  /**
   * Takes no more rows, and flushes. When that fails the rows stay, and it may be called again.
   *
   * @throws as `flush` does; the reason of an abort only when that dropped rows and no call has told it yet
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#call(async () => {
      if (!this.#isAborted) return await this.#drain();
      await this.#underway;
      if (!this.#buffer.isEmpty && this.#trouble() !== this.#told) this.#refuse();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #call<T>(work: () => Promise<T>): Promise<T> {
    return this.#calls.run(async () => {
      try {
        return await work();
      } catch (error) {
        this.#told = error;
        throw error;
      }
    });
  }

  #has({ appId, sequence }: Idempotency, stored: ReadonlyMap<string, SetTransaction>): boolean {
    const last = this.#sequences.get(appId) ?? stored.get(appId)?.version;
    return last !== undefined && last >= sequence;
  }

  #add(append: StagedRows): void {
    if (append.idempotency !== undefined) {
      this.#sequences.set(append.idempotency.appId, append.idempotency.sequence);
    } else if (append.rows === 0) {
      return;
    }
    this.#buffer.add(append);
    if (this.#timer === undefined) this.#startTimer();
    this.#sendIfWanted();
  }

  get #isAborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** Why nothing can be buffered. An abort means that nothing was committed, so what may have been comes first. */
  #trouble(): unknown {
    if (this.#failure?.unsettled !== undefined) return this.#failure.error;
    return this.#isAborted ? this.#options.signal?.reason : this.#failure?.error;
  }

  #refuse(): void {
    if (this.#failure === undefined && !this.#isAborted) return;
    throw this.#trouble();
  }

  #sendIfWanted(): void {
    if (this.#underway !== undefined || this.#failure !== undefined || this.#buffer.isEmpty) return;
    if (this.#buffer.isFull || this.#isDue) void this.#send();
  }

  async #drain(): Promise<void> {
    while (this.#underway !== undefined) await this.#underway;
    if (this.#failure !== undefined && !this.#isAborted) await this.#settle(this.#failure);
    while (!this.#buffer.isEmpty) {
      this.#refuse();
      await this.#send();
    }
    if (this.#failure !== undefined) this.#refuse();
  }

  /** Makes a failed commit one that can be tried again. */
  async #settle({ error, unsettled }: Failure): Promise<void> {
    const { signal } = this.#options;
    if (unsettled !== undefined) {
      const { appends, commit } = unsettled;
      const { attempt } = error as CommitStateUnknownError;
      const { outcome } = await resolveCommit(this.#state, attempt, { signal });
      if (outcome === 'committed') {
        this.#buffer.drop(appends.length);
        this.#tell(commit);
      } else if (
        outcome !== 'lost' &&
        appends.some(({ idempotency }) => idempotency === undefined)
      ) {
        throw error;
      }
    }
    this.#failure = undefined;
  }

  /** Commits what is buffered; a failure is kept for the next call. */
  #send(): Promise<void> {
    this.#stopTimer();
    this.#underwayRows = this.#buffer.rows;
    this.#underway = this.#commitAll(this.#buffer.take());
    return this.#underway;
  }

  async #commitAll(appends: readonly StagedRows[]): Promise<void> {
    const failure = await this.#commit(appends);
    this.#underway = undefined;
    this.#underwayRows = 0;
    this.#failure ??= failure;
    if (failure !== undefined) this.#buffer.putBack(appends);
    this.#sendIfWanted();
  }

  async #commit(appends: readonly StagedRows[]): Promise<Failure | undefined> {
    const { signal, onProgress } = this.#options;
    try {
      const options = { signal, onProgress, misfit: 'fails-all' } as const;
      const { commit, unknown } = await commitTogether(this.#state, appends, options);
      if (unknown !== undefined) return { error: unknown, unsettled: { appends, commit } };
      this.#tell(commit);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  #tell(commit: Commit): void {
    this.#flushed?.push(commit);
    try {
      this.#options.onCommit?.(commit);
    } catch (error) {
      // The rows are durable whatever the callback does; the next call tells of it.
      this.#failure = { error };
    }
  }

  #startTimer(): void {
    const { maxDelayMs, signal } = this.#options;
    const timer = new AbortController();
    this.#timer = timer;
    const elapsed = (): void => {
      if (this.#timer !== timer) return;
      this.#isDue = true;
      this.#sendIfWanted();
    };
    this.#state.environment.clock
      .sleep(maxDelayMs, anyOf(timer.signal, signal))
      .then(elapsed, () => undefined);
  }

  #stopTimer(): void {
    this.#timer?.abort();
    this.#timer = undefined;
    this.#isDue = false;
  }
}

function anyOf(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);
}

async function settledOr(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return await work;
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
