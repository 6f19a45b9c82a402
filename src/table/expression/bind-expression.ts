/**
 * Comparisons of expressions: each side gets a form, and both are brought to one form in which their order is exact.
 */
import { InvalidArgumentError } from '../../errors.js';
import { decimalOf } from '../../log/partition-value.js';
import type { PrimitiveName } from '../../log/schema/types.js';
import type { ColumnPath, Expression } from './ast.js';
import type { BoundColumn, BoundComparison, BoundExpression, BoundNode, Form } from './bound.js';
import { type Decimal, parseAnyDecimal } from './decimal-text.js';
import { bytesOf, type Literal } from './literal.js';
import { parseSqlDate, parseSqlTimestamp } from './sql/time-text.js';

const MICROS_PER_DAY = 86_400_000_000n;
const encoder = new TextEncoder();

/** Finds the column of a path. */
type FindColumn = (path: ColumnPath) => BoundColumn;

/**
 * @throws InvalidArgumentError when the two are not compared with each other, or a function is not for such values
 */
export function bindCompare(
  op: BoundComparison,
  sides: { readonly left: Expression; readonly right: Expression },
  find: FindColumn,
): BoundNode {
  const first = bindExpression(sides.left, find);
  const second = bindExpression(sides.right, find);
  // A void column is null in every row, and so is all that is made of it.
  if (first === undefined || second === undefined) return { kind: 'constant', value: null };
  const left = readAs(first, sides.left, second.form);
  const right = readAs(second, sides.right, left.form);
  return { kind: 'compareValues', op, ...inOneForm(left, right) };
}

function bindExpression(expression: Expression, find: FindColumn): BoundExpression | undefined {
  switch (expression.op) {
    case 'column': {
      const column = find(expression.column);
      if (column.type === 'void') return undefined;
      return { kind: 'column', column, form: columnForm(column) };
    }
    case 'literal':
      return bindLiteral(expression.value);
    case 'remainder': {
      const left = bindExpression(expression.left, find);
      const right = bindExpression(expression.right, find);
      if (left === undefined || right === undefined) return undefined;
      return bindRemainder(left, right);
    }
    case 'concat': {
      const parts = expression.parts.map((part) => bindExpression(part, find));
      const present = parts.filter((part) => part !== undefined);
      if (present.length < parts.length) return undefined;
      for (const part of present) checkForm(part, ['text'], 'concat takes text');
      return { kind: 'concat', parts: present, form: { of: 'text' } };
    }
    case 'repeat': {
      const text = bindExpression(expression.text, find);
      const times = bindExpression(expression.times, find);
      if (text === undefined || times === undefined) return undefined;
      checkForm(text, ['text'], 'repeat takes text');
      checkForm(times, ['small'], 'repeat takes how often as an integer of 32 bits');
      return { kind: 'repeat', text, times, form: { of: 'text' } };
    }
  }
}

function columnForm(column: BoundColumn): Form {
  const { type, path } = column;
  if (typeof type === 'string' && type !== 'variant') return formOf(type);
  throw new InvalidArgumentError({
    message: `column ${path.join('.')} is of type ${type === 'variant' ? type : type.type} and is not compared`,
    option: 'where',
    expected: 'a column of a primitive type, or the path to a field of one',
  });
}

function formOf(type: PrimitiveName): Form {
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer':
      return { of: 'small' };
    case 'long':
      return { of: 'wide', scale: 0 };
    case 'float':
    case 'double':
      return { of: 'floating' };
    case 'date':
      return { of: 'days' };
    case 'timestamp':
    case 'timestamp_ntz':
      return { of: 'micros' };
    case 'string':
      return { of: 'text' };
    case 'boolean':
    case 'binary':
      return { of: type };
    default:
      return { of: 'wide', scale: decimalOf(type).scale };
  }
}

function bindLiteral(value: Literal): BoundExpression {
  switch (typeof value) {
    case 'string':
      return { kind: 'literal', value: encoder.encode(value), form: { of: 'text' } };
    case 'boolean':
      return { kind: 'literal', value: Number(value), form: { of: 'boolean' } };
    case 'bigint':
      return numberLiteral({ digits: value, scale: 0 });
    case 'number':
      // A double that is an integer counts as one, so that it meets long and decimal columns exactly.
      if (Number.isSafeInteger(value)) return { kind: 'literal', value, form: { of: 'small' } };
      return { kind: 'literal', value, form: { of: 'floating' } };
    default:
      return taggedLiteral(value);
  }
}

function taggedLiteral(literal: Extract<Literal, object>): BoundExpression {
  switch (literal.kind) {
    case 'text':
      return { kind: 'literal', value: encoder.encode(literal.text), form: { of: 'text' } };
    case 'binary':
      return { kind: 'literal', value: bytesOf(literal), form: { of: 'binary' } };
    case 'date':
      return { kind: 'literal', value: literal.days, form: { of: 'days' } };
    case 'timestamp':
    case 'timestamp_ntz':
      return { kind: 'literal', value: literal.micros, form: { of: 'micros' } };
    case 'decimal': {
      const decimal = parseAnyDecimal(literal.text);
      if (decimal !== undefined) return numberLiteral(decimal);
      throw refused(`${literal.text} is not a decimal`, 'digits with a point');
    }
  }
}

