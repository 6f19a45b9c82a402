/** Finding a table and its newest snapshot. */

import { z } from 'zod';
import { isVarveError } from '../errors.js';
import { loadSnapshot, refreshSnapshot } from '../log/snapshot.js';
import { type Snapshot } from '../log/table-snapshot.js';
import { allowedRoots, callOptions, checkOptions } from './call-options.js';
import type { OpenOptions, OpenSchemaOptions } from './options.js';
import type { ColumnOverrides, TableSchema } from './row/row-types.js';
import { toStructType } from './row/schema-input.js';
import { checkSameSchema } from './same-schema.js';
import { isNoTable, type TableHandle, type TableState, withState } from './table-state.js';

const optionsOf = z.strictObject({
  ...callOptions,
  storage: z.unknown().optional(),
  allowedRoots,
  schema: z.unknown().optional(),
  columns: z.unknown().optional(),
});

/** Opens a table, and compares its schema when one is given; see {@link DeltaTable.open}. */
export async function openTable(
  url: string | URL,
  options: OpenOptions | OpenSchemaOptions<TableSchema>,
): Promise<TableHandle> {
  const checked = checkOptions('open', optionsOf, options);
  return await withState(url, options, async (state) => await openState(state, checked));
}

async function openState(
  state: TableState,
  checked: z.output<typeof optionsOf>,
): Promise<TableHandle> {
  if (checked.schema === undefined) {
    await expectTable(state, checked.signal);
    return { state, asNumber: new Set() };
  }
  const snapshot = await latestSnapshot(state, checked.signal);
  const { schema, asNumber } = toStructType(checked.schema as TableSchema, {
    columns: checked.columns as ColumnOverrides | undefined,
  });
  checkSameSchema(schema, undefined, snapshot);
  return { state, asNumber };
}

/**
 * Reads the newest version, which refuses what is no table and what cannot be read. A damaged newest version is no bar:
 * older ones may be whole, and whoever asks for the newest is told then.
 */
async function expectTable(state: TableState, signal: AbortSignal | undefined): Promise<void> {
  try {
    await latestSnapshot(state, signal);
  } catch (error) {
    if (!isVarveError(error, 'CORRUPT_DATA')) throw error;
  }
}

/** Whether there is a table at `url`. */
export async function tableExists(url: string | URL, options: OpenOptions): Promise<boolean> {
  const { signal } = checkOptions('exists', optionsOf, options);
  const found = await withState(url, options, async (state) => await findSnapshot(state, signal));
  return found !== undefined;
}

/**
 * The newest snapshot: the one this process knows, brought up to date by what is new, or loaded from the log.
 *
 * @throws NotFoundError (kind `table`) when there is no table
 */
export async function latestSnapshot(
  state: TableState,
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  const { log, head } = state;
  const { latest, known: atLeast } = head;
  return head.learn(
    latest === undefined
      ? await loadSnapshot(log, { signal })
      : await refreshSnapshot(log, latest, { atLeast, signal }),
  );
}

/**
 * The newest snapshot, or undefined when there is no table.
 * @throws NotFoundError (kind `table`) when the one that the state knows is gone; see `withState`
 */
export async function findSnapshot(
  state: TableState,
  signal: AbortSignal | undefined,
): Promise<Snapshot | undefined> {
  try {
    return await latestSnapshot(state, signal);
  } catch (error) {
    if (state.head.latest === undefined && isNoTable(error)) return undefined;
    throw error;
  }
}
