/**
 * Who cleans a log says so before looking for pins, and who pins a version looks for that after writing the pin: so one
 * of the two sees the other, without a lock. Intents are side files, `_varve/log-cleanup/<uuid>.json`. One that is a day
 * older than a pin, both by the store's time, is a dead process's and does not count.
 */
import { DataGoneError, isVarveError } from '../errors.js';
import { findSegment } from '../log/log-segment.js';
import type { ObjectInfo } from '../storage/object-store.js';
import type { TableState } from './table-state.js';

const FOLDER = '_varve/log-cleanup/';

/** An intent that is older was left by a process that died: a clean-up takes minutes. */
const DEAD_AFTER_MS = 86_400_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The intent of one clean-up. */
export class CleanupIntent {
  readonly #state: TableState;
  readonly #key: string;
  readonly #signal: AbortSignal | undefined;
  #isWritten = false;

  constructor(state: TableState, signal: AbortSignal | undefined) {
    this.#state = state;
    this.#key = `${FOLDER}${state.environment.entropy.uuid()}.json`;
    this.#signal = signal;
  }

  /** Says that versions before `before` are about to go. */
  async announce(before: number): Promise<ObjectInfo> {
    const bytes = encoder.encode(`${JSON.stringify({ before })}\n`);
    this.#isWritten = true;
    return await this.#state.log.store.put(this.#key, bytes, { signal: this.#signal });
  }

  /** Deletes the intents of processes that died long before `storeMs`, the time by the store's clock. */
  async sweepDead(storeMs: number): Promise<void> {
    const { store } = this.#state.log;
    for await (const { key, modifiedMs } of store.list(FOLDER, { signal: this.#signal })) {
      if (isDead(modifiedMs, storeMs)) await store.delete(key, { signal: this.#signal });
    }
  }

  /** Takes the intent back; where that fails, a later clean-up does it. */
  async withdraw(): Promise<void> {
    if (!this.#isWritten) return;
    try {
      await this.#state.log.store.delete(this.#key);
    } catch (error) {
      if (!isVarveError(error, 'STORAGE_UNAVAILABLE', 'ACCESS_DENIED')) throw error;
    }
  }
}

function isDead(announcedMs: number, storeMs: number): boolean {
  return announcedMs < storeMs - DEAD_AFTER_MS;
}

/**
 * Passes when the log leads to a version, and nobody is about to change that. Called when the pin is written.
 *
 * @param pinKey - where the pin was written
 * @throws DataGoneError when the version has been cleaned out of the log, or is being
 */
export async function checkNotCleaned(
  { log }: TableState,
  version: number,
  pinKey: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const { key, modifiedMs } of log.store.list(FOLDER, { signal })) {
    const intent = await log.store.get(key, { signal });
    if (intent === undefined || version >= beforeIn(intent.bytes)) continue;
    const pin = await log.store.head(pinKey, { signal });
    if (pin === undefined || !isDead(modifiedMs, pin.modifiedMs)) throw cleaned(version);
  }
  const plan = await findSegment(log.store, { version, signal });
  if ('problem' in plan) throw cleaned(version);
}

/** What an intent says; one that says nothing stands for every version. */
function beforeIn(bytes: Uint8Array): number {
  try {
    const { before } = JSON.parse(decoder.decode(bytes)) as { readonly before?: unknown };
    return typeof before === 'number' ? before : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function cleaned(version: number): DataGoneError {
  return new DataGoneError({
    message: `version ${version} cannot be pinned: log clean-up is removing it; pin a later version`,
    version,
    missing: [],
    reason: 'delta.logRetentionDuration',
  });
}
