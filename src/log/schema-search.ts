/** Questions about any field or type of a schema, however deep. */
import type { DataType, StructType } from './schema/types.js';

/** Whether the metadata of any field, nested ones included, has a key that `isWanted`. */
export function fieldHas(schema: StructType, isWanted: (key: string) => boolean): boolean {
  return someType(schema, (type) => {
    if (typeof type === 'string' || type.type !== 'struct') return false;
    return type.fields.some(({ metadata }) => Object.keys(metadata).some(isWanted));
  });
}

/** Whether any type of the schema, nested ones included, `isWanted`. */
export function typeIs(schema: StructType, isWanted: (type: DataType) => boolean): boolean {
  return someType(schema, isWanted);
}

/** The names of the types that Varve does not know, in the order of the schema. */
export function unknownTypes(schema: StructType): readonly string[] {
  const names = new Set<string>();
  someType(schema, (type) => {
    if (typeof type === 'object' && type.type === 'unknown') names.add(type.name);
    return false;
  });
  return [...names];
}

function someType(type: DataType, test: (type: DataType) => boolean): boolean {
  if (test(type)) return true;
  if (typeof type === 'string') return false;
  switch (type.type) {
    case 'struct':
      return type.fields.some((field) => someType(field.type, test));
    case 'array':
      return someType(type.elementType, test);
    case 'map':
      return someType(type.keyType, test) || someType(type.valueType, test);
    case 'unknown':
      return false;
  }
}
