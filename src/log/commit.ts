/**
 * The optimistic commit: try the next version; if another has it, decide whether to go behind it; never guess.
 * The outcome is a value. The table's verbs turn it into a Commit or an error.
 */

import { monotonicMs } from '../clock.js';
import type { CommitAttempt, Winner } from '../errors.js';
import { encodeCommit, parseCommit } from './action-codec.js';
import type { Action, SetTransaction } from './actions.js';
import { checkActions } from './check-actions.js';
import { type CommitDescription, commitInfo, operationOf } from './commit-info.js';
import type { SettleContext, settle } from './committer.js';
import {
  adopt,
  type checkConflict,
  isBlindAppend,
  type Loser,
  type ReadSet,
  type WinningCommit,
  winningCommit,
} from './conflict.js';
import type { Head } from './head.js';
import { effectiveIsolation, type IsolationLevel } from './isolation.js';
import { commitKey } from './log-path.js';
import type { Mutex } from './mutex.js';
import { checkWritable } from './protocol.js';
import type { rebase } from './rebase.js';
import { advanceSnapshot, refreshSnapshot } from './snapshot.js';
import { tableProperties } from './table-properties.js';
import { type LogContext, type Snapshot } from './table-snapshot.js';

/** What one transaction wants to become a version. */
export interface CommitRequest {
  /** What the transaction was built on; undefined when it creates the table. */
  readonly base: Snapshot | undefined;
  /** Everything but the commitInfo. */
  readonly actions: readonly Action[];
  readonly reads: ReadSet;
  readonly described: CommitDescription;
  /** At least the table's `delta.isolationLevel`, which it is when undefined; see `effectiveIsolation`. */
  readonly isolation?: IsolationLevel | undefined;
  /** Stops the attempts as long as nothing of them can be committed; not looked at once a PUT was sent. */
  readonly signal?: AbortSignal | undefined;
}

/** The decisions of the loop, passed in so that tests can put a wrong one in their place. */
export interface CommitDecisions {
  readonly checkConflict: typeof checkConflict;
  readonly settle: typeof settle;
  readonly rebase: typeof rebase;
}

export interface CommitContext extends SettleContext {
  readonly log: LogContext;
  readonly head: Head;
  readonly queue: Mutex;
  readonly decisions: CommitDecisions;
  readonly engineInfo: string;
}

/** What became of a request. */
export type CommitResult =
  | {
      readonly outcome: 'committed';
      readonly version: number;
      /** The table after the commit; undefined when it could not be looked at. */
      readonly snapshot: Snapshot | undefined;
    }
  | { readonly outcome: 'already-applied'; readonly version: number }
  | {
      readonly outcome: 'conflict';
      readonly conflict: string;
      readonly winner: Winner;
      /** The path, application, domain or action that is in the way; undefined when it is none of them. */
      readonly subject?: string | undefined;
    }
  | { readonly outcome: 'unknown'; readonly attempt: CommitAttempt };

/**
 * How long a commit that conflicts with nobody goes on losing races before it gives up. Losing a race is no attempt:
 * among blind appenders somebody always wins, so only time ends it.
 */
export const CONTENTION_BUDGET_MS = 60_000;
const MAX_RACE_PAUSE_MS = 100;

/**
 * Commits `request` at the first version it can have.
 *
 * On a lost race the winner's actions are compared with what was read (`checkConflict`); without a conflict the bytes
 * are built anew for the next version. The id in its commitInfo is new for each request and the same in every attempt.
 *
 * @returns committed; already-applied when the request's txn is not newer than the table's; conflict, also when what
 * was committed meanwhile was cleaned out of the log and cannot be compared any more; or unknown when the store never told
 * @throws signal.reason when aborted before anything was sent; the store's errors when nothing can have landed
 * @throws InvalidArgumentError when the actions cannot be one commit; see `checkActions`
 * @throws UnsupportedFeatureError when the table has become one that Varve does not write
 * @see PROTOCOL.md "Delta Log Entries", "Transaction Identifiers"
 */
