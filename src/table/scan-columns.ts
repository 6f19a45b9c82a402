/** Which columns a scan reads, and which of them it gives. */
import { InvalidArgumentError, UnsupportedFeatureError } from '../errors.js';
import type { DataType, StructField, StructType } from '../log/schema/types.js';
import type { BoundPredicate } from './expression/bound.js';
import { metadataField } from './metadata-columns.js';

/**
 * The column of that name: exactly, or, when no column has it exactly, the one that has it but for upper and lower
 * case (the protocol keeps column names unique without regard to case).
 *
 * @throws InvalidArgumentError when there is none
 */
export function findColumn(schema: StructType, name: string, option: string): StructField {
  const exact = schema.fields.find((field) => field.name === name);
  if (exact !== undefined) return exact;
  const folded = name.toLowerCase();
  const close = schema.fields.find((field) => field.name.toLowerCase() === folded);
  if (close !== undefined) return close;
  throw new InvalidArgumentError({
    message: `the table has no column ${JSON.stringify(name)}; it has ${columnList(schema)}`,
    option,
    expected: 'the name of a column',
  });
}

const LISTED = 20;

function columnList(schema: StructType): string {
  const names = schema.fields.slice(0, LISTED).map((field) => field.name);
  return names.join(', ') + (schema.fields.length > LISTED ? ', …' : '');
}

/** The selected columns in the order they were asked for; all of them, in the table's order, when none were named. */
export function selectedSchema(
  schema: StructType,
  select: readonly string[] | undefined,
): StructType {
  const fields = select?.map((name) => selectedColumn(schema, name)) ?? schema.fields;
  for (const field of fields) refuseUnknownType(field.type, field.name);
  const names = new Set(fields.map((field) => field.name));
  if (names.size !== fields.length) {
    throw new InvalidArgumentError({ message: 'a column is selected twice', option: 'select' });
  }
  return { type: 'struct', fields };
}

/** A column of the table of exactly that name, else a metadata column, else one that differs by case. */
function selectedColumn(schema: StructType, name: string): StructField {
  const isOwn = schema.fields.some((field) => field.name === name);
  return (isOwn ? undefined : metadataField(name)) ?? findColumn(schema, name, 'select');
}

function refuseUnknownType(type: DataType, column: string): void {
  if (typeof type === 'string') return;
  switch (type.type) {
    case 'unknown':
      throw new UnsupportedFeatureError({
        message: `column ${column} is of type ${type.name}, which this version does not read`,
        features: [type.name],
        side: 'read',
        remedy: 'select other columns, or upgrade varve',
      });
    case 'array':
      return refuseUnknownType(type.elementType, `${column}.element`);
    case 'map':
      refuseUnknownType(type.keyType, `${column}.key`);
      return refuseUnknownType(type.valueType, `${column}.value`);
    case 'struct':
      for (const field of type.fields) refuseUnknownType(field.type, `${column}.${field.name}`);
  }
}

/** The top-level columns that a condition looks at. */
export function columnsOf(schema: StructType, where: BoundPredicate): readonly StructField[] {
  const names = new Set(where.columns.map(({ name }) => name));
  return schema.fields.filter(({ name }) => names.has(name));
}

/** The selected columns and those that only a condition needs, in one schema. */
export function widenedBy(selected: StructType, needed: readonly StructField[]): StructType {
  const names = new Set(selected.fields.map((field) => field.name));
  const more = needed.filter((field) => !names.has(field.name) && names.add(field.name));
  return more.length === 0 ? selected : { type: 'struct', fields: [...selected.fields, ...more] };
}
