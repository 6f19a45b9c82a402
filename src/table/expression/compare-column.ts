/**
 * Comparisons of a whole Arrow column with constants. Each loop is for one kind of buffer, so that
 * the engine compiles it for that kind; nulls are the caller's to mark.
 */
import { type Data, Type } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import type { BoundColumn, BoundComparison, BoundNode } from './bound.js';
import { compareToBytes, type Texts, textBytes, textsOf } from './match-column.js';
import { compareValues } from './order.js';
import { FALSE, type Outcomes, TRUE } from './outcome.js';

type CompareNode = Extract<BoundNode, { kind: 'compare' }>;
type InNode = Extract<BoundNode, { kind: 'in' }>;

/** Marks each row TRUE or FALSE; what it marks a null is of no meaning. */
export function compareColumn(data: Data, node: CompareNode, out: Outcomes): void {
  const { column, op, value } = node;
  switch (column.type) {
    case 'byte':
    case 'short':
    case 'integer':
    case 'date':
      return compareIntegers(integersOf(data, column), op, value as number, out);
    case 'long':
    case 'timestamp':
    case 'timestamp_ntz':
      return compareLongs(longsOf(data, column), op, value as bigint, out);
    case 'float':
    case 'double':
      return compareDoubles(doublesOf(data, column), op, value as number, out);
    case 'boolean':
      return compareBooleans(data, (bit) => holds(op, compareValues(bit, value)), out);
    case 'string':
    case 'binary':
      return compareTexts(textsOf(data, column), op, textBytes(value), out);
    default:
      return compareDecimals(decimalsOf(data, column), op, value as bigint, out);
  }
}

/** As {@link compareColumn}, for a list: TRUE where the column equals one of it. */
export function findInColumn(data: Data, node: InNode, out: Outcomes): void {
  const { column, values } = node;
  switch (column.type) {
    case 'byte':
    case 'short':
    case 'integer':
    case 'date':
      return findNumbers(integersOf(data, column), values as readonly number[], out);
    case 'float':
    case 'double':
      return findNumbers(doublesOf(data, column), values as readonly number[], out);
    case 'boolean':
      return compareBooleans(data, (bit) => values.includes(bit), out);
    case 'long':
    case 'timestamp':
    case 'timestamp_ntz': {
      const words = longsOf(data, column);
      const wanted = values.map((value) => wordsOf(value as bigint, LONG_WORDS));
      return search(out, wanted, (row, words2) => compareWords(words, row * LONG_WORDS, words2));
    }
    case 'string':
    case 'binary': {
      const texts = textsOf(data, column);
      return search(out, values.map(textBytes), (row, bytes) => compareToBytes(texts, row, bytes));
    }
    default: {
      const words = decimalsOf(data, column);
      const wanted = values.map((value) => wordsOf(value as bigint, DECIMAL_WORDS));
      return search(out, wanted, (row, words2) => compareWords(words, row * DECIMAL_WORDS, words2));
    }
  }
}

function holds(op: BoundComparison, order: number): boolean {
  switch (op) {
    case 'eq':
      return order === 0;
    case 'lt':
      return order < 0;
    case 'lte':
      return order <= 0;
    case 'gt':
      return order > 0;
    case 'gte':
      return order >= 0;
  }
}

function compareIntegers(
  values: Int32Array,
  op: BoundComparison,
  value: number,
  out: Outcomes,
): void {
  if (op === 'eq') {
    for (let row = 0; row < out.length; row++) out[row] = code(values[row] === value);
    return;
  }
  const { highest, flip } = upTo(op, value);
  for (let row = 0; row < out.length; row++) {
    out[row] = code((values[row] as number) <= highest) ^ flip;
  }
}

/** An order of integers as "up to" another: the other half is the same with its codes exchanged. */
function upTo(
  op: Exclude<BoundComparison, 'eq'>,
  value: number,
): { readonly highest: number; readonly flip: number } {
  const highest = op === 'lt' || op === 'gte' ? value - 1 : value;
  return { highest, flip: op === 'gt' || op === 'gte' ? TRUE : FALSE };
}

/** Made without a branch: one that depends on the data costs ten times as much. */
function code(isTrue: boolean): number {
  return Number(isTrue) << 1;
}

/** "greater" is "not less or equal", which is how NaN comes to be above all numbers. */
function compareDoubles(
  values: Float64Array,
  op: BoundComparison,
  value: number,
  out: Outcomes,
): void {
  if (Number.isNaN(value)) {
    compareToNaN(values, op, out);
    return;
  }
  const flip = op === 'gt' || op === 'gte' ? TRUE : FALSE;
  if (op === 'eq') {
    for (let row = 0; row < out.length; row++) out[row] = code(values[row] === value);
  } else if (op === 'lt' || op === 'gte') {
    for (let row = 0; row < out.length; row++) {
      out[row] = code((values[row] as number) < value) ^ flip;
    }
  } else {
    for (let row = 0; row < out.length; row++) {
      out[row] = code((values[row] as number) <= value) ^ flip;
    }
  }
}

function compareToNaN(values: Float64Array, op: BoundComparison, out: Outcomes): void {
  if (op === 'lte' || op === 'gt') {
    out.fill(op === 'lte' ? TRUE : FALSE);
    return;
  }
  const flip = op === 'lt' ? TRUE : FALSE;
  for (let row = 0; row < out.length; row++) {
    const candidate = values[row];
    // biome-ignore lint/suspicious/noSelfCompare: only NaN differs from itself, and faster than isNaN
    out[row] = code(candidate !== candidate) ^ flip;
  }
}

