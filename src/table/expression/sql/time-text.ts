/**
 * Dates and timestamps as SQL writes them: months, days and hours with one digit or two, later parts left out. What
 * names no zone is UTC.
 */
import { parseDate, parseTimestamp } from '../../../log/schema/scalar-text.js';

const DATE = '([+-]?\\d{4,6})(?:-(\\d{1,2})(?:-(\\d{1,2})';
const DATE_TEXT = new RegExp(`^${DATE})?)?$`);
const TIMESTAMP_TEXT = new RegExp(
  `^${DATE}(?:[T ](\\d{1,2})(?::(\\d{1,2})(?::(\\d{1,2})(?:\\.(\\d{0,9}))?)?)? ?([A-Z]{1,3}|[+-]\\d{1,2}(?::?\\d{2})?)?)?)?)?$`,
);

/**
 * Days since 1970-01-01 of such as `2024-1-31`, `2024-02` (its first day) or `2024`.
 *
 * @returns `undefined` when it is no such text, or there is no such day
 */
export function parseSqlDate(text: string): number | undefined {
  const parts = DATE_TEXT.exec(text.trim());
  return parts === null ? undefined : parseDate(dateText(parts));
}

interface SqlInstant {
  /** Microseconds since 1970-01-01T00:00:00. */
  readonly micros: bigint;
  readonly zoneless: boolean;
}

/**
 * The time of such as `2024-1-31`, `2024-01-31 7:30`, `2024-01-31T07:30:00.000001+01:00`;
 * with `timestamp_ntz` on the wall clock, so that a zone is refused.
 *
 * @returns `undefined` when it is no such text, names a zone but by its offset, UTC, GMT or Z, or has a digit below
 * the microsecond
 */
export function parseSqlTimestamp(
  text: string,
  type: 'timestamp' | 'timestamp_ntz',
): SqlInstant | undefined {
  const parts = TIMESTAMP_TEXT.exec(text.trim());
  if (parts === null) return undefined;
  const [, , , , hour = '0', minute = '0', second = '0', fraction = '0', zone] = parts;
  if (zone !== undefined && type === 'timestamp_ntz') return undefined;
  const offset = zone === undefined ? 'Z' : offsetText(zone);
  if (offset === undefined) return undefined;
  const time = `${two(hour)}:${two(minute)}:${two(second)}.${fraction.padEnd(1, '0')}`;
  const micros = parseTimestamp(`${dateText(parts)}T${time}${offset}`, { zone: 'required' });
  return micros === undefined ? undefined : { micros, zoneless: zone === undefined };
}

function dateText([, year = '', month = '1', day = '1']: readonly (string | undefined)[]): string {
  // ISO 8601 gives a sign to the years that need one, and SQL may give it to any.
  const plain = year.startsWith('+') && year.length === 5 ? year.slice(1) : year;
  const signed = /^\d{5,}$/.test(plain) ? `+${plain}` : plain;
  return `${signed}-${two(month)}-${two(day)}`;
}

function offsetText(zone: string): string | undefined {
  if (zone === 'Z' || zone === 'UTC' || zone === 'GMT') return 'Z';
  const parts = /^([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(zone);
  return parts === null ? undefined : `${parts[1]}${two(parts[2] ?? '')}:${parts[3] ?? '00'}`;
}

function two(digits: string): string {
  return digits.padStart(2, '0');
}
