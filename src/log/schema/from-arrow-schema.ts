/** A table's schema from the schema of a caller's Arrow data. */
import {
  type DataType as ArrowType,
  type Decimal,
  type Dictionary,
  type Field,
  type Float,
  type Int,
  type Timestamp,
  Type,
} from 'apache-arrow';
import { SchemaMismatchError } from '../../errors.js';
import { ownType, type SchemaLike } from './arrow-shape.js';
import { MAX_DECIMAL_PRECISION } from './describe-type.js';
import type { DataType, PrimitiveName, StructField, StructType } from './types.js';

/**
 * The schema of a table that can hold every value of Arrow data of this schema, by shape and not by
 * class. Types that Delta lacks widen: unsigned integers to the next signed one and uint64 to
 * `decimal(20,0)`, float16 to float, view, large and fixed-size types to plain ones, a dictionary
 * to its values. A timestamp with a zone becomes `timestamp`, one without `timestamp_ntz`;
 * nanoseconds are kept only as far as whole microseconds. Names are not checked here.
 *
 * @throws SchemaMismatchError that names the column for a time, duration, interval, union, or too
 * wide a decimal
 */
export function fromArrowSchema(schema: SchemaLike): StructType {
  const fields = schema.fields.map((field): StructField => {
    const type = deltaType(ownType(field.type, field.name), field.name);
    return { name: field.name, type, nullable: field.nullable !== false, metadata: {} };
  });
  return { type: 'struct', fields };
}

function deltaType(type: ArrowType, column: string): DataType {
  switch (type.typeId) {
    case Type.Int:
      return integerType(type as Int);
    case Type.Float:
      return (type as Float).precision === 2 ? 'double' : 'float';
    case Type.Decimal:
      return decimalType(type as Decimal, column);
    case Type.Timestamp:
      return (type as Timestamp).timezone == null ? 'timestamp_ntz' : 'timestamp';
    case Type.Dictionary:
      return deltaType((type as Dictionary).dictionary as ArrowType, column);
    case Type.List:
    case Type.LargeList:
    case Type.FixedSizeList:
      return arrayType(type, column);
    case Type.Struct:
      return { type: 'struct', fields: type.children.map((field) => structField(field, column)) };
    case Type.Map:
      return mapType(type, column);
    default: {
      const name = PLAIN_TYPES.get(type.typeId);
      if (name !== undefined) return name;
      throw mismatch(type, column);
    }
  }
}

const PLAIN_TYPES: ReadonlyMap<number, PrimitiveName> = new Map<number, PrimitiveName>([
  [Type.Null, 'void'],
  [Type.Bool, 'boolean'],
  [Type.Date, 'date'],
  [Type.Utf8, 'string'],
  [Type.LargeUtf8, 'string'],
  [Type.Utf8View, 'string'],
  [Type.Binary, 'binary'],
  [Type.LargeBinary, 'binary'],
  [Type.BinaryView, 'binary'],
  [Type.FixedSizeBinary, 'binary'],
]);

function integerType({ isSigned, bitWidth }: Int): PrimitiveName {
  const bits = isSigned ? bitWidth : bitWidth * 2;
  switch (bits) {
    case 8:
      return 'byte';
    case 16:
      return 'short';
    case 32:
      return 'integer';
    case 64:
      return 'long';
    default:
      return 'decimal(20,0)';
  }
}

function decimalType(type: Decimal, column: string): DataType {
  // Arrow's scale may be negative or above the precision; Delta's may not.
  const scale = Math.max(type.scale, 0);
  const precision = Math.max(type.precision + scale - type.scale, scale, 1);
  if (precision > MAX_DECIMAL_PRECISION) throw mismatch(type, column);
  return `decimal(${precision},${scale})`;
}

function structField(field: Field, parent: string): StructField {
  const type = deltaType(field.type as ArrowType, `${parent}.${field.name}`);
  return { name: field.name, type, nullable: field.nullable, metadata: {} };
}

function arrayType(type: ArrowType, column: string): DataType {
  const element = onlyField(type, column);
  const elementType = deltaType(element.type as ArrowType, `${column}.element`);
  return { type: 'array', elementType, containsNull: element.nullable };
}

function mapType(type: ArrowType, column: string): DataType {
  const [key, value] = (onlyField(type, column).type as ArrowType).children ?? [];
  if (key === undefined || value === undefined) throw mismatch(type, column);
  return {
    type: 'map',
    keyType: deltaType(key.type as ArrowType, `${column}.key`),
    valueType: deltaType(value.type as ArrowType, `${column}.value`),
    valueContainsNull: value.nullable,
  };
}

function onlyField(type: ArrowType, column: string): Field {
  const [field] = type.children;
  if (field === undefined) throw mismatch(type, column);
  return field;
}

function mismatch(type: ArrowType, column: string): SchemaMismatchError {
  return new SchemaMismatchError({
    message: 'a delta table has no type for this arrow type; cast the column first',
    column,
    actual: String(type),
  });
}
