/** What a column of text can hold. */
import { InvalidArgumentError } from '../index.js';

const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * Found out when it is given: an event that no table takes would keep all of its run from being written.
 *
 * @throws InvalidArgumentError unless it is a text without half a surrogate pair
 */
export function checkText(value: unknown, option: string): string {
  if (typeof value === 'string' && value.search(LONE_SURROGATE) === -1) return value;
  throw new InvalidArgumentError({
    message: `${typeof value === 'string' ? JSON.stringify(value) : `a ${typeof value}`} cannot be recorded as text`,
    option,
    expected: 'a text without half a surrogate pair',
  });
}

/** The text, with U+FFFD for each half of a surrogate pair. */
export function wellFormed(text: string): string {
  return text.replaceAll(LONE_SURROGATE, '\ufffd');
}
