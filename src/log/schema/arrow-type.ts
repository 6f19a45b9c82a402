/** The Arrow type of every type of the protocol. */
import {
  type DataType as ArrowType,
  Binary,
  Bool,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Map_,
  Null,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import { UnsupportedFeatureError } from '../../errors.js';
import { fieldId } from './column-mapping.js';
import { decimalParts } from './describe-type.js';
import type {
  DataType,
  DecimalName,
  MapType,
  PrimitiveName,
  StructField,
  StructType,
} from './types.js';

/** What a schema in Arrow carries beside names and types. */
export interface ArrowSchemaOptions {
  /**
   * Whether fields carry their `delta.columnMapping.id` as the field id that Parquet keeps.
   * Default: false.
   */
  readonly fieldIds?: boolean | undefined;
}

/** Where parquet-wasm, as Arrow's own implementations, looks for a field id. */
const FIELD_ID = 'PARQUET:field_id';

/**
 * A table's schema as Arrow's, names and nullability included.
 *
 * @throws UnsupportedFeatureError for a type that Varve does not know
 */
export function arrowSchema(schema: StructType, options: ArrowSchemaOptions = {}): Schema {
  return new Schema(schema.fields.map((field) => arrowField(field, options)));
}

/** One column or field as Arrow's. Throws as {@link arrowSchema} does. */
export function arrowField(field: StructField, options: ArrowSchemaOptions = {}): Field {
  const id = options.fieldIds === true ? fieldId(field) : undefined;
  const metadata = id === undefined ? undefined : new Map([[FIELD_ID, String(id)]]);
  return new Field(field.name, arrowType(field.type, options), field.nullable, metadata);
}

/**
 * The one Arrow type that columns of a type have everywhere in Varve: what Parquet is brought to on
 * reading, and what is written.
 *
 * @throws UnsupportedFeatureError for a type that Varve does not know
 */
export function arrowType(type: DataType, options: ArrowSchemaOptions = {}): ArrowType {
  if (type === 'variant') return VARIANT_TYPE;
  if (typeof type === 'string') return PRIMITIVE_TYPES[type] ?? decimalArrowType(type);
  switch (type.type) {
    case 'struct':
      return new Struct(type.fields.map((field) => arrowField(field, options)));
    case 'array': {
      const element = arrowType(type.elementType, options);
      return new List(new Field('element', element, type.containsNull));
    }
    case 'map':
      return mapArrowType(type, options);
    case 'unknown':
      throw new UnsupportedFeatureError({
        message: `varve does not know the type ${type.name}`,
        features: [type.name],
        side: 'read',
        remedy: 'select the other columns, or use a newer varve',
      });
  }
}

/** Types are immutable, so all columns share them. */
const PRIMITIVE_TYPES: Readonly<
  Record<Exclude<PrimitiveName, DecimalName>, ArrowType> & { [name: DecimalName]: undefined }
> = {
  string: new Utf8(),
  long: new Int64(),
  integer: new Int32(),
  short: new Int16(),
  byte: new Int8(),
  float: new Float32(),
  double: new Float64(),
  boolean: new Bool(),
  binary: new Binary(),
  date: new DateDay(),
  timestamp: new TimestampMicrosecond('UTC'),
  timestamp_ntz: new TimestampMicrosecond(),
  void: new Null(),
};

/** The two binaries of PROTOCOL.md "Variant data in Parquet", whether or not a file keeps them in pieces. */
const VARIANT_TYPE: ArrowType = new Struct([
  new Field('metadata', new Binary(), false),
  new Field('value', new Binary(), false),
]);

function decimalArrowType(name: string): ArrowType {
  const parts = decimalParts(name as DecimalName);
  if (parts === undefined) {
    throw new UnsupportedFeatureError({
      message: `varve does not know the type ${name}`,
      features: [name],
      side: 'read',
      remedy: 'use one of the types of the protocol',
    });
  }
  return new Decimal(parts.scale, parts.precision, 128);
}

function mapArrowType(type: MapType, options: ArrowSchemaOptions): ArrowType {
  const key = new Field('key', arrowType(type.keyType, options), false);
  const value = new Field('value', arrowType(type.valueType, options), type.valueContainsNull);
  const entries = new Field('key_value', new Struct([key, value]), false);
  const map = new Map_(entries);
  // The constructor renames the entries; parquet-wasm writes the group under the name that they
  // have.
  Object.assign(entries, { name: 'key_value' });
  return map;
}
