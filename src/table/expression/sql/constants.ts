/** The constants of SQL: numbers with their suffixes, strings, and strings with a type before them. */
import type { InvalidArgumentError } from '../../../errors.js';
import type { Literal } from '../literal.js';
import type { SqlSource } from './source.js';
import { parseSqlDate, parseSqlTimestamp } from './time-text.js';
import type { Token } from './tokens.js';

/** Longer numbers are refused: no column holds a tenth of it. */
const MAX_DIGITS = 400;
const MAX_EXPONENT = 400;

const NUMBER = /^(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?(bd|[lsydf])?$/i;
const BITS: Readonly<Record<string, number>> = { y: 8, s: 16, l: 64 };

/** Without a suffix an exact integer or decimal, however it is written. */
export function numberConstant(source: SqlSource, token: Token): Literal {
  const parts = NUMBER.exec(token.text);
  const [, whole = '', fraction, exponent, suffix = ''] = parts ?? [];
  if (parts === null || token.text.length > MAX_DIGITS) {
    throw source.failure(token.at, `a number has more than ${MAX_DIGITS} characters`);
  }
  if (Math.abs(Number(exponent ?? 0)) > MAX_EXPONENT) {
    throw source.failure(token.at, 'a number has an exponent that no column holds');
  }
  const digits = `${whole === '' ? '0' : whole}.${fraction === undefined || fraction === '' ? '0' : fraction}`;
  const text = exponent === undefined ? digits : `${digits}e${exponent}`;
  const kind = suffix.toLowerCase();
  if (kind === 'd') return finite(source, token, Number(text));
  if (kind === 'f') return finite(source, token, Math.fround(Number(text)));
  const isWhole = fraction === undefined && exponent === undefined;
  const bits = BITS[kind];
  if (bits !== undefined) {
    if (!isWhole) throw source.failure(token.at, `the suffix ${suffix} is for integers`);
    const value = BigInt(whole);
    if (value > 1n << BigInt(bits - 1)) {
      throw source.failure(token.at, `the number does not fit into ${bits} bits`);
    }
    return value;
  }
  if (isWhole) return BigInt(whole);
  return Object.freeze({ kind: 'decimal', text });
}

function finite(source: SqlSource, token: Token, value: number): number {
  if (Number.isFinite(value)) return value;
  throw source.failure(
    token.at,
    'the number is beyond the range of its type',
    "double('Infinity')",
  );
}

/** `-value`. @returns `undefined` when it is no number */
export function negatedNumber(value: Literal): Literal | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return -value;
  if (typeof value !== 'object' || value.kind !== 'decimal') return undefined;
  const { text } = value;
  return Object.freeze({
    kind: 'decimal',
    text: text.startsWith('-') ? text.slice(1) : `-${text}`,
  });
}

const LIKE_A_NUMBER_OR_TIME =
  /^\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$|\d{4,6}-\d{1,2}(?:\s*$|-\d{1,2}(?:\s*$|[T ]\d)))/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * A string. When it reads like a number, a date or a time it takes the type of what it is compared with, as in Spark.
 */
export function textConstant(source: SqlSource, at: number, text: string): Literal {
  if (LONE_SURROGATE.test(text)) {
    throw source.failure(at, 'a string has half a surrogate pair, which is in no column');
  }
  return LIKE_A_NUMBER_OR_TIME.test(text) ? Object.freeze({ kind: 'text', text }) : text;
}

/** The types that stand before a string. */
export const TYPES_OF_CONSTANTS: readonly string[] = [
  'date',
  'timestamp',
  'timestamp_ltz',
  'timestamp_ntz',
  'x',
];

/** Such as `date'2024-01-31'`, `timestamp'2024-01-31 12:00:00'`, `X'01FF'`. */
export function typedConstant(source: SqlSource, type: Token, text: Token): Literal {
  switch (type.text.toLowerCase()) {
    case 'x':
      return binaryConstant(source, text);
    case 'date': {
      const days = parseSqlDate(text.text);
      if (days !== undefined) return Object.freeze({ kind: 'date', days });
      throw wrongText(source, text, 'date', "date'2024-01-31'");
    }
    case 'timestamp_ntz': {
      const instant = parseSqlTimestamp(text.text, 'timestamp_ntz');
      if (instant !== undefined) {
        return Object.freeze({ kind: 'timestamp_ntz', micros: instant.micros });
      }
      throw wrongText(
        source,
        text,
        'timestamp without a zone',
        "timestamp_ntz'2024-01-31 12:00:00.000001'",
      );
    }
    default: {
      const instant = parseSqlTimestamp(text.text, 'timestamp');
      if (instant !== undefined) {
        const { micros, zoneless } = instant;
        return Object.freeze({ kind: 'timestamp', micros, ...(zoneless ? { zoneless } : {}) });
      }
      throw wrongText(
        source,
        text,
        'timestamp',
        "timestamp'2024-01-31 12:00:00.000001+01:00'; without a zone it is UTC",
      );
    }
  }
}

function binaryConstant(source: SqlSource, { text, at }: Token): Literal {
  if (!/^[0-9a-fA-F]*$/.test(text)) throw source.failure(at, 'a character is no hex digit');
  const digits = text.length % 2 === 0 ? text : `0${text}`;
  const bytes = digits.match(/../g) ?? [];
  const characters = bytes.map((pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  return Object.freeze({ kind: 'binary', base64: btoa(characters.join('')) });
}

const FLOATING = /^([+-]?)(?:(nan)|(inf|infinity)|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)[df]?)$/i;

/** `double('NaN')`, `float('0.1')` and their like. @returns `undefined` for what is no such number */
export function floatingConstant(type: 'float' | 'double', value: Literal): number | undefined {
  const number =
    typeof value === 'object' && 'text' in value ? floatingText(value.text) : plain(value);
  return number === undefined || type === 'double' ? number : Math.fround(number);
}

function plain(value: Literal): number | undefined {
  if (typeof value === 'string') return floatingText(value);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}

function floatingText(text: string): number | undefined {
  const parts = FLOATING.exec(text.trim());
  if (parts === null) return undefined;
  const [, sign, isNaN, isInfinite, digits] = parts;
  if (isNaN !== undefined) return Number.NaN;
  const size = isInfinite === undefined ? Number(digits) : Number.POSITIVE_INFINITY;
  return sign === '-' ? -size : size;
}

function wrongText(
  source: SqlSource,
  { at, text }: Token,
  type: string,
  expected: string,
): InvalidArgumentError {
  return source.failure(at, `${JSON.stringify(text)} is no ${type}`, expected);
}