function numberLiteral({ digits, scale }: Decimal): BoundExpression {
  if (scale === 0 && BigInt.asIntN(53, digits) === digits) {
    return { kind: 'literal', value: Number(digits), form: { of: 'small' } };
  }
  return { kind: 'literal', value: digits, form: { of: 'wide', scale } };
}

function bindRemainder(left: BoundExpression, right: BoundExpression): BoundExpression {
  for (const side of [left, right]) {
    checkForm(side, ['small', 'wide', 'floating'], 'the operator % takes numbers');
  }
  const pair = inOneForm(left, right);
  if (isOf(pair.left, 'wide') && isOf(pair.right, 'wide')) {
    return { kind: 'remainder', ...pair, form: pair.left.form };
  }
  if (isOf(left, 'wide') || isOf(right, 'wide')) {
    throw refused(
      'the operator % takes no floating number beside a long or a decimal, for it would be rounded',
      'two integers or decimals, or two floating numbers',
    );
  }
  const form: Form =
    isOf(left, 'floating') || isOf(right, 'floating') ? { of: 'floating' } : left.form;
  return { kind: 'remainder', left, right, form };
}

/** Text that SQL takes for a number, a date or a time beside one, as that. */
function readAs(bound: BoundExpression, source: Expression, other: Form): BoundExpression {
  if (source.op !== 'literal' || other.of === 'text') return bound;
  const literal = source.value;
  if (typeof literal !== 'object' || literal.kind !== 'text') return bound;
  const { text } = literal;
  switch (other.of) {
    case 'small':
    case 'wide':
    case 'floating': {
      const decimal = parseAnyDecimal(text.trim());
      return decimal === undefined ? bound : numberLiteral(decimal);
    }
    case 'days': {
      const days = parseSqlDate(text);
      return days === undefined ? bound : { kind: 'literal', value: days, form: other };
    }
    case 'micros': {
      const micros = parseSqlTimestamp(text, 'timestamp')?.micros;
      return micros === undefined ? bound : { kind: 'literal', value: micros, form: other };
    }
    default:
      return bound;
  }
}

interface Pair {
  readonly left: BoundExpression;
  readonly right: BoundExpression;
}

function inOneForm(left: BoundExpression, right: BoundExpression): Pair {
  const a = left.form;
  const b = right.form;
  if (a.of === 'wide' && b.of === 'wide') {
    const scale = Math.max(a.scale, b.scale);
    return { left: toScale(left, scale), right: toScale(right, scale) };
  }
  if (a.of === 'small' && b.of === 'wide') return { left: toScale(left, b.scale), right };
  if (a.of === 'wide' && b.of === 'small') return { left, right: toScale(right, a.scale) };
  if (a.of === 'days' && b.of === 'micros') return { left: toMicros(left), right };
  if (a.of === 'micros' && b.of === 'days') return { left, right: toMicros(right) };
  const areNumbers = [a, b].every(({ of }) => of === 'small' || of === 'wide' || of === 'floating');
  if (areNumbers || a.of === b.of) return { left, right };
  throw refused(`${WORDS[a.of]} is not compared with ${WORDS[b.of]}`, 'values of one kind');
}

const WORDS: Readonly<Record<Form['of'], string>> = {
  small: 'a number',
  wide: 'a number',
  floating: 'a number',
  boolean: 'a boolean',
  days: 'a date',
  micros: 'a timestamp',
  text: 'text',
  binary: 'binary',
};

function toScale(value: BoundExpression, scale: number): BoundExpression {
  const from = value.form.of === 'wide' ? value.form.scale : 0;
  const factor = 10n ** BigInt(scale - from);
  const form: Form = { of: 'wide', scale };
  if (value.kind === 'literal') {
    return { kind: 'literal', value: BigInt(value.value as number | bigint) * factor, form };
  }
  return from === scale && value.form.of === 'wide'
    ? value
    : { kind: 'widened', of: value, factor, form };
}

function toMicros(value: BoundExpression): BoundExpression {
  const form: Form = { of: 'micros' };
  return value.kind === 'literal'
    ? { kind: 'literal', value: BigInt(value.value as number) * MICROS_PER_DAY, form }
    : { kind: 'widened', of: value, factor: MICROS_PER_DAY, form };
}

function isOf(value: BoundExpression, of: Form['of']): boolean {
  return value.form.of === of;
}

function checkForm(value: BoundExpression, allowed: readonly Form['of'][], rule: string): void {
  if (allowed.includes(value.form.of)) return;
  const name = value.kind === 'column' ? `column ${value.column.path.join('.')}` : 'a part';
  throw refused(`${rule}, and ${name} is ${WORDS[value.form.of]}`, rule);
}

function refused(message: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError({ message, option: 'where', expected });
}
