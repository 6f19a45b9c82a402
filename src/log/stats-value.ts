/**
 * One minimum or maximum in a file's statistics, both ways. PROTOCOL.md "Per-file Statistics".
 *
 * A bound that was read is never tighter than the values of the file, whoever wrote it: where
 * writers round, the bound is widened by what the rounding can have cost.
 */

import { type Json, JsonNumber } from './json.js';
import { formatDouble, formatFloat, parseFloating } from './number-text.js';
import { decimalOf } from './partition-value.js';
import type { Scalar } from './schema/scalar.js';
import {
  formatDate,
  formatDecimal,
  formatTimestampNtz,
  parseDate,
  parseDecimal,
  parseTimestamp,
} from './schema/scalar-text.js';
import type { PrimitiveName } from './schema/types.js';

/** Which of the two bounds. */
export type Bound = 'min' | 'max';

/** What the Parquet writer found; as Scalar, without null, boolean and binary. */
export type StatValue = number | bigint | string;

/** What a cut through a character leaves, or what was made of that; it says nothing about the order. */
const CUT_CHARACTER = /[\ufffd\ud800-\udfff]/u;

/** UTF-16 units that the bound of a string keeps. */
const STRING_PREFIX = 32;
/** UTF-16 units up to which a maximum may grow until a tie-breaker fits behind it. */
const MAX_STRING_PREFIX = 64;
const ASCII_TIE_BREAKER = '\u007f';
const LAST_CODE_POINT = 0x10ffff;

/** Of 32 bits, those that a type has no use for. */
const UNUSED_BITS = { byte: 24, short: 16, integer: 0 } as const;

const MICROS_PER_MS = 1000n;
/** The first and the last microsecond that every engine can read back: the years 0001 to 9999. */
const FIRST_MICROS = -62_135_596_800_000_000n;
const LAST_MICROS = 253_402_300_799_999_000n;
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;

/** Decimal digits that a double keeps: delta-rs writes decimals as doubles. */
const DOUBLE_DIGITS = 15;
/** More than half a unit in a double's last place, as a shift of its value. */
const DOUBLE_ERROR_SHIFT = 50n;

/**
 * The bound in a statistics object, or `undefined` when it says nothing of use about a column of
 * `type`.
 */
export function parseBound(
  json: Json | undefined,
  type: PrimitiveName,
  bound: Bound,
): NonNullable<Scalar> | undefined {
  const value = parseStat(json, type);
  switch (type) {
    case 'float':
    case 'double':
      return typeof value === 'number' ? widenedFloating(value, type, bound) : undefined;
    case 'timestamp':
    case 'timestamp_ntz':
      if (typeof value !== 'bigint') return undefined;
      return value + BigInt(microsCutOff(value % MICROS_PER_MS === 0n, value > 0n, bound));
    default:
      if (!type.startsWith('decimal') || typeof value !== 'bigint') return value;
      return widenedDecimal(value, decimalOf(type).precision, bound);
  }
}

/** The value in a statistics object exactly as it is spelled; `undefined` as in {@link parseBound}. */
export function parseStat(
  json: Json | undefined,
  type: PrimitiveName,
): NonNullable<Scalar> | undefined {
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer': {
      const isOne = typeof json === 'number' && Number.isInteger(json);
      return isOne && json === (json << UNUSED_BITS[type]) >> UNUSED_BITS[type] ? json : undefined;
    }
    case 'long': {
      const long = typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : json;
      return typeof long === 'bigint' && BigInt.asIntN(64, long) === long ? long : undefined;
    }
    case 'float':
    case 'double': {
      const value = floatingOf(json);
      return value === undefined || type === 'double' ? value : Math.fround(value);
    }
    case 'date':
      return typeof json === 'string' ? parseDate(json) : undefined;
    case 'timestamp':
    case 'timestamp_ntz':
      return typeof json === 'string' ? timestampOf(json, type) : undefined;
    case 'string':
      return typeof json === 'string' && !CUT_CHARACTER.test(json) ? json : undefined;
    case 'boolean':
    case 'binary':
    case 'void':
      return undefined;
    default: {
      const { precision, scale } = decimalOf(type);
      return parseDecimal(numberText(json), precision, scale);
    }
  }
}

/**
 * The JSON text of a bound as it is written, or `undefined` when this value gets none. Milliseconds
 * are rounded outwards, strings cut; NaN and infinities are quoted, zeros get the outward sign.
 */
