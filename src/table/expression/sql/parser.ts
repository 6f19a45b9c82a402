/**
 * Conditions in SQL, as Spark reads them: from the loosest operator to the tightest, OR, AND, NOT, then the tests and
 * comparisons, then `||`, then `%`, then a sign.
 */
import { isVarveError } from '../../../errors.js';
import { type Comparison, MAX_PREDICATE_DEPTH, type Node } from '../ast.js';
import { checkPattern } from '../check.js';
import {
  negatedNumber,
  numberConstant,
  TYPES_OF_CONSTANTS,
  textConstant,
  typedConstant,
} from './constants.js';
import { concat, FUNCTIONS, remainder } from './functions.js';
import { escapedPattern } from './like-escape.js';
import { parameterTerm } from './parameters.js';
import type { SqlSource } from './source.js';
import { type Term, Terms } from './terms.js';
import { type Token, Tokens } from './tokens.js';

/**
 * The node of a condition in SQL.
 *
 * @throws InvalidArgumentError, pointing at the character, for what is no such condition
 * @throws LimitError when it nests deeper than {@link MAX_PREDICATE_DEPTH}, or makes too long a text
 */
export function parseCondition(source: SqlSource): Node {
  return new Parser(source).parse();
}

const COMPARISONS: ReadonlyMap<string, Comparison | 'sameOrNull'> = new Map([
  ['=', 'eq'],
  ['==', 'eq'],
  ['<=>', 'sameOrNull'],
  ['<>', 'ne'],
  ['!=', 'ne'],
  ['<', 'lt'],
  ['<=', 'lte'],
  ['>', 'gt'],
  ['>=', 'gte'],
] as const);

/** Words that begin no value: as the name of a column they stand in backquotes. */
const RESERVED: readonly string[] = [
  'and',
  'between',
  'case',
  'cast',
  'escape',
  'exists',
  'from',
  'ilike',
  'in',
  'is',
  'like',
  'not',
  'or',
  'rlike',
  'select',
  'where',
];
const ARITHMETIC: readonly string[] = ['+', '-', '*', '/', '&', '|', '^', '~', '['];
const LITERALS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

class Parser {
  readonly #source: SqlSource;
  readonly #tokens: Tokens;
  readonly #terms: Terms;
  #depth = 0;

  constructor(source: SqlSource) {
    this.#source = source;
    this.#tokens = new Tokens(source);
    this.#terms = new Terms(source);
  }

  parse(): Node {
    const node = this.#terms.condition(this.#or());
    const rest = this.#tokens.peek();
    if (rest.kind !== 'end') throw this.#unexpected(rest, 'the end of the condition, AND or OR');
    return node;
  }

  #or(): Term {
    const terms = [this.#and()];
    while (this.#tokens.takeWord('or') !== undefined) terms.push(this.#and());
    return this.#terms.chain('or', terms);
  }

  #and(): Term {
    const terms = [this.#not()];
    while (this.#tokens.takeWord('and') !== undefined) terms.push(this.#not());
    return this.#terms.chain('and', terms);
  }

  #not(): Term {
    const not = this.#tokens.takeWord('not') ?? this.#tokens.takeSymbol('!');
    if (not === undefined) return this.#test();
    return this.#deeper(not, () => this.#terms.not(not.at, this.#not()));
  }

  /** A comparison, or a value with a test in words behind it. */
  #test(): Term {
    const subject = this.#comparison();
    const negation = this.#tokens.isWord(this.#tokens.peek(1), 'between', 'in', 'like')
      ? this.#tokens.takeWord('not')
      : undefined;
    const test = this.#wordTest(subject);
    return test === undefined || negation === undefined
      ? (test ?? subject)
      : this.#terms.not(subject.at, test);
  }

