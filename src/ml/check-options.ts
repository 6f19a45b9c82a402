/** What a tracker and its runs are given: no more believed than what a table's calls are. */
import { InvalidArgumentError } from '../index.js';

/**
 * Checks that options are an object, and hold nothing that nobody knows.
 *
 * @throws InvalidArgumentError naming the option, or `options`
 */
export function checkKeys(call: string, options: unknown, known: readonly string[]): void {
  const unknown = keysOf(call, 'options', options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new InvalidArgumentError({
    message: `${call}: there is no such option; leave it out, or spell it as the types do`,
    option: unknown,
    expected: known.join(', '),
  });
}

/**
 * Values by their names.
 *
 * @throws InvalidArgumentError when it is no object
 */
export function entriesOf<V>(
  call: string,
  option: string,
  values: Readonly<Record<string, V>>,
): readonly (readonly [name: string, value: V])[] {
  keysOf(call, option, values);
  return Object.entries(values);
}

function keysOf(call: string, option: string, value: unknown): readonly string[] {
  // The entries of a Map, or of a promise that was not awaited, are no properties, and would be lost without a word.
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  if (tag === 'Object' || tag === 'Module') return Object.keys(Object(value));
  throw new InvalidArgumentError({
    message: `${call}: what was given is no object of names and values`,
    option,
    expected: `a plain object, not ${tag}`,
  });
}
