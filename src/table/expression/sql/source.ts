/** The text of a condition in SQL, and errors that point into it. */
import { InvalidArgumentError, LimitError, type VarveError } from '../../../errors.js';
import { MAX_PREDICATE_DEPTH, type Node } from '../ast.js';

/** UTF-16 units of a condition in SQL. */
export const MAX_SQL_CHARACTERS = 1_048_576;

/** A value that a template put into the text, from `at` on. */
export interface Parameter {
  readonly at: number;
  readonly end: number;
  readonly value: unknown;
}

/** @throws LimitError beyond {@link MAX_SQL_CHARACTERS} */
export class SqlSource {
  readonly text: string;
  /** In the order of the text. */
  readonly parameters: readonly Parameter[];

  constructor(text: string, parameters: readonly Parameter[] = []) {
    if (text.length > MAX_SQL_CHARACTERS) {
      throw new LimitError({
        message:
          'the SQL text of the condition is too long; pass long lists as parameters of sql``',
        limit: 'MAX_SQL_CHARACTERS',
        value: text.length,
        max: MAX_SQL_CHARACTERS,
      });
    }
    this.text = text;
    this.parameters = parameters;
  }

  /** The error for what stands at a position. */
  failure(at: number, message: string, expected?: string): InvalidArgumentError {
    return new InvalidArgumentError({
      message: this.#pointing(at, message),
      option: 'where',
      ...(expected === undefined ? {} : { expected }),
    });
  }

  /** The error for a condition whose nesting begins to be too deep at a position. */
  tooDeep(at: number): LimitError {
    return new LimitError({
      message: this.#pointing(at, 'the condition is nested too deeply'),
      limit: 'MAX_PREDICATE_DEPTH',
      value: MAX_PREDICATE_DEPTH + 1,
      max: MAX_PREDICATE_DEPTH,
    });
  }

  #pointing(at: number, message: string): string {
    const start = Math.max(0, at - SHOWN_BEFORE);
    const shown = this.text.slice(start, at + SHOWN_AFTER).replaceAll(/\p{C}|\s/gu, ' ');
    const column = lengthOf(this.text.slice(start, at));
    const character = lengthOf(this.text.slice(0, at)) + 1;
    return `${message}, at character ${character} of the condition\n  ${shown}\n  ${' '.repeat(column)}^\n`;
  }
}

/** In characters; one outside the basic plane is two units. */
function lengthOf(text: string): number {
  return text.replaceAll(SURROGATE_PAIR, ' ').length;
}

const SURROGATE_PAIR = /[\ud800-\udbff][\udc00-\udfff]/g;
const SHOWN_BEFORE = 50;
const SHOWN_AFTER = 30;

interface Origin {
  readonly source: SqlSource;
  readonly at: number;
}

/** Beside the nodes, for a condition is the same whatever text it came from. */
const origins = new WeakMap<Node, Origin>();

/** Notes where in the text a node stands. */
export function located<N extends Node>(node: N, source: SqlSource, at: number): N {
  origins.set(node, { source, at });
  return node;
}

/** Runs `bind` for a node; what it refuses gets the node's place in its SQL text, when it came from one. */
export function atOrigin<T>(node: Node, bind: () => T): T {
  const origin = origins.get(node);
  if (origin === undefined) return bind();
  try {
    return bind();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw origin.source.failure(origin.at, sentenceOf(error), error.expected);
  }
}

/** The message without the fields that every error shows behind it. */
function sentenceOf(error: VarveError): string {
  const end = error.message.indexOf(' option=');
  return end < 0 ? error.message : error.message.slice(0, end);
}
