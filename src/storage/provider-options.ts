/** The options of providers, which are no more believed than those of a table's calls. */
import { InvalidArgumentError } from '../errors.js';

/** The ways to reach a service: by the option that begins each, the options that it knows. */
export type Ways = Readonly<Record<string, readonly string[]>>;

/**
 * Checks that options are an object that begins one of the ways, and hold nothing else.
 *
 * @param expected - the ways in words, for the error
 * @returns the option that begins the way
 * @throws InvalidArgumentError naming the option that nobody knows, or `options`
 */
export function checkWay<W extends Ways>(
  call: string,
  options: unknown,
  { ways, expected }: { readonly ways: W; readonly expected: string },
): keyof W & string {
  const given = typeof options === 'object' && options !== null ? options : {};
  const way = Object.keys(ways).find((name) => name in given);
  if (way === undefined) {
    throw new InvalidArgumentError({
      message: `${call}: the options say no way to reach a service`,
      option: 'options',
      expected,
    });
  }
  const unknown = Object.keys(given).find((name) => ways[way]?.includes(name) !== true);
  if (unknown === undefined) return way;
  throw new InvalidArgumentError({
    message: `${call}: there is no such option beside ${way}; leave it out`,
    option: unknown,
    expected,
  });
}

/**
 * Checks one option.
 * @throws InvalidArgumentError, which does not show the value: it may be a secret
 */
export function checkOption(
  call: string,
  option: string,
  { is, expected }: { readonly is: boolean; readonly expected: string },
): void {
  if (is) return;
  throw new InvalidArgumentError({
    message: `${call}: what was given as ${option} is not valid`,
    option,
    expected,
  });
}
