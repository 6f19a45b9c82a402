/** Schema literals to the protocol's schema. */
import { InvalidArgumentError, LimitError } from '../../errors.js';
import { decimalParts, MAX_DECIMAL_PRECISION } from '../../log/schema/describe-type.js';
import { MAX_SCHEMA_DEPTH } from '../../log/schema/schema-json.js';
import {
  type DataType,
  PRIMITIVES,
  type PrimitiveName,
  type StructField,
  type StructType,
} from '../../log/schema/types.js';

/** A type and whether its values may be null. */
export interface Declared {
  readonly type: DataType;
  readonly nullable: boolean;
}

const NOT_NULL = ' not null';
const PRIMITIVE_NAMES: ReadonlySet<string> = new Set([
  'variant',
  ...PRIMITIVES.filter((name) => name !== 'void'),
]);
const EXPECTED =
  'a type such as "long", "decimal(12,2)" or "string not null", { array: type }, ' +
  '{ map: [key, value] } or { struct: { field: type } }';

/** What others call the protocol's types. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['int', 'integer'],
  ['int32', 'integer'],
  ['bigint', 'long'],
  ['int64', 'long'],
  ['smallint', 'short'],
  ['tinyint', 'byte'],
  ['number', 'double'],
  ['float64', 'double'],
  ['float32', 'float'],
  ['real', 'float'],
  ['bool', 'boolean'],
  ['text', 'string'],
  ['varchar', 'string'],
  ['bytes', 'binary'],
  ['datetime', 'timestamp'],
  ['decimal', 'decimal(10,0)'],
]);

/**
 * The schema of a literal such as `{ id: 'long not null', tags: { array: 'string' } }`, columns in the order of its
 * keys.
 *
 * @param option - the argument it came in, for errors
 * @throws InvalidArgumentError that names what is no type, by its path
 */
export function literalSchema(literal: unknown, option: string): StructType {
  return structOf(literal, option, 0);
}

/** One type of a literal. Throws as {@link literalSchema} does. */
export function literalType(literal: unknown, option: string): Declared {
  return declared(literal, option, 0);
}

/** @throws LimitError when types nest deeper than any schema may */
export function checkDepth(depth: number, option: string): void {
  if (depth <= MAX_SCHEMA_DEPTH) return;
  throw new LimitError({
    message: `${option}: the schema nests too deeply, or contains itself`,
    limit: 'MAX_SCHEMA_DEPTH',
    value: depth,
    max: MAX_SCHEMA_DEPTH,
  });
}

function structOf(literal: unknown, option: string, depth: number): StructType {
  checkDepth(depth, option);
  if (typeof literal !== 'object' || literal === null || Array.isArray(literal)) {
    throw wrong(option, 'is no object of columns', EXPECTED);
  }
  const fields = Object.entries(literal).map(([name, type]: [string, unknown]): StructField => {
    return { name, ...declared(type, `${option}.${name}`, depth + 1), metadata: {} };
  });
  if (fields.length === 0) throw wrong(option, 'has no columns', 'at least one column');
  return { type: 'struct', fields };
}

function declared(literal: unknown, option: string, depth: number): Declared {
  checkDepth(depth, option);
  if (typeof literal === 'string') return textType(literal, option);
  if (typeof literal !== 'object' || literal === null) throw wrong(option, 'is no type', EXPECTED);
  const [entry, ...rest] = Object.entries(literal) as [string, unknown][];
  if (entry === undefined || rest.length > 0) throw wrong(option, 'is no type', EXPECTED);
  const [kind, inner] = entry;
  if (kind === 'struct') {
    return { type: structOf(inner, `${option}.struct`, depth + 1), nullable: true };
  }
  if (kind === 'array') {
    const { type, nullable } = declared(inner, `${option}.array`, depth + 1);
    return { type: { type: 'array', elementType: type, containsNull: nullable }, nullable: true };
  }
  if (kind !== 'map' || !Array.isArray(inner) || inner.length !== 2) {
    throw wrong(option, 'is no type', EXPECTED);
  }
  const key = declared(inner[0], `${option}.map[0]`, depth + 1);
  const value = declared(inner[1], `${option}.map[1]`, depth + 1);
  const type = {
    type: 'map',
    keyType: key.type,
    valueType: value.type,
    valueContainsNull: value.nullable,
  } as const;
  return { type, nullable: true };
}

function textType(text: string, option: string): Declared {
  const nullable = !text.endsWith(NOT_NULL);
  const name = nullable ? text : text.slice(0, -NOT_NULL.length);
  if (PRIMITIVE_NAMES.has(name)) return { type: name as DataType, nullable };
  const parts = decimalParts(name as PrimitiveName);
  if (parts !== undefined) {
    const { precision, scale } = parts;
    if (precision >= 1 && precision <= MAX_DECIMAL_PRECISION && scale <= precision) {
      return { type: `decimal(${precision},${scale})`, nullable };
    }
    throw wrong(option, `is ${name}`, 'a precision of 1 to 38 and a scale up to the precision');
  }
  const meant = OTHER_NAMES.get(name.toLowerCase());
  if (meant !== undefined) throw wrong(option, `is ${JSON.stringify(text)}`, `"${meant}"`);
  throw wrong(option, `is ${JSON.stringify(text)}, which is no type`, EXPECTED);
}

function wrong(option: string, problem: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError({ message: `${option} ${problem}`, option, expected });
}