export function commit(context: CommitContext, request: CommitRequest): Promise<CommitResult> {
  return context.queue.run(() => new CommitLoop(context, request).run());
}

class CommitLoop {
  readonly #context: CommitContext;
  readonly #request: CommitRequest;
  readonly #txnId: string;
  readonly #sequence: SetTransaction | undefined;
  readonly #isolation: IsolationLevel;
  /** The request as if it had begun at the version it was checked up to; undefined before, and for a creation. */
  #mine: Loser | undefined;
  /** The version up to which every commit was checked; -1 before the first. */
  #checked: number;
  #current: Snapshot | undefined;

  constructor(context: CommitContext, request: CommitRequest) {
    this.#context = context;
    this.#request = request;
    this.#txnId = context.entropy.uuid();
    this.#sequence = sequenceOf(request.actions);
    this.#isolation = isolationOf(request);
    this.#checked = request.base?.version ?? -1;
  }

  async run(): Promise<CommitResult> {
    const { clock, entropy, log } = this.#context;
    checkActions(this.#request.actions, log.url, this.#request.base?.files);
    const deadline = monotonicMs(clock) + CONTENTION_BUDGET_MS;
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, MAX_RACE_PAUSE_MS)) {
      this.#request.signal?.throwIfAborted();
      const stop = await this.#catchUp();
      if (stop !== undefined) return stop;
      const version = this.#checked + 1;
      const actions = this.#make();
      const bytes = encodeCommit(actions);
      this.#request.signal?.throwIfAborted();
      const settled = await this.#context.decisions.settle(
        this.#context,
        version,
        this.#txnId,
        bytes,
      );
      if (settled === 'committed') return await this.#committed(version, actions);
      if (settled === 'unknown') {
        return { outcome: 'unknown', attempt: { version, txnId: this.#txnId } };
      }
      this.#context.head.meet(version);
      if (monotonicMs(clock) >= deadline) return await this.#outOfTime(version);
      await clock.sleep(pauseMs * entropy.random(), this.#request.signal);
    }
  }

  /** Learns what was committed meanwhile, and whether this request may go behind it. */
  async #catchUp(): Promise<CommitResult | undefined> {
    const { log, head } = this.#context;
    const { base, signal } = this.#request;
    if (base === undefined) return await this.#creationLost();
    const newest = newer(base, head.latest);
    // Listings may not show yet what is known.
    const latest = head.learn(await refreshSnapshot(log, newest, { atLeast: head.known, signal }));
    this.#current = latest;
    if (this.#sequence !== undefined && isApplied(latest, this.#sequence)) {
      return { outcome: 'already-applied', version: latest.version };
    }
    if (!canSkipReading(this.#request, base, latest)) {
      let mine = this.#mine ?? loserOf(log, this.#request, base, this.#isolation);
      for (let version = this.#checked + 1; version <= latest.version; version++) {
        const winner = await this.#readCommit(version);
        // What is gone cannot be compared with what was read: on a newer version there is no need to.
        if (winner === undefined) return lost(CONCURRENT_WRITE, { version, commitInfo: undefined });
        const conflict = this.#context.decisions.checkConflict(mine, winner);
        if (conflict !== undefined) return lost(conflict, winner);
        mine = adopt(mine, winner);
      }
      this.#mine = mine;
    }
    this.#checked = latest.version;
    if (latest.protocol !== base.protocol || latest.metadata !== base.metadata) {
      checkWritable(latest.protocol, latest.metadata, latest.schema);
    }
    return undefined;
  }

  /** Undefined when the commit, which was there once, was cleaned out of the log. */
  async #readCommit(version: number): Promise<WinningCommit | undefined> {
    const key = commitKey(version);
    const { store } = this.#context.log;
    const object = await store.get(key, { signal: this.#request.signal });
    return object && winningCommit(version, parseCommit(object.bytes, key));
  }

  /** A creation that lost version 0 lost to whoever made the table. */
  async #creationLost(): Promise<CommitResult | undefined> {
    const winner = await this.#readCommit(0);
    return winner && lost({ name: 'ProtocolChangedException' }, winner);
  }

  /** The commit for the next version, its commitInfo first: what is sent, unchanged, for as long as that is tried. */
  #make(): readonly Action[] {
    const { clock, engineInfo, decisions } = this.#context;
    const { described, reads, base, actions } = this.#request;
    const nowMs = clock.now();
    const rebased = decisions.rebase(this.#mine?.actions ?? actions, {
      read: base,
      current: this.#current,
      nowMs,
      losesRowIds: described.losesRowIds === true,
    });
    const info = commitInfo(described, {
      timestampMs: nowMs,
      inCommitTimestamp: rebased.inCommitTimestamp,
      tags: rebased.tags,
      txnId: this.#txnId,
      readVersion: base?.version,
      isolationLevel: this.#isolation,
      isBlindAppend: isBlindAppend(reads, actions),
      engineInfo,
    });
    return [{ kind: 'commitInfo', commitInfo: info }, ...rebased.actions];
  }

  async #committed(version: number, actions: readonly Action[]): Promise<CommitResult> {
    const { log, head } = this.#context;
    head.meet(version);
    let snapshot: Snapshot | undefined;
    try {
      snapshot = await advanceSnapshot(log, this.#current, version, actions);
      head.learn(snapshot);
    } catch {
      // The commit is done, and an error would say that it is not: the next call reads the log and meets the reason.
    }
    return { outcome: 'committed', version, snapshot };
  }

  async #outOfTime(version: number): Promise<CommitResult> {
    const winner = await this.#readCommit(version);
    return lost(CONCURRENT_WRITE, { version, commitInfo: winner?.commitInfo });
  }
}

