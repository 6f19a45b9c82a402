/** Comparisons of expressions in a batch, row by row. */
import type { RecordBatch } from 'apache-arrow';
import type { BoundComparison, BoundNode, Form } from './bound.js';
import { compareToDouble } from './decimal-text.js';
import { compareBytes } from './order.js';
import { FALSE, type Outcomes, TRUE, UNKNOWN } from './outcome.js';
import { bytesIn, numbersOf, type Values } from './values.js';

type CompareNode = Extract<BoundNode, { kind: 'compareValues' }>;

/** Marks each row TRUE or FALSE, and UNKNOWN where either side is null. */
export function compareValues(node: CompareNode, batch: RecordBatch, out: Outcomes): void {
  const { op, left, right } = node;
  const codes = CODES[op];
  if (left.form.of === 'text' || left.form.of === 'binary') {
    const sides = { left: bytesIn(left, batch), right: bytesIn(right, batch) };
    mark(sides, (a, b) => codes[Math.sign(compareBytes(a, b)) + 1] ?? FALSE, out);
    return;
  }
  const sides = { left: numbersOf(left, batch), right: numbersOf(right, batch) };
  const order = numberOrder(left.form, right.form);
  mark<number | bigint>(sides, (a, b) => codes[order(a, b) + 1] ?? FALSE, out);
}

interface Sides<T> {
  readonly left: Values<T>;
  readonly right: Values<T>;
}

function mark<T>({ left, right }: Sides<T>, outcome: (a: T, b: T) => number, out: Outcomes): void {
  for (let row = 0; row < out.length; row++) {
    const isUnknown = left.nulls[row] === 1 || right.nulls[row] === 1;
    out[row] = isUnknown ? UNKNOWN : outcome(left.at(row), right.at(row));
  }
}

type Order = (a: number | bigint, b: number | bigint) => number;

/** What a row is when the left side is below, equal, above. */
const CODES: Readonly<Record<BoundComparison, readonly [number, number, number]>> = {
  eq: [FALSE, TRUE, FALSE],
  lt: [TRUE, FALSE, FALSE],
  lte: [TRUE, TRUE, FALSE],
  gt: [FALSE, FALSE, TRUE],
  gte: [FALSE, TRUE, TRUE],
};

/** -1, 0 or 1. */
function numberOrder(a: Form, b: Form): Order {
  if (a.of === 'wide' && b.of === 'floating' && a.scale > 0) {
    return (left, right) => toDouble(left, a.scale, right);
  }
  if (a.of === 'floating' && b.of === 'wide' && b.scale > 0) {
    return (left, right) => -toDouble(right, b.scale, left);
  }
  return exactOrder;
}

function toDouble(digits: number | bigint, scale: number, double: number | bigint): number {
  return compareToDouble({ digits: BigInt(digits), scale }, Number(double));
}

/** JavaScript compares a number with a bigint exactly. NaN equals itself and is above all. */
function exactOrder(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  const aIsNaN = Number.isNaN(a);
  return aIsNaN === Number.isNaN(b) ? 0 : aIsNaN ? 1 : -1;
}
