/** Which column of a data file a field of the table is. PROTOCOL.md "Reader Requirements for Column Mapping". */
import { CorruptDataError } from '../../errors.js';
import type { ParquetFooter, SchemaNode } from '../../storage/parquet/footer-types.js';
import { type ColumnMappingMode, fieldId, physicalName } from './column-mapping.js';
import type { DataType, StructField, StructType } from './types.js';

/** The name that a field has in one file; undefined when the file does not have it. */
export type FileName = (field: StructField) => string | undefined;

/**
 * How the fields of a schema are called in a file. By id where the table says so, at every level: what a file calls a
 * column does not count then, and an id that it lacks means that it has no such column. A field without an id is found
 * by its physical name, as in the other modes.
 *
 * @throws CorruptDataError when the file gives one id to two fields of one group
 */
export function fileNames(
  schema: StructType,
  footer: ParquetFooter,
  mode: ColumnMappingMode,
): FileName {
  if (mode !== 'id') return (field) => physicalName(field, mode);
  const names = new Map<StructField, string | undefined>();
  new IdMatcher(names, footer.key).struct(schema, footer.schema);
  return (field) => (names.has(field) ? names.get(field) : physicalName(field, mode));
}

class IdMatcher {
  readonly #names: Map<StructField, string | undefined>;
  readonly #key: string;

  constructor(names: Map<StructField, string | undefined>, key: string) {
    this.#names = names;
    this.#key = key;
  }

  struct(type: StructType, group: SchemaNode | undefined): void {
    const nodes = this.#byId(group);
    for (const field of type.fields) {
      const id = fieldId(field);
      const node =
        id === undefined
          ? group?.children.find(({ name }) => name === physicalName(field, 'id'))
          : nodes.get(id);
      if (id !== undefined) this.#names.set(field, node?.name);
      this.#inside(field.type, node);
    }
  }

  #inside(type: DataType, node: SchemaNode | undefined): void {
    if (typeof type === 'string') return;
    switch (type.type) {
      case 'struct':
        return this.struct(type, node);
      case 'array':
        return this.#inside(type.elementType, elementOf(node));
      case 'map': {
        const [key, value] = node?.children[0]?.children ?? [];
        this.#inside(type.keyType, key);
        return this.#inside(type.valueType, value);
      }
      case 'unknown':
    }
  }

  #byId(group: SchemaNode | undefined): ReadonlyMap<number, SchemaNode> {
    const nodes = new Map<number, SchemaNode>();
    for (const node of group?.children ?? []) {
      if (node.fieldId === undefined) continue;
      if (nodes.has(node.fieldId)) {
        throw new CorruptDataError({
          message: `two columns of a file have the field id ${node.fieldId}; rewrite the file`,
          key: this.#key,
          field: node.name,
        });
      }
      nodes.set(node.fieldId, node);
    }
    return nodes;
  }
}

/** The element of a list, in three levels or, as old writers have it, in two. */
function elementOf(list: SchemaNode | undefined): SchemaNode | undefined {
  if (list?.repetition === 'repeated') return list;
  const repeated = list?.children[0];
  if (list === undefined || repeated === undefined) return undefined;
  const [only, ...more] = repeated.children;
  const isElement =
    only === undefined ||
    more.length > 0 ||
    repeated.name === 'array' ||
    repeated.name === `${list.name}_tuple`;
  return isElement ? repeated : only;
}
