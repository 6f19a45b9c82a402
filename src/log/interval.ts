/** The intervals of retention properties: Spark's `interval 1 week 2 days`. */

const SECOND_MS = 1000;
const DAY_MS = 86_400 * SECOND_MS;

/** Milliseconds of each unit; months and years have no fixed length and are not accepted. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['week', 7 * DAY_MS],
  ['day', DAY_MS],
  ['hour', 3600 * SECOND_MS],
  ['minute', 60 * SECOND_MS],
  ['second', SECOND_MS],
  ['millisecond', 1],
  ['microsecond', 1e-3],
]);

const PAIR = /(\d+(?:\.\d+)?)\s+([a-z]+?)s?(?:\s+|$)/y;

/**
 * Milliseconds of an interval as Spark writes it: pairs of a number and a unit of weeks to
 * microseconds, any case, `interval` before them or not. Undefined when it is none, is negative or
 * names months or years.
 */
export function parseInterval(text: string): number | undefined {
  const pairs = text
    .trim()
    .toLowerCase()
    .replace(/^interval\s+/, '');
  let milliseconds = 0;
  PAIR.lastIndex = 0;
  for (let end = 0; end < pairs.length || end === 0; end = PAIR.lastIndex) {
    const [, number, unit = ''] = PAIR.exec(pairs) ?? [];
    const unitMs = UNITS.get(unit);
    if (number === undefined || unitMs === undefined) return undefined;
    milliseconds += Number(number) * unitMs;
  }
  const whole = Math.floor(milliseconds);
  return Number.isSafeInteger(whole) ? whole : undefined;
}

/** An interval in the one form that every reader knows: `interval <number> <unit>`. */
export function formatInterval(milliseconds: number): string {
  for (const [unit, unitMs] of UNITS) {
    if (unitMs >= 1 && milliseconds > 0 && milliseconds % unitMs === 0) {
      return `interval ${milliseconds / unitMs} ${unit}s`;
    }
  }
  return 'interval 0 seconds';
}