export function formatBound(
  value: StatValue,
  type: PrimitiveName,
  bound: Bound,
): string | undefined {
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      return String(value);
    case 'float':
    case 'double':
      return typeof value === 'number' ? floatingText(value, type, bound) : undefined;
    case 'date':
      if (typeof value !== 'number' || value < FIRST_DAY || value > LAST_DAY) return undefined;
      return `"${formatDate(value)}"`;
    case 'timestamp':
    case 'timestamp_ntz':
      return typeof value === 'bigint' ? timestampText(value, type, bound) : undefined;
    case 'string':
      return typeof value === 'string' ? stringText(value, bound) : undefined;
    case 'boolean':
    case 'binary':
    case 'void':
      return undefined;
    default:
      return typeof value === 'bigint' ? formatDecimal(value, decimalOf(type).scale) : undefined;
  }
}

/** A bound that was spelled as `value`. */
export function widenedFloating(value: number, type: 'float' | 'double', bound: Bound): number {
  const rounded = Math.fround(value);
  if (type === 'float' || Number.isNaN(value)) return rounded;
  // A column widened from float has bounds in the shortest text of a float, which as a double is
  // another number.
  return bound === 'min' ? Math.min(value, rounded) : Math.max(value, rounded);
}

function floatingOf(json: Json | undefined): number | undefined {
  if (typeof json === 'string') return parseFloating(json);
  const value = typeof json === 'number' ? json : Number(numberText(json) || Number.NaN);
  // No double is as large as a number that reads as infinity.
  return Number.isFinite(value) ? value : undefined;
}

function timestampOf(text: string, type: 'timestamp' | 'timestamp_ntz'): bigint | undefined {
  if (type === 'timestamp') return parseTimestamp(text, { zone: 'required' });
  return /[T ]/i.test(text)
    ? parseTimestamp(text.replace(/z$/i, ''), { zone: 'forbidden' })
    : parseTimestamp(text, { zone: 'optional-utc' });
}

/**
 * What to add to a bound in microseconds. One on a whole millisecond may have been cut to it, which put it below the
 * maximum, and by some writers above a minimum before 1970.
 */
export function microsCutOff(isWholeMs: boolean, isPositive: boolean, bound: Bound): number {
  if (!isWholeMs) return 0;
  return bound === 'max' ? 999 : isPositive ? 0 : -999;
}

/** A bound that was spelled as this unscaled value, perhaps by way of a double. */
export function widenedDecimal(value: bigint, precision: number, bound: Bound): bigint {
  if (precision <= DOUBLE_DIGITS) return value;
  const error = ((value < 0n ? -value : value) >> DOUBLE_ERROR_SHIFT) + 1n;
  return bound === 'min' ? value - error : value + error;
}

/** The text of a number, which some writers quote; `''` when it is none. */
function numberText(json: Json | undefined): string {
  if (json instanceof JsonNumber) return json.text;
  if (typeof json === 'string') return json;
  return typeof json === 'number' || typeof json === 'bigint' ? String(json) : '';
}

function floatingText(value: number, type: 'float' | 'double', bound: Bound): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  const outward = value === 0 ? (bound === 'min' ? -0 : 0) : value;
  return type === 'float' ? formatFloat(outward) : formatDouble(outward);
}

function timestampText(
  micros: bigint,
  type: 'timestamp' | 'timestamp_ntz',
  bound: Bound,
): string | undefined {
  const below = ((micros % MICROS_PER_MS) + MICROS_PER_MS) % MICROS_PER_MS;
  const floor = micros - below;
  const rounded = bound === 'max' && below !== 0n ? floor + MICROS_PER_MS : floor;
  if (rounded < FIRST_MICROS || rounded > LAST_MICROS) return undefined;
  const text = formatTimestampNtz(rounded).slice(0, -3);
  return type === 'timestamp' ? `"${text}Z"` : `"${text}"`;
}

function stringText(value: string, bound: Bound): string | undefined {
  const cut = bound === 'min' ? cutMinimum(value) : cutMaximum(value);
  return cut === undefined ? undefined : JSON.stringify(cut);
}

function cutMinimum(value: string): string {
  return value.length <= STRING_PREFIX ? value : value.slice(0, wholeCharacters(value));
}

/** A prefix with one character behind it that is greater, by UTF-8 bytes, than what was cut off. */
function cutMaximum(value: string): string | undefined {
  if (value.length <= STRING_PREFIX) return value;
  let end = wholeCharacters(value);
  while (end < value.length) {
    const next = value.codePointAt(end) ?? 0;
    if (next < 0x7f) return value.slice(0, end) + ASCII_TIE_BREAKER;
    if (next < LAST_CODE_POINT) {
      return value.slice(0, end) + String.fromCodePoint(LAST_CODE_POINT);
    }
    end += 2;
    if (end > MAX_STRING_PREFIX) return undefined;
  }
  return value;
}

/** Where to cut near STRING_PREFIX without splitting a surrogate pair. */
function wholeCharacters(value: string): number {
  const first = value.charCodeAt(STRING_PREFIX - 1);
  return first >= 0xd800 && first < 0xdc00 ? STRING_PREFIX - 1 : STRING_PREFIX;
}
