/** What the parts of a condition in SQL mean: terms, and the nodes that they are combined to. */
import type { InvalidArgumentError } from '../../../errors.js';
import type { ColumnPath, Comparison, Expression, Node } from '../ast.js';
import { checkConditions } from '../check.js';
import type { Literal } from '../literal.js';
import { located, type SqlSource } from './source.js';

/** A part of a condition, and where it begins. */
export type Term = { readonly at: number } & (
  | { readonly kind: 'condition'; readonly node: Node }
  | { readonly kind: 'value'; readonly value: Expression }
  | { readonly kind: 'null' }
  /** An array that a template put in. */
  | { readonly kind: 'list'; readonly items: readonly Literal[] }
);

/** A part that stands for a value; null is undefined. */
interface Operand {
  readonly at: number;
  readonly value: Expression | undefined;
}

const FLIPPED: Readonly<Record<Comparison, Comparison>> = {
  eq: 'eq',
  ne: 'ne',
  lt: 'gt',
  lte: 'gte',
  gt: 'lt',
  gte: 'lte',
};

const EVERY_ROW: Node = Object.freeze({ op: 'everyRow' });
const NO_ROW: Node = Object.freeze({ op: 'not', condition: EVERY_ROW });
const UNKNOWN: Node = Object.freeze({ op: 'unknown' });

/** Makes nodes of terms; what cannot be one is refused with its position. */
export class Terms {
  readonly source: SqlSource;

  constructor(source: SqlSource) {
    this.source = source;
  }

  /** A term where a condition is expected: one in itself, or a value that is true or false. */
  condition(term: Term): Node {
    if (term.kind === 'condition') return term.node;
    const { at, value } = this.operand(term);
    if (value === undefined) return UNKNOWN;
    if (value.op === 'column') return this.#located(term, columnTest('eq', value.column, true));
    if (value.op === 'literal' && typeof value.value === 'boolean') {
      return value.value ? EVERY_ROW : NO_ROW;
    }
    throw this.source.failure(
      at,
      'a condition is expected here, and this is a value',
      'a comparison, or a column that is true or false',
    );
  }

  /** All of `and`, or one of `or`, in their order. */
  chain(op: 'and' | 'or', terms: readonly Term[]): Term {
    const [first, ...more] = terms as readonly [Term, ...Term[]];
    if (more.length === 0) return first;
    const nodes = terms.map((term) => this.condition(term));
    return condition(first.at, { op, conditions: checkConditions(op, nodes) });
  }

  not(at: number, term: Term): Term {
    return condition(at, negated(this.condition(term)));
  }

