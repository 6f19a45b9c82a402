/**
 * Binding: a condition meets a schema. Everything that can be wrong with it is found here, before
 * any I/O.
 */
import { InvalidArgumentError, UnsupportedFeatureError } from '../../errors.js';
import type { DataType, StructField, StructType } from '../../log/schema/types.js';
import type { ColumnPath, Node } from './ast.js';
import { bindCompare } from './bind-expression.js';
import { bindComparison } from './bind-literal.js';
import type { BoundColumn, BoundNode, BoundPredicate } from './bound.js';
import { nodeOf } from './condition.js';
import { compilePattern } from './like-pattern.js';
import type { Literal } from './literal.js';
import { nearNames } from './near-names.js';
import { compareValues, type Value } from './order.js';
import type { Predicate } from './predicate-types.js';
import { atOrigin } from './sql/source.js';

export interface BindOptions {
  /** A field's name in statistics, when the table maps names; else its own. */
  readonly physicalName?: ((field: StructField) => string) | undefined;
  /** What the condition is called in errors; `where` unless given. */
  readonly option?: string | undefined;
}

/**
 * Finds the columns of `predicate` in the table's schema (by exact name, else by the only one that
 * differs in case) and turns its constants into their types.
 *
 * @throws InvalidArgumentError for `undefined`, a column that is not there (the error names near
 * ones), or a constant of another kind than its column
 * @throws UnsupportedFeatureError for a column of a type that Varve does not know
 */
export function bindPredicate(
  predicate: Predicate,
  schema: StructType,
  options: BindOptions = {},
): BoundPredicate {
  const binder = new Binder(schema, options.physicalName ?? ((field) => field.name));
  const root = binder.bind(nodeOf(predicate, options.option ?? 'where'));
  return { root, columns: [...binder.columns.values()] };
}

class Binder {
  /** By path, so that each column is one object: statistics are looked up by its identity. */
  readonly columns = new Map<string, BoundColumn>();
  readonly #schema: StructType;
  readonly #physicalName: (field: StructField) => string;

  constructor(schema: StructType, physicalName: (field: StructField) => string) {
    this.#schema = schema;
    this.#physicalName = physicalName;
  }

