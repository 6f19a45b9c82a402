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
import { compareToDouble, type Decimal, parseAnyDecimal, scaled } from './decimal-text.js';
import { bytesOf, type Literal } from './literal.js';
import { parseSqlDate, parseSqlTimestamp } from './sql/time-text.js';

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
    case 'string': {
      const value = textValue(literal);
      if (value !== undefined) return { kind: 'compare', column, op, value };
      throw mismatch(column, 'a string');
    }
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
    case 'variant':
      throw new InvalidArgumentError({
        message: `column ${label(column)} is of type variant and is not compared`,
        option: 'where',
        expected: 'isNull, or a rowFilter',
      });
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
  if (typeof literal === 'number' && !Number.isFinite(literal)) {
    return literal === Number.NEGATIVE_INFINITY ? 'below all' : 'above all';
  }
  const isDecimal = type.startsWith('decimal');
  const isDigits = (text: string): boolean => isDecimal || /^[+-]?\d+$/.test(text);
  const decimal =
    typeof literal === 'string'
      ? isDecimal || (type === 'long' && /^-?\d{1,40}$/.test(literal))
        ? parseAnyDecimal(literal)
        : undefined
      : numericValue(literal, isDigits);
  if (decimal !== undefined) return positionOf(decimal, scale);
  throw mismatch(
    column,
    isDecimal ? 'a decimal such as "12.50", a number or a bigint' : 'a number or bigint',
  );
}

/** The number that a literal is, or that SQL takes its text for when `accepts` does. */
function numericValue(literal: Literal, accepts: (text: string) => boolean): Decimal | undefined {
  if (typeof literal === 'bigint') return { digits: literal, scale: 0 };
  if (typeof literal === 'number') return parseAnyDecimal(String(literal));
  if (typeof literal !== 'object') return undefined;
  if (literal.kind === 'decimal') return parseAnyDecimal(literal.text);
  if (literal.kind !== 'text') return undefined;
  const text = literal.text.trim();
  return accepts(text) ? parseAnyDecimal(text) : undefined;
}

function positionOf(decimal: Decimal, scale: number): Position {
  if (decimal.scale <= scale) return { floor: scaled(decimal, scale), exact: true };
  return floored(decimal.digits, 10n ** BigInt(decimal.scale - scale));
}

function floored(value: bigint, step: bigint): Position {
  const rest = value % step;
  return { floor: value / step - (rest < 0n ? 1n : 0n), exact: rest === 0n };
}

const TIME_TEXTS = {
  date: 'text such as "2024-01-31"',
  timestamp: 'a Date, or text with a zone such as "2024-01-31T12:00:00Z"',
  timestamp_ntz: 'text without a zone such as "2024-01-31T12:00:00"',
} as const;

function timeOf(column: BoundColumn, type: keyof typeof TIME_TEXTS, literal: Literal): Position {
  const position = timePosition(type, literal);
  if (position === undefined) throw mismatch(column, TIME_TEXTS[type]);
  return position;
}

const MICROS_PER_DAY = 86_400_000_000n;

/** In days or microseconds. What names no zone is compared with an instant as of UTC. */
function timePosition(type: keyof typeof TIME_TEXTS, literal: Literal): Position | undefined {
  if (type !== 'date') return onStep(microsOf(type, literal));
  if (typeof literal === 'string') return onStep(parseDate(literal));
  if (typeof literal !== 'object') return undefined;
  switch (literal.kind) {
    case 'date':
      return onStep(literal.days);
    case 'text':
      return onStep(parseSqlDate(literal.text));
    case 'timestamp_ntz':
      return floored(literal.micros, MICROS_PER_DAY);
    case 'timestamp':
      return literal.zoneless ? floored(literal.micros, MICROS_PER_DAY) : undefined;
    default:
      return undefined;
  }
}

function microsOf(type: 'timestamp' | 'timestamp_ntz', literal: Literal): bigint | undefined {
  if (typeof literal === 'string') {
    return parseTimestamp(literal, { zone: type === 'timestamp' ? 'required' : 'forbidden' });
  }
  if (typeof literal !== 'object') return undefined;
  switch (literal.kind) {
    case 'date':
      return BigInt(literal.days) * MICROS_PER_DAY;
    case 'text':
      return parseSqlTimestamp(literal.text, type)?.micros;
    case 'timestamp_ntz':
      return literal.micros;
    case 'timestamp':
      return type === 'timestamp' || literal.zoneless ? literal.micros : undefined;
    default:
      return undefined;
  }
}

function onStep(value: number | bigint | undefined): Position | undefined {
  return value === undefined ? undefined : { floor: BigInt(value), exact: true };
}

function bindFloating(column: BoundColumn, op: BoundComparison, literal: Literal): BoundNode {
  if (typeof literal === 'number') return { kind: 'compare', column, op, value: literal };
  const exact = numericValue(literal, () => true);
  if (exact === undefined) throw mismatch(column, 'a number or bigint');
  const value = nearestDouble(literal);
  const order = compareToDouble(exact, value);
  if (order === 0) return { kind: 'compare', column, op, value };
  // No double lies between the constant and its nearest double.
  if (op === 'eq') return { kind: 'known', column, value: false };
  const upTo = op === 'lt' || op === 'lte';
  const strict = upTo === order < 0;
  return {
    kind: 'compare',
    column,
    op: upTo ? (strict ? 'lt' : 'lte') : strict ? 'gt' : 'gte',
    value,
  };
}

function nearestDouble(literal: Literal): number {
  return typeof literal === 'object' && 'text' in literal ? Number(literal.text) : Number(literal);
}

/** The text of a literal that may be compared with text. */
function textValue(literal: Literal): string | undefined {
  if (typeof literal === 'string') return literal;
  return typeof literal === 'object' && literal.kind === 'text' ? literal.text : undefined;
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
