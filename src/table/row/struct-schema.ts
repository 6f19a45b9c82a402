/** Checks of a schema that a caller gives in the protocol's own shape. */
import { InvalidArgumentError, UnsupportedFeatureError } from '../../errors.js';
import { decimalParts, MAX_DECIMAL_PRECISION } from '../../log/schema/describe-type.js';
import {
  type DataType,
  PRIMITIVES,
  type PrimitiveName,
  type StructField,
  type StructType,
} from '../../log/schema/types.js';
import { checkedMetadata } from './field-metadata.js';
import { checkDepth } from './literal-schema.js';

const PRIMITIVE_NAMES: ReadonlySet<string> = new Set(['variant', ...PRIMITIVES]);

/** Whether a value claims to be a schema in the protocol's shape; no literal has the type `struct`. */
export function isStructType(value: unknown): value is StructType {
  return typeof value === 'object' && value !== null && Reflect.get(value, 'type') === 'struct';
}

/**
 * A copy of the schema with nothing but what the protocol names, every part checked. `metadata` may be absent.
 *
 * @throws InvalidArgumentError that names what is wrong, by its path
 * @throws UnsupportedFeatureError for a type that Varve does not know
 */
export function checkedStructType(schema: StructType, option: string): StructType {
  return structOf(schema, option, 0);
}

type Shape = Readonly<Record<string, unknown>>;

function structOf(schema: Shape | StructType, option: string, depth: number): StructType {
  const { fields } = schema;
  if (!Array.isArray(fields) || fields.length === 0) {
    throw wrong(`${option}.fields`, 'a list of at least one field');
  }
  const read = fields.map((field: unknown, at) => fieldOf(field, `${option}.fields[${at}]`, depth));
  // Parquet has no column for void, and a struct must have one.
  if (read.every(({ type }) => type === 'void')) {
    throw wrong(`${option}.fields`, 'at least one field that is not void');
  }
  return { type: 'struct', fields: read };
}

function fieldOf(field: unknown, option: string, depth: number): StructField {
  if (!isShape(field)) throw wrong(option, 'a field: name, type, nullable');
  const name = field['name'];
  const nullable = field['nullable'];
  if (typeof name !== 'string') throw wrong(`${option}.name`, 'text');
  if (typeof nullable !== 'boolean') throw wrong(`${option}.nullable`, 'true or false');
  const metadata = checkedMetadata(field['metadata'] ?? {}, `${option}.metadata`);
  const type = typeOf(field['type'], `${option}.type`, depth + 1);
  return { name, type, nullable, metadata };
}

function typeOf(type: unknown, option: string, depth: number): DataType {
  checkDepth(depth, option);
  if (typeof type === 'string') return primitiveOf(type, option);
  if (!isShape(type)) throw wrong(option, 'a type of the protocol');
  switch (type['type']) {
    case 'struct':
      return structOf(type, option, depth);
    case 'array': {
      const containsNull = flag(type, 'containsNull', option);
      const elementType = innerType(type, 'elementType', option, depth);
      return { type: 'array', elementType, containsNull };
    }
    case 'map': {
      const valueContainsNull = flag(type, 'valueContainsNull', option);
      const keyType = innerType(type, 'keyType', option, depth);
      const valueType = innerType(type, 'valueType', option, depth);
      return { type: 'map', keyType, valueType, valueContainsNull };
    }
    case 'unknown': {
      const name = String(type['name']);
      throw new UnsupportedFeatureError({
        message: `${option} is ${name}, a type that varve does not know`,
        features: [name],
        side: 'write',
        remedy: 'leave the column out',
      });
    }
    default:
      throw wrong(option, 'a type of the protocol');
  }
}

function innerType(type: Shape, member: string, option: string, depth: number): DataType {
  const inner = typeOf(type[member], `${option}.${member}`, depth + 1);
  if (inner === 'void') throw wrong(`${option}.${member}`, 'a type that has values, not void');
  return inner;
}

function primitiveOf(name: string, option: string): DataType {
  if (PRIMITIVE_NAMES.has(name)) return name as DataType;
  const parts = decimalParts(name as PrimitiveName);
  if (parts === undefined) throw wrong(option, 'a type of the protocol');
  const { precision, scale } = parts;
  if (precision < 1 || precision > MAX_DECIMAL_PRECISION || scale > precision) {
    throw wrong(option, 'a precision of 1 to 38 and a scale up to the precision');
  }
  return `decimal(${precision},${scale})`;
}

function flag(type: Shape, member: string, option: string): boolean {
  const value = type[member];
  if (typeof value !== 'boolean') throw wrong(`${option}.${member}`, 'true or false');
  return value;
}

function isShape(value: unknown): value is Shape {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(option: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `${option} is not as the protocol's schemas are`,
    option,
    expected,
  });
}
