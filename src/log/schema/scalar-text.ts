/**
 * The text forms of decimals, dates and timestamps, both ways and exact: rows, partition values, statistics and
 * conditions all read and write them here. Reading answers `undefined` for what is not such a text or would lose a
 * digit; the caller knows the place and throws.
 */

const MICROS_PER_DAY = 86_400_000_000;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_DAYS = -(2 ** 31);
const MAX_DAYS = 2 ** 31 - 1;
/** Days within this many of 1970 have microseconds that a double holds exactly. */
const EXACT_DAYS = 100_000;
/** No exact decimal of 38 digits needs a longer text; hostile texts are refused before BigInt sees them. */
const MAX_DECIMAL_CHARACTERS = 400;

/** The code of `-`. */
const DASH = 45;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/;
const DATE = /^([+-]\d{4,7}|\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/;
const ZONE = /(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$/;

/**
 * The unscaled value (the value times 10^scale) of a decimal text such as `-1.50` or `1.5E-3`.
 * Zeros beyond the scale are fine.
 *
 * @returns `undefined` when it is no number, needs more digits than `scale` after the point, or more than
 * `precision` in all
 */
export function parseDecimal(text: string, precision: number, scale: number): bigint | undefined {
  if (text.length > MAX_DECIMAL_CHARACTERS) return undefined;
  const parts = DECIMAL.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  let digits = `${whole}${fraction}`;
  if (digits === '') return undefined;
  const shift = scale - fraction.length + Number(exponent);
  digits = digits.replace(/^0+/, '');
  if (digits === '') return 0n;
  if (shift < 0) {
    const kept = digits.length + shift;
    if (kept <= 0 || /[^0]/.test(digits.slice(kept))) return undefined;
    digits = digits.slice(0, kept);
  } else {
    if (digits.length + shift > precision) return undefined;
    digits += '0'.repeat(shift);
  }
  if (digits.length > precision) return undefined;
  const magnitude = BigInt(digits);
  return sign === '-' ? -magnitude : magnitude;
}

/** The text of an unscaled decimal with exactly `scale` digits after the point: `formatDecimal(-5n, 2)` is `-0.05`. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  const text = String(unscaled);
  if (scale === 0) return text;
  const negative = unscaled < 0n;
  const digits = (negative ? text.slice(1) : text).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * Days since 1970-01-01 of a `YYYY-MM-DD` text in the proleptic Gregorian calendar. A year outside 0000-9999 has a
 * sign, as in ISO 8601.
 *
 * @returns `undefined` when there is no such day, or not in 32 bits
 */
export function parseDate(text: string): number | undefined {
  const plain = text.length === 10 ? plainDate(text) : undefined;
  if (plain !== undefined) return plain;
  const parts = DATE.exec(text);
  if (parts === null) return undefined;
  return checkedDays(Number(parts[1]), Number(parts[2]), Number(parts[3]));
}

/** The `YYYY-MM-DD` text of a day; a year outside 0000-9999 gets a sign, as in ISO 8601. */
export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  return `${formatYear(year)}-${two(month)}-${two(day)}`;
}

/** Whether a timestamp's text must name its zone, must not, or is UTC when it names none. */
export interface TimestampTextOptions {
  readonly zone: 'required' | 'forbidden' | 'optional-utc';
}

/**
 * Microseconds since 1970-01-01T00:00:00 (UTC, or the wall clock when the zone is forbidden) of an ISO 8601 text:
 * `2024-01-02T03:04:05.678901+02:00`. A space may stand for the `T`; the seconds and their fraction may be absent;
 * with `optional-utc` the time may be absent too.
 *
 * @returns `undefined` when it is no such instant, not in 64 bits, or has a digit below the microsecond
 */
export function parseTimestamp(text: string, options: TimestampTextOptions): bigint | undefined {
  const split = text.search(/[Tt ]/);
  if (split < 0 && options.zone !== 'optional-utc') return undefined;
  const days = parseDate(split < 0 ? text : text.slice(0, split));
  if (days === undefined) return undefined;
  if (split < 0) return joinMicros(days, 0);
  const rest = text.slice(split + 1);
  const zone = ZONE.exec(rest)?.[0];
  if (zone === undefined ? options.zone === 'required' : options.zone === 'forbidden') {
    return undefined;
  }
  const micros = parseTime(zone === undefined ? rest : rest.slice(0, -zone.length));
  const offset = zone === undefined ? 0 : parseZone(zone);
  if (micros === undefined || offset === undefined) return undefined;
  return joinMicros(days, micros - offset);
}

/** `2024-01-02T03:04:05.678901Z`: always six digits, always UTC. */
export function formatTimestamp(micros: bigint): string {
  return `${formatTimestampNtz(micros)}Z`;
}

/** `2024-01-02T03:04:05.678901`: always six digits, no zone. */
export function formatTimestampNtz(micros: bigint): string {
  const perDay = BigInt(MICROS_PER_DAY);
  const floor = micros % perDay < 0n ? micros / perDay - 1n : micros / perDay;
  const ofDay = Number(micros - floor * perDay);
  const seconds = Math.floor(ofDay / 1_000_000);
  const hour = Math.floor(seconds / 3600);
  const minute = Math.floor(seconds / 60) % 60;
  const fraction = String(ofDay % 1_000_000).padStart(6, '0');
  return `${formatDate(Number(floor))}T${two(hour)}:${two(minute)}:${two(seconds % 60)}.${fraction}`;
}

/** Almost every date there is; reading its digits one by one takes a third of a regular expression's time. */
function plainDate(text: string): number | undefined {
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  return checkedDays(year, twoDigits(text, 5), twoDigits(text, 8));
}

/** NaN unless both characters are digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function checkedDays(year: number, month: number, day: number): number | undefined {
  if (Number.isNaN(year + month + day)) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const days = daysFromCivil(year, month, day);
  return days < MIN_DAYS || days > MAX_DAYS ? undefined : days;
}

function parseTime(text: string): number | undefined {
  const parts = TIME.exec(text);
  if (parts === null) return undefined;
  const hour = Number(parts[1]);
  const minute = Number(parts[2]);
  const second = Number(parts[3] ?? 0);
  const fraction = (parts[4] ?? '').padEnd(9, '0');
  if (hour > 23 || minute > 59 || second > 59 || !fraction.endsWith('000')) return undefined;
  return ((hour * 60 + minute) * 60 + second) * 1_000_000 + Number(fraction.slice(0, 6));
}

/** The zone's distance east of UTC in microseconds. */
function parseZone(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  const micros = (hours * 60 + minutes) * 60_000_000;
  return zone.startsWith('-') ? -micros : micros;
}

function joinMicros(days: number, ofDay: number): bigint | undefined {
  if (Math.abs(days) < EXACT_DAYS) return BigInt(days * MICROS_PER_DAY + ofDay);
  const micros = BigInt(days) * BigInt(MICROS_PER_DAY) + BigInt(ofDay);
  return micros < MIN_INT64 || micros > MAX_INT64 ? undefined : micros;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const DAYS_PER_ERA = 146_097;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_FROM_MARCH_0 = 719_468;

/** Counts in years that begin in March, so that the leap day is the last of its year. */
function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * DAYS_PER_ERA + yearOfEra * 365 + leapDays + dayOfYear - EPOCH_FROM_MARCH_0;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + EPOCH_FROM_MARCH_0;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - yearOfEra * 365 - leapDays;
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day };
}

function formatYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0');
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(4, '0')}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
