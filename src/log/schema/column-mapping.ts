/** The names and ids that a table's columns have in its files. PROTOCOL.md "Column Mapping". */
import { CorruptDataError, UnsupportedFeatureError } from '../../errors.js';
import type { StringMap } from '../actions.js';
import type { DataType, StructField, StructType } from './types.js';

/** How a column is found in a data file: by its own name, by its physical name, or by its field id. */
export type ColumnMappingMode = 'none' | 'name' | 'id';

const MODE = 'delta.columnMapping.mode';
const PHYSICAL_NAME = 'delta.columnMapping.physicalName';
const FIELD_ID = 'delta.columnMapping.id';

/**
 * The mode that a table's properties say; `none` when they say nothing.
 *
 * @throws UnsupportedFeatureError for a mode that the protocol does not know
 */
export function columnMappingMode(configuration: StringMap): ColumnMappingMode {
  const text = configuration.get(MODE) ?? 'none';
  const mode = text.toLowerCase();
  if (mode === 'none' || mode === 'name' || mode === 'id') return mode;
  throw new UnsupportedFeatureError({
    message: `the table property ${MODE} is ${JSON.stringify(text)}, which is none of none, name and id`,
    features: ['columnMapping'],
    side: 'read',
    remedy: 'use a newer varve or the engine that wrote the table',
  });
}

/**
 * The name under which statistics, partition values and, but for mode `id`, data files keep a field. What the schema
 * says of it counts only while the table maps its columns: a table that no longer does keeps its metadata.
 */
export function physicalName(field: StructField, mode: ColumnMappingMode): string {
  const name = mode === 'none' ? undefined : field.metadata[PHYSICAL_NAME];
  return typeof name === 'string' ? name : field.name;
}

/** The id under which a data file keeps a field in mode `id`; undefined when the schema has none. */
export function fieldId(field: StructField): number | undefined {
  const id = field.metadata[FIELD_ID];
  return typeof id === 'number' && Number.isInteger(id) ? id : undefined;
}

/**
 * Refuses a schema whose fields lack what the mode needs, at any depth: read by their own names they would be nulls.
 *
 * @param key - the object the schema was read from
 * @throws CorruptDataError that names the field
 */
export function checkMappedSchema(schema: StructType, mode: ColumnMappingMode, key: string): void {
  if (mode === 'none') return;
  checkMapped(schema, '', (field, column) => {
    const lacks =
      typeof field.metadata[PHYSICAL_NAME] !== 'string'
        ? PHYSICAL_NAME
        : fieldId(field) === undefined
          ? FIELD_ID
          : undefined;
    if (lacks === undefined) return;
    throw new CorruptDataError({
      message: `the table maps its columns, and column ${column} has no ${lacks}; repair the table's metadata`,
      key,
      field: 'metaData.schemaString',
    });
  });
}

function checkMapped(
  type: DataType,
  path: string,
  check: (field: StructField, column: string) => void,
): void {
  if (typeof type === 'string') return;
  switch (type.type) {
    case 'struct':
      for (const field of type.fields) {
        const column = path === '' ? field.name : `${path}.${field.name}`;
        check(field, column);
        checkMapped(field.type, column, check);
      }
      return;
    case 'array':
      return checkMapped(type.elementType, `${path}.element`, check);
    case 'map':
      checkMapped(type.keyType, `${path}.key`, check);
      return checkMapped(type.valueType, `${path}.value`, check);
    case 'unknown':
  }
}
