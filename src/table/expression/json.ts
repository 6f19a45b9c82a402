/** The JSON door to a condition: what a tracker recorded, and what crossed a process. */

import { InvalidArgumentError, LimitError } from '../../errors.js';
import { describeValue } from '../row/describe-value.js';
import {
  COMPARISONS,
  type Comparison,
  type Expression,
  MAX_PREDICATE_DEPTH,
  type Node,
} from './ast.js';
import { checkColumn, checkConditions, checkPattern } from './check.js';
import { predicateOf } from './condition.js';
import { literalFromJson, textOf } from './literal.js';
import type { Predicate } from './predicate-types.js';

/**
 * The condition that `JSON.parse(JSON.stringify(predicate))` describes. Which columns it names is
 * checked when it is used; `R` is the caller's word for it.
 *
 * @throws InvalidArgumentError when it is not such a description: an unknown `op`, a missing or an
 * unknown member
 * @throws LimitError when it nests deeper than a condition may
 */
export function predicateFromJson<R = never>(json: unknown): Predicate<R> {
  return predicateOf(parseNode(json, 1));
}

type Members = { readonly [name: string]: unknown };

function parseNode(json: unknown, depth: number): Node {
  const members = membersOf(json, depth);
  const op = members['op'];
  const comparison = comparisonOf(op);
  if (comparison !== undefined) {
    const [column, value] = take(members, 'column', 'value');
    const place = `value of ${comparison}`;
    return { op: comparison, column: checkColumn(column), value: literalFromJson(value, place) };
  }
  switch (op) {
    case 'and':
    case 'or': {
      const [conditions] = take(members, 'conditions');
      const parsed = arrayOf(conditions, op).map((item) => parseNode(item, depth + 1));
      return { op, conditions: checkConditions(op, parsed) };
    }
    case 'not': {
      const [condition] = take(members, 'condition');
      return { op, condition: parseNode(condition, depth + 1) };
    }
    case 'compare': {
      const [name, left, right] = take(members, 'comparison', 'left', 'right');
      const known = comparisonOf(name);
      if (known === undefined) throw refused(`there is no comparison ${JSON.stringify(name)}`);
      return {
        op,
        comparison: known,
        left: parseExpression(left, depth + 1),
        right: parseExpression(right, depth + 1),
      };
    }
    case 'everyRow':
    case 'unknown':
      take(members);
      return { op };
    default:
      return parseColumnTest(op, members);
  }
}

function comparisonOf(name: unknown): Comparison | undefined {
  return COMPARISONS.find((known) => known === name);
}

function parseExpression(json: unknown, depth: number): Expression {
  const members = membersOf(json, depth);
  const op = members['op'];
  switch (op) {
    case 'column': {
      const [column] = take(members, 'column');
      return { op, column: checkColumn(column) };
    }
    case 'literal': {
      const [value] = take(members, 'value');
      return { op, value: literalFromJson(value, 'value of literal') };
    }
    case 'remainder': {
      const [left, right] = take(members, 'left', 'right');
      return {
        op,
        left: parseExpression(left, depth + 1),
        right: parseExpression(right, depth + 1),
      };
    }
    case 'concat': {
      const [parts] = take(members, 'parts');
      return { op, parts: arrayOf(parts, op).map((part) => parseExpression(part, depth + 1)) };
    }
    case 'repeat': {
      const [text, times] = take(members, 'text', 'times');
      return {
        op,
        text: parseExpression(text, depth + 1),
        times: parseExpression(times, depth + 1),
      };
    }
    default:
      throw refused(`the JSON of an expression has as its op ${describeValue(op)}`);
  }
}

function membersOf(json: unknown, depth: number): Members {
  if (depth > MAX_PREDICATE_DEPTH) {
    throw new LimitError({
      message: 'the JSON of the condition is nested too deeply',
      limit: 'MAX_PREDICATE_DEPTH',
      value: depth,
      max: MAX_PREDICATE_DEPTH,
    });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw refused('the JSON of a condition is not an object');
  }
  return json as Members;
}

function parseColumnTest(op: unknown, members: Members): Node {
  switch (op) {
    case 'isIn': {
      const [column, values] = take(members, 'column', 'values');
      const literals = arrayOf(values, op).map((item) => literalFromJson(item, 'value of isIn'));
      return { op, column: checkColumn(column), values: literals };
    }
    case 'between': {
      const [column, low, high] = take(members, 'column', 'low', 'high');
      return {
        op,
        column: checkColumn(column),
        low: literalFromJson(low, 'low end of between'),
        high: literalFromJson(high, 'high end of between'),
      };
    }
    case 'isNull': {
      const [column] = take(members, 'column');
      return { op, column: checkColumn(column) };
    }
    case 'like': {
      const [column, pattern] = take(members, 'column', 'pattern');
      return { op, column: checkColumn(column), pattern: checkPattern(pattern) };
    }
    case 'startsWith': {
      const [column, prefix] = take(members, 'column', 'prefix');
      return { op, column: checkColumn(column), prefix: textOf(prefix, 'prefix of startsWith') };
    }
    default:
      throw refused(`the JSON of a condition has as its op ${describeValue(op)}`);
  }
}

/** The values of exactly these members beside `op`. */
function take(members: Members, ...names: readonly string[]): unknown[] {
  const unknown = Object.keys(members).find((name) => name !== 'op' && !names.includes(name));
  if (unknown !== undefined) {
    throw refused(`the JSON of a condition has a member ${JSON.stringify(unknown)} too many`);
  }
  return names.map((name) => {
    if (!Object.hasOwn(members, name)) throw refused(`the JSON of a condition lacks "${name}"`);
    return members[name];
  });
}

function arrayOf(value: unknown, op: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw refused(`the JSON of ${op} holds no array`);
}

function refused(message: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message,
    option: 'where',
    expected: 'what JSON.stringify gives of a condition',
  });
}
