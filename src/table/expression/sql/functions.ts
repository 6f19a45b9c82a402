/** The functions and operators that make a value of others. What they make of constants is a constant. */
import { formatDate } from '../../../log/schema/scalar-text.js';
import type { Expression } from '../ast.js';
import { parseAnyDecimal } from '../decimal-text.js';
import type { Literal } from '../literal.js';
import { checkedLength } from '../values.js';
import { floatingConstant, textConstant } from './constants.js';
import type { SqlSource } from './source.js';
import type { Term, Terms } from './terms.js';

type Made = (terms: Terms, at: number, parts: readonly Term[]) => Term;

interface SqlFunction {
  /** How many parts it takes: exactly so many, or any number when undefined. */
  readonly parts: number | undefined;
  readonly make: Made;
}

/** By name in lower case. */
export const FUNCTIONS: ReadonlyMap<string, SqlFunction> = new Map([
  ['concat', { parts: undefined, make: concat }],
  ['repeat', { parts: 2, make: repeat }],
  ['mod', { parts: 2, make: remainder }],
  ['startswith', { parts: 2, make: startsWith }],
  ['double', { parts: 1, make: floating('double') }],
  ['float', { parts: 1, make: floating('float') }],
]);

/** What `%` makes; null where a part is. */
export function remainder(terms: Terms, at: number, parts: readonly Term[]): Term {
  const [left, right] = valuesOf(terms, parts);
  if (left === undefined || right === undefined) return { kind: 'null', at };
  if (right.op === 'literal' && isZero(right.value)) {
    throw terms.source.failure(parts[1]?.at ?? at, 'the remainder by zero is no number');
  }
  for (const [index, part] of [left, right].entries()) {
    if (part.op === 'literal') checkNumber(terms.source, parts[index]?.at ?? at, part.value);
  }
  if (left.op === 'literal' && right.op === 'literal') {
    const value = foldedRemainder(left.value, right.value);
    if (value !== undefined) return { kind: 'value', at, value: { op: 'literal', value } };
  }
  return { kind: 'value', at, value: { op: 'remainder', left, right } };
}

/** What `concat` and `||` make; null where a part is. */
export function concat(terms: Terms, at: number, parts: readonly Term[]): Term {
  const pieces: Expression[] = [];
  for (const [index, value] of valuesOf(terms, parts).entries()) {
    if (value === undefined) return { kind: 'null', at };
    const piece = asText(terms.source, parts[index]?.at ?? at, value);
    if (piece.op === 'concat') for (const part of piece.parts) pieces.push(part);
    else pieces.push(piece);
  }
  const texts = pieces.map(literalText);
  if (!texts.includes(undefined)) {
    checkedLength(texts.reduce((sum, text) => sum + bytesOf(text ?? ''), 0));
    return textTerm(terms.source, at, texts.join(''));
  }
  return { kind: 'value', at, value: { op: 'concat', parts: pieces } };
}

function repeat(terms: Terms, at: number, parts: readonly Term[]): Term {
  const [given, times] = valuesOf(terms, parts);
  if (given === undefined || times === undefined) return { kind: 'null', at };
  const text = asText(terms.source, parts[0]?.at ?? at, given);
  if (times.op !== 'literal') return { kind: 'value', at, value: { op: 'repeat', text, times } };
  if (typeof times.value !== 'bigint') {
    throw terms.source.failure(parts[1]?.at ?? at, 'repeat takes how often as an integer');
  }
  const constant = literalText(text);
  if (constant === undefined) return { kind: 'value', at, value: { op: 'repeat', text, times } };
  const count = times.value > 0n ? Number(times.value) : 0;
  checkedLength(bytesOf(constant) * count);
  return textTerm(terms.source, at, constant === '' ? '' : constant.repeat(count));
}

function startsWith(terms: Terms, at: number, parts: readonly Term[]): Term {
  const [subject, prefix] = parts as readonly [Term, Term];
  const text = terms.operand(prefix).value;
  if (text === undefined) return { kind: 'condition', at, node: { op: 'unknown' } };
  const constant = literalText(text);
  if (constant === undefined) {
    throw terms.source.failure(prefix.at, 'startswith takes its prefix as a constant text');
  }
  return terms.textTest(subject, 'startswith', (column) => ({
    op: 'startsWith',
    column,
    prefix: constant,
  }));
}

function floating(type: 'float' | 'double'): Made {
  return (terms, at, [part]) => {
    const term = part as Term;
    const { value } = terms.operand(term);
    if (value === undefined) return { kind: 'null', at };
    const number = value.op === 'literal' ? floatingConstant(type, value.value) : undefined;
    if (number !== undefined) return { kind: 'value', at, value: { op: 'literal', value: number } };
    throw terms.source.failure(
      term.at,
      `${type} takes a constant number or its text`,
      `${type}('NaN')`,
    );
  };
}

function valuesOf(terms: Terms, parts: readonly Term[]): readonly (Expression | undefined)[] {
  return parts.map((part) => terms.operand(part).value);
}

function textTerm(source: SqlSource, at: number, text: string): Term {
  return { kind: 'value', at, value: { op: 'literal', value: textConstant(source, at, text) } };
}

/** A part of a text: constants become text as Spark writes them. */
function asText(source: SqlSource, at: number, value: Expression): Expression {
  if (value.op === 'remainder') throw source.failure(at, 'a number is not made text here');
  if (value.op !== 'literal') return value;
  const text = constantText(value.value);
  if (text !== undefined) return { op: 'literal', value: text };
  throw source.failure(at, 'a constant of this type is not made text', 'text in quotes');
}

function constantText(value: Literal): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return undefined;
    default:
      if (value.kind === 'text') return value.text;
      return value.kind === 'date' ? formatDate(value.days) : undefined;
  }
}

function literalText(value: Expression): string | undefined {
  if (value.op !== 'literal') return undefined;
  const { value: literal } = value;
  if (typeof literal === 'string') return literal;
  return typeof literal === 'object' && literal.kind === 'text' ? literal.text : undefined;
}

/** In UTF-8. */
function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

const encoder = new TextEncoder();

function isZero(value: Literal): boolean {
  if (typeof value === 'object' && value.kind === 'decimal') {
    return parseAnyDecimal(value.text)?.digits === 0n;
  }
  return value === 0n || value === 0;
}

function checkNumber(source: SqlSource, at: number, value: Literal): void {
  const isNumber = typeof value === 'object' ? value.kind === 'decimal' : NUMBERS.has(typeof value);
  if (!isNumber) throw source.failure(at, 'the operator % takes numbers, and this is none');
}

const NUMBERS: ReadonlySet<string> = new Set(['number', 'bigint']);

function foldedRemainder(left: Literal, right: Literal): Literal | undefined {
  if (typeof left === 'bigint' && typeof right === 'bigint') return left % right;
  return typeof left === 'number' && typeof right === 'number' ? left % right : undefined;
}
