/**
 * Group commit: appends of one process that ask for it share a commit. Who comes while a commit is under way waits for
 * the next, so nobody waits for a clock, and the more come the more share one.
 */
import { nextTurn } from '../clock.js';
import { commitTogether } from './commit-together.js';
import { isolationOf } from './commit-write.js';
import { latestSnapshot } from './open.js';
import type { AppendOptions } from './options.js';
import type { Commit } from './results.js';
import { type StagedRows, stageRows } from './staged-rows.js';
import type { TableState } from './table-state.js';

/** Arrow bytes of the appends that share a commit; the next one waits for the commit after it. */
export const MAX_GROUP_BYTES: number = 64 * 1024 * 1024;

const groups = new WeakMap<TableState, GroupQueue>();

/** Appends the rows in a commit that they may share; see {@link AppendOptions.group}. */
export async function appendInGroup(
  state: TableState,
  rows: unknown,
  options: AppendOptions,
): Promise<Commit> {
  const { signal, onProgress } = options;
  // What the rows are held against may be old: the commit holds them against the newest again.
  const base = state.head.latest ?? (await latestSnapshot(state, signal));
  isolationOf(base, options.isolation);
  const staged = await stageRows(rows, base, options);
  const queue = groups.get(state) ?? new GroupQueue(state);
  groups.set(state, queue);
  // Before the commit: one that stands must not be told as failed, whatever a callback throws.
  onProgress?.({ operation: 'append', rows: staged.rows, bytes: staged.sizeBytes });
  return await queue.commit(staged, signal);
}

interface Member {
  readonly rows: StagedRows;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (commit: Commit) => void;
  readonly reject: (reason: unknown) => void;
}

class GroupQueue {
  readonly #state: TableState;
  #waiting: Member[] = [];
  #isRunning = false;

  constructor(state: TableState) {
    this.#state = state;
  }

  commit(rows: StagedRows, signal: AbortSignal | undefined): Promise<Commit> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const leave = (): void => {
        if (!this.#waiting.includes(member)) return;
        this.#waiting = this.#waiting.filter((one) => one !== member);
        reject(signal?.reason);
      };
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener('abort', leave);
          settle(value);
        };
      const member = { rows, signal, resolve: settled(resolve), reject: settled(reject) };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(member);
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // The calls that were made together are all here by then.
    await nextTurn();
    while (this.#waiting.length > 0) await commitMembers(this.#state, this.#take());
    this.#isRunning = false;
  }

  #take(): readonly Member[] {
    let bytes = 0;
    const end = this.#waiting.findIndex(({ rows }, at) => {
      bytes += rows.sizeBytes;
      return at > 0 && bytes > MAX_GROUP_BYTES;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }
}

/** Commits the members; never rejects. Whoever aborts before the commit is sent leaves, and the others begin anew. */
async function commitMembers(state: TableState, members: readonly Member[]): Promise<void> {
  for (let rest = members; rest.length > 0; rest = stayed(rest)) {
    const signals = rest.flatMap(({ signal }) => signal ?? []);
    const signal = signals.length === 0 ? undefined : AbortSignal.any(signals);
    try {
      const appends = rest.map(({ rows }) => rows);
      const options = { signal, misfit: 'fails-alone' } as const;
      const { each, unknown } = await commitTogether(state, appends, options);
      for (const [at, told] of each.entries()) {
        // What did not fit is in no commit, whatever became of the others'.
        if (told.status === 'rejected') rest[at]?.reject(told.reason);
        else if (unknown !== undefined) rest[at]?.reject(unknown);
        else rest[at]?.resolve(told.value);
      }
      return;
    } catch (error) {
      if (signal?.aborted !== true || error !== signal.reason) {
        for (const { reject } of rest) reject(error);
        return;
      }
    }
  }
}

function stayed(members: readonly Member[]): readonly Member[] {
  for (const { signal, reject } of members) if (signal?.aborted === true) reject(signal.reason);
  return members.filter(({ signal }) => signal?.aborted !== true);
}
