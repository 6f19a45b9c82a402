/**
 * The filter of a search, in MLflow's words: comparisons joined by `and`, for example
 * `metrics.auc > 0.9 and params.depth = '3' and tags.team like 'b%' and status = 'FINISHED'`.
 */
import { InvalidArgumentError } from '../index.js';
import type { RunRecord } from './run-record.js';

/** Whether a run meets a filter. */
export type RunTest = (run: RunRecord) => boolean;

const OPERATORS = ['=', '!=', '>=', '<=', '>', '<', 'like', 'ilike', 'in'] as const;
type Operator = (typeof OPERATORS)[number];

interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'symbol';
  readonly value: string;
  /** The character of the filter it begins at, from 0. */
  readonly at: number;
}

interface Clause {
  readonly entity: string;
  readonly key: string;
  readonly operator: Operator;
  readonly operands: readonly (string | number)[];
}

const TOKEN =
  /\s*(?:(?<text>'[^']*'|"[^"]*")|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_][\w/-]*(?:\.(?:`[^`]*`|[\w/-]+))*)|(?<symbol>!=|>=|<=|[=<>(),]))/y;

const MAX_FILTER_CHARACTERS = 10_000;

/**
 * Reads a filter. Entities are `metrics.`, `params.` and `tags.` with a key (in backquotes when it is no plain word),
 * and `status`, `run_name`, `run_id`, `start_time` and `end_time` (milliseconds); an `attributes.` before those is
 * allowed.
 *
 * @throws InvalidArgumentError that names the character at which it cannot be read
 */
export function parseFilter(filter: string): RunTest {
  if (filter.length > MAX_FILTER_CHARACTERS) {
    throw wrong(filter, 0, `at most ${MAX_FILTER_CHARACTERS} characters`);
  }
  const tokens = tokenize(filter);
  const clauses = tokens.length === 0 ? [] : new Parser(filter, tokens).clauses();
  return (run) => clauses.every((clause) => meets(run, clause));
}

function tokenize(filter: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  while (filter.slice(pattern.lastIndex).trim() !== '') {
    const at = pattern.lastIndex;
    const groups = pattern.exec(filter)?.groups;
    const [kind, value] =
      Object.entries(groups ?? {}).find(([, found]) => found !== undefined) ?? [];
    if (kind === undefined || value === undefined) {
      throw wrong(filter, at, 'a comparison such as metrics.auc > 0.9');
    }
    tokens.push({ kind: kind as Token['kind'], value, at: pattern.lastIndex - value.length });
  }
  return tokens;
}

class Parser {
  readonly #filter: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(filter: string, tokens: readonly Token[]) {
    this.#filter = filter;
    this.#tokens = tokens;
  }

  clauses(): readonly Clause[] {
    const clauses = [this.#clause()];
    while (this.#next < this.#tokens.length) {
      const token = this.#take('and');
      if (token.value.toLowerCase() !== 'and') throw this.#wrong(token, 'and');
      clauses.push(this.#clause());
    }
    return clauses;
  }

  #clause(): Clause {
    const name = this.#take('metrics.…, params.…, tags.…, status, run_name or run_id');
    if (name.kind !== 'name') throw this.#wrong(name, 'metrics.…, params.…, tags.… or status');
    const { entity, key } = this.#entity(name);
    const token = this.#take('an operator');
    const operator = OPERATORS.find((known) => known === token.value.toLowerCase());
    if (operator === undefined) throw this.#wrong(token, OPERATORS.join(' '));
    const operands = operator === 'in' ? this.#list() : [this.#operand()];
    return { entity, key, operator, operands };
  }

  #entity(name: Token): { readonly entity: string; readonly key: string } {
    const [first = '', ...rest] = name.value.replaceAll('`', '').split('.');
    const key = rest.join('.');
    const known = new Map([
      ['metrics', 'metric'],
      ['metric', 'metric'],
      ['params', 'param'],
      ['param', 'param'],
      ['tags', 'tag'],
      ['tag', 'tag'],
    ]).get(first);
    if (known !== undefined && key !== '') return { entity: known, key };
    const attribute = first === 'attributes' || first === 'attribute' ? key : name.value;
    if (ATTRIBUTES.has(attribute)) return { entity: 'attribute', key: attribute };
    throw this.#wrong(name, `metrics.…, params.…, tags.…, ${[...ATTRIBUTES.keys()].join(', ')}`);
  }

  #operand(): string | number {
    const token = this.#take('a number or a text in quotes');
    if (token.kind === 'text') return token.value.slice(1, -1);
    if (token.kind === 'number') return Number(token.value);
    throw this.#wrong(token, 'a number or a text in quotes');
  }

  #list(): readonly (string | number)[] {
    this.#symbol('(');
    const operands = [this.#operand()];
    while (this.#tokens[this.#next]?.value === ',') {
      this.#next++;
      operands.push(this.#operand());
    }
    this.#symbol(')');
    return operands;
  }

  #symbol(wanted: string): void {
    const token = this.#take(wanted);
    if (token.value !== wanted) throw this.#wrong(token, wanted);
  }

  #take(expected: string): Token {
    const token = this.#tokens[this.#next++];
    if (token === undefined) throw wrong(this.#filter, this.#filter.length, expected);
    return token;
  }

  #wrong(token: Token, expected: string): InvalidArgumentError {
    return wrong(this.#filter, token.at, expected);
  }
}

type Attribute = (run: RunRecord) => string | number | undefined;

const ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map<string, Attribute>([
  ['status', (run) => run.status],
  ['run_name', (run) => run.name],
  ['run_id', (run) => run.id],
  ['start_time', (run) => run.startedAt.getTime()],
  ['end_time', (run) => run.endedAt?.getTime()],
]);

function meets(run: RunRecord, clause: Clause): boolean {
  const value = valueOf(run, clause);
  if (value === undefined) return false;
  const [operand] = clause.operands;
  if (operand === undefined) return false;
  switch (clause.operator) {
    case 'in':
      return clause.operands.some((one) => compare(value, one) === 0);
    case 'like':
      return isLike(String(value), String(operand));
    case 'ilike':
      return isLike(String(value).toLowerCase(), String(operand).toLowerCase());
    default:
      return holds(compare(value, operand), clause.operator);
  }
}

function valueOf(run: RunRecord, { entity, key }: Clause): string | number | undefined {
  if (entity === 'metric') return run.metrics.get(key);
  if (entity === 'param') return run.params.get(key);
  if (entity === 'tag') return run.tags.get(key);
  return ATTRIBUTES.get(key)?.(run);
}

/** Params are text: against a number they compare as numbers. NaN compares with nothing. */
function compare(value: string | number, operand: string | number): number {
  if (typeof value === 'string' && typeof operand === 'string') {
    return value === operand ? 0 : value < operand ? -1 : 1;
  }
  return Number(value) - Number(operand);
}

function holds(order: number, operator: '=' | '!=' | '>' | '>=' | '<' | '<='): boolean {
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
  }
}

/** `%` is any text and `_` any character; linear in the text for each `%`. */
function isLike(text: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const wanted = pattern[next];
    if (wanted === '%') {
      star = next++;
      resume = at;
    } else if (wanted === '_' || wanted === text[at]) {
      at++;
      next++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[next] === '%') next++;
  return next === pattern.length;
}

function wrong(filter: string, at: number, expected: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `the filter cannot be read at character ${at + 1}: ${JSON.stringify(filter.slice(at, at + 20))}`,
    option: 'filter',
    expected,
  });
}
