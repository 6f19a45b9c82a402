/**
 * INT96 timestamps, the form of Impala and old Spark: 8 bytes nanoseconds of the day, 4 bytes
 * Julian day number.
 */
import { writeProduct } from './int64-words.js';

/** Bytes of one INT96. */
export const INT96_BYTES = 12;

const WORDS = 3;
const EPOCH_JULIAN_DAY = 2_440_588;
const SECONDS_PER_DAY = 86_400;
const MICROS_PER_SECOND = 1_000_000;
const TWO_32 = 2 ** 32;
/** Far beyond a day's 86 400 x 10^9; more would not be exact in a double. */
const MAX_NANOS = Number.MAX_SAFE_INTEGER;

/**
 * Writes INT96 number `index` of `words` as microseconds since 1970, nanoseconds floored. Exact
 * over all years that 64 bits of microseconds hold; nothing passes through nanoseconds of 64 bits,
 * which end in 2262.
 *
 * @returns whether it fits; if not, nothing is written
 */
export function writeInt96Micros(words: Int32Array, to: Int32Array, index: number): boolean {
  const low = (words[index * WORDS] ?? 0) >>> 0;
  const nanos = (words[index * WORDS + 1] ?? 0) * TWO_32 + low;
  if (Math.abs(nanos) > MAX_NANOS) return false;
  const seconds = ((words[index * WORDS + 2] ?? 0) - EPOCH_JULIAN_DAY) * SECONDS_PER_DAY;
  const high = Math.floor(seconds / TWO_32);
  return writeProduct(
    to,
    index,
    { low: seconds - high * TWO_32, high },
    { factor: MICROS_PER_SECOND, plus: Math.floor(nanos / 1000) },
  );
}
