/**
 * Which files a condition can concern, from their partition values and statistics: a pure decision
 * in three-valued logic over what each part of the condition may be for some row of the file.
 * Nothing known means everything may be; a file is never ruled out on a doubt.
 */
import type { FileStats, WantedColumn } from '../../log/file-stats.js';
import type { Scalar } from '../../log/schema/scalar.js';
import type { BoundValue } from '../../log/stat-bounds.js';
import { Utf8Text } from '../../log/utf8-text.js';
import type { BoundColumn, BoundComparison, BoundNode, BoundPredicate } from './bound.js';
import { compareValues, type Value } from './order.js';

/** What is known of one file. */
export interface FileFacts {
  /**
   * The file's value of a partition column, null included; `undefined` when it is no partition
   * column.
   */
  partition(column: BoundColumn): Scalar | undefined;
  /** `undefined` when there are none. */
  readonly stats: FileStats | undefined;
  /** False only when no row has that value of a column, as a Bloom filter tells. */
  mayContain?(column: BoundColumn, value: Value): boolean;
}

/** Whether the condition can be true for a row of the file. When not, the file need not be read. */
export function mayMatch(predicate: BoundPredicate, file: FileFacts): boolean {
  return (outcomesOf(predicate.root, file) & CAN_BE_TRUE) !== 0;
}

/**
 * Whether the condition is true for every row of the file, so that it is concerned as a whole.
 * Decided on partition values alone: some writers count no nulls where there are some, and a row
 * must not be lost to that.
 */
export function mustMatch(predicate: BoundPredicate, file: FileFacts): boolean {
  const { root } = predicate;
  const facts: FileFacts = { partition: (column) => file.partition(column), stats: undefined };
  return outcomesOf(root, facts) === CAN_BE_TRUE;
}

/**
 * The columns whose statistics pruning asks for, as `parseFileStats` takes them; once for all
 * files.
 */
export function wantedStats(predicate: BoundPredicate): readonly WantedColumn[] {
  return predicate.columns.flatMap(({ physicalPath, type }) =>
    typeof type === 'string' && type !== 'variant' ? [{ path: physicalPath, type }] : [],
  );
}

/**
 * The same condition with numbers for the bigints that are safe integers: for facts of many files, whose bounds are
 * numbers where they can be, and which are compared several times as quickly so.
 */
export function forManyFiles(predicate: BoundPredicate): BoundPredicate {
  return { ...predicate, root: withNumbers(predicate.root) };
}

function withNumbers(node: BoundNode): BoundNode {
  switch (node.kind) {
    case 'and':
    case 'or':
      return { ...node, nodes: node.nodes.map(withNumbers) };
    case 'not':
      return { ...node, node: withNumbers(node.node) };
    case 'compare':
      return { ...node, value: numberFor(node.value) };
    case 'in':
      return { ...node, values: node.values.map(numberFor) };
    default:
      return node;
  }
}

function numberFor(value: Value): Value {
  const number = typeof value === 'bigint' ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : value;
}

/** A set of outcomes as bits. */
const CAN_BE_TRUE = 1;
const CAN_BE_FALSE = 2;
const CAN_BE_UNKNOWN = 4;
const TRUE_OR_FALSE = CAN_BE_TRUE | CAN_BE_FALSE;

function outcomesOf(node: BoundNode, file: FileFacts): number {
  switch (node.kind) {
    case 'constant':
      if (node.value === null) return CAN_BE_UNKNOWN;
      return node.value ? CAN_BE_TRUE : CAN_BE_FALSE;
    case 'compareValues':
      return TRUE_OR_FALSE | CAN_BE_UNKNOWN;
    case 'not':
      return negated(outcomesOf(node.node, file));
    case 'and':
      return allOf(node.nodes, file, false);
    case 'or':
      return negated(allOf(node.nodes, file, true));
    case 'isNull':
      return nullOutcomes(node.column, file);
    default:
      return testOutcomes(node, file);
  }
}

