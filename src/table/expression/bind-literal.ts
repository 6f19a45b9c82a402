/**
 * A comparison of a column with a constant, as a comparison of scalars of the column's type.
 * Numbers are compared as the exact decimals they print as, across all numeric types; what the type
 * cannot hold is decided here and now.
 */
import { InvalidArgumentError } from '../../errors.js';
import { decimalOf } from '../../log/partition-value.js';
import { parseDate, parseTimestamp } from '../../log/schema/scalar-text.js';
import type { PrimitiveName } from '../../log/schema/types.js';
import type { BoundColumn, BoundComparison, BoundNode } from './bound.js';
import { bytesOf, type Literal } from './literal.js';

/**
 * @throws InvalidArgumentError, naming column and type, when such a column is not compared with
 * such a constant
 */
export function bindComparison(
  column: BoundColumn,
  op: BoundComparison,
  literal: Literal,
): BoundNode {
  const { type } = column;
  if (typeof type !== 'string') {
    throw new InvalidArgumentError({
      message: `column ${label(column)} is of type ${type.type} and is not compared`,
      option: 'where',
      expected: "isNull, or for a struct the path to one of its fields, such as ['a', 'b']",
    });
  }
  switch (type) {
    case 'string':
      if (typeof literal === 'string') return { kind: 'compare', column, op, value: literal };
      throw mismatch(column, 'a string');
    case 'boolean':
      if (typeof literal === 'boolean') return { kind: 'compare', column, op, value: literal };
      throw mismatch(column, 'a boolean');
    case 'binary':
      if (typeof literal === 'object' && literal.kind === 'binary') {
        return { kind: 'compare', column, op, value: bytesOf(literal) };
      }
      throw mismatch(column, 'a Uint8Array');
    case 'float':
    case 'double':
      return bindFloating(column, op, literal);
    case 'void':
      return { kind: 'known', column, value: false };
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
      return bindOrdinal(column, op, ordinalRange(type), timeOf(column, type, literal));
    default:
      return bindOrdinal(column, op, ordinalRange(type), numberOf(column, type, literal));
  }
}

/** The values of a type that are counted in steps, and how many decimal digits a step is. */
interface OrdinalRange {
  readonly lowest: bigint;
  readonly highest: bigint;
  readonly scale: number;
  readonly scalar: (value: bigint) => number | bigint;
}

/**
 * A constant counted in the steps of a type: between `floor` and the step above, or on `floor` when
 * exact.
 */
type Position = { readonly floor: bigint; readonly exact: boolean } | 'above all' | 'below all';

function ordinalRange(type: PrimitiveName): OrdinalRange {
  switch (type) {
    case 'byte':
      return bits(8n);
    case 'short':
      return bits(16n);
    case 'integer':
    case 'date':
      return bits(32n);
    case 'long':
    case 'timestamp':
    case 'timestamp_ntz':
      return bits(64n);
    default: {
      const { precision, scale } = decimalOf(type);
      const highest = 10n ** BigInt(precision) - 1n;
      return { lowest: -highest, highest, scale, scalar: (value) => value };
    }
  }
}

function bits(count: bigint): OrdinalRange {
  const half = 1n << (count - 1n);
  const scalar = (value: bigint): number | bigint => (count === 64n ? value : Number(value));
  return { lowest: -half, highest: half - 1n, scale: 0, scalar };
}

/** Leaves only `eq`, `lte` and `gt`, and only for values of the type. */
function bindOrdinal(
  column: BoundColumn,
  op: BoundComparison,
  range: OrdinalRange,
  position: Position,
): BoundNode {
  const known = (value: boolean): BoundNode => ({ kind: 'known', column, value });
  const upTo = op === 'lt' || op === 'lte';
  if (position === 'above all') return known(upTo);
  if (position === 'below all') return known(op === 'gt' || op === 'gte');
  const { floor, exact } = position;
  const { lowest, highest, scalar } = range;
  if (op === 'eq') {
    if (!exact || floor < lowest || floor > highest) return known(false);
    return { kind: 'compare', column, op, value: scalar(floor) };
  }
  const last = exact && (op === 'lt' || op === 'gte') ? floor - 1n : floor;
  if (last >= highest) return known(upTo);
  if (last < lowest) return known(!upTo);
  return { kind: 'compare', column, op: upTo ? 'lte' : 'gt', value: scalar(last) };
}