  bind(node: Node): BoundNode {
    switch (node.op) {
      case 'everyRow':
        return { kind: 'constant', value: true };
      case 'unknown':
        return { kind: 'constant', value: null };
      case 'compare':
        return atOrigin(node, () => this.#compare(node));
      case 'and':
      case 'or':
        return { kind: node.op, nodes: node.conditions.map((inner) => this.bind(inner)) };
      case 'not':
        return { kind: 'not', node: this.bind(node.condition) };
      default:
        return atOrigin(node, () => bindTest(node, this.#column(node.column)));
    }
  }

  #compare(node: Extract<Node, { op: 'compare' }>): BoundNode {
    const { comparison } = node;
    const find = (path: ColumnPath): BoundColumn => this.#column(path);
    const bound = bindCompare(comparison === 'ne' ? 'eq' : comparison, node, find);
    return comparison === 'ne' ? { kind: 'not', node: bound } : bound;
  }

  #column(path: ColumnPath): BoundColumn {
    let type: DataType = this.#schema;
    const fields: StructField[] = [];
    for (const name of path) {
      if (typeof type === 'string' || type.type !== 'struct') throw noStruct(fields, type);
      const field = findField(type, name, fields);
      fields.push(field);
      type = field.type;
    }
    if (typeof type !== 'string' && type.type === 'unknown') throw unknownType(fields, type.name);
    const names = fields.map((field) => field.name);
    const key = JSON.stringify(names);
    const known = this.columns.get(key);
    if (known !== undefined) return known;
    const physicalPath = fields.map(this.#physicalName);
    const column = { name: names[0] ?? '', path: names, physicalPath, type };
    this.columns.set(key, column);
    return column;
  }
}

type ColumnTest = Exclude<Node, { op: 'everyRow' | 'unknown' | 'compare' | 'and' | 'or' | 'not' }>;

function bindTest(node: ColumnTest, column: BoundColumn): BoundNode {
  switch (node.op) {
    case 'isNull':
      return { kind: 'isNull', column };
    case 'isIn':
      return bindIn(column, node.values);
    case 'between': {
      const low = bindComparison(column, 'gte', node.low);
      return { kind: 'and', nodes: [low, bindComparison(column, 'lte', node.high)] };
    }
    case 'like':
      return bindLike(column, node.pattern);
    case 'startsWith':
      return bindPrefix(column, node.prefix, 'startsWith');
    case 'ne':
      return { kind: 'not', node: bindComparison(column, 'eq', node.value) };
    default:
      return bindComparison(column, node.op, node.value);
  }
}

function bindIn(column: BoundColumn, literals: readonly Literal[]): BoundNode {
  if (literals.length === 0) return { kind: 'constant', value: false };
  const found: Value[] = [];
  for (const literal of literals) {
    const equal = bindComparison(column, 'eq', literal);
    if (equal.kind === 'compare') found.push(equal.value);
  }
  found.sort(compareValues);
  const values = found.filter((value, at) => {
    const before = found[at - 1];
    return before === undefined || compareValues(before, value) !== 0;
  });
  const [only] = values;
  if (only === undefined) return { kind: 'known', column, value: false };
  if (values.length === 1) return { kind: 'compare', column, op: 'eq', value: only };
  return { kind: 'in', column, values };
}

function bindLike(column: BoundColumn, text: string): BoundNode {
  const simple = compilePattern(text);
  if (simple.kind === 'prefix') return bindPrefix(column, simple.text, 'like');
  checkText(column, 'like');
  if (simple.kind === 'like') return { kind: 'like', column, pattern: simple.pattern };
  return { kind: 'compare', column, op: 'eq', value: simple.text };
}

function bindPrefix(column: BoundColumn, prefix: string, op: string): BoundNode {
  checkText(column, op);
  if (prefix === '') return { kind: 'known', column, value: true };
  return { kind: 'prefix', column, prefix };
}

function checkText(column: BoundColumn, op: string): void {
  if (column.type === 'string') return;
  const type = typeof column.type === 'string' ? column.type : column.type.type;
  throw new InvalidArgumentError({
    message: `${op} is for text, and column ${column.path.join('.')} is of type ${type}`,
    option: 'where',
    expected: 'a column of type string',
  });
}

function findField(struct: StructType, name: string, above: readonly StructField[]): StructField {
  const exact = struct.fields.find((field) => field.name === name);
  if (exact !== undefined) return exact;
  const folded = name.toLowerCase();
  const close = struct.fields.filter((field) => field.name.toLowerCase() === folded);
  const [only] = close;
  if (only !== undefined && close.length === 1) return only;
  if (close.length > 1) throw ambiguous(name, close);
  const within = above.length === 0 ? 'the table has no column' : `${dotted(above)} has no field`;
  throw new InvalidArgumentError({
    message: `${within} ${JSON.stringify(name)}; ${nearNames(struct, name)}`,
    option: 'where',
    expected: "a column's exact name; for a field of a struct an array of names",
  });
}

function ambiguous(name: string, close: readonly StructField[]): InvalidArgumentError {
  const names = close.map((field) => JSON.stringify(field.name)).join(' and ');
  return new InvalidArgumentError({
    message: `no column is called exactly ${JSON.stringify(name)}, and ${names} differ from it in case only`,
    option: 'where',
    expected: "a column's exact name",
  });
}

function noStruct(above: readonly StructField[], type: DataType): InvalidArgumentError {
  const name = typeof type === 'string' ? type : type.type;
  return new InvalidArgumentError({
    message: `column ${dotted(above)} is of type ${name} and has no fields`,
    option: 'where',
    expected: 'a path whose every part but the last is a struct',
  });
}

function unknownType(fields: readonly StructField[], name: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `column ${dotted(fields)} is of type ${name}, which this version does not read`,
    features: [name],
    side: 'read',
    remedy: 'leave the column out of the condition, or upgrade varve',
  });
}

function dotted(fields: readonly StructField[]): string {
  return fields.map((field) => field.name).join('.');
}