function negated(outcomes: number): number {
  const swapped =
    (outcomes & CAN_BE_TRUE ? CAN_BE_FALSE : 0) | (outcomes & CAN_BE_FALSE ? CAN_BE_TRUE : 0);
  return swapped | (outcomes & CAN_BE_UNKNOWN);
}

/** What "and" may be when its parts, or their opposites, may be these, each apart from the others. */
function allOf(nodes: readonly BoundNode[], file: FileFacts, opposites: boolean): number {
  let allTrue = CAN_BE_TRUE;
  let any = 0;
  let neverFalse = true;
  for (const node of nodes) {
    const outcomes = outcomesOf(node, file);
    const part = opposites ? negated(outcomes) : outcomes;
    if ((part & CAN_BE_TRUE) === 0) allTrue = 0;
    if ((part & (CAN_BE_TRUE | CAN_BE_UNKNOWN)) === 0) neverFalse = false;
    any |= part;
  }
  const isUnknown = neverFalse ? any & CAN_BE_UNKNOWN : 0;
  return allTrue | (any & CAN_BE_FALSE) | isUnknown;
}

function nullOutcomes(column: BoundColumn, file: FileFacts): number {
  const value = file.partition(column);
  if (value !== undefined) return value === null ? CAN_BE_TRUE : CAN_BE_FALSE;
  const nulls = nullsIn(column, file.stats);
  if (nulls === 'none') return CAN_BE_FALSE;
  return nulls === 'all' ? CAN_BE_TRUE : TRUE_OR_FALSE;
}

type Test = Exclude<
  BoundNode,
  { kind: 'constant' | 'compareValues' | 'not' | 'and' | 'or' | 'isNull' }
>;

function testOutcomes(test: Test, file: FileFacts): number {
  const { column } = test;
  const value = file.partition(column);
  if (value === null) return CAN_BE_UNKNOWN;
  if (value !== undefined) return valueOutcomes(test, { min: value, max: value });
  const nulls = nullsIn(column, file.stats);
  if (nulls === 'all') return CAN_BE_UNKNOWN;
  const within = isRuledOut(test, file)
    ? CAN_BE_FALSE
    : valueOutcomes(test, rangeIn(column, file.stats));
  // Not every writer counts NaN among the values its bounds are of.
  const withNaN = isFloating(column) ? valueOutcomes(test, NAN_RANGE) : 0;
  return within | withNaN | (nulls === 'none' ? 0 : CAN_BE_UNKNOWN);
}

/** Whether a test is for values none of which is there. */
function isRuledOut(test: Test, file: FileFacts): boolean {
  if (file.mayContain === undefined) return false;
  if (test.kind === 'in') {
    return !test.values.some((value) => file.mayContain?.(test.column, value));
  }
  return test.kind === 'compare' && test.op === 'eq' && !file.mayContain(test.column, test.value);
}

/** Bounds of the values that are not null; an absent one is no bound. */
interface Range {
  readonly min: BoundValue | undefined;
  readonly max: BoundValue | undefined;
}

const NAN_RANGE: Range = { min: Number.NaN, max: Number.NaN };
const UNBOUNDED: Range = { min: undefined, max: undefined };

function valueOutcomes(test: Test, range: Range): number {
  switch (test.kind) {
    case 'known':
      return test.value ? CAN_BE_TRUE : CAN_BE_FALSE;
    case 'compare':
      return comparisonOutcomes(test.op, test.value, range);
    case 'in': {
      const { min, max } = range;
      const isOne = min !== undefined && max !== undefined && compareBounds(min, max) === 0;
      const within = anyWithin(test.values, range);
      return (within ? CAN_BE_TRUE : 0) | (within && isOne ? 0 : CAN_BE_FALSE);
    }
    case 'prefix':
      return prefixOutcomes(test.prefix, range);
    case 'like':
      // Where the text before the first wildcard does not fit, nothing does; that it fits is not
      // enough.
      return prefixOutcomes(test.pattern.prefix, range) | CAN_BE_FALSE;
  }
}

