/**
 * The calendar of old Spark. Before 3.0 (3.1 for INT96), and on request since, it wrote days before
 * 1582-10-15 as the Julian calendar counts them; everything else, Varve included, counts the
 * Gregorian calendar backwards. Spark's own rules, after which this reads: the keys below in a
 * file's footer.
 */

/** What of a file is in the hybrid calendar. */
export interface LegacyCalendar {
  /** Dates, and timestamps kept as 64-bit integers. */
  readonly dateTime: boolean;
  /** Timestamps kept as INT96. */
  readonly int96: boolean;
  /** The writer's time zone, when the file says so. */
  readonly zone: string | undefined;
}

/** The first day that both calendars agree on, 1582-10-15, in days since 1970-01-01. */
export const FIRST_GREGORIAN_DAY = -141_427;
/**
 * 1900-01-01T00:00:00Z in microseconds: from here on, the two ways to keep time agree in every
 * zone.
 */
export const FIRST_COMMON_MICROS: bigint = -2_208_988_800_000_000n;

const VERSION_KEY = 'org.apache.spark.version';
const ZONE_KEY = 'org.apache.spark.timeZone';
const DATE_TIME_KEY = 'org.apache.spark.legacyDateTime';
const INT96_KEY = 'org.apache.spark.legacyINT96';
const MICROS_PER_DAY = 86_400_000_000n;
/** 1970-01-01 in days of the Julian day number, which both calendars share. */
const EPOCH_JULIAN_DAY = 2_440_588;

/**
 * Which of a file's values are in the hybrid calendar, from the key-value metadata of its footer;
 * `undefined` when none is. A file that no Spark wrote has no version and is taken as it is.
 */
export function legacyRebase(
  footerKeyValue: ReadonlyMap<string, string>,
): LegacyCalendar | undefined {
  const version = footerKeyValue.get(VERSION_KEY);
  const dateTime = footerKeyValue.has(DATE_TIME_KEY) || isBefore(version, 3, 0);
  const int96 = footerKeyValue.has(INT96_KEY) || isBefore(version, 3, 1);
  if (!dateTime && !int96) return undefined;
  return { dateTime, int96, zone: footerKeyValue.get(ZONE_KEY) };
}

/**
 * The day that the hybrid calendar's day `days` names, counted as the Gregorian calendar does: the
 * same year, month and day. A 29 February that only the Julian calendar has becomes 1 March, as in
 * Spark.
 */
export function gregorianDays(days: number): number {
  if (days >= FIRST_GREGORIAN_DAY) return days;
  const { year, month, day } = julianDate(days);
  return gregorianFirstOfMonth(year, month) + day - 1;
}

/** The same for a timestamp that was written in UTC: the day moves, the time of the day stays. */
export function gregorianMicros(micros: bigint): bigint {
  let day = micros / MICROS_PER_DAY;
  if (micros < day * MICROS_PER_DAY) day -= 1n;
  const moved = gregorianDays(Number(day));
  return micros + (BigInt(moved) - day) * MICROS_PER_DAY;
}

const UTC_ZONES: ReadonlySet<string> = new Set([
  'UTC',
  'Etc/UTC',
  'Etc/UCT',
  'UCT',
  'Zulu',
  'Etc/Zulu',
  'Universal',
  'Etc/Universal',
  'GMT',
  'Etc/GMT',
  'GMT0',
  'Etc/GMT0',
  'Greenwich',
  'Etc/Greenwich',
  'Z',
  '+00:00',
]);

/** Whether a zone has always been at UTC. */
export function isUtc(zone: string | undefined): boolean {
  return zone !== undefined && UTC_ZONES.has(zone);
}

function isBefore(version: string | undefined, major: number, minor: number): boolean {
  const parts = /^(\d+)\.(\d+)/.exec(version ?? '');
  if (parts === null) return false;
  const found = Number(parts[1]);
  return found < major || (found === major && Number(parts[2]) < minor);
}

/**
 * Julian year (astronomical, 0 is 1 BC), month and day; the usual integer algorithm, good for
 * negative days too.
 */
function julianDate(days: number): { year: number; month: number; day: number } {
  const fromMarch = days + EPOCH_JULIAN_DAY + 32_082;
  const cycle = Math.floor((4 * fromMarch + 3) / 1461);
  const dayOfYear = fromMarch - Math.floor((1461 * cycle) / 4);
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  return {
    year: cycle - 4800 + Math.floor(monthFromMarch / 10),
    month: monthFromMarch + 3 - 12 * Math.floor(monthFromMarch / 10),
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

/** Days since 1970-01-01 of the first of a month in the Gregorian calendar. */
function gregorianFirstOfMonth(year: number, month: number): number {
  const before = Math.floor((14 - month) / 12);
  const y = year + 4800 - before;
  const leaps = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  const monthFromMarch = month + 12 * before - 3;
  const dayNumber = 1 + Math.floor((153 * monthFromMarch + 2) / 5) + 365 * y + leaps - 32_045;
  return dayNumber - EPOCH_JULIAN_DAY;
}
