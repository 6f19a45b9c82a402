/** The values that a template puts into SQL. */
import { isVarveError } from '../../../errors.js';
import { isPredicate, nodeOf } from '../condition.js';
import { type Literal, literalOf } from '../literal.js';
import type { SqlSource } from './source.js';
import type { Term } from './terms.js';
import type { Token } from './tokens.js';

/**
 * A condition, a constant, or an array of constants for IN.
 *
 * @throws InvalidArgumentError, pointing at it, for null, undefined and what is no column's value
 */
export function parameterTerm(source: SqlSource, { at, value }: Token): Term {
  if (isPredicate(value)) {
    return { kind: 'condition', at, node: nodeOf(value, 'where') };
  }
  if (Array.isArray(value)) {
    const items = Array.from(value as readonly unknown[], (item) => constant(source, at, item));
    return { kind: 'list', at, items };
  }
  return { kind: 'value', at, value: { op: 'literal', value: constant(source, at, value) } };
}

function constant(source: SqlSource, at: number, value: unknown): Literal {
  if (value === null) {
    throw source.failure(at, 'a parameter is null, which nothing equals', 'IS NULL in the text');
  }
  try {
    return literalOf(value, 'parameter');
  } catch (error) {
    if (!isVarveError(error, 'INVALID_ARGUMENT')) throw error;
    throw source.failure(at, error.message.split(' option=')[0] ?? '', error.expected);
  }
}
