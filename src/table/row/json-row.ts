/** Rows as JSON without loss. */
import { InvalidArgumentError, LimitError } from '../../errors.js';
import { formatTimestamp } from '../../log/schema/scalar-text.js';
import { describeValue, tagOf } from './describe-value.js';
import { microsOf } from './timestamp.js';

/** A value that `JSON.stringify` writes as it is. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A row in its lossless JSON form. */
export type JsonRow = { readonly [column: string]: JsonValue };

/** Deeper than any schema with a variant in it; stops an object that contains itself. */
const MAX_DEPTH = 1200;

/**
 * The lossless JSON form of a row, or of any object made of row values.
 *
 * | value | JSON |
 * |---|---|
 * | `bigint` (long) | decimal text |
 * | `NaN`, `Infinity`, `-Infinity`, `-0` | that text |
 * | {@link Timestamp}, `Date` | `2024-01-02T03:04:05.678901Z`, six digits always |
 * | `Uint8Array` | base64 (RFC 4648, padded) |
 * | `Map` | array of `[key, value]` pairs in its order, whatever the keys are |
 * | array, struct | array, object |
 * | `undefined` | `null` |
 * | others (decimal, date and timestamp_ntz are text already) | as they are |
 *
 * @throws InvalidArgumentError for what is no object, and for a value that no row holds: a function, a symbol, an
 * invalid Date
 */
export function toJsonRow(row: object): JsonRow {
  if (tagOf(row) !== '[object Object]') {
    throw new InvalidArgumentError({
      message: `toJsonRow: ${describeValue(row)} is no row`,
      option: 'row',
      expected: 'an object whose properties are the columns',
    });
  }
  return jsonObject(row, '', 0);
}

function jsonObject(row: object, path: string, depth: number): JsonRow {
  // A loop, for a callback would take twice the stack at each level.
  const fields: [string, JsonValue][] = [];
  for (const [name, value] of Object.entries(row) as [string, unknown][]) {
    fields.push([name, jsonValue(value, path === '' ? name : `${path}.${name}`, depth + 1)]);
  }
  // fromEntries defines properties, so a column named __proto__ becomes one.
  return Object.fromEntries(fields);
}

function jsonValue(value: unknown, path: string, depth: number): JsonValue {
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'bigint':
      return String(value);
    case 'number':
      if (Object.is(value, -0)) return '-0';
      return Number.isFinite(value) ? value : String(value);
    case 'string':
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : jsonOf(value, path, depth);
    default:
      throw refused(path, `a ${typeof value}`);
  }
}

function jsonOf(value: object, path: string, depth: number): JsonValue {
  if (depth > MAX_DEPTH) {
    throw new LimitError({
      message: `the row is nested deeper than any schema, or contains itself, at ${path}`,
      limit: 'MAX_DEPTH',
      value: depth,
      max: MAX_DEPTH,
    });
  }
  if (value instanceof Date) return instantText(value, path);
  if (value instanceof Uint8Array) return base64(value);
  if (value instanceof Map) {
    return Array.from(value as Map<unknown, unknown>, ([key, item]) => [
      jsonValue(key, `${path}.key`, depth + 1),
      jsonValue(item, `${path}.value`, depth + 1),
    ]);
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown) => jsonValue(item, `${path}.element`, depth + 1));
  }
  return jsonObject(value, path, depth);
}

function instantText(date: Date, path: string): string {
  const timeMs = date.getTime();
  const micros = microsOf(date);
  if (Number.isNaN(timeMs) || typeof micros !== 'number') throw refused(path, 'an invalid Date');
  return formatTimestamp(BigInt(timeMs) * 1000n + BigInt(micros));
}

/** `btoa` takes a string of bytes; made in pieces that fit the arguments of one call. */
function base64(bytes: Uint8Array): string {
  const PIECE = 4096;
  let text = '';
  for (let start = 0; start < bytes.length; start += PIECE) {
    text += String.fromCharCode(...bytes.subarray(start, start + PIECE));
  }
  return btoa(text);
}

function refused(path: string, actual: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `no row holds ${actual}, at ${path}`,
    option: path,
    expected: 'a value as rows hold it',
  });
}
