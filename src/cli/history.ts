/** `varve history`: what was committed to a table. */
import { DeltaTable } from '../index.js';
import type { CommandOptions } from './command.js';
import { columns, json, timeText } from './format.js';

export async function history(url: string, options: CommandOptions): Promise<string> {
  const table = await DeltaTable.open(url);
  const entries = await table.history();
  if (options.json) return json(entries);
  const rows = entries.map((entry) => [
    String(entry.version),
    timeText(entry.timestamp),
    entry.operation ?? '-',
    entry.operationParameters['mode'] ?? '',
    rowsWritten(entry.operationMetrics),
    entry.engineInfo ?? '',
  ]);
  return columns([['version', 'committed', 'operation', 'mode', 'rows', 'by'], ...rows]);
}

function rowsWritten(metrics: Readonly<Record<string, string>>): string {
  return metrics['numOutputRows'] ?? '';
}
