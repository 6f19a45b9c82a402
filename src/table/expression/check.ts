/** The checks that every door to a condition shares, done when it is made and not when it runs. */

import { InvalidArgumentError, LimitError } from '../../errors.js';
import { describeValue } from '../row/describe-value.js';
import type { ColumnPath, Node } from './ast.js';
import { textOf } from './literal.js';

/** UTF-16 units in a pattern; matching may take this many steps for each byte of a value. */
export const MAX_PATTERN_CHARACTERS = 1024;

/**
 * A column's path from what a caller may give: its exact name, or an array of names into a struct.
 *
 * @throws InvalidArgumentError when it is neither
 */
export function checkColumn(column: unknown): ColumnPath {
  const path: readonly unknown[] = Array.isArray(column) ? column : [column];
  const names = path.filter((name) => typeof name === 'string' && name !== '') as string[];
  if (names.length === path.length && names.length > 0) return names;
  throw new InvalidArgumentError({
    message: `a condition names no column but ${describeValue(column)}`,
    option: 'where',
    expected: "a column's name, or an array of names for a field of a struct",
  });
}

/**
 * A pattern of `like`: `%` is any text, `_` one character, and `\` takes the meaning from either
 * and from itself.
 *
 * @throws InvalidArgumentError when a backslash stands before anything else
 * @throws LimitError beyond {@link MAX_PATTERN_CHARACTERS}
 */
export function checkPattern(pattern: unknown): string {
  const text = textOf(pattern, 'pattern of like');
  if (text.length > MAX_PATTERN_CHARACTERS) {
    throw new LimitError({
      message: 'the pattern of like is too long',
      limit: 'MAX_PATTERN_CHARACTERS',
      value: text.length,
      max: MAX_PATTERN_CHARACTERS,
    });
  }
  if (/^(?:[^\\]|\\[%_\\])*$/s.test(text)) return text;
  throw new InvalidArgumentError({
    message: `the pattern ${JSON.stringify(text)} has a backslash that escapes nothing`,
    option: 'where',
    expected: 'a backslash only before %, _ or another backslash',
  });
}

/**
 * The conditions of `and` and `or`, those of the same kind taken out of their own brackets.
 *
 * @throws InvalidArgumentError when there are none: an empty list must never come to mean every row
 */
export function checkConditions(op: 'and' | 'or', conditions: readonly Node[]): readonly Node[] {
  if (conditions.length === 0) {
    throw new InvalidArgumentError({
      message: `${op}() has no condition`,
      option: 'where',
      expected: 'one condition at least; everyRow for all rows',
    });
  }
  return conditions.flatMap((node) => (node.op === op ? node.conditions : [node]));
}

/**
 * The list of `isIn`.
 *
 * @throws InvalidArgumentError when it is no array; a string is not a list of characters
 */
export function checkList(values: unknown): readonly unknown[] {
  // Array.from, for map would skip the holes of a sparse array.
  if (Array.isArray(values)) return Array.from(values as readonly unknown[]);
  throw new InvalidArgumentError({
    message: `the values of isIn are ${values === undefined ? 'undefined' : 'no array'}`,
    option: 'where',
    expected: 'an array of values',
  });
}
