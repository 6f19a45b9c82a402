/** The constants of a condition, as plain data: whatever a caller may change later is copied. */
import { InvalidArgumentError } from '../../errors.js';
import {
  formatDate,
  formatTimestamp,
  formatTimestampNtz,
  parseDate,
  parseTimestamp,
} from '../../log/schema/scalar-text.js';
import { microsOf } from '../row/timestamp.js';
import { DECIMAL_TEXT } from './decimal-text.js';

/** An instant, from a Date or a Timestamp. */
export interface TimestampLiteral {
  readonly kind: 'timestamp';
  /** Microseconds since 1970-01-01T00:00:00Z. */
  readonly micros: bigint;
  /** Written without a zone and so of UTC, as every wall clock is that it is compared with. */
  readonly zoneless?: true;
}

export interface BinaryLiteral {
  readonly kind: 'binary';
  readonly base64: string;
}

/** A number with a fraction, exactly as it was written. */
export interface DecimalLiteral {
  readonly kind: 'decimal';
  /** Digits with an optional sign, point and exponent. */
  readonly text: string;
}

export interface DateLiteral {
  readonly kind: 'date';
  /** Days since 1970-01-01. */
  readonly days: number;
}

export interface TimestampNtzLiteral {
  readonly kind: 'timestamp_ntz';
  /** Microseconds since 1970-01-01T00:00:00 of the wall clock. */
  readonly micros: bigint;
}

/** Text that takes the type of what it is compared with, as a string in SQL does. */
export interface TextLiteral {
  readonly kind: 'text';
  readonly text: string;
}

export type Literal =
  | string
  | number
  | bigint
  | boolean
  | TimestampLiteral
  | BinaryLiteral
  | DecimalLiteral
  | DateLiteral
  | TimestampNtzLiteral
  | TextLiteral;

/**
 * The JSON of a literal: what JSON itself cannot say is an object with one member that names the
 * kind.
 */
export type LiteralJson =
  | string
  | number
  | boolean
  | { readonly number: string }
  | { readonly long: string }
  | { readonly timestamp: string }
  | { readonly binary: string }
  | { readonly decimal: string }
  | { readonly date: string }
  | { readonly timestamp_ntz: string }
  | { readonly zoneless: string }
  | { readonly text: string };

const WHAT = 'a string, number, bigint, boolean, Date or Uint8Array';
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * A caller's constant.
 *
 * @param place - what it is, for the error: `value of eq("a")`
 * @throws InvalidArgumentError for null, undefined and everything that is no column's value
 */
export function literalOf(value: unknown, place: string): Literal {
  switch (typeof value) {
    case 'string':
      return textOf(value, place);
    case 'number':
    case 'bigint':
    case 'boolean':
      return value;
    case 'undefined':
      throw refused(`the ${place} is undefined`);
    default:
      break;
  }
  if (value === null) throw refused(`the ${place} is null, which nothing equals; use isNull`);
  if (value instanceof Date) return instantOf(value, place);
  if (value instanceof Uint8Array) {
    return Object.freeze({ kind: 'binary', base64: toBase64(value) });
  }
  throw refused(`the ${place} is of a kind that no column is compared with`);
}

/**
 * Text that UTF-8 can hold.
 *
 * @throws InvalidArgumentError when it is no string or has a lone surrogate, which no column can
 * equal
 */
export function textOf(value: unknown, place: string): string {
  if (typeof value !== 'string') throw refused(`the ${place} is not a string`, 'a string');
  if (LONE_SURROGATE.test(value)) {
    throw refused(`the ${place} is text with half a surrogate pair`, 'well-formed text');
  }
  return value;
}

export function literalToJson(literal: Literal): LiteralJson {
  switch (typeof literal) {
    case 'string':
    case 'boolean':
      return literal;
    case 'bigint':
      return { long: String(literal) };
    case 'number':
      if (Object.is(literal, -0)) return { number: '-0' };
      return Number.isFinite(literal) ? literal : { number: String(literal) };
    default:
      return taggedJson(literal);
  }
}

function taggedJson(literal: Extract<Literal, object>): LiteralJson {
  switch (literal.kind) {
    case 'binary':
      return { binary: literal.base64 };
    case 'timestamp':
      return literal.zoneless
        ? { zoneless: formatTimestampNtz(literal.micros) }
        : { timestamp: formatTimestamp(literal.micros) };
    case 'timestamp_ntz':
      return { timestamp_ntz: formatTimestampNtz(literal.micros) };
    case 'date':
      return { date: formatDate(literal.days) };
    case 'decimal':
      return { decimal: literal.text };
    case 'text':
      return { text: literal.text };
  }
}

/** @throws InvalidArgumentError when it is not the JSON of a literal */
export function literalFromJson(json: unknown, place: string): Literal {
  if (typeof json !== 'object' || json === null) return literalOf(json, place);
  const [entry, ...more] = Object.entries(json);
  const literal =
    entry === undefined || more.length > 0 ? undefined : taggedLiteral(entry[0], entry[1]);
  if (literal === undefined) throw refused(`the ${place} is not the JSON of a constant`);
  return literal;
}

/** The bytes of a binary literal. */
export function bytesOf(literal: BinaryLiteral): Uint8Array {
  return Uint8Array.from(atob(literal.base64), (character) => character.charCodeAt(0));
}

const SPECIAL_NUMBERS = ['NaN', 'Infinity', '-Infinity', '-0'];
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function taggedLiteral(tag: string, text: unknown): Literal | undefined {
  if (typeof text !== 'string') return undefined;
  switch (tag) {
    case 'number':
      return SPECIAL_NUMBERS.includes(text) ? Number(text) : undefined;
    case 'long':
      return /^-?\d{1,400}$/.test(text) ? BigInt(text) : undefined;
    case 'timestamp': {
      const micros = parseTimestamp(text, { zone: 'required' });
      return micros === undefined ? undefined : Object.freeze({ kind: 'timestamp', micros });
    }
    case 'zoneless': {
      const micros = parseTimestamp(text, { zone: 'forbidden' });
      if (micros === undefined) return undefined;
      return Object.freeze({ kind: 'timestamp', micros, zoneless: true });
    }
    case 'binary':
      return BASE64.test(text) ? Object.freeze({ kind: 'binary', base64: text }) : undefined;
    case 'decimal':
      return DECIMAL_TEXT.test(text) ? Object.freeze({ kind: 'decimal', text }) : undefined;
    case 'date': {
      const days = parseDate(text);
      return days === undefined ? undefined : Object.freeze({ kind: 'date', days });
    }
    case 'timestamp_ntz': {
      const micros = parseTimestamp(text, { zone: 'forbidden' });
      return micros === undefined ? undefined : Object.freeze({ kind: 'timestamp_ntz', micros });
    }
    case 'text':
      return LONE_SURROGATE.test(text) ? undefined : Object.freeze({ kind: 'text', text });
    default:
      return undefined;
  }
}

function instantOf(date: Date, place: string): TimestampLiteral {
  const timeMs = date.getTime();
  const micros = microsOf(date);
  if (Number.isNaN(timeMs)) throw refused(`the ${place} is an invalid Date`);
  if (typeof micros !== 'number' || !Number.isInteger(micros) || micros < 0 || micros > 999) {
    throw refused(`the ${place} is a Date whose micros are not 0 to 999`);
  }
  return Object.freeze({ kind: 'timestamp', micros: BigInt(timeMs) * 1000n + BigInt(micros) });
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function refused(message: string, expected: string = WHAT): InvalidArgumentError {
  return new InvalidArgumentError({ message, option: 'where', expected });
}
