/** A condition in SQL as a row of tokens, made one by one as they are asked for. */
import { unescapeText } from './quoted.js';
import type { SqlSource } from './source.js';

export interface Token {
  /** `name` is without quotes, `quoted` a name in backquotes. */
  readonly kind: 'name' | 'quoted' | 'string' | 'number' | 'symbol' | 'parameter' | 'end';
  /** The name, the text of a string, the digits, the symbol. */
  readonly text: string;
  readonly at: number;
  readonly end: number;
  /** Of a parameter. */
  readonly value?: unknown;
}

const SPACE = /(?:\s+|--[^\r\n]*|\/\*[^]*?\*\/)+/y;
const NAME = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:BD|[LSYDF])?/iy;
const SYMBOL = /<=>|<=|>=|<>|!=|==|\|\||\/(?!\*)|[-()[\],.=<>!+*%&|^~]/y;
const QUOTED_NAME = /`[^`]*(?:``[^`]*)*`/y;
const RAW = /[rR](?=['"])/y;

/** Reads the tokens of a source from its start. */
export class Tokens {
  readonly source: SqlSource;
  #at = 0;
  #parameter = 0;
  /** Read ahead: two are enough to tell every form apart. */
  readonly #ahead: Token[] = [];

  constructor(source: SqlSource) {
    this.source = source;
  }

  /** The token after `skip` others, left in its place. */
  peek(skip: 0 | 1 = 0): Token {
    while (this.#ahead.length <= skip) this.#ahead.push(this.#read());
    return this.#ahead[skip] as Token;
  }

  next(): Token {
    const token = this.peek();
    this.#ahead.shift();
    return token;
  }

  /** Takes the next token when it is this symbol. */
  takeSymbol(...symbols: readonly string[]): Token | undefined {
    const token = this.peek();
    return token.kind === 'symbol' && symbols.includes(token.text) ? this.next() : undefined;
  }

  /** Takes the next token when it is this word, in upper or lower case and without quotes. */
  takeWord(...words: readonly string[]): Token | undefined {
    return this.isWord(this.peek(), ...words) ? this.next() : undefined;
  }

  isWord(token: Token, ...words: readonly string[]): boolean {
    return token.kind === 'name' && words.includes(token.text.toLowerCase());
  }

  #read(): Token {
    const { text } = this.source;
    this.#match(SPACE);
    const at = this.#at;
    this.#checkParameter();
    const parameter = this.source.parameters[this.#parameter];
    if (parameter?.at === at) {
      this.#parameter++;
      this.#at = parameter.end;
      return { kind: 'parameter', text: '', at, end: parameter.end, value: parameter.value };
    }
    if (at >= text.length) return { kind: 'end', text: '', at, end: at };
    const isRaw = this.#match(RAW) !== undefined;
    const character = text[this.#at] ?? '';
    if (character === "'" || character === '"') return this.#string(at, character, isRaw);
    if (character === '`') return this.#quotedName(at);
    const number = this.#match(NUMBER);
    if (number !== undefined) return this.#number(at, number);
    for (const [kind, pattern] of [
      ['name', NAME],
      ['symbol', SYMBOL],
    ] as const) {
      const found = this.#match(pattern);
      if (found !== undefined) return this.#token(kind, found, at);
    }
    const wrong = JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0));
    throw this.source.failure(
      at,
      text.startsWith('/*', at) ? 'a comment has no end' : `${wrong} has no meaning in a condition`,
      'a name with other characters in backquotes, text in single quotes',
    );
  }

  #token(kind: Token['kind'], text: string, at: number): Token {
    this.#checkParameter();
    return { kind, text, at, end: this.#at };
  }

  /** What was read last must not reach beyond the beginning of a parameter. */
  #checkParameter(): void {
    const parameter = this.source.parameters[this.#parameter];
    if (parameter !== undefined && parameter.at < this.#at) {
      throw this.source.failure(
        parameter.at,
        'a parameter stands within quotes or a comment, where it is no value',
        'a parameter by itself, without quotes around it',
      );
    }
  }

  #string(at: number, quote: string, isRaw: boolean): Token {
    const { text } = this.source;
    let end = this.#at + 1;
    for (; ; end++) {
      const character = text[end];
      if (character === undefined) throw this.#unterminated(at, 'a string');
      if (character === '\\' && !isRaw) end++;
      else if (character === quote) {
        if (isRaw || text[end + 1] !== quote) break;
        end++;
      }
    }
    const inner = text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return this.#token('string', isRaw ? inner : unescapeText(inner, quote), at);
  }

  #quotedName(at: number): Token {
    const whole = this.#match(QUOTED_NAME);
    if (whole === undefined) throw this.#unterminated(at, 'a name in backquotes');
    if (whole === '``') throw this.source.failure(at, 'a name in backquotes is empty');
    return this.#token('quoted', whole.slice(1, -1).replaceAll('``', '`'), at);
  }

  #number(at: number, digits: string): Token {
    if (this.#match(NAME) === undefined) return this.#token('number', digits, at);
    throw this.source.failure(
      at,
      'letters follow a number',
      'a name that begins with a digit in backquotes, or a number by itself',
    );
  }

  #unterminated(at: number, what: string): Error {
    return this.source.failure(at, `${what} has no end`, 'a closing quote');
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.source.text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