function compareBooleans(data: Data, test: (bit: boolean) => boolean, out: Outcomes): void {
  const bits = data.values as Uint8Array;
  const { offset } = data;
  const codes = [test(false) ? TRUE : FALSE, test(true) ? TRUE : FALSE] as const;
  for (let row = 0; row < out.length; row++) {
    const at = offset + row;
    out[row] = codes[(((bits[at >> 3] as number) >> (at & 7)) & 1) as 0 | 1];
  }
}

const LONG_WORDS = 2;
const DECIMAL_WORDS = 4;
const WORD_BITS = 32n;

/** A 64-bit integer as its two 32-bit words, the low one first: comparing them makes no bigint. */
function compareLongs(words: Int32Array, op: BoundComparison, value: bigint, out: Outcomes): void {
  const [low = 0, high = 0] = wordsOf(value, LONG_WORDS);
  if (op === 'eq') {
    for (let row = 0, at = 0; row < out.length; row++, at += LONG_WORDS) {
      const difference = ((words[at] as number) ^ low) | ((words[at + 1] as number) ^ high);
      out[row] = code(difference === 0);
    }
    return;
  }
  const flip = op === 'gt' || op === 'gte' ? TRUE : FALSE;
  // Below a long is up to the one before it; there is none before the lowest, and binding asks for nothing below it.
  const [lastLow = 0, lastHigh = 0] =
    op === 'lt' || op === 'gte' ? wordsOf(value - 1n, LONG_WORDS) : [low, high];
  const unsignedLow = lastLow >>> 0;
  for (let row = 0, at = 0; row < out.length; row++, at += LONG_WORDS) {
    const candidate = words[at + 1] as number;
    const isUpToLow = Number((words[at] as number) >>> 0 <= unsignedLow);
    const isUpTo = Number(candidate < lastHigh) | (Number(candidate === lastHigh) & isUpToLow);
    out[row] = (isUpTo << 1) ^ flip;
  }
}

function compareDecimals(
  words: Int32Array,
  op: BoundComparison,
  value: bigint,
  out: Outcomes,
): void {
  const wanted = wordsOf(value, DECIMAL_WORDS);
  for (let row = 0; row < out.length; row++) {
    out[row] = holds(op, compareWords(words, row * DECIMAL_WORDS, wanted)) ? TRUE : FALSE;
  }
}

function compareTexts(texts: Texts, op: BoundComparison, value: Uint8Array, out: Outcomes): void {
  const { offsets } = texts;
  for (let row = 0; row < out.length; row++) {
    if (op === 'eq') {
      const length = (offsets[row + 1] as number) - (offsets[row] as number);
      const equal = length === value.length && compareToBytes(texts, row, value) === 0;
      out[row] = equal ? TRUE : FALSE;
    } else {
      out[row] = holds(op, compareToBytes(texts, row, value)) ? TRUE : FALSE;
    }
  }
}

/** A Set finds NaN, and -0 for 0, as conditions do. */
function findNumbers(
  values: Int32Array | Float64Array,
  wanted: readonly number[],
  out: Outcomes,
): void {
  const set = new Set(wanted);
  for (let row = 0; row < out.length; row++) {
    out[row] = set.has(values[row] as number) ? TRUE : FALSE;
  }
}

/** Binary search of each row in an ascending list. */
function search<T>(
  out: Outcomes,
  wanted: readonly T[],
  compare: (row: number, wanted: T) => number,
): void {
  for (let row = 0; row < out.length; row++) {
    let from = 0;
    let to = wanted.length;
    let found: number = FALSE;
    while (from < to) {
      const middle = (from + to) >> 1;
      const order = compare(row, wanted[middle] as T);
      if (order === 0) {
        found = TRUE;
        break;
      }
      if (order < 0) to = middle;
      else from = middle + 1;
    }
    out[row] = found;
  }
}

/** Two's complement in 32-bit words, the lowest first. */
function wordsOf(value: bigint, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, at) =>
    Number(BigInt.asIntN(32, value >> (WORD_BITS * BigInt(at)))),
  );
}

/**
 * The order of the integer at `at` and another of as many words: the highest word is signed, the
 * others are not.
 */
function compareWords(words: Int32Array, at: number, other: Int32Array): number {
  const top = other.length - 1;
  const high = (words[at + top] as number) - (other[top] as number);
  if (high !== 0) return high;
  for (let word = top - 1; word >= 0; word--) {
    const difference = ((words[at + word] as number) >>> 0) - ((other[word] as number) >>> 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function integersOf(data: Data, column: BoundColumn): Int32Array {
  const { values } = data;
  if (values instanceof Int32Array) return values;
  // A copy, so that the loops above meet one kind of array only.
  if (values instanceof Int16Array || values instanceof Int8Array) return new Int32Array(values);
  throw wrongArrow(data, column);
}

function doublesOf(data: Data, column: BoundColumn): Float64Array {
  const { values } = data;
  if (values instanceof Float64Array) return values;
  if (values instanceof Float32Array) return new Float64Array(values);
  throw wrongArrow(data, column);
}

function longsOf(data: Data, column: BoundColumn): Int32Array {
  const { values } = data;
  if (!(values instanceof BigInt64Array)) throw wrongArrow(data, column);
  return new Int32Array(values.buffer, values.byteOffset, values.length * LONG_WORDS);
}

function decimalsOf(data: Data, column: BoundColumn): Int32Array {
  const { values } = data;
  if (!(values instanceof Uint32Array)) throw wrongArrow(data, column);
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

function wrongArrow(data: Data, column: BoundColumn): InternalError {
  return new InternalError({
    message: `column ${column.path.join('.')} came as arrow ${Type[data.typeId]}`,
  });
}
