/** Checks of byte ranges, the same for every store. */
import { InvalidArgumentError } from '../errors.js';
import type { ByteRange } from './object-store.js';

/**
 * The range as it is.
 *
 * @throws InvalidArgumentError unless both ends are safe integers from 0 and the end is not before the start
 */
export function checkRange(range: ByteRange | undefined): ByteRange | undefined {
  if (range === undefined) return undefined;
  const { start, end } = range;
  const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start;
  if (isRange && start <= end) return range;
  throw new InvalidArgumentError({
    message: `bytes ${start} to ${end} are no range`,
    option: 'range',
    expected: 'whole numbers from 0, the end not before the start',
  });
}
