/** Log clean-up of a table: the versions that pins keep stay. */
import { type CleanUpOutcome, cleanUpLog } from '../log/log-cleanup.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { CleanupIntent } from './cleanup-intent.js';
import { Pins } from './pins.js';
import type { TableState } from './table-state.js';

interface CleanUpCall {
  /** The time by the store's clock; asked of the store when undefined. */
  readonly storeNowMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Cleans the log; see {@link cleanUpLog}. It is as late as the earlier of two clocks says, this machine's and the
 * store's, so that one that runs ahead takes no history.
 * @throws CorruptDataError when a pin cannot be read; nothing was deleted
 */
export async function cleanUp(
  state: TableState,
  snapshot: Snapshot,
  { storeNowMs, signal }: CleanUpCall,
): Promise<CleanUpOutcome> {
  const intent = new CleanupIntent(state, signal);
  try {
    const storeMs = storeNowMs ?? (await intent.announce(0)).modifiedMs;
    const nowMs = Math.min(storeMs, state.environment.clock.now());
    await intent.sweepDead(storeMs);
    const pins = async (before: number): Promise<readonly number[]> => {
      await intent.announce(before);
      const all = await new Pins(state).list({ signal });
      const own = all.filter(({ tableId }) => tableId === snapshot.metadata.id);
      return own.map(({ version }) => version);
    };
    return await cleanUpLog(state.log, snapshot, { nowMs, pins, signal });
  } finally {
    await intent.withdraw();
  }
}