function numberOf(column: BoundColumn, type: PrimitiveName, literal: Literal): Position {
  const { scale } = ordinalRange(type);
  if (typeof literal === 'bigint') {
    return { floor: literal * 10n ** BigInt(scale), exact: true };
  }
  if (typeof literal === 'number') {
    if (Number.isFinite(literal)) return exactly(column, String(literal), scale);
    return literal === Number.NEGATIVE_INFINITY ? 'below all' : 'above all';
  }
  const isDecimal = type.startsWith('decimal');
  if (typeof literal === 'string' && isDecimal) return exactly(column, literal, scale);
  if (typeof literal === 'string' && type === 'long' && /^-?\d{1,40}$/.test(literal)) {
    return { floor: BigInt(literal), exact: true };
  }
  throw mismatch(
    column,
    isDecimal ? 'a decimal as text, a number or a bigint' : 'a number or bigint',
  );
}

const DECIMAL_TEXT = /^([+-]?)(\d{1,400})(?:\.(\d{0,400}))?(?:[eE]([+-]?\d{1,3}))?$/;

function exactly(column: BoundColumn, text: string, scale: number): Position {
  const parts = DECIMAL_TEXT.exec(text);
  if (parts === null) throw mismatch(column, 'a decimal as text, such as "12.50"');
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const magnitude = BigInt(whole + fraction);
  const digits = sign === '-' ? -magnitude : magnitude;
  const shift = scale - fraction.length + Number(exponent);
  if (shift >= 0) return { floor: digits * 10n ** BigInt(shift), exact: true };
  const step = 10n ** BigInt(-shift);
  const rest = digits % step;
  const floor = digits / step - (rest < 0n ? 1n : 0n);
  return { floor, exact: rest === 0n };
}

const TIME_TEXTS = {
  date: 'text such as "2024-01-31"',
  timestamp: 'a Date, or text with a zone such as "2024-01-31T12:00:00Z"',
  timestamp_ntz: 'text without a zone such as "2024-01-31T12:00:00"',
} as const;

function timeOf(column: BoundColumn, type: keyof typeof TIME_TEXTS, literal: Literal): Position {
  const value = timeValue(type, literal);
  if (value === undefined) throw mismatch(column, TIME_TEXTS[type]);
  return { floor: BigInt(value), exact: true };
}

function timeValue(type: keyof typeof TIME_TEXTS, literal: Literal): bigint | number | undefined {
  if (typeof literal === 'object' && literal.kind === 'timestamp') {
    return type === 'timestamp' ? literal.micros : undefined;
  }
  if (typeof literal !== 'string') return undefined;
  if (type === 'date') return parseDate(literal);
  return parseTimestamp(literal, { zone: type === 'timestamp' ? 'required' : 'forbidden' });
}

function bindFloating(column: BoundColumn, op: BoundComparison, literal: Literal): BoundNode {
  if (typeof literal === 'number') return { kind: 'compare', column, op, value: literal };
  if (typeof literal !== 'bigint') throw mismatch(column, 'a number or bigint');
  const value = Number(literal);
  const isAbove =
    value === Number.POSITIVE_INFINITY || (isFiniteNumber(value) && BigInt(value) > literal);
  const isBelow =
    value === Number.NEGATIVE_INFINITY || (isFiniteNumber(value) && BigInt(value) < literal);
  if (!isAbove && !isBelow) return { kind: 'compare', column, op, value };
  // No double lies between the constant and its nearest double.
  if (op === 'eq') return { kind: 'known', column, value: false };
  const upTo = op === 'lt' || op === 'lte';
  const strict = upTo === isAbove;
  return {
    kind: 'compare',
    column,
    op: upTo ? (strict ? 'lt' : 'lte') : strict ? 'gt' : 'gte',
    value,
  };
}

function isFiniteNumber(value: number): boolean {
  return Number.isFinite(value);
}

function label(column: BoundColumn): string {
  return column.path.join('.');
}

function mismatch(column: BoundColumn, expected: string): InvalidArgumentError {
  const type = typeof column.type === 'string' ? column.type : column.type.type;
  return new InvalidArgumentError({
    message: `column ${label(column)} is of type ${type} and is compared with something else`,
    option: 'where',
    expected,
  });
}
