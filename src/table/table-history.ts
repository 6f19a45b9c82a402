/** What was committed to a table. */

import { z } from 'zod';
import { readHistory } from '../log/history.js';
import { callOptions, checkOptions } from './call-options.js';
import { latestSnapshot } from './open.js';
import type { HistoryOptions } from './options.js';
import type { HistoryEntry } from './results.js';
import type { TableState } from './table-state.js';

const optionsOf = z.strictObject({ ...callOptions, limit: z.number().int().min(1).optional() });

/** The commits that the log still holds, newest first. */
export async function tableHistory(
  state: TableState,
  options: HistoryOptions,
): Promise<readonly HistoryEntry[]> {
  const { limit, signal } = checkOptions('history', optionsOf, options);
  const latest = await latestSnapshot(state, signal);
  const entries = await readHistory(state.log, { latest, limit, signal });
  return entries.map(({ timestampMs, ...said }) => ({ ...said, timestamp: new Date(timestampMs) }));
}
