/** Short texts of types, for errors. */
import type { DataType, StructField } from './types.js';

/** The parts of a decimal's name. */
export interface DecimalParts {
  readonly precision: number;
  readonly scale: number;
}

/** The most digits a decimal of the protocol has. */
export const MAX_DECIMAL_PRECISION = 38;

const DECIMAL = /^decimal\((\d{1,2}),(\d{1,2})\)$/;

/** Precision and scale when the type is a decimal, spelled as `DecimalName` says. */
export function decimalParts(type: DataType): DecimalParts | undefined {
  if (typeof type !== 'string') return undefined;
  const found = DECIMAL.exec(type);
  return found === null ? undefined : { precision: Number(found[1]), scale: Number(found[2]) };
}

/** A type in one line, as SQL engines show it: `array<struct<x:long,y:string>>`. */
export function describeType(type: DataType): string {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'struct':
      return `struct<${type.fields.map(describeMember).join(',')}>`;
    case 'array':
      return `array<${describeType(type.elementType)}>`;
    case 'map':
      return `map<${describeType(type.keyType)},${describeType(type.valueType)}>`;
    case 'unknown':
      return type.name;
  }
}

/** The type of a field and whether it may be null: `long not null`. */
export function describeField(field: StructField): string {
  return field.nullable ? describeType(field.type) : `${describeType(field.type)} not null`;
}

function describeMember({ name, type }: StructField): string {
  return `${name}:${describeType(type)}`;
}
