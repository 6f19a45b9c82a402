/** A value of a column as the bytes that a Parquet file keeps it in, which is what Bloom filters are asked for. */
import { decimalOf } from '../log/partition-value.js';
import type { PrimitiveName } from '../log/schema/types.js';
import type { LeafColumn } from '../storage/parquet/footer-types.js';
import type { Value } from './expression/order.js';

/** Undefined when a value may be kept in more ways than one, or in none. */
export type ValueEncoder = (value: Value) => Uint8Array | undefined;

const utf8 = new TextEncoder();

/**
 * The one form in which a leaf keeps values of a column; undefined where there is no such form.
 *
 * @param isOldCalendar - whether the file keeps dates and timestamps in the calendar of old Spark
 */
export function valueEncoder(
  leaf: LeafColumn,
  type: PrimitiveName,
  isOldCalendar: boolean,
): ValueEncoder | undefined {
  const { physicalType, logicalType } = leaf;
  const kind = logicalType?.kind;
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      if (logicalType !== undefined && !(kind === 'integer' && logicalType.isSigned)) {
        return undefined;
      }
      return integerEncoder(leaf);
    case 'date':
      return kind === 'date' && !isOldCalendar ? integerEncoder(leaf) : undefined;
    case 'timestamp':
    case 'timestamp_ntz':
      return logicalType?.kind === 'timestamp' && logicalType.unit === 'micros' && !isOldCalendar
        ? integerEncoder(leaf)
        : undefined;
    case 'string':
      return physicalType === 'BYTE_ARRAY'
        ? (value) => (typeof value === 'string' ? utf8.encode(value) : undefined)
        : undefined;
    case 'binary':
      return physicalType === 'BYTE_ARRAY'
        ? (value) => (value instanceof Uint8Array ? value : undefined)
        : undefined;
    case 'double':
      return physicalType === 'DOUBLE' ? doubleBytes : undefined;
    case 'float':
    case 'boolean':
    case 'void':
      return undefined;
    default: {
      const { scale } = decimalOf(type);
      const isSame = logicalType?.kind === 'decimal' && logicalType.scale === scale;
      return isSame ? integerEncoder(leaf) : undefined;
    }
  }
}

/** Two's complement, in the width that the physical type has. */
function integerEncoder({ physicalType, typeLength }: LeafColumn): ValueEncoder | undefined {
  switch (physicalType) {
    case 'INT32':
      return (value) => integerBytes(value, 4, true);
    case 'INT64':
      return (value) => integerBytes(value, 8, true);
    case 'FIXED_LEN_BYTE_ARRAY':
      return typeLength === undefined
        ? undefined
        : (value) => integerBytes(value, typeLength, false);
    default:
      // A BYTE_ARRAY may hold an integer in any number of bytes.
      return undefined;
  }
}

function integerBytes(value: Value, length: number, littleEndian: boolean): Uint8Array | undefined {
  if (typeof value !== 'bigint' && typeof value !== 'number') return undefined;
  const integer = BigInt(value);
  // A value that does not fit is not there, which bounds tell well enough.
  if (length > 32 || BigInt.asIntN(length * 8, integer) !== integer) return undefined;
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    const at = littleEndian ? index : length - 1 - index;
    bytes[at] = Number((integer >> BigInt(index * 8)) & 0xffn);
  }
  return bytes;
}

/** Zeros of both signs are equal, and NaN has many forms. */
function doubleBytes(value: Value): Uint8Array | undefined {
  if (typeof value !== 'number' || value === 0 || Number.isNaN(value)) return undefined;
  return new Uint8Array(Float64Array.of(value).buffer);
}
