/** `stats_parsed` and `partitionValues_parsed`: what a file's texts say, as columns of a checkpoint. */
import type { Data } from 'apache-arrow';
import { type AddLayout, PARTITION_VALUES_PARSED, STATS_PARSED } from './add-layout.js';
import { buildColumn } from './build-column.js';
import type { FileColumns } from './file-list.js';
import { statsObject } from './file-stats.js';
import { isJsonObject, type Json } from './json.js';
import { partitionColumn } from './partition-column.js';
import { arrowType } from './schema/arrow-type.js';
import { conformColumn } from './schema/conform.js';
import type { DataType, PrimitiveName, StructType } from './schema/types.js';
import { parseStat } from './stats-value.js';
import { takeRows } from './take-rows.js';

/**
 * The parsed columns of some rows of `files`, by name; those alone that the layout has.
 * @throws CorruptDataError when a partition value is none of its column's type
 */
export function parsedColumns(
  files: FileColumns,
  rows: Uint32Array,
  { stats, partitionValues }: AddLayout,
): ReadonlyMap<string, Data> {
  const columns = new Map<string, Data>();
  if (partitionValues !== undefined) {
    const values = Array.from(rows, (row) => partitionValuesAt(files, row, partitionValues));
    columns.set(PARTITION_VALUES_PARSED, buildColumn(arrowType(partitionValues), values));
  }
  if (stats !== undefined) columns.set(STATS_PARSED, statsColumn(files, rows, stats));
  return columns;
}

/** Copied where an older checkpoint has the very columns, else made from the texts. */
function statsColumn(files: FileColumns, rows: Uint32Array, stats: StructType): Data {
  const { statsStruct } = files;
  const type = arrowType(stats);
  if (statsStruct !== undefined && String(statsStruct.type) === String(type)) {
    const where = { key: files.path(rows[0] ?? 0), column: STATS_PARSED };
    return conformColumn(takeRows(statsStruct, rows), stats, rows.length, where);
  }
  const values = Array.from(rows, (row) => statsOf(files.stats(row), stats));
  return buildColumn(type, values);
}

/** Objects keyed by names of columns have no prototype, for a column may be called anything. */
type Values = { [name: string]: unknown };

function partitionValuesAt(files: FileColumns, row: number, type: StructType): Values {
  const values = Object.create(null) as Values;
  for (const { name, type: of } of type.fields) {
    values[name] = partitionColumn(files, name, of as PrimitiveName).at(row);
  }
  return values;
}

/** Statistics that cannot be read are none, as for every reader. */
function statsOf(text: string | undefined, type: StructType): Values | undefined {
  const json = text === undefined ? undefined : statsObject(text);
  return json && membersOf(json, type);
}

function membersOf(json: Json | undefined, type: StructType): Values | undefined {
  if (!isJsonObject(json)) return undefined;
  const values = Object.create(null) as Values;
  for (const { name, type: of } of type.fields) {
    const member = Object.hasOwn(json, name) ? json[name] : undefined;
    values[name] = valueOf(member, of);
  }
  return values;
}

function valueOf(json: Json | undefined, type: DataType): unknown {
  if (typeof type !== 'string') return membersOf(json, type as StructType);
  if (type === 'boolean') return typeof json === 'boolean' ? json : undefined;
  return parseStat(json, type as PrimitiveName);
}
