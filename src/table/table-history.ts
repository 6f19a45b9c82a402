/** What was committed to a table. */
import { z } from 'zod';
import { readHistory } from '../log/history.js';
import { type CallOptions, callOptions, checkOptions } from './call-options.js';
import { latestSnapshot } from './open.js';
import type { TableState } from './table-state.js';

/** One version, as its commit describes itself; what a commit does not say is absent. */
export interface HistoryEntry {
  readonly version: number;
  readonly timestamp: Date;
  /** `WRITE`, `CREATE TABLE`, `DELETE`, ... */
  readonly operation?: string | undefined;
  readonly operationParameters: Readonly<Record<string, string>>;
  readonly operationMetrics: Readonly<Record<string, string>>;
  readonly isBlindAppend?: boolean | undefined;
  /** The program that wrote it. */
  readonly engineInfo?: string | undefined;
  /** The version it was built on. */
  readonly readVersion?: number | undefined;
  readonly isolationLevel?: string | undefined;
  readonly txnId?: string | undefined;
  readonly userMetadata?: string | undefined;
}

export interface HistoryOptions extends CallOptions {
  /** How many of the newest; all when absent. */
  readonly limit?: number | undefined;
}

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
