/** Between the nodes inside and the predicates that callers hold. */
import { InvalidArgumentError, LimitError } from '../../errors.js';
import { type Expression, MAX_PREDICATE_DEPTH, type Node } from './ast.js';
import type { Predicate } from './predicate-types.js';
import { type PredicateJson, toPredicateJson } from './to-json.js';

/** Registered, so that the conditions of one copy of Varve are conditions of another. */
const NODE: unique symbol = Symbol.for('varve.predicate') as never;

class Condition implements Predicate {
  readonly [NODE]: Node;
  constructor(node: Node) {
    this[NODE] = node;
    Object.freeze(this);
  }
  toJSON(): PredicateJson {
    return toPredicateJson(this[NODE]);
  }
}

/**
 * The public form of a node; freezes both.
 *
 * @throws LimitError when it nests deeper than {@link MAX_PREDICATE_DEPTH}
 */
export function predicateOf<R>(node: Node): Predicate<R> {
  checkDepth(node, 1);
  return new Condition(freeze(node));
}

/**
 * The node of a predicate.
 *
 * @throws InvalidArgumentError for anything else, `undefined` above all: it never means every row
 */
export function nodeOf(predicate: Predicate, option: string): Node {
  const value: unknown = predicate;
  if (isPredicate(value)) return value[NODE];
  throw new InvalidArgumentError({
    message: `${option} is not a condition but ${value === null ? 'null' : typeof value}`,
    option,
    expected:
      'a condition: eq("column", 1), sql`column = ${1}`, predicateFromSql(text), or everyRow',
  });
}

/** Whether a value is a condition, of this copy of Varve or another. */
export function isPredicate(value: unknown): value is Predicate & { readonly [NODE]: Node } {
  return typeof value === 'object' && value !== null && NODE in value;
}

function checkDepth(part: Node | Expression, depth: number): void {
  if (depth > MAX_PREDICATE_DEPTH) {
    throw new LimitError({
      message:
        'the condition is nested too deeply; give and() and or() all their conditions at once',
      limit: 'MAX_PREDICATE_DEPTH',
      value: depth,
      max: MAX_PREDICATE_DEPTH,
    });
  }
  for (const inner of partsOf(part)) checkDepth(inner, depth + 1);
}

function partsOf(part: Node | Expression): readonly (Node | Expression)[] {
  switch (part.op) {
    case 'not':
      return [part.condition];
    case 'and':
    case 'or':
      return part.conditions;
    case 'compare':
    case 'remainder':
      return [part.left, part.right];
    case 'concat':
      return part.parts;
    case 'repeat':
      return [part.text, part.times];
    default:
      return [];
  }
}

/** What hangs below a frozen part came out of a predicate and is frozen already. */
function freeze<T extends object>(part: T): T {
  if (Object.isFrozen(part)) return part;
  for (const inner of Object.values(part)) {
    if (typeof inner === 'object' && inner !== null) freeze(inner);
  }
  return Object.freeze(part);
}
