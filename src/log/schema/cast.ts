/** Any Arrow column as a column of exactly the Arrow type that a type of the protocol has. */
import { type Data, Null, Type } from 'apache-arrow';
import { UnsupportedFeatureError } from '../../errors.js';
import { nullColumn } from './arrow-data.js';
import { arrowType } from './arrow-type.js';
import { castBinary, castString } from './cast-bytes.js';
import { castDecimal } from './cast-decimal.js';
import { castArray, castField, castMap, castStruct } from './cast-nested.js';
import { castBoolean, castFloat, castInteger } from './cast-number.js';
import { type CastPlace, type CastRules, counts, refuseValue, typeMisfit } from './cast-place.js';
import { castDate, castTimestamp } from './cast-time.js';
import { decodeDictionary } from './gather.js';
import type { DataType, PrimitiveName, StructField } from './types.js';
import { castVariant } from './variant/cast-variant.js';

/** The place of a top-level column; `firstRow` is the row that its index 0 is in the error. */
export function topPlace(column: string, rules: CastRules, firstRow: number): CastPlace {
  return { rules, column, rowOf: (index) => firstRow + index, alive: undefined };
}

/** One column of a batch, or nulls where it is missing. Throws what `place.rules` says. */
export function castColumn(
  data: Data | undefined,
  field: StructField,
  rows: number,
  place: CastPlace,
): Data {
  refuseUnknownType(field.type, place);
  return castField(data, field, { rows, place, cast });
}

function cast(data: Data, target: DataType, place: CastPlace): Data {
  refuseUnknownType(target, place);
  if (data.typeId === Type.Null) return nullColumn(arrowType(target), data.length);
  if (data.typeId === Type.Dictionary) {
    return cast(decodeDictionary(data, target, place), target, place);
  }
  if (target === 'variant') return castVariant(data, place);
  if (typeof target === 'string') return castPrimitive(data, target, place);
  switch (target.type) {
    case 'struct':
      return castStruct(data, target, place, cast);
    case 'array':
      return castArray(data, target, place, cast);
    case 'map':
      return castMap(data, target, place, cast);
    case 'unknown':
      throw typeMisfit(data, target, place);
  }
}

function castPrimitive(data: Data, target: PrimitiveName, place: CastPlace): Data {
  switch (target) {
    case 'string':
      return castString(data, place);
    case 'binary':
      return castBinary(data, place);
    case 'boolean':
      return castBoolean(data, place);
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      return castInteger(data, target, place);
    case 'float':
    case 'double':
      return castFloat(data, target, place);
    case 'date':
      return castDate(data, place);
    case 'timestamp':
    case 'timestamp_ntz':
      return castTimestamp(data, target, place);
    case 'void':
      return castVoid(data, place);
    default:
      return castDecimal(data, target, place);
  }
}

/** A column of `void` has no values, so every row that counts must be null. */
function castVoid(data: Data, place: CastPlace): Data {
  // PROTOCOL.md: void columns are not in files; what a file has under the name is not the column's.
  if (place.rules.source === 'input') {
    for (let index = 0; index < data.length; index++) {
      if (!counts(data, place, index)) continue;
      const actual = (): string => `a value of type ${String(data.type)}`;
      refuseValue(data, place, index, { expected: 'null, the only value of void', actual });
    }
  }
  return nullColumn(new Null(), data.length);
}

function refuseUnknownType(type: DataType, place: CastPlace): void {
  const { column, rules } = place;
  if (type === 'variant' && rules.source === 'input') {
    throw new UnsupportedFeatureError({
      message: `column ${column} has the type variant, which varve does not write`,
      features: [type],
      side: 'write',
      remedy: 'write the table with an engine that knows the type',
    });
  }
  if (typeof type === 'string' || type.type !== 'unknown') return;
  throw new UnsupportedFeatureError({
    message: `column ${column} has the type ${type.name}, which varve does not know`,
    features: [type.name],
    side: rules.source === 'file' ? 'read' : 'write',
    remedy: 'select the other columns, or use a newer varve',
  });
}
