/** The arbiter of a commit, and how its answers are settled into facts. */
import { type Clock, type Entropy, monotonicMs } from '../clock.js';
import { isVarveError } from '../errors.js';
import type { ObjectStore } from '../storage/object-store.js';
import { readCommitInfo } from './commit-info.js';
import { commitKey } from './log-path.js';

/** What an arbiter answers when it is asked to make `version` out of these bytes. */
export type CommitAnswer = 'committed' | 'conflict' | 'unknown';

/** Is told for how many milliseconds a service asked to be left alone. */
export type OnRetryAfter = (retryAfterMs: number) => void;

/** Decides which of several writers makes a version. The log itself is one; a catalog may be another. */
export interface Committer {
  /**
   * Asks once. `committed`: the version is made of these bytes, durably. `conflict`: the version exists. `unknown`: no
   * answer, and it may yet be made; `onRetryAfter` was told of a pause that the service asked for. Throws only when the
   * request certainly was not sent or was refused.
   */
  commit(version: number, bytes: Uint8Array, onRetryAfter?: OnRetryAfter): Promise<CommitAnswer>;
}

/** The log's own arbiter: put-if-absent of `_delta_log/<version>.json`. */
export function logCommitter(store: ObjectStore): Committer {
  return {
    commit: async (version, bytes, onRetryAfter) => {
      // No version without the one before it, whatever a power failure takes.
      const after = version === 0 ? undefined : commitKey(version - 1);
      const outcome = await store.putIfAbsent(commitKey(version), bytes, { after, onRetryAfter });
      if (outcome === 'created') return 'committed';
      return outcome === 'exists' ? 'conflict' : 'unknown';
    },
  };
}

/** What is known of a version that was tried. */
export type Settled = 'committed' | 'lost' | 'unknown';

/** Whose commit a version is: ours by its txnId, another's, or not there (yet). */
export type Owner = 'ours' | 'other' | 'absent';

/** Tells whose commit a version is. A parameter so that tests can prove what happens without it. */
export type Identify = (version: number, txnId: string, signal?: AbortSignal) => Promise<Owner>;

/** Reads the version's own file, once it is durable, and compares its `commitInfo.txnId`. */
export function identifyByTxnId(store: ObjectStore): Identify {
  return async (version, txnId, signal) => {
    const key = commitKey(version);
    const object = await store.get(key, { durable: true, signal });
    if (object === undefined) return 'absent';
    return readCommitInfo(object.bytes, key)?.['txnId'] === txnId ? 'ours' : 'other';
  };
}

export interface SettleContext {
  readonly committer: Committer;
  readonly identify: Identify;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** How long one version is asked about before its outcome is reported as unknown. */
export const SETTLE_BUDGET_MS = 30_000;
const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 2_000;

/**
 * Tries to make `version` and does not rest before it is known whose it is, or the budget is spent.
 *
 * An unknown answer is settled by the version itself: once it exists it is ours or it never will be; while it is
 * absent the same bytes are sent again, which is safe because they carry the txnId that a duplicate is known by.
 * Never another version, never "failed", while this one may still land; and never "committed" before it is durable.
 *
 * Between two tries it waits a while, and before that for as long as the service asked. One that asks for more than is
 * left of the budget is not asked again.
 *
 * @throws StorageUnavailableError or AccessDeniedError only when nothing that was sent can still land
 */
export async function settle(
  context: SettleContext,
  version: number,
  txnId: string,
  bytes: Uint8Array,
): Promise<Settled> {
  const { clock, entropy } = context;
  const deadline = monotonicMs(clock) + SETTLE_BUDGET_MS;
  let maySentLand = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    const step = await tryOnce(context, version, txnId, bytes);
    if (typeof step === 'string') return step;
    const { isSent, error, retryAfterMs = 0 } = step;
    const isLast = monotonicMs(clock) + retryAfterMs + pauseMs >= deadline;
    maySentLand ||= isSent;
    if (!maySentLand && (isLast || !isVarveError(error, 'STORAGE_UNAVAILABLE'))) throw error;
    if (isLast) return 'unknown';
    await clock.sleep(retryAfterMs + pauseMs * (0.5 + entropy.random() / 2));
  }
}

type Step = 'committed' | 'lost' | Undecided;

interface Undecided {
  /** Whether a request was sent whose effect may still come. */
  readonly isSent: boolean;
  readonly error?: unknown;
  /** For how long the service asked to be left alone. */
  readonly retryAfterMs: number | undefined;
}

async function tryOnce(
  context: SettleContext,
  version: number,
  txnId: string,
  bytes: Uint8Array,
): Promise<Step> {
  let answer: CommitAnswer;
  let retryAfterMs: number | undefined;
  try {
    answer = await context.committer.commit(version, bytes, (askedMs) => {
      retryAfterMs = askedMs;
    });
  } catch (error) {
    return { isSent: false, error, retryAfterMs: askedBy(error) };
  }
  if (answer === 'committed') return answer;
  try {
    const owner = await context.identify(version, txnId);
    if (owner === 'ours') return 'committed';
    if (owner === 'other') return 'lost';
  } catch (error) {
    // A version that cannot be read, or not as a commit, does not tell whose it is; whatever the reason, to throw here
    // would say that nothing was committed.
    retryAfterMs = askedBy(error) ?? retryAfterMs;
  }
  return { isSent: true, retryAfterMs };
}

function askedBy(error: unknown): number | undefined {
  return isVarveError(error, 'STORAGE_UNAVAILABLE') ? error.retryAfterMs : undefined;
}
