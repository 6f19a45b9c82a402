/** `varve head`: the first rows of a table. */
import { DeltaTable, predicateFromSql, toJsonRow } from '../index.js';
import type { CommandOptions } from './command.js';
import { columns, json } from './format.js';

const ROWS = 10;
const CELL_CHARACTERS = 40;

export async function head(url: string, options: CommandOptions): Promise<string> {
  const table = await DeltaTable.open(url);
  const { version } = options;
  const where = options.where === undefined ? {} : { where: predicateFromSql(options.where) };
  const snapshot = await table.snapshot(version === undefined ? {} : { version });
  const rows = (await snapshot.scan({ limit: ROWS, ...where }).toArray()).map(toJsonRow);
  if (options.json) return json(rows);
  const names = snapshot.schema.fields.map((field) => field.name);
  return columns([names, ...rows.map((row) => names.map((name) => cell(row[name])))]);
}

function cell(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > CELL_CHARACTERS ? `${text.slice(0, CELL_CHARACTERS - 1)}…` : text;
}
