/**
 * Conditions on rows, as functions. A condition is true, false or, where a null is compared,
 * unknown; what `where` keeps is the rows for which it is true. A column is its exact name, dots
 * included, or an array of names for a field of a struct. Everything wrong that needs no table to
 * see is INVALID_ARGUMENT at once.
 */
import type { Comparison } from './ast.js';
import { checkColumn, checkConditions, checkList, checkPattern } from './check.js';
import { nodeOf, predicateOf } from './condition.js';
import { literalOf, textOf } from './literal.js';
import type { ColumnRef, Comparable, Has, Needs, Predicate, RowsOf } from './predicate-types.js';

/**
 * The column equals `value`. NaN equals NaN, 0 equals -0. Numbers compare as the exact decimals
 * they print as, so `eq('price', 0.1)` finds the decimal 0.10; a float column holds 32-bit numbers,
 * of which `Math.fround(0.1)` is one and 0.1 is not.
 *
 * @throws InvalidArgumentError when `value` is null (use {@link isNull}), undefined or no column's
 * value
 */
export function eq<const C extends ColumnRef, V extends Comparable>(
  column: C,
  value: V,
): Predicate<Needs<C, V>> {
  return compare('eq', column, value);
}

/** The column is not null and differs from `value`. */
export function ne<const C extends ColumnRef, V extends Comparable>(
  column: C,
  value: V,
): Predicate<Needs<C, V>> {
  return compare('ne', column, value);
}

/**
 * The column is greater than `value`. Text and binary go by their (UTF-8) bytes; NaN is above all
 * other numbers.
 */
export function gt<const C extends ColumnRef, V extends Comparable>(
  column: C,
  value: V,
): Predicate<Needs<C, V>> {
  return compare('gt', column, value);
}

/** The column is greater than `value` or equals it. */
export function gte<const C extends ColumnRef, V extends Comparable>(
  column: C,
  value: V,
): Predicate<Needs<C, V>> {
  return compare('gte', column, value);
}

/** The column is less than `value`. */
export function lt<const C extends ColumnRef, V extends Comparable>(
  column: C,
  value: V,
): Predicate<Needs<C, V>> {
  return compare('lt', column, value);
}

/** The column is less than `value` or equals it. */
export function lte<const C extends ColumnRef, V extends Comparable>(
  column: C,
  value: V,
): Predicate<Needs<C, V>> {
  return compare('lte', column, value);
}

/** The column equals one of `values`; of none when there are none. */
export function isIn<const C extends ColumnRef, V extends Comparable>(
  column: C,
  values: readonly V[],
): Predicate<Needs<C, V>> {
  const path = checkColumn(column);
  const literals = checkList(values).map((value) => literalOf(value, place('isIn', path)));
  return predicateOf({ op: 'isIn', column: path, values: literals });
}

/** The column is neither below `low` nor above `high`. */
export function between<const C extends ColumnRef, V extends Comparable>(
  column: C,
  low: V,
  high: V,
): Predicate<Needs<C, V>> {
  const path = checkColumn(column);
  return predicateOf({
    op: 'between',
    column: path,
    low: literalOf(low, place('between', path)),
    high: literalOf(high, place('between', path)),
  });
}

/** The column is null, or a struct around it is. Never unknown. */
export function isNull<const C extends ColumnRef>(column: C): Predicate<Has<C>> {
  return predicateOf({ op: 'isNull', column: checkColumn(column) });
}

/**
 * The whole text of the column fits `pattern`: `%` is any text, `_` any one character (code point),
 * and `\` takes the meaning from `%`, `_` and `\`. Upper and lower case differ.
 */
export function like<const C extends ColumnRef>(
  column: C,
  pattern: string,
): Predicate<Needs<C, string>> {
  return predicateOf({
    op: 'like',
    column: checkColumn(column),
    pattern: checkPattern(pattern),
  });
}

/** The text of the column begins with `prefix`. */
export function startsWith<const C extends ColumnRef>(
  column: C,
  prefix: string,
): Predicate<Needs<C, string>> {
  const path = checkColumn(column);
  return predicateOf({
    op: 'startsWith',
    column: path,
    prefix: textOf(prefix, place('startsWith', path)),
  });
}

/**
 * All conditions are true; false when one is false, else unknown.
 *
 * @throws InvalidArgumentError without a condition
 */
export function and<const P extends readonly Predicate[]>(...conditions: P): Predicate<RowsOf<P>> {
  const nodes = conditions.map((condition) => nodeOf(condition, 'and'));
  return predicateOf({ op: 'and', conditions: checkConditions('and', nodes) });
}

/**
 * One condition at least is true; unknown when none is true and one is unknown.
 *
 * @throws InvalidArgumentError without a condition
 */
export function or<const P extends readonly Predicate[]>(...conditions: P): Predicate<RowsOf<P>> {
  const nodes = conditions.map((condition) => nodeOf(condition, 'or'));
  return predicateOf({ op: 'or', conditions: checkConditions('or', nodes) });
}

/** True where the condition is false; unknown stays unknown. */
export function not<R>(condition: Predicate<R>): Predicate<R> {
  return predicateOf({ op: 'not', condition: nodeOf(condition as Predicate, 'not') });
}

/** True for every row: what a verb that must be told which rows is told for all of them. */
export const everyRow: Predicate<unknown> = predicateOf({ op: 'everyRow' });

function compare<R>(op: Comparison, column: ColumnRef, value: unknown): Predicate<R> {
  const path = checkColumn(column);
  return predicateOf({ op, column: path, value: literalOf(value, place(op, path)) });
}

function place(op: string, path: readonly string[]): string {
  return `value of ${op}(${JSON.stringify(path.length === 1 ? path[0] : path)})`;
}
