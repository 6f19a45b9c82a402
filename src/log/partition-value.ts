/** Partition values: text in the log, scalars here. PROTOCOL.md "Partition Value Serialization". */
import { CorruptDataError, InternalError, SchemaMismatchError } from '../errors.js';
import { formatDouble, formatFloat, parseFloating } from './number-text.js';
import { decimalParts } from './schema/describe-type.js';
import type { Scalar } from './schema/scalar.js';
import {
  formatDate,
  formatDecimal,
  formatTimestamp,
  formatTimestampNtz,
  parseDate,
  parseDecimal,
  parseTimestamp,
} from './schema/scalar-text.js';
import type { PrimitiveName } from './schema/types.js';

/** What Hive calls the directory of null; never a value. */
export const NULL_DIRECTORY = '__HIVE_DEFAULT_PARTITION__';

/** Where a partition value was read, for the error. */
export interface PartitionPlace {
  /** The object that holds the action. */
  readonly key: string;
  readonly column?: string | undefined;
}

const INTEGER = /^[+-]?\d{1,40}(?:\.0*)?$/;
const INTEGER_BITS = { byte: 8n, short: 16n, integer: 32n, long: 64n } as const;
const TRUE_TEXT = /^(?:true|t|yes|y|1)$/i;
const FALSE_TEXT = /^(?:false|f|no|n|0)$/i;
const LOOSE_DATE = /^([+-]?)(\d{4,7})-(\d{1,2})-(\d{1,2})(?:[T ].*)?$/;
const ZONE = /(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$/;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * The value of a partition column, from its text in an action. Every spelling that Delta's writers
 * use is read: null, `''` and Hive's name of null are null; a timestamp without a zone is UTC,
 * never this process's zone; a timestamp_ntz is never shifted.
 *
 * @throws CorruptDataError when the text is no value of `type`
 */
export function parsePartitionValue(
  text: string | null,
  type: PrimitiveName,
  where: PartitionPlace,
): Scalar {
  if (text === null || text === '' || text === NULL_DIRECTORY) return null;
  const value = parseText(text, type);
  if (value !== undefined) return value;
  throw new CorruptDataError({
    message: `the partition value ${JSON.stringify(text)} is not of type ${type}`,
    key: where.key,
    field: where.column === undefined ? 'partitionValues' : `partitionValues.${where.column}`,
  });
}

/**
 * The text of a partition value as the log holds it, in the spelling of Spark 4: `1.0E10`, decimals
 * with their full scale, timestamps as `2024-01-02T03:04:05.678901Z`. Null, `''` and empty binary
 * are all null, which is why a NOT NULL check must look at this result.
 *
 * @param column - named in the error
 * @throws SchemaMismatchError for a value that no text can hold: binary that is not UTF-8, or
 * Hive's name of null
 */
export function formatPartitionValue(
  value: Scalar,
  type: PrimitiveName,
  column?: string,
): string | null {
  if (value === null) return null;
  const text = textOf(value, type, column);
  if (text === '') return null;
  if (text !== NULL_DIRECTORY) return text;
  throw new SchemaMismatchError({
    message: `${NULL_DIRECTORY} is Hive's name of null and cannot be a partition value`,
    column,
    expected: 'another value, or null',
  });
}

/**
 * Hive's `column=value` directories, joined by `/`; `''` without partition columns. Not yet encoded
 * for the log.
 */
export function partitionPath(
  values: readonly (readonly [column: string, text: string | null])[],
): string {
  return values
    .map(([column, text]) => `${escapeHive(column)}=${escapeHive(text ?? NULL_DIRECTORY)}`)
    .join('/');
}

function parseText(text: string, type: PrimitiveName): Scalar | undefined {
  // Blanks are data in a string, and noise in every other type.
  if (type === 'string') return text;
  if (type === 'binary') return encoder.encode(text);
  const trimmed = text.trim();
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      return parseInteger(trimmed, type);
    case 'float':
    case 'double': {
      const number = parseFloating(trimmed);
      return number === undefined || type === 'double' ? number : Math.fround(number);
    }
    case 'boolean':
      return TRUE_TEXT.test(trimmed) ? true : FALSE_TEXT.test(trimmed) ? false : undefined;
    case 'date':
      return parseLooseDate(trimmed);
    case 'timestamp':
      return parseTimestamp(trimmed, { zone: 'optional-utc' });
    case 'timestamp_ntz':
      // What follows the wall clock is dropped, not applied.
      return parseTimestamp(isDateOnly(trimmed) ? trimmed : trimmed.replace(ZONE, ''), {
        zone: 'optional-utc',
      });
    case 'void':
      return undefined;
    default: {
      // Metadata may name any column a partition column.
      const parts = decimalParts(type);
      return parts && parseDecimal(trimmed, parts.precision, parts.scale);
    }
  }
}

function parseInteger(text: string, type: keyof typeof INTEGER_BITS): Scalar | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+|\..*$/g, ''));
  const bits = INTEGER_BITS[type];
  if (BigInt.asIntN(Number(bits), value) !== value) return undefined;
  return type === 'long' ? value : Number(value);
}

function isDateOnly(text: string): boolean {
  return !/[T ]/i.test(text);
}

/**
 * Months and days of one digit, and a time behind the date, are what a cast to date takes in Spark.
 */
function parseLooseDate(text: string): number | undefined {
  const parts = LOOSE_DATE.exec(text);
  if (parts === null) return undefined;
  const [, sign = '', year = '', month = '', day = ''] = parts;
  const signed = sign === '' && year.length > 4 ? '+' : sign;
  return parseDate(`${signed}${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`);
}

function textOf(value: NonNullable<Scalar>, type: PrimitiveName, column?: string): string {
  if (value instanceof Uint8Array) return binaryText(value, column);
  if (typeof value === 'bigint') {
    if (type === 'long') return String(value);
    if (type === 'timestamp') return formatTimestamp(value);
    if (type === 'timestamp_ntz') return ntzText(value);
    return formatDecimal(value, decimalOf(type).scale);
  }
  if (typeof value === 'number') {
    if (type === 'date') return formatDate(value);
    if (type === 'double') return formatDouble(value);
    return type === 'float' ? formatFloat(value) : String(value);
  }
  return String(value);
}

function ntzText(micros: bigint): string {
  return formatTimestampNtz(micros)
    .replace('T', ' ')
    .replace(/\.000000$/, '');
}

function binaryText(value: Uint8Array, column: string | undefined): string {
  try {
    return decoder.decode(value);
  } catch (cause) {
    throw new SchemaMismatchError({
      message: 'a binary partition value must be UTF-8, for the log holds it as text',
      column,
      expected: 'bytes that are UTF-8',
      cause,
    });
  }
}

/** The precision and scale in a decimal type's name. */
export function decimalOf(type: PrimitiveName): { precision: number; scale: number } {
  const parts = /^decimal\((\d+),(-?\d+)\)$/.exec(type);
  if (parts === null) throw new InternalError({ message: `${type} is no decimal type` });
  return { precision: Number(parts[1]), scale: Number(parts[2]) };
}

/** The characters that Hive and Spark escape in the names of partition directories, and NUL. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const HIVE_ESCAPED = /[\u0000-\u001f"#%'*/:=?\\\u007f{[\]^]/g;

function escapeHive(text: string): string {
  return text.replace(
    HIVE_ESCAPED,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
