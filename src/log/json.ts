/**
 * JSON without loss: `JSON.parse` rounds integers above 2^53 and cannot give a decimal's digits,
 * and both occur in the log (statistics, row ids, txn versions). RFC 8259.
 */
import { assert, CorruptDataError, LimitError } from '../errors.js';

/** A JSON number whose digits a JavaScript number cannot hold, kept as its text. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * A JSON value. A number is a `number` when that is exact (safe integers, and doubles whose
 * shortest text is the one that was read), a `bigint` for other integers, else a {@link
 * JsonNumber}. Objects have a null prototype.
 */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | JsonNumber
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/**
 * Where a text was read, for the error. `position` is the byte offset of the text in the object.
 */
export interface JsonPlace {
  readonly key: string;
  readonly position?: number | undefined;
}

export interface JsonOptions {
  /** Whether an object that has a name twice is damaged, instead of its last value being taken. */
  readonly uniqueNames?: boolean | undefined;
}

/** How deep arrays and objects may nest; the log itself nests a handful. */
export const MAX_JSON_DEPTH = 512;
/**
 * How long one number may be; a decimal(38,38) takes 41 characters, a double's exact digits 770.
 */
export const MAX_JSON_NUMBER_CHARACTERS = 2048;

/**
 * Parses one JSON text. Of duplicate names the last wins; `__proto__` is a name like any other.
 * @throws CorruptDataError when it is not JSON; `position` is the byte where it stops to be
 * @throws LimitError beyond {@link MAX_JSON_DEPTH} or {@link MAX_JSON_NUMBER_CHARACTERS}
 */
export function parseJson(text: string, where?: JsonPlace, options: JsonOptions = {}): Json {
  const uniqueNames = options.uniqueNames ?? false;
  if (!uniqueNames && !MAYBE_INEXACT.test(text)) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      // The exact parser below finds the place.
      return new Parser(text, where, uniqueNames).parse();
    }
    return withoutPrototypes(parsed, 0);
  }
  return new Parser(text, where, uniqueNames).parse();
}

/**
 * One JSON text without spaces: names in the order of the object, `undefined` members left out,
 * bigints and {@link JsonNumber}s digit for digit, strings escaped as `JSON.stringify` does.
 * @throws InternalError for a number that is not finite
 * @throws LimitError beyond {@link MAX_JSON_DEPTH}
 */
export function formatJson(value: Json): string {
  return format(value, 0);
}

/** Whether a value is a JSON object: neither an array nor a {@link JsonNumber}. */
export function isJsonObject(
  value: Json | undefined,
): value is { readonly [key: string]: Json | undefined } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof JsonNumber)
  );
}

/**
 * Finds, where a number may begin, what `JSON.parse` might not give back as it was written: 16
 * digits or more, an exponent, a fraction that ends in zero or is tiny. May match inside a string;
 * that only costs time.
 */
const MAYBE_INEXACT =
  /(?:^|[[:,\s])-?(?:[\d.]{16}|[\d.]{1,15}[eE]|\d+\.\d*0(?:[,}\]\s]|$)|0\.00000)/;

/**
 * Makes objects that inherit nothing. V8 keeps `Object.create(null)` as a hash table, several times
 * slower to fill than an object whose prototype is empty and itself has none.
 */
const Members = function Members() {} as unknown as new () => Record<string, Json>;
Members.prototype = Object.freeze(Object.create(null));

function withoutPrototypes(value: unknown, depth: number): Json {
  if (typeof value !== 'object' || value === null) return value as Json;
  checkDepth(depth);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (typeof item === 'object' && item !== null) {
        value[index] = withoutPrototypes(item, depth + 1);
      }
    }
    return value as Json[];
  }
  const object = new Members();
  for (const name in value) {
    const item = (value as Record<string, unknown>)[name];
    object[name] =
      typeof item === 'object' && item !== null
        ? withoutPrototypes(item, depth + 1)
        : (item as Json);
  }
  return object;
}

