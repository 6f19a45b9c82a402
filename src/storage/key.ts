/** What a key may be, and the one order of keys. */
import { InvalidArgumentError } from '../errors.js';

/**
 * Refuses what is no key: empty, absolute, with an empty, `.` or `..` segment, a NUL, or half a surrogate pair.
 * Everything else is a key, spaces, `%`, `+`, `#` and every letter of Unicode included; nothing in it is decoded.
 *
 * @throws InvalidArgumentError
 */
export function checkKey(key: string): void {
  if (typeof key !== 'string') refuse(String(key), 'it is not text');
  checkCharacters(key);
  for (const segment of key.split('/')) checkSegment(key, segment);
}

/**
 * Refuses prefixes that no key can begin with. The part after the last `/` may be anything, also nothing; `''` is the
 * prefix of every key.
 *
 * @throws InvalidArgumentError
 */
export function checkPrefix(prefix: string): void {
  if (typeof prefix !== 'string') refuse(String(prefix), 'it is not text');
  checkCharacters(prefix);
  for (const segment of prefix.split('/').slice(0, -1)) checkSegment(prefix, segment);
}

/**
 * Orders keys as every store lists them: by their UTF-8 bytes, which is by code point. JavaScript's own `<` compares
 * UTF-16 units and puts U+10000 and above before U+E000.
 *
 * @returns negative, zero or positive, for `Array.prototype.sort`
 */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** The first UTF-16 unit from which UTF-16 and UTF-8 order differ: the first surrogate. */
export const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;

/** A UTF-16 unit's place among first differing units: surrogates, which begin the highest code points, come last. */
function rank(unit: number): number {
  if (unit < FIRST_SURROGATE) return unit;
  return unit < AFTER_SURROGATES ? unit + 0x10000 : unit;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function checkCharacters(text: string): void {
  if (text.includes('\0')) refuse(text, 'it has a NUL');
  if (LONE_SURROGATE.test(text)) refuse(text, 'it has half a surrogate pair');
}

function checkSegment(key: string, segment: string): void {
  if (segment === '') refuse(key, 'it is empty, or begins or ends with "/", or has "//"');
  if (segment === '.' || segment === '..') refuse(key, `it has the segment "${segment}"`);
}

function refuse(key: string, why: string): never {
  throw new InvalidArgumentError({
    message: `${JSON.stringify(key)} is no key: ${why}`,
    option: 'key',
    expected: 'segments joined by "/", none of them empty, "." or ".."',
  });
}
