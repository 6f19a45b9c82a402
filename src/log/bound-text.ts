/** Numbers, dates and times of statistics, read from their bytes where they are spelled as almost every writer does. */

/** Digits that a double holds whatever they are. */
const SAFE_DIGITS = 15;
/** Powers of ten that are doubles exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const MS_PER_DAY = 86_400_000;
const LAST_DAY_OF_ANY_MONTH = 28;

/** An integer of up to 15 digits; NaN for any other text. */
export function integerAt(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === DASH;
  const from = isNegative ? start + 1 : start;
  const value = digits(bytes, from, end);
  return isNegative ? -value : value;
}

/** A plain decimal fraction of up to 15 digits as its nearest double; NaN for any other text. */
export function fractionAt(bytes: Uint8Array, start: number, end: number): number {
  const point = pointAt(bytes, start, end);
  if (point === end) return integerAt(bytes, start, end);
  const value = joined(bytes, start, point, end);
  // Both are exact, so the quotient is rounded once.
  return value / (POWERS[end - point - 1] ?? Number.NaN);
}

/**
 * A plain decimal fraction times 10^`scale`, exact; NaN for any other text, and when it has digits below the scale or
 * more than `precision`.
 */
export function unscaledAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  type: { readonly precision: number; readonly scale: number },
): number {
  const point = pointAt(bytes, start, end);
  const fraction = point === end ? 0 : end - point - 1;
  const value = point === end ? integerAt(bytes, start, end) : joined(bytes, start, point, end);
  const { precision, scale } = type;
  if (fraction > scale || end - start + scale - fraction > SAFE_DIGITS) return Number.NaN;
  const unscaled = value * (POWERS[scale - fraction] ?? Number.NaN);
  return Math.abs(unscaled) < (POWERS[precision] ?? Infinity) ? unscaled : Number.NaN;
}

/** Days since 1970 of `2024-01-31`, whose first byte is at `at`; NaN for any other text. */
export function dateAt(bytes: Uint8Array, at: number): number {
  if (bytes[at + 4] !== DASH || bytes[at + 7] !== DASH) return Number.NaN;
  const year = digits(bytes, at, at + 4);
  const month = digits(bytes, at + 5, at + 7);
  const day = digits(bytes, at + 8, at + 10);
  // The other days are for who knows how long each month is.
  const isSure = month >= 1 && month <= 12 && day >= 1 && day <= LAST_DAY_OF_ANY_MONTH;
  // Date.UTC takes the years 0 to 99 for those of the last century.
  return isSure && year >= 100 ? Date.UTC(year, month - 1, day) / MS_PER_DAY : Number.NaN;
}

/**
 * Microseconds since 1970 of `2024-01-31T12:00:00.123Z`, with up to six digits behind the point or none; without the
 * `Z` when it is local. NaN for any other text.
 */
export function microsAt(bytes: Uint8Array, start: number, end: number, isLocal: boolean): number {
  const last = isLocal ? end : end - 1;
  if (last - start < 19 || last - start > 26 || (!isLocal && bytes[last] !== 0x5a)) {
    return Number.NaN;
  }
  if (bytes[start + 10] !== 0x54 || bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) {
    return Number.NaN;
  }
  const days = dateAt(bytes, start);
  const hour = digits(bytes, start + 11, start + 13);
  const minute = digits(bytes, start + 14, start + 16);
  const second = digits(bytes, start + 17, start + 19);
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  const seconds = days * 86_400 + (hour * 60 + minute) * 60 + second;
  const micros = seconds * 1_000_000 + fractionMicros(bytes, start + 19, last);
  return Number.isSafeInteger(micros) ? micros : Number.NaN;
}

/** Of `.123` or nothing. */
function fractionMicros(bytes: Uint8Array, point: number, end: number): number {
  if (point === end) return 0;
  if (bytes[point] !== DOT) return Number.NaN;
  return digits(bytes, point + 1, end) * (POWERS[6 - (end - point - 1)] ?? Number.NaN);
}

function digits(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > SAFE_DIGITS) return Number.NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function pointAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== DOT) at++;
  return at;
}

/** The digits on both sides of the point as one integer. */
function joined(bytes: Uint8Array, start: number, point: number, end: number): number {
  if (end - start > SAFE_DIGITS + 1) return Number.NaN;
  const isNegative = bytes[start] === DASH;
  const whole = digits(bytes, isNegative ? start + 1 : start, point);
  const value = whole * (POWERS[end - point - 1] ?? Number.NaN) + digits(bytes, point + 1, end);
  return isNegative ? -value : value;
}