/** What Delta calls a race that was lost where nothing that was read or written tells why. */
const CONCURRENT_WRITE = { name: 'ConcurrentWriteException' };

function lost(
  { name, subject }: { readonly name: string; readonly subject?: string },
  { version, commitInfo: info }: Pick<WinningCommit, 'version' | 'commitInfo'>,
): CommitResult {
  const winner = { version, operation: operationOf(info) };
  return { outcome: 'conflict', conflict: name, winner, subject };
}

function loserOf(
  { url }: LogContext,
  { actions, reads, described }: CommitRequest,
  { protocol, metadata }: Snapshot,
  isolation: IsolationLevel,
): Loser {
  const { operation } = described;
  const read = { readProtocol: protocol, protocol, metadata };
  return { tableUrl: url, isolation, operation, reads, actions, ...read };
}

function isolationOf({ base, actions, described, isolation }: CommitRequest): IsolationLevel {
  const changed = actions.find((action) => action.kind === 'metaData')?.metaData;
  const configuration = base?.configuration ?? changed?.configuration ?? new Map();
  const level = isolation ?? tableProperties(configuration).isolationLevel;
  return effectiveIsolation(level, actions, described.operation);
}

function sequenceOf(actions: readonly Action[]): SetTransaction | undefined {
  for (const action of actions) if (action.kind === 'txn') return action.txn;
  return undefined;
}

/** Whether the table has seen this sequence of the application, or a later one. */
export function isApplied(snapshot: Snapshot, sequence: SetTransaction): boolean {
  const last = snapshot.transactions.get(sequence.appId);
  return last !== undefined && last.version >= sequence.version;
}

function newer(mine: Snapshot, shared: Snapshot | undefined): Snapshot {
  return shared !== undefined && shared.version > mine.version ? shared : mine;
}

/**
 * Whether the winners' actions need not be read: a blind append conflicts with nothing but a new protocol or metadata,
 * and a snapshot that has neither still holds the very objects of the one before.
 */
function canSkipReading(request: CommitRequest, base: Snapshot, latest: Snapshot): boolean {
  const { reads, actions } = request;
  return (
    isBlindAppend(reads, actions) &&
    reads.appIds.size === 0 &&
    actions.every((action) => action.kind === 'add') &&
    latest.protocol === base.protocol &&
    latest.metadata === base.metadata
  );
}
