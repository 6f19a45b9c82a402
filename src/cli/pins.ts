/** `varve pins`: the names of versions that are kept. */
import { DeltaTable } from '../index.js';
import type { CommandOptions } from './command.js';
import { columns, json, timeText } from './format.js';

export async function pins(url: string, options: CommandOptions): Promise<string> {
  const table = await DeltaTable.open(url);
  const found = await table.pins.list();
  if (options.json) return json(found);
  const rows = found.map((pin) => [
    pin.name,
    String(pin.version),
    timeText(pin.createdAt),
    pin.note ?? '',
  ]);
  return columns([['pin', 'version', 'created', 'note'], ...rows]);
}
