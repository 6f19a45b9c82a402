/**
 * Bounds in a Parquet file, of row groups and of pages: bytes of the physical type there, values of the table's type
 * here. What is given is never tighter than the values that the file's rows are read as.
 */
import { decimalOf } from '../log/partition-value.js';
import type { PrimitiveName } from '../log/schema/types.js';
import type { BoundValue } from '../log/stat-bounds.js';
import type { Bound } from '../log/stats-value.js';
import { Utf8Text } from '../log/utf8-text.js';
import type { LeafColumn, LogicalType, PhysicalType } from '../storage/parquet/footer-types.js';

/** Undefined for bytes that are no value of the leaf. */
export type BoundDecoder = (bytes: Uint8Array, bound: Bound) => BoundValue | undefined;

/** Bytes of a decimal of 38 digits; longer ones are damaged. */
const MAX_DECIMAL_BYTES = 17;
const MICROS_PER_DAY = 86_400_000_000n;

/**
 * Reads the bounds of a leaf as values of a column; undefined for a pair of types whose order is not one and the same.
 *
 * @param isOldCalendar - whether the file's dates and timestamps are in the calendar of old Spark: their bounds are as
 * they were written, and say nothing of the values they are read as
 */
export function boundDecoder(
  leaf: LeafColumn,
  type: PrimitiveName,
  isOldCalendar: boolean,
): BoundDecoder | undefined {
  const { physicalType, logicalType } = leaf;
  if (leaf.maxRepetitionLevel > 0 || logicalType?.kind === 'interval') return undefined;
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer':
      return physicalType === 'INT32' && isSigned(logicalType) ? int32 : undefined;
    case 'long':
      return isSigned(logicalType) ? integerOf(physicalType) : undefined;
    case 'float':
      return physicalType === 'FLOAT' && logicalType === undefined ? float : undefined;
    case 'double':
      return doubleOf(leaf);
    case 'date':
      return isDate(leaf) && !isOldCalendar ? int32 : undefined;
    case 'timestamp':
    case 'timestamp_ntz':
      return isOldCalendar ? undefined : timestampOf(leaf, type);
    case 'string':
      return physicalType === 'BYTE_ARRAY' && isText(logicalType) ? text : undefined;
    case 'binary':
      return isBytes(physicalType) && logicalType === undefined ? (bytes) => bytes : undefined;
    case 'boolean':
      return physicalType === 'BOOLEAN' ? boolean : undefined;
    case 'void':
      return undefined;
    default:
      return decimalReader(leaf, decimalOf(type).scale);
  }
}

function fit(bytes: Uint8Array, length: number): DataView | undefined {
  if (bytes.length !== length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

const int32: BoundDecoder = (bytes) => fit(bytes, 4)?.getInt32(0, true);
const boolean: BoundDecoder = ([byte, ...more]) =>
  byte === undefined || more.length > 0 ? undefined : byte === 1;
const int64: BoundDecoder = (bytes) => fit(bytes, 8)?.getBigInt64(0, true);
const text: BoundDecoder = (bytes) => {
  const found = new Utf8Text(bytes);
  found.end = bytes.length;
  return found;
};

/** A bound that is NaN says nothing: writers differ in what they compare it with. */
const float: BoundDecoder = (bytes) => notNaN(fit(bytes, 4)?.getFloat32(0, true));
const double: BoundDecoder = (bytes) => notNaN(fit(bytes, 8)?.getFloat64(0, true));

function notNaN(value: number | undefined): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

function integerOf(physicalType: PhysicalType): BoundDecoder | undefined {
  if (physicalType === 'INT32') return int32;
  return physicalType === 'INT64' ? int64 : undefined;
}

function doubleOf({ physicalType, logicalType }: LeafColumn): BoundDecoder | undefined {
  if (physicalType === 'INT32' && isSigned(logicalType)) return int32;
  if (logicalType !== undefined) return undefined;
  if (physicalType === 'FLOAT') return float;
  return physicalType === 'DOUBLE' ? double : undefined;
}

function isSigned(logicalType: LogicalType | undefined): boolean {
  return logicalType === undefined || (logicalType.kind === 'integer' && logicalType.isSigned);
}

function isDate({ physicalType, logicalType }: LeafColumn): boolean {
  return physicalType === 'INT32' && logicalType?.kind === 'date';
}

function isText(logicalType: LogicalType | undefined): boolean {
  return logicalType === undefined || ['string', 'enum', 'json'].includes(logicalType.kind);
}

function isBytes(physicalType: PhysicalType): boolean {
  return physicalType === 'BYTE_ARRAY' || physicalType === 'FIXED_LEN_BYTE_ARRAY';
}

function timestampOf(
  leaf: LeafColumn,
  type: 'timestamp' | 'timestamp_ntz',
): BoundDecoder | undefined {
  const { physicalType, logicalType } = leaf;
  if (type === 'timestamp_ntz' && isDate(leaf)) {
    return (bytes) => {
      const days = fit(bytes, 4)?.getInt32(0, true);
      return days === undefined ? undefined : BigInt(days) * MICROS_PER_DAY;
    };
  }
  if (physicalType !== 'INT64' || logicalType?.kind !== 'timestamp') return undefined;
  const { unit } = logicalType;
  return (bytes, bound) => {
    const value = fit(bytes, 8)?.getBigInt64(0, true);
    if (value === undefined || unit === 'micros') return value;
    if (unit === 'millis') return value * 1000n;
    // Division cuts towards zero, values are floored: one further out is right for both.
    return value / 1000n + (bound === 'min' ? -1n : 1n);
  };
}

function decimalReader(leaf: LeafColumn, scale: number): BoundDecoder | undefined {
  const { physicalType, logicalType } = leaf;
  const own = logicalType?.kind === 'decimal' ? logicalType.scale : 0;
  if (logicalType?.kind !== 'decimal' && !isSigned(logicalType)) return undefined;
  if (own > scale) return undefined;
  const factor = 10n ** BigInt(scale - own);
  const integer = integerOf(physicalType);
  if (integer !== undefined) {
    return (bytes, bound) => {
      const unscaled = integer(bytes, bound);
      return typeof unscaled === 'number' || typeof unscaled === 'bigint'
        ? BigInt(unscaled) * factor
        : undefined;
    };
  }
  if (!isBytes(physicalType) || logicalType === undefined) return undefined;
  return (bytes) => {
    const unscaled = bigEndian(bytes);
    return unscaled === undefined ? undefined : unscaled * factor;
  };
}

/** Two's complement, the most significant byte first. */
function bigEndian(bytes: Uint8Array): bigint | undefined {
  if (bytes.length === 0 || bytes.length > MAX_DECIMAL_BYTES) return undefined;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}
