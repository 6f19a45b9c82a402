/** The columns that a table is clustered by. PROTOCOL.md "Clustered Table", domain `delta.clustering`. */
import { CorruptDataError } from '../errors.js';
import { isJsonObject, type Json, parseJson } from './json.js';
import { physicalName } from './schema/column-mapping.js';
import type { DataType, StructField } from './schema/types.js';
import type { Snapshot } from './table-snapshot.js';

const DOMAIN = 'delta.clustering';

/**
 * The logical names of the clustering columns, each from the top of the schema down; empty for a table that is not
 * clustered.
 *
 * @throws CorruptDataError when the domain's configuration is not what the protocol says, or names no column
 */
export function clusteringColumns(snapshot: Snapshot): readonly (readonly string[])[] {
  const text = snapshot.domains.get(DOMAIN)?.configuration;
  if (text === undefined) return [];
  const json = parseJson(text, { key: DOMAIN });
  const columns = isJsonObject(json) ? json['clusteringColumns'] : undefined;
  if (!Array.isArray(columns)) throw damaged(text);
  return columns.map((path: Json) => {
    const names: string[] = [];
    let type: DataType = snapshot.schema;
    for (const name of Array.isArray(path) ? path : [path]) {
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

function damaged(configuration: string): CorruptDataError {
  return new CorruptDataError({
    message: `the clustering columns are no columns of the table: ${configuration}`,
    key: DOMAIN,
    field: 'clusteringColumns',
  });
}
