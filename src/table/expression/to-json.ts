/** The JSON form of a condition. */
import type { ColumnPath, Comparison, Node } from './ast.js';
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
  | { readonly op: 'everyRow' };

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
    case 'everyRow':
      return { op: 'everyRow' };
  }
}

function columnJson(path: ColumnPath): ColumnJson {
  const [only = '', ...more] = path;
  return more.length === 0 ? only : [...path];
}