function checkDepth(depth: number): void {
  if (depth < MAX_JSON_DEPTH) return;
  throw new LimitError({
    message: 'json is nested too deeply',
    limit: 'MAX_JSON_DEPTH',
    value: depth + 1,
    max: MAX_JSON_DEPTH,
  });
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const INTEGER = /^-?[0-9]+$/;
const SPACE = /[ \t\n\r]*/y;
const STRING_END = /["\\]/g;

class Parser {
  readonly #text: string;
  readonly #where: JsonPlace | undefined;
  readonly #uniqueNames: boolean;
  #at = 0;

  constructor(text: string, where: JsonPlace | undefined, uniqueNames: boolean) {
    this.#text = text;
    this.#where = where;
    this.#uniqueNames = uniqueNames;
  }

  parse(): Json {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('characters follow the json value');
    return value;
  }

  #value(depth: number): Json {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case '{':
        checkDepth(depth);
        return this.#object(depth);
      case '[':
        checkDepth(depth);
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): Json {
    const object = new Members();
    this.#at++;
    if (this.#accept('}')) return object;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') this.#fail('a json object lacks a name in quotes');
      const name = this.#string();
      if (!this.#accept(':')) this.#fail('a json object lacks a colon');
      if (this.#uniqueNames && name in object) this.#fail('a json object has a name twice');
      object[name] = this.#value(depth + 1);
    } while (this.#accept(','));
    if (!this.#accept('}')) this.#fail('a json object does not end');
    return object;
  }

  #array(depth: number): Json {
    const array: Json[] = [];
    this.#at++;
    if (this.#accept(']')) return array;
    do array.push(this.#value(depth + 1));
    while (this.#accept(','));
    if (!this.#accept(']')) this.#fail('a json array does not end');
    return array;
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    for (;;) {
      STRING_END.lastIndex = end;
      const found = STRING_END.exec(this.#text);
      if (found === null) this.#fail('a json string does not end');
      end = found.index;
      if (found[0] === '"') break;
      end += 2;
    }
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start, end + 1)) as string;
    } catch (error) {
      this.#at = start;
      this.#fail('a json string is not valid', error);
    }
  }

  #number(): Json {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) this.#fail('this is not json');
    if (text.length > MAX_JSON_NUMBER_CHARACTERS) {
      throw new LimitError({
        message: 'a json number is too long',
        limit: 'MAX_JSON_NUMBER_CHARACTERS',
        value: text.length,
        max: MAX_JSON_NUMBER_CHARACTERS,
      });
    }
    this.#at += text.length;
    const number = Number(text);
    if (INTEGER.test(text)) return Number.isSafeInteger(number) ? number : BigInt(text);
    return String(number) === text ? number : new JsonNumber(text);
  }

  #word<W extends boolean | null>(word: string, value: W): W {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('this is not json');
    this.#at += word.length;
    return value;
  }

  #skipSpace(): void {
    const code = this.#text.charCodeAt(this.#at);
    if (code > 32) return;
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #accept(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #fail(message: string, cause?: unknown): never {
    const before = new TextEncoder().encode(this.#text.slice(0, this.#at)).length;
    throw new CorruptDataError({
      message,
      key: this.#where?.key ?? '(json text)',
      position: (this.#where?.position ?? 0) + before,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

function format(value: Json, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof JsonNumber) return value.text;
  checkDepth(depth);
  if (Array.isArray(value)) {
    return `[${value.map((item: Json) => format(item, depth + 1)).join(',')}]`;
  }
  const members: string[] = [];
  for (const [name, item] of Object.entries(value as { [key: string]: Json | undefined })) {
    if (item !== undefined) members.push(`${JSON.stringify(name)}:${format(item, depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}

function formatNumber(value: number): string {
  assert(Number.isFinite(value), 'a number that is not finite has no json');
  return Object.is(value, -0) ? '-0' : String(value);
}
