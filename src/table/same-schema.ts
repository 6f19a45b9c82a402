/** Whether a table is of the schema its user thinks it is. */
import { SchemaMismatchError } from '../errors.js';
import type { DataType, StructType } from '../log/schema/types.js';
import type { Snapshot } from '../log/table-snapshot.js';

/**
 * Compares names, types and nullability of every column, in any order, and the partition columns.
 *
 * @throws SchemaMismatchError listing every difference
 */
export function checkSameSchema(
  wanted: StructType,
  partitionColumns: readonly string[] | undefined,
  found: Snapshot,
): void {
  const differences = structDifferences('', wanted, found.schema);
  const actual = found.metadata.partitionColumns;
  if (partitionColumns !== undefined && partitionColumns.join('\0') !== actual.join('\0')) {
    differences.push(
      `partitioned by [${actual.join(', ')}], not by [${partitionColumns.join(', ')}]`,
    );
  }
  if (differences.length === 0) return;
  throw new SchemaMismatchError({
    message: `the table at ${found.url} is of another schema: ${differences.join('; ')}`,
  });
}

function structDifferences(at: string, wanted: StructType, found: StructType): string[] {
  const differences: string[] = [];
  for (const field of wanted.fields) {
    const name = at + field.name;
    const other = found.fields.find((candidate) => candidate.name === field.name);
    if (other === undefined) {
      differences.push(`column ${name} is missing`);
      continue;
    }
    if (field.nullable !== other.nullable) {
      differences.push(`column ${name} is ${other.nullable ? 'nullable' : 'not null'}`);
    }
    differences.push(...typeDifferences(name, field.type, other.type));
  }
  for (const { name } of found.fields) {
    if (!wanted.fields.some((field) => field.name === name)) {
      differences.push(`column ${at}${name} is in the table only`);
    }
  }
  return differences;
}

function typeDifferences(at: string, wanted: DataType, found: DataType): string[] {
  if (typeof wanted === 'string' || typeof found === 'string') {
    return wanted === found ? [] : [`column ${at} is ${nameOf(found)}, not ${nameOf(wanted)}`];
  }
  if (wanted.type === 'struct' && found.type === 'struct') {
    return structDifferences(`${at}.`, wanted, found);
  }
  if (wanted.type === 'array' && found.type === 'array') {
    return [
      ...typeDifferences(`${at}.element`, wanted.elementType, found.elementType),
      ...nullability(`${at}.element`, wanted.containsNull, found.containsNull),
    ];
  }
  if (wanted.type === 'map' && found.type === 'map') {
    return [
      ...typeDifferences(`${at}.key`, wanted.keyType, found.keyType),
      ...typeDifferences(`${at}.value`, wanted.valueType, found.valueType),
      ...nullability(`${at}.value`, wanted.valueContainsNull, found.valueContainsNull),
    ];
  }
  return [`column ${at} is ${nameOf(found)}, not ${nameOf(wanted)}`];
}

function nullability(at: string, wanted: boolean, found: boolean): string[] {
  return wanted === found ? [] : [`${at} is ${found ? 'nullable' : 'not null'}`];
}

function nameOf(type: DataType): string {
  if (typeof type === 'string') return type;
  return type.type === 'unknown' ? type.name : type.type;
}
