/** A condition as Spark SQL, for the `predicate` that a commit records of its operation. */
import { formatTimestamp } from '../../log/schema/scalar-text.js';
import type { ColumnPath, Comparison, Node } from './ast.js';
import { nodeOf } from './condition.js';
import { bytesOf, type Literal } from './literal.js';
import type { Predicate } from './predicate-types.js';

/** Text that Spark parses as the same condition. */
export function toSqlText(predicate: Predicate): string {
  return textOf(nodeOf(predicate, 'where'));
}

const OPERATORS: Readonly<Record<Comparison, string>> = {
  eq: '=',
  ne: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
};

function textOf(node: Node): string {
  switch (node.op) {
    case 'everyRow':
      return 'true';
    case 'and':
    case 'or':
      return node.conditions.map(bracketed).join(` ${node.op.toUpperCase()} `);
    case 'not':
      return `NOT ${bracketed(node.condition)}`;
    case 'isNull':
      return `${columnText(node.column)} IS NULL`;
    case 'isIn':
      // SQL knows no empty list.
      if (node.values.length === 0) return 'false';
      return `${columnText(node.column)} IN (${node.values.map(literalText).join(', ')})`;
    case 'between': {
      const { low, high } = node;
      return `${columnText(node.column)} BETWEEN ${literalText(low)} AND ${literalText(high)}`;
    }
    case 'like':
      return `${columnText(node.column)} LIKE ${quoted(node.pattern)}`;
    case 'startsWith':
      return `startswith(${columnText(node.column)}, ${quoted(node.prefix)})`;
    default:
      return `${columnText(node.column)} ${OPERATORS[node.op]} ${literalText(node.value)}`;
  }
}

function bracketed(node: Node): string {
  return node.op === 'everyRow' ? 'true' : `(${textOf(node)})`;
}

const PLAIN_NAME = /^[A-Za-z_]\w*$/;

function columnText(path: ColumnPath): string {
  return path
    .map((name) => (PLAIN_NAME.test(name) ? name : `\`${name.replaceAll('`', '``')}\``))
    .join('.');
}

const MAX_LONG = 2n ** 63n - 1n;

function literalText(literal: Literal): string {
  switch (typeof literal) {
    case 'string':
      return quoted(literal);
    case 'boolean':
      return String(literal);
    case 'bigint':
      return literal > MAX_LONG || literal < -MAX_LONG ? `${literal}BD` : String(literal);
    case 'number':
      return numberText(literal);
    default:
      return literal.kind === 'timestamp'
        ? `TIMESTAMP '${formatTimestamp(literal.micros)}'`
        : `X'${Array.from(bytesOf(literal), hex).join('')}'`;
  }
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return `double('${value}')`;
  return Number.isSafeInteger(value) ? String(value) : `${value}D`;
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