  compare(comparison: Comparison, left: Term, right: Term): Term {
    const a = this.operand(left);
    const b = this.operand(right);
    return condition(left.at, this.#compare(comparison, a, b));
  }

  /** As `=`, but null equals null, and the answer is never unknown. */
  sameOrNull(left: Term, right: Term): Term {
    const a = this.operand(left);
    const b = this.operand(right);
    if (a.value === undefined) return condition(left.at, this.#isNull(b));
    if (b.value === undefined) return condition(left.at, this.#isNull(a));
    const areNull = [a, b].map((side) => this.#isNull(side));
    const bothPresent = [...areNull.map(negated), this.#compare('eq', a, b)];
    return condition(left.at, all('or', [all('and', areNull), all('and', bothPresent)]));
  }

  isNull(term: Term): Term {
    return condition(term.at, this.#isNull(this.operand(term)));
  }

  isIn(term: Term, items: readonly Term[]): Term {
    const subject = this.operand(term);
    const values = items.flatMap((item) => this.#listItems(item));
    const nulls = values.some(({ value }) => value === undefined) ? [UNKNOWN] : [];
    const present = values.filter(({ value }) => value !== undefined);
    const { value } = subject;
    if (value === undefined) return condition(term.at, values.length === 0 ? NO_ROW : UNKNOWN);
    const literals = present.flatMap((item) =>
      item.value?.op === 'literal' ? [item.value.value] : [],
    );
    if (value.op === 'column' && literals.length === present.length) {
      const node = { op: 'isIn', column: value.column, values: literals } as const;
      return condition(term.at, all('or', [this.#located(term, node), ...nulls]));
    }
    const equals = present.map((item) => this.#compare('eq', subject, item));
    return condition(term.at, all('or', [...equals, ...nulls]));
  }

  between(term: Term, low: Term, high: Term): Term {
    const [subject, lowest, highest] = [term, low, high].map((part) => this.operand(part)) as [
      Operand,
      Operand,
      Operand,
    ];
    const [a, b] = [literalIn(lowest), literalIn(highest)];
    if (subject.value?.op === 'column' && a !== undefined && b !== undefined) {
      const { column } = subject.value;
      const node = { op: 'between', column, low: a, high: b } as const;
      return condition(term.at, this.#located(term, node));
    }
    const above = this.#compare('gte', subject, lowest);
    return condition(term.at, all('and', [above, this.#compare('lte', subject, highest)]));
  }

  /** A test of a column's text; `what` names it in an error. */
  textTest(term: Term, what: string, test: (column: ColumnPath) => Node): Term {
    const { at, value } = this.operand(term);
    if (value === undefined) return condition(at, UNKNOWN);
    if (value.op === 'column') return condition(at, this.#located(term, test(value.column)));
    throw this.source.failure(
      at,
      `${what} is for columns, and this is none`,
      'the name of a column',
    );
  }

  /** A term where a value is expected. */
  operand(term: Term): Operand {
    switch (term.kind) {
      case 'value':
        return { at: term.at, value: term.value };
      case 'null':
        return { at: term.at, value: undefined };
      case 'condition':
        throw this.#misplaced(term.at, 'a value is expected here, and this is a condition');
      case 'list':
        throw this.#misplaced(term.at, 'an array is a value only after IN');
    }
  }

  #listItems(term: Term): readonly Operand[] {
    if (term.kind !== 'list') return [this.operand(term)];
    return term.items.map((value) => ({ at: term.at, value: { op: 'literal', value } }));
  }

  #compare(comparison: Comparison, left: Operand, right: Operand): Node {
    const [a, b] = [left.value, right.value];
    if (a === undefined || b === undefined) return UNKNOWN;
    if (a.op === 'column' && b.op === 'literal') {
      return this.#located(left, columnTest(comparison, a.column, b.value));
    }
    if (a.op === 'literal' && b.op === 'column') {
      return this.#located(right, columnTest(FLIPPED[comparison], b.column, a.value));
    }
    return this.#located(left, { op: 'compare', comparison, left: a, right: b });
  }

  #isNull({ at, value }: Operand): Node {
    switch (value?.op) {
      case undefined:
        return EVERY_ROW;
      case 'literal':
        return NO_ROW;
      case 'column':
        return this.#located({ at }, { op: 'isNull', column: value.column });
      case 'remainder': {
        const zero: Expression = { op: 'literal', value: 0n };
        const parts = [value.left, value.right].map((part) => this.#isNull({ at, value: part }));
        const byZero = this.#compare('eq', { at, value: value.right }, { at, value: zero });
        return all('or', [...parts, all('and', [negated(parts[1] ?? NO_ROW), byZero])]);
      }
      case 'concat':
        return all(
          'or',
          value.parts.map((part) => this.#isNull({ at, value: part })),
        );
      case 'repeat':
        return all(
          'or',
          [value.text, value.times].map((part) => this.#isNull({ at, value: part })),
        );
    }
  }

  #located<N extends Node>({ at }: { readonly at: number }, node: N): N {
    return located(node, this.source, at);
  }

  #misplaced(at: number, message: string): InvalidArgumentError {
    return this.source.failure(at, message, 'a column, a constant, or a function of them');
  }
}

function columnTest(op: Comparison, column: ColumnPath, value: Literal): Node {
  return { op, column, value };
}

function condition(at: number, node: Node): Term {
  return { kind: 'condition', at, node };
}

function negated(node: Node): Node {
  return node.op === 'not' ? node.condition : { op: 'not', condition: node };
}

/** The condition itself when there is but one. */
function all(op: 'and' | 'or', nodes: readonly Node[]): Node {
  const [only] = nodes;
  return only !== undefined && nodes.length === 1
    ? only
    : { op, conditions: checkConditions(op, nodes) };
}

function literalIn({ value }: Operand): Literal | undefined {
  return value?.op === 'literal' ? value.value : undefined;
}
