/** The columns that a table is clustered by. PROTOCOL.md "Clustered Table", domain `delta.clustering`. */
import { CorruptDataError } from '../errors.js';
import { isJsonObject, type Json, parseJson } from './json.js';
import { physicalName } from './schema/column-mapping.js';
import type { DataType, StructField } from './schema/types.js';
import type { Snapshot } from './table-snapshot.js';

/** The domain that holds them. */
export const CLUSTERING = 'delta.clustering';

/**
 * The logical names of the clustering columns, each from the top of the schema down; empty for a table that is not
 * clustered.
 *
 * @throws CorruptDataError when the domain's configuration is not what the protocol says, or names no column
 */
export function clusteringColumns(snapshot: Snapshot): readonly (readonly string[])[] {
  const text = snapshot.domains.get(CLUSTERING)?.configuration;
  if (text === undefined) return [];
  return clusteredPaths(text).map((path) => {
    const names: string[] = [];
    let type: DataType = snapshot.schema;
    for (const name of path) {
      const field: StructField | undefined =
        typeof type === 'object' && type.type === 'struct'
          ? type.fields.find(
              (candidate) => physicalName(candidate, snapshot.columnMapping) === name,
            )
          : undefined;
      if (field === undefined) throw damaged(text);
      names.push(field.name);
      type = field.type;
    }
    return names;
  });
}

/**
 * The physical names of the clustering columns in the domain's configuration.
 * @throws CorruptDataError when it is not what the protocol says
 */
export function clusteredPaths(text: string): readonly (readonly string[])[] {
  const json = parseJson(text, { key: CLUSTERING });
  const columns = isJsonObject(json) ? json['clusteringColumns'] : undefined;
  if (!Array.isArray(columns)) throw damaged(text);
  return columns.map((path: Json) => {
    const names: readonly Json[] = Array.isArray(path) ? path : [path];
    return names.map((name) => {
      if (typeof name === 'string') return name;
      throw damaged(text);
    });
  });
}

function damaged(configuration: string): CorruptDataError {
  return new CorruptDataError({
    message: `the clustering columns are no columns of the table: ${configuration}`,
    key: CLUSTERING,
    field: 'clusteringColumns',
  });
}
