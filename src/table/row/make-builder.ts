/** The builder of each type of column. */
import type { DataType as ArrowType } from 'apache-arrow';
import { InternalError, UnsupportedFeatureError } from '../../errors.js';
import { arrowType } from '../../log/schema/arrow-type.js';
import { decimalParts } from '../../log/schema/describe-type.js';
import type { DataType, DecimalName, MapType, StructType } from '../../log/schema/types.js';
import type { ColumnBuilder, Place, RowCounter } from './column-builder.js';
import { BooleanBuilder, FloatBuilder, IntegerBuilder, VoidBuilder } from './fixed-builders.js';
import { ArrayBuilder, MapBuilder, StructBuilder } from './nested-builders.js';
import { ObjectFields } from './object-fields.js';
import { BinaryBuilder, DateBuilder, StringBuilder } from './text-builders.js';
import {
  DecimalBuilder,
  LongBuilder,
  TimestampBuilder,
  TimestampNtzBuilder,
} from './wide-builders.js';

/** A column to build, and where it stands. */
interface Target {
  readonly column: string;
  readonly type: DataType;
  readonly nullable: boolean;
  readonly rows: RowCounter;
}

/**
 * The builders of a struct's fields, or of a row's.
 *
 * @param prefix - the dotted column of the struct and a dot; empty for a row
 * @throws UnsupportedFeatureError for a type that Varve does not know
 */
export function makeFields(schema: StructType, prefix: string, rows: RowCounter): ObjectFields {
  const builders = schema.fields.map(({ name, type, nullable }): [string, ColumnBuilder] => [
    name,
    makeBuilder({ column: prefix + name, type, nullable, rows }),
  ]);
  return new ObjectFields(new Map(builders), prefix, rows);
}

function makeBuilder(target: Target): ColumnBuilder {
  const { column, nullable, rows, type } = target;
  const place: Place = { column, nullable, rows, expected: expectedFor(type) };
  if (typeof type === 'string') return makePrimitive(type, place, arrowType(type));
  switch (type.type) {
    case 'struct':
      return new StructBuilder(place, arrowType(type), makeFields(type, `${column}.`, rows));
    case 'array': {
      const { elementType, containsNull } = type;
      const element = { column: `${column}.element`, type: elementType, nullable: containsNull };
      return new ArrayBuilder(place, arrowType(type), makeBuilder({ ...element, rows }));
    }
    case 'map':
      return makeMap(type, place);
    case 'unknown':
      throw unwritable(column, type.name);
  }
}

function unwritable(column: string, type: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `column ${JSON.stringify(column)} has the type ${type}, which varve does not write`,
    features: [type],
    side: 'write',
    remedy: 'write the table with an engine that knows the type',
  });
}

function makePrimitive(
  type: Extract<DataType, string>,
  place: Place,
  arrow: ArrowType,
): ColumnBuilder {
  switch (type) {
    case 'string':
      return new StringBuilder(place, arrow);
    case 'long':
      return new LongBuilder(place, arrow);
    case 'integer':
      return new IntegerBuilder(place, arrow, 32);
    case 'short':
      return new IntegerBuilder(place, arrow, 16);
    case 'byte':
      return new IntegerBuilder(place, arrow, 8);
    case 'float':
      return new FloatBuilder(place, arrow, 32);
    case 'double':
      return new FloatBuilder(place, arrow, 64);
    case 'boolean':
      return new BooleanBuilder(place, arrow);
    case 'binary':
      return new BinaryBuilder(place, arrow);
    case 'date':
      return new DateBuilder(place, arrow);
    case 'timestamp':
      return new TimestampBuilder(place, arrow);
    case 'timestamp_ntz':
      return new TimestampNtzBuilder(place, arrow);
    case 'void':
      return new VoidBuilder(place, arrow);
    case 'variant':
      throw unwritable(place.column, type);
    default:
      return makeDecimal(type, place, arrow);
  }
}

function makeDecimal(type: DecimalName, place: Place, arrow: ArrowType): ColumnBuilder {
  const parts = decimalParts(type);
  if (parts === undefined) throw new InternalError({ message: `${type} is no decimal` });
  return new DecimalBuilder(place, arrow, parts);
}

function makeMap(type: MapType, place: Place): ColumnBuilder {
  const { column, rows } = place;
  const { keyType, valueType, valueContainsNull } = type;
  const arrow = arrowType(type);
  const entries = arrow.children[0]?.type;
  if (entries === undefined) throw new InternalError({ message: 'a map has no Arrow entries' });
  return new MapBuilder(place, arrow, {
    entries,
    key: makeBuilder({ column: `${column}.key`, type: keyType, nullable: false, rows }),
    value: makeBuilder({
      column: `${column}.value`,
      type: valueType,
      nullable: valueContainsNull,
      rows,
    }),
    stringKeys: keyType === 'string',
  });
}

const ACCEPTED: ReadonlyMap<string, string> = new Map([
  ['string', 'string: well-formed text'],
  ['long', 'long: a 64-bit bigint, a safe integer, or decimal text'],
  ['integer', 'integer: a whole number, -2147483648 to 2147483647'],
  ['short', 'short: a whole number, -32768 to 32767'],
  ['byte', 'byte: a whole number, -128 to 127'],
  ['float', 'float: a number in the range of 32 bits'],
  ['double', 'double: a number'],
  ['boolean', 'boolean: true or false'],
  ['binary', 'binary: a Uint8Array'],
  ['date', 'date: YYYY-MM-DD text'],
  ['timestamp', 'timestamp: a Date, a Timestamp, or ISO text with a zone, to the microsecond'],
  ['timestamp_ntz', 'timestamp_ntz: ISO text without a zone, to the microsecond'],
  ['void', 'void: nothing but null'],
  ['array', 'array: an array'],
  ['map', 'map: a Map, or an object when the keys are strings'],
  ['struct', 'struct: an object'],
]);

function expectedFor(type: DataType): string {
  const name = typeof type === 'string' ? type : type.type;
  return ACCEPTED.get(name) ?? `${name}: exact text, such as "-1.5", that fits without rounding`;
}
