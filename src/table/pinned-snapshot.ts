/** From a pin to the version it keeps. */
import { NotFoundError } from '../errors.js';
import { loadSnapshot } from '../log/snapshot.js';
import { type Snapshot } from '../log/table-snapshot.js';
import type { Pin } from './results.js';
import type { TableState } from './table-state.js';

/** The pinned version of the table that was pinned. @throws NotFoundError when the table is another by now */
export async function pinnedSnapshot(
  state: TableState,
  pin: Pin,
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  const snapshot = await loadSnapshot(state.log, { version: pin.version, signal });
  if (snapshot.metadata.id !== pin.tableId) {
    throw new NotFoundError({
      message: `pin ${pin.name} belongs to table ${pin.tableId}, which was replaced by another at this place`,
      kind: 'table',
      thing: pin.tableId,
      available: snapshot.metadata.id,
    });
  }
  return snapshot;
}
