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
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.keys(value);
  }
  throw new InvalidArgumentError({
    message: `${call}: what was given is no object`,
    option,
    expected: 'an object',
  });
}
