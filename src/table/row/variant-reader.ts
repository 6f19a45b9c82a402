/** Values of a variant column as rows hold them. */
import type { Data } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import {
  formatDate,
  formatDecimal,
  formatTimestampNtz,
  parseDecimal,
} from '../../log/schema/scalar-text.js';
import {
  decodeVariant,
  type VariantScalar,
  type VariantShape,
} from '../../log/schema/variant/decode.js';
import { VariantDictionary } from '../../log/schema/variant/dictionary.js';
import type { Fail } from '../../log/schema/variant/layout.js';
import { runAt } from '../../log/schema/variant/shredded.js';
import { timestamp } from './timestamp.js';

/**
 * A reader over a column of `metadata` and `value`. Rows in a run mostly have the same names, whose
 * dictionary is then read once.
 *
 * @param fail - throws the error for bytes that are no variant
 */
export function variantReader(data: Data, fail: Fail): (index: number) => unknown {
  const [metadata, value] = data.children;
  if (metadata === undefined || value === undefined) {
    throw new InternalError({ message: 'a variant column has no parts' });
  }
  let dictionary: VariantDictionary | undefined;
  return (index) => {
    const names = runAt(metadata, index);
    if (dictionary?.isOf(names) !== true) dictionary = new VariantDictionary(names.slice(), fail);
    return decodeVariant(runAt(value, index), dictionary, SHAPE, fail);
  };
}

const SHAPE: VariantShape<unknown> = {
  scalar: scalarValue,
  array: (elements) => elements,
  // fromEntries defines properties, so a field named __proto__ becomes one.
  object: (names, values) => Object.fromEntries(names.map((name, at) => [name, values[at]])),
};

function scalarValue(scalar: VariantScalar): unknown {
  switch (scalar.kind) {
    case 'null':
      return null;
    case 'integer':
      return smallest(scalar.value);
    case 'decimal':
      return decimalValue(scalar.unscaled, scalar.scale);
    case 'date':
      return formatDate(scalar.days);
    case 'time':
      return formatTimestampNtz(scalar.micros).slice(TIME_OF_DAY);
    case 'timestamp':
    case 'timestamp_ntz':
      return instantValue(scalar);
    case 'uuid':
      return uuidText(scalar.value);
    default:
      return scalar.value;
  }
}

/** Where the time begins in the text of an instant of 1970-01-01. */
const TIME_OF_DAY = '1970-01-01T'.length;

function smallest(value: number | bigint): number | bigint {
  if (typeof value === 'number') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const MAX_DIGITS = 39;

/** A number when it says every digit of the decimal, else the exact text. */
function decimalValue(unscaled: bigint, scale: number): number | string {
  const text = formatDecimal(unscaled, scale);
  const number = Number(text);
  return parseDecimal(String(number), MAX_DIGITS, scale) === unscaled ? number : text;
}

function instantValue(
  scalar: VariantScalar & { readonly kind: 'timestamp' | 'timestamp_ntz' },
): unknown {
  const { kind, value, unit } = scalar;
  if (unit === 'micros') return kind === 'timestamp' ? timestamp(value) : formatTimestampNtz(value);
  // A Timestamp has no place for nanoseconds.
  const rest = ((value % 1000n) + 1000n) % 1000n;
  const text = `${formatTimestampNtz((value - rest) / 1000n)}${String(rest).padStart(3, '0')}`;
  return kind === 'timestamp' ? `${text}Z` : text;
}

function uuidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
