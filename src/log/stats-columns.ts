/**
 * Which columns of a data file get statistics: a pure decision on the schema and the table's
 * properties.
 */
import { InvalidArgumentError } from '../errors.js';
import type { StringMap } from './actions.js';
import {
  type ColumnMappingMode,
  columnMappingMode,
  physicalName,
} from './schema/column-mapping.js';
import type { DataType, StructType } from './schema/types.js';

/** Leaf columns with statistics when the table does not say otherwise. */
export const DEFAULT_INDEXED_COLUMNS = 32;

const INDEXED_COLUMNS = 'delta.dataSkippingNumIndexedCols';
const STATS_COLUMNS = 'delta.dataSkippingStatsColumns';

/** A leaf for which statistics are written; arrays and maps count as one leaf. */
export interface StatsColumn {
  /** Physical names from the top-level column down. */
  readonly path: readonly string[];
  readonly type: DataType;
}

/**
 * The columns to write statistics for: those that `delta.dataSkippingStatsColumns` names, a struct
 * standing for all its fields, else the first `delta.dataSkippingNumIndexedCols` leaves (32; -1 is
 * all).
 *
 * @param schema - the columns that are in the data files, so without partition columns
 * @throws InvalidArgumentError when one of the two properties cannot be read; UnsupportedFeatureError
 * for an unknown mode of column mapping
 */
export function statsColumns(schema: StructType, configuration: StringMap): readonly StatsColumn[] {
  const mode = columnMappingMode(configuration);
  const leaves = leavesOf(schema, { logical: [], physical: [] }, mode);
  const listed = configuration.get(STATS_COLUMNS);
  if (listed !== undefined && listed !== null) {
    const wanted = parseColumnList(listed);
    return leaves.filter(({ logical }) => wanted.some((path) => isPrefix(path, logical))).map(seen);
  }
  const count = indexedColumns(configuration);
  return (count < 0 ? leaves : leaves.slice(0, count)).map(seen);
}

interface Leaf {
  readonly logical: readonly string[];
  readonly physical: readonly string[];
  readonly type: DataType;
}

function seen(leaf: Leaf): StatsColumn {
  return { path: leaf.physical, type: leaf.type };
}

function leavesOf(struct: StructType, under: Omit<Leaf, 'type'>, mode: ColumnMappingMode): Leaf[] {
  return struct.fields.flatMap((field) => {
    if (field.type === 'void') return [];
    const path = {
      logical: [...under.logical, field.name],
      physical: [...under.physical, physicalName(field, mode)],
    };
    const { type } = field;
    if (typeof type !== 'string' && type.type === 'struct') return leavesOf(type, path, mode);
    return [{ ...path, type }];
  });
}

function indexedColumns(configuration: StringMap): number {
  const text = configuration.get(INDEXED_COLUMNS);
  if (text === undefined || text === null) return DEFAULT_INDEXED_COLUMNS;
  const count = /^-?\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (count >= -1) return count;
  throw new InvalidArgumentError({
    message: `the table property ${INDEXED_COLUMNS} is ${JSON.stringify(text)}`,
    option: INDEXED_COLUMNS,
    expected: 'a number of columns, or -1 for all of them',
  });
}

/**
 * `` a, s.x, `odd,name`.`y``z` ``: paths between commas; backticks around a name, doubled within
 * it.
 */
function parseColumnList(text: string): string[][] {
  const paths: string[][] = [];
  let path: string[] = [];
  const part = /\s*(?:`((?:[^`]|``)*)`|([^`,.]*[^`,.\s]))\s*(,|\.|$)/y;
  while (part.lastIndex < text.length) {
    const found = part.exec(text);
    if (found === null) {
      throw new InvalidArgumentError({
        message: `the table property ${STATS_COLUMNS} is ${JSON.stringify(text)}`,
        option: STATS_COLUMNS,
        expected: 'names of columns between commas, in backticks where they are unusual',
      });
    }
    path.push((found[1]?.replaceAll('``', '`') ?? found[2] ?? '').toLowerCase());
    if (found[3] === '.') continue;
    paths.push(path);
    path = [];
  }
  return paths;
}

function isPrefix(path: readonly string[], of: readonly string[]): boolean {
  return path.length <= of.length && path.every((name, at) => name === of[at]?.toLowerCase());
}
