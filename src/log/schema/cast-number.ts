/** Integers, floats and booleans, from every width to the table's. */
import {
  type DataType as ArrowType,
  type Data,
  type Float,
  type Int,
  Precision,
  Type,
} from 'apache-arrow';
import { columnLike, retype, type Values, viewAs } from './arrow-data.js';
import { arrowType } from './arrow-type.js';
import { type CastPlace, refuseValue, typeMisfit } from './cast-place.js';

export type IntegerName = 'byte' | 'short' | 'integer' | 'long';
export type FloatName = 'float' | 'double';

const BITS: Readonly<Record<IntegerName, 8 | 16 | 32 | 64>> = {
  byte: 8,
  short: 16,
  integer: 32,
  long: 64,
};

/** A column of a boolean. */
export function castBoolean(data: Data, place: CastPlace): Data {
  if (data.typeId !== Type.Bool) throw typeMisfit(data, 'boolean', place);
  return retype(data, arrowType('boolean'));
}

/**
 * A column of an integer: from integers of any width and sign, each value checked where it may not
 * fit; from a caller also from floats that are whole.
 */
export function castInteger(data: Data, target: IntegerName, place: CastPlace): Data {
  const type = arrowType(target);
  const isInput = place.rules.source === 'input';
  if (data.typeId === Type.Float && isInput) return fromFloats(data, target, place);
  if (data.typeId !== Type.Int) throw typeMisfit(data, target, place);
  const { isSigned, bitWidth } = data.type as Int;
  if (isSigned && bitWidth === BITS[target]) return retype(data, type);
  const values =
    target === 'long' ? toLongs(data, data.type as Int, place) : toInts(data, target, place);
  return columnLike(data, type, { values });
}

/**
 * A column of a float: from narrower floats; from integers that a double holds exactly; from a
 * caller also from wider numbers, each checked to lose nothing.
 */
export function castFloat(data: Data, target: FloatName, place: CastPlace): Data {
  const type = arrowType(target);
  if (data.typeId === Type.Float) {
    const { precision } = data.type as Float;
    if (precision === (type as Float).precision) return retype(data, type);
    if (precision === Precision.HALF)
      return columnLike(data, type, { values: widened(data, type) });
    if (target === 'double') {
      return columnLike(data, type, { values: Float64Array.from(data.values as Float32Array) });
    }
  }
  return columnLike(data, type, { values: exactFloats(data, target, place) });
}

function toLongs(data: Data, { isSigned, bitWidth }: Int, place: CastPlace): Values {
  if (bitWidth === 64) return longsOfUnsigned(data, place);
  const from = data.values as Int32Array | Uint32Array;
  const longs = new BigInt64Array(data.length);
  const words = viewAs(Int32Array, longs);
  for (let index = 0; index < data.length; index++) {
    const value = from[index] ?? 0;
    words[2 * index] = value;
    words[2 * index + 1] = isSigned && value < 0 ? -1 : 0;
  }
  return longs;
}

function longsOfUnsigned(data: Data, place: CastPlace): Values {
  const words = viewAs(Int32Array, data.values as BigUint64Array);
  for (let index = 0; index < data.length; index++) {
    if ((words[2 * index + 1] ?? 0) < 0) refuseInteger(data, 'long', place, index);
  }
  return viewAs(BigInt64Array, data.values as BigUint64Array);
}

function toInts(data: Data, target: IntegerName, place: CastPlace): Values {
  const { isSigned, bitWidth } = data.type as Int;
  const { values, min, max } = integers(target, data.length);
  if (bitWidth === 64) {
    const words = viewAs(Int32Array, data.values as BigInt64Array);
    for (let index = 0; index < data.length; index++) {
      const low = words[2 * index] ?? 0;
      // In range of 32 bits exactly when the high word only repeats the sign.
      const repeats = (words[2 * index + 1] ?? 0) === low >> 31;
      const fits = repeats && (isSigned || low >= 0);
      if (fits && low >= min && low <= max) values[index] = low;
      else refuseInteger(data, target, place, index);
    }
    return values;
  }
  const from = data.values as Int32Array | Uint32Array;
  for (let index = 0; index < data.length; index++) {
    const value = from[index] ?? 0;
    if (value >= min && value <= max) values[index] = value;
    else refuseInteger(data, target, place, index);
  }
  return values;
}