function comparisonOutcomes(op: BoundComparison, value: Value, range: Range): number {
  const { min, max } = range;
  const low = min === undefined ? Number.NEGATIVE_INFINITY : compareBound(min, value);
  const high = max === undefined ? Number.POSITIVE_INFINITY : compareBound(max, value);
  switch (op) {
    case 'eq':
      return either(low <= 0 && high >= 0, low !== 0 || high !== 0);
    case 'lt':
      return either(low < 0, high >= 0);
    case 'lte':
      return either(low <= 0, high > 0);
    case 'gt':
      return either(high > 0, low <= 0);
    case 'gte':
      return either(high >= 0, low < 0);
  }
}

function either(canBeTrue: boolean, canBeFalse: boolean): number {
  return (canBeTrue ? CAN_BE_TRUE : 0) | (canBeFalse ? CAN_BE_FALSE : 0);
}

/** Whether one of the values, which ascend, lies in the range. */
function anyWithin(values: readonly Value[], { min, max }: Range): boolean {
  let low = 0;
  let high = min === undefined ? 0 : values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = values[middle];
    if (min !== undefined && value !== undefined && compareBound(min, value) > 0) low = middle + 1;
    else high = middle;
  }
  const first = values[low];
  return first !== undefined && (max === undefined || compareBound(max, first) >= 0);
}

/** As {@link compareValues}; a number and a bigint compare as the numbers they are. */
function compareBound(bound: BoundValue, value: Value): number {
  if (typeof bound !== 'object') return compareValues(bound, value);
  if (bound instanceof Utf8Text) return typeof value === 'string' ? bound.compareTo(value) : 0;
  return compareValues(bound, value);
}

function compareBounds(min: BoundValue, max: BoundValue): number {
  if (typeof min === 'number' && typeof max === 'number') return min - max;
  if (max instanceof Utf8Text) {
    if (min instanceof Utf8Text) return min.compareTo(max);
    return typeof min === 'string' ? -max.compareTo(min) : 0;
  }
  return compareBound(min, max);
}

/** Texts with a common prefix lie side by side, from the prefix itself on. */
function prefixOutcomes(prefix: string, { min, max }: Range): number {
  const minFits = hasPrefix(min, prefix);
  const maxFits = hasPrefix(max, prefix);
  const allAbove = min !== undefined && !minFits && compareBound(min, prefix) > 0;
  const allBelow = max !== undefined && compareBound(max, prefix) < 0;
  return either(!allAbove && !allBelow, !(minFits && maxFits));
}

function hasPrefix(bound: BoundValue | undefined, prefix: string): boolean {
  if (bound instanceof Utf8Text) return bound.startsWith(prefix);
  return typeof bound === 'string' && bound.startsWith(prefix);
}

/** How many rows are null, as far as pruning may rely on it. */
type Nulls = 'none' | 'some' | 'all';

function nullsIn(column: BoundColumn, stats: FileStats | undefined): Nulls {
  if (column.type === 'void') return 'all';
  if (stats === undefined || typeof column.type !== 'string') return 'some';
  const count = stats.nullCount(column.physicalPath);
  if (count === undefined) return 'some';
  // In a struct, some writers do not count the rows in which the struct itself is null.
  if (count === 0) return column.path.length === 1 ? 'none' : 'some';
  return count === stats.numRecords ? 'all' : 'some';
}

function rangeIn(column: BoundColumn, stats: FileStats | undefined): Range {
  if (stats === undefined) return UNBOUNDED;
  const min = stats.min(column.physicalPath);
  const max = stats.max(column.physicalPath);
  // NaN as a minimum tells nothing of the other values: some writers keep what they met first.
  const lower = Number.isNaN(min) ? undefined : min;
  // Bounds that cross are damaged.
  if (lower !== undefined && max !== undefined && compareBounds(lower, max) > 0) return UNBOUNDED;
  return { min: lower, max };
}

function isFloating(column: BoundColumn): boolean {
  return column.type === 'float' || column.type === 'double';
}