  #wordTest(subject: Term): Term | undefined {
    const tokens = this.#tokens;
    if (tokens.takeWord('between') !== undefined) {
      const low = this.#joined();
      const and = tokens.next();
      if (!tokens.isWord(and, 'and'))
        throw this.#unexpected(and, 'AND and the upper end of BETWEEN');
      return this.#terms.between(subject, low, this.#joined());
    }
    if (tokens.takeWord('in') !== undefined) return this.#terms.isIn(subject, this.#list());
    if (tokens.takeWord('like') !== undefined) return this.#like(subject);
    return tokens.takeWord('is') === undefined ? undefined : this.#is(subject);
  }

  #list(): readonly Term[] {
    const tokens = this.#tokens;
    const parameter = tokens.peek();
    if (parameter.kind === 'parameter') return [parameterTerm(this.#source, tokens.next())];
    const open = tokens.next();
    if (open.kind !== 'symbol' || open.text !== '(')
      throw this.#unexpected(open, 'a list in brackets');
    return this.#deeper(open, () => {
      const items: Term[] = [];
      do items.push(this.#joined());
      while (tokens.takeSymbol(',') !== undefined);
      this.#close();
      return items;
    });
  }

  #like(subject: Term): Term {
    const start = this.#tokens.peek();
    const pattern = this.#terms.operand(this.#joined()).value;
    const escape = this.#tokens.takeWord('escape') === undefined ? undefined : this.#tokens.next();
    if (escape !== undefined && (escape.kind !== 'string' || escape.text.length !== 1)) {
      throw this.#unexpected(escape, 'one character in quotes');
    }
    if (pattern === undefined)
      return { kind: 'condition', at: subject.at, node: { op: 'unknown' } };
    const value = pattern.op === 'literal' ? pattern.value : undefined;
    const text = typeof value === 'object' && value.kind === 'text' ? value.text : value;
    if (typeof text !== 'string') throw this.#unexpected(start, 'a pattern as a constant text');
    const checked = this.#pattern(start, text, escape?.text);
    return this.#terms.textTest(subject, 'LIKE', (column) => ({
      op: 'like',
      column,
      pattern: checked,
    }));
  }

  #pattern(start: Token, text: string, escape: string | undefined): string {
    const pattern = escapedPattern(text, escape ?? '\\');
    if (pattern !== undefined) {
      try {
        return checkPattern(pattern);
      } catch (error) {
        if (!isVarveError(error, 'INVALID_ARGUMENT')) throw error;
      }
    }
    throw this.#source.failure(
      start.at,
      `in the pattern ${JSON.stringify(text)} an escape stands before nothing that needs one`,
      'the escape only before %, _ or itself',
    );
  }

  #is(subject: Term): Term {
    const tokens = this.#tokens;
    const isNot = tokens.takeWord('not') !== undefined;
    const word = tokens.next();
    const test = this.#isTest(subject, word);
    return isNot ? this.#terms.not(subject.at, test) : test;
  }

  #isTest(subject: Term, word: Token): Term {
    if (this.#tokens.isWord(word, 'null', 'unknown')) return this.#terms.isNull(subject);
    const truth = word.kind === 'name' ? LITERALS.get(word.text.toLowerCase()) : undefined;
    if (truth !== undefined) {
      const constant: Term = { kind: 'value', at: word.at, value: { op: 'literal', value: truth } };
      return this.#terms.sameOrNull(subject, constant);
    }
    if (this.#tokens.isWord(word, 'distinct')) {
      const from = this.#tokens.next();
      if (!this.#tokens.isWord(from, 'from')) throw this.#unexpected(from, 'FROM after DISTINCT');
      const same = this.#terms.sameOrNull(subject, this.#joined());
      return this.#terms.not(subject.at, same);
    }
    throw this.#unexpected(word, 'NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM');
  }

  #comparison(): Term {
    const left = this.#joined();
    const symbol = this.#tokens.peek();
    const comparison = symbol.kind === 'symbol' ? COMPARISONS.get(symbol.text) : undefined;
    if (comparison === undefined) return left;
    this.#tokens.next();
    const right = this.#joined();
    const next = this.#tokens.peek();
    if (next.kind === 'symbol' && COMPARISONS.has(next.text)) {
      throw this.#unexpected(next, 'AND between two comparisons');
    }
    return comparison === 'sameOrNull'
      ? this.#terms.sameOrNull(left, right)
      : this.#terms.compare(comparison, left, right);
  }

  #joined(): Term {
    const first = this.#product();
    const parts = [first];
    while (this.#tokens.takeSymbol('||') !== undefined) parts.push(this.#product());
    const next = this.#tokens.peek();
    if (next.kind === 'symbol' && ARITHMETIC.includes(next.text)) {
      throw this.#source.failure(
        next.at,
        `the operator ${next.text} is not known in conditions`,
        'the operators % and ||, and comparisons',
      );
    }
    return parts.length === 1 ? first : concat(this.#terms, first.at, parts);
  }

  #product(): Term {
    let left = this.#signed();
    for (let count = 1; this.#tokens.takeSymbol('%') !== undefined; count++) {
      if (count > MAX_PREDICATE_DEPTH) throw this.#source.tooDeep(left.at);
      left = remainder(this.#terms, left.at, [left, this.#signed()]);
    }
    return left;
  }

  #signed(): Term {
    const sign = this.#tokens.takeSymbol('-', '+');
    if (sign === undefined) return this.#primary();
    return this.#deeper(sign, () => {
      const { value } = this.#terms.operand(this.#signed());
      if (value === undefined) return { kind: 'null', at: sign.at };
      const number = value.op === 'literal' ? negatedNumber(value.value) : undefined;
      if (number === undefined) {
        throw this.#source.failure(sign.at, 'a sign stands before what is no number', 'a number');
      }
      if (sign.text === '+') return { kind: 'value', at: sign.at, value };
      return { kind: 'value', at: sign.at, value: { op: 'literal', value: number } };
    });
  }

  #primary(): Term {
    const token = this.#tokens.next();
    switch (token.kind) {
      case 'number':
        return literalTerm(token.at, numberConstant(this.#source, token));
      case 'string':
        return literalTerm(token.at, textConstant(this.#source, token.at, this.#strings(token)));
      case 'parameter':
        return parameterTerm(this.#source, token);
      case 'quoted':
        return this.#column(token);
      case 'name':
        return this.#named(token);
      default:
        break;
    }
    if (token.text !== '(') throw this.#unexpected(token, 'a column, a constant or a condition');
    const inner = this.#deeper(token, () => this.#or());
    this.#close();
    return inner;
  }

  /** Strings beside each other are one. */
  #strings(first: Token): string {
    const parts = [first.text];
    while (this.#tokens.peek().kind === 'string') parts.push(this.#tokens.next().text);
    return parts.join('');
  }

  #named(token: Token): Term {
    const word = token.text.toLowerCase();
    const next = this.#tokens.peek();
    if (next.kind === 'symbol' && next.text === '.') return this.#column(token);
    if (next.kind === 'string' && TYPES_OF_CONSTANTS.includes(word)) {
      const text = { ...next, text: this.#strings(this.#tokens.next()) };
      return literalTerm(token.at, typedConstant(this.#source, token, text));
    }
    if (RESERVED.includes(word))
      throw this.#unexpected(token, 'a column, a constant or a condition');
    if (next.kind === 'symbol' && next.text === '(') return this.#call(token, word);
    if (word === 'null') return { kind: 'null', at: token.at };
    const truth = LITERALS.get(word);
    if (truth !== undefined) return literalTerm(token.at, truth);
    return this.#column(token);
  }

  #call(token: Token, word: string): Term {
    const known = FUNCTIONS.get(word);
    if (known === undefined) {
      throw this.#source.failure(
        token.at,
        `the function ${token.text} is not known in conditions`,
        `one of ${[...FUNCTIONS.keys()].join(', ')}`,
      );
    }
    const open = this.#tokens.next();
    const parts: Term[] = [];
    this.#deeper(open, () => {
      if (this.#tokens.takeSymbol(')') !== undefined) return;
      do parts.push(this.#or());
      while (this.#tokens.takeSymbol(',') !== undefined);
      this.#close();
    });
    if (known.parts !== undefined && known.parts !== parts.length) {
      const message = `${word} takes ${known.parts} values, and this has ${parts.length}`;
      throw this.#source.failure(token.at, message);
    }
    return known.make(this.#terms, token.at, parts);
  }

  #column(first: Token): Term {
    const path = [first.text];
    while (this.#tokens.takeSymbol('.') !== undefined) {
      const name = this.#tokens.next();
      if (name.kind !== 'name' && name.kind !== 'quoted') {
        throw this.#unexpected(name, 'the name of a field after the dot');
      }
      if (path.push(name.text) > MAX_PREDICATE_DEPTH) throw this.#source.tooDeep(name.at);
    }
    return { kind: 'value', at: first.at, value: { op: 'column', column: path } };
  }

  #close(): void {
    const close = this.#tokens.next();
    if (close.kind !== 'symbol' || close.text !== ')') {
      throw this.#unexpected(close, 'a closing bracket');
    }
  }

  #deeper<T>(token: Token, parse: () => T): T {
    if (++this.#depth > MAX_PREDICATE_DEPTH) throw this.#source.tooDeep(token.at);
    const parsed = parse();
    this.#depth--;
    return parsed;
  }

  #unexpected(token: Token, expected: string): Error {
    const { text } = this.#source;
    const found =
      token.kind === 'end'
        ? 'the condition ends'
        : `${text.slice(token.at, token.end).slice(0, 40)} stands`;
    return this.#source.failure(token.at, `${found} where something else is expected`, expected);
  }
}

function literalTerm(at: number, value: ReturnType<typeof numberConstant>): Term {
  return { kind: 'value', at, value: { op: 'literal', value } };
}
