/** A condition as Spark SQL, for the `predicate` that a commit records of its operation. */
import { formatDate, formatTimestamp, formatTimestampNtz } from '../../log/schema/scalar-text.js';
import type { ColumnPath, Comparison, Expression, Node } from './ast.js';
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
    case 'compare': {
      const { left, comparison, right } = node;
      return `${expressionText(left)} ${OPERATORS[comparison]} ${expressionText(right)}`;
    }
    case 'unknown':
      return 'null';
    default:
      return `${columnText(node.column)} ${OPERATORS[node.op]} ${literalText(node.value)}`;
  }
}

function expressionText(expression: Expression): string {
  switch (expression.op) {
    case 'column':
      return columnText(expression.column);
    case 'literal':
      return literalText(expression.value);
    case 'remainder':
      return `(${expressionText(expression.left)} % ${expressionText(expression.right)})`;
    case 'concat':
      return `concat(${expression.parts.map(expressionText).join(', ')})`;
    case 'repeat':
      return `repeat(${expressionText(expression.text)}, ${expressionText(expression.times)})`;
  }
}

function bracketed(node: Node): string {
  return node.op === 'everyRow' || node.op === 'unknown' ? textOf(node) : `(${textOf(node)})`;
}

const PLAIN_NAME = /^[A-Za-z_]\w*$/;
/** Plain names that SQL takes for something else. */
const RESERVED =
  /^(?:and|between|case|cast|escape|exists|false|from|i?like|in|is|not|null|or|rlike|select|true|where)$/i;

function columnText(path: ColumnPath): string {
  return path
    .map((name) => {
      const isPlain = PLAIN_NAME.test(name) && !RESERVED.test(name);
      return isPlain ? name : `\`${name.replaceAll('`', '``')}\``;
    })
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
      return taggedText(literal);
  }
}

function taggedText(literal: Extract<Literal, object>): string {
  switch (literal.kind) {
    case 'timestamp':
      return `TIMESTAMP '${formatTimestamp(literal.micros)}'`;
    case 'timestamp_ntz':
      return `TIMESTAMP_NTZ '${formatTimestampNtz(literal.micros)}'`;
    case 'date':
      return `DATE '${formatDate(literal.days)}'`;
    case 'decimal':
      return `${literal.text}BD`;
    case 'text':
      return quoted(literal.text);
    case 'binary':
      return `X'${Array.from(bytesOf(literal), hex).join('')}'`;
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