function integers(
  target: IntegerName,
  length: number,
): { values: Int8Array | Int16Array | Int32Array; min: number; max: number } {
  const max = 2 ** (BITS[target] - 1) - 1;
  const values =
    target === 'byte'
      ? new Int8Array(length)
      : target === 'short'
        ? new Int16Array(length)
        : new Int32Array(length);
  return { values, min: -max - 1, max };
}

function fromFloats(data: Data, target: IntegerName, place: CastPlace): Data {
  const from = doubles(data);
  const longs = target === 'long' ? new BigInt64Array(data.length) : undefined;
  const { values, min, max } = integers(target === 'long' ? 'integer' : target, data.length);
  for (let index = 0; index < data.length; index++) {
    const value = from[index] ?? 0;
    // Beyond the safe integers a double stands for several whole numbers, so it is not known which
    // was meant.
    if (longs !== undefined && Number.isSafeInteger(value)) longs[index] = BigInt(value);
    else if (longs === undefined && Number.isInteger(value) && value >= min && value <= max) {
      values[index] = value;
    } else refuseInteger(data, target, place, index);
  }
  return columnLike(data, arrowType(target), { values: longs ?? values });
}

function exactFloats(data: Data, target: FloatName, place: CastPlace): Values {
  const isInput = place.rules.source === 'input';
  const isWideInt = data.typeId === Type.Int && (data.type as Int).bitWidth === 64;
  const allowed = isInput
    ? data.typeId === Type.Float || data.typeId === Type.Int
    : data.typeId === Type.Int && target === 'double' && !isWideInt;
  if (!allowed) throw typeMisfit(data, target, place);
  const values = target === 'float' ? new Float32Array(data.length) : new Float64Array(data.length);
  const from = data.values as Float64Array | Int32Array | BigInt64Array;
  for (let index = 0; index < data.length; index++) {
    const value = from[index] ?? 0;
    values[index] = Number(value);
    const kept = values[index] ?? 0;
    const same = isWideInt ? sameInteger(kept, value as bigint) : Object.is(kept, value);
    if (!same) {
      refuseValue(data, place, index, {
        expected: `exactly a ${target}`,
        actual: () => `${value}`,
      });
    }
  }
  return values;
}

function sameInteger(kept: number, value: bigint): boolean {
  return BigInt(kept) === value;
}

function doubles(data: Data): Float32Array | Float64Array {
  const isHalf = (data.type as Float).precision === Precision.HALF;
  return isHalf ? halves(data, new Float64Array(data.length)) : (data.values as Float64Array);
}

function widened(data: Data, type: ArrowType): Values {
  const isDouble = (type as Float).precision === Precision.DOUBLE;
  return halves(data, isDouble ? new Float64Array(data.length) : new Float32Array(data.length));
}

/** IEEE 754 half precision, which older engines have no typed array for. */
function halves<T extends Float32Array | Float64Array>(data: Data, to: T): T {
  const from = data.values as Uint16Array;
  for (let index = 0; index < data.length; index++) {
    const bits = from[index] ?? 0;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const sign = bits >> 15 === 1 ? -1 : 1;
    if (exponent === 31) to[index] = fraction === 0 ? sign * Infinity : NaN;
    else if (exponent === 0) to[index] = sign * fraction * 2 ** -24;
    else to[index] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return to;
}

function refuseInteger(data: Data, target: IntegerName, place: CastPlace, index: number): void {
  const actual = (): string => String((data.values as Values)[index]);
  refuseValue(data, place, index, { expected: target, actual });
}
