/** `varve changes`: what each version changed. */
import { type ChangeType, DeltaTable, toJsonRow } from '../index.js';
import type { CommandOptions } from './command.js';
import { timeText } from './format.js';

/** A line for each version; as JSON a line for each changed row. */
export async function* changes(url: string, options: CommandOptions): AsyncGenerator<string> {
  const table = await DeltaTable.open(url);
  const { from = 0, to } = options;
  for await (const { version, timestamp, rows } of table.changes({ from, to })) {
    const counts: Record<ChangeType, number> = {
      insert: 0,
      delete: 0,
      update_preimage: 0,
      update_postimage: 0,
    };
    for await (const { type, row } of rows()) {
      counts[type]++;
      if (options.json) yield JSON.stringify({ version, type, row: toJsonRow(row) });
    }
    if (options.json) continue;
    const { insert, delete: deleted, update_postimage: updated } = counts;
    const told = `${insert} inserted, ${updated} updated, ${deleted} deleted`;
    yield `${String(version).padStart(7)}  ${timeText(timestamp)}  ${told}`;
  }
}
