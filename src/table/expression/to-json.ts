/** The JSON form of a condition. */
import type { ColumnPath, Comparison, Expression, Node } from './ast.js';
import { type LiteralJson, literalToJson } from './literal.js';

/** A column's name, or the path to a field of a struct. */
export type ColumnJson = string | readonly string[];

/**
 * The JSON form of a condition. A constant that JSON lacks is an object of one key that names its kind: `number` with
 * the text NaN, `long` with a bigint's digits, and so on.
 */
export type PredicateJson =
  | { readonly op: Comparison; readonly column: ColumnJson; readonly value: LiteralJson }
  | { readonly op: 'isIn'; readonly column: ColumnJson; readonly values: readonly LiteralJson[] }
  | {
      readonly op: 'between';
      readonly column: ColumnJson;
      readonly low: LiteralJson;
      readonly high: LiteralJson;
    }
  | { readonly op: 'isNull'; readonly column: ColumnJson }
  | { readonly op: 'like'; readonly column: ColumnJson; readonly pattern: string }
  | { readonly op: 'startsWith'; readonly column: ColumnJson; readonly prefix: string }
  | { readonly op: 'and' | 'or'; readonly conditions: readonly PredicateJson[] }
  | { readonly op: 'not'; readonly condition: PredicateJson }
  | {
      readonly op: 'compare';
      readonly comparison: Comparison;
      readonly left: ExpressionJson;
      readonly right: ExpressionJson;
    }
  | { readonly op: 'everyRow' | 'unknown' };

/** The JSON form of what has a value in each row. */
export type ExpressionJson =
  | { readonly op: 'column'; readonly column: ColumnJson }
  | { readonly op: 'literal'; readonly value: LiteralJson }
  | { readonly op: 'remainder'; readonly left: ExpressionJson; readonly right: ExpressionJson }
  | { readonly op: 'concat'; readonly parts: readonly ExpressionJson[] }
  | { readonly op: 'repeat'; readonly text: ExpressionJson; readonly times: ExpressionJson };

/** The JSON form of a node. */
export function toPredicateJson(node: Node): PredicateJson {
  switch (node.op) {
    case 'eq':
    case 'ne':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { op: node.op, column: columnJson(node.column), value: literalToJson(node.value) };
    case 'isIn':
      return {
        op: 'isIn',
        column: columnJson(node.column),
        values: node.values.map(literalToJson),
      };
    case 'between': {
      const { low, high } = node;
      const column = columnJson(node.column);
      return { op: 'between', column, low: literalToJson(low), high: literalToJson(high) };
    }
    case 'isNull':
      return { op: 'isNull', column: columnJson(node.column) };
    case 'like':
      return { op: 'like', column: columnJson(node.column), pattern: node.pattern };
    case 'startsWith':
      return { op: 'startsWith', column: columnJson(node.column), prefix: node.prefix };
    case 'and':
    case 'or':
      return { op: node.op, conditions: node.conditions.map(toPredicateJson) };
    case 'not':
      return { op: 'not', condition: toPredicateJson(node.condition) };
    case 'compare': {
      const { comparison, left, right } = node;
      return {
        op: 'compare',
        comparison,
        left: expressionToJson(left),
        right: expressionToJson(right),
      };
    }
    case 'everyRow':
    case 'unknown':
      return { op: node.op };
  }
}

function expressionToJson(expression: Expression): ExpressionJson {
  switch (expression.op) {
    case 'column':
      return { op: 'column', column: columnJson(expression.column) };
    case 'literal':
      return { op: 'literal', value: literalToJson(expression.value) };
    case 'remainder': {
      const { left, right } = expression;
      return { op: 'remainder', left: expressionToJson(left), right: expressionToJson(right) };
    }
    case 'concat':
      return { op: 'concat', parts: expression.parts.map(expressionToJson) };
    case 'repeat': {
      const { text, times } = expression;
      return { op: 'repeat', text: expressionToJson(text), times: expressionToJson(times) };
    }
  }
}

function columnJson(path: ColumnPath): ColumnJson {
  const [only = '', ...more] = path;
  return more.length === 0 ? only : [...path];
}
