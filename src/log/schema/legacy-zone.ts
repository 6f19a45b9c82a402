/**
 * Timestamps before 1900 of the hybrid calendar, in the writer's time zone. Old Java counted them with
 * the zone's standard offset of today; everything since with the offset that was kept at the time,
 * which before railways is that of the place's own noon. Spark's rule: the wall clock stays the same.
 */
import { gregorianMicros } from './legacy-calendar.js';

/** The microseconds that the Gregorian calendar and the zone's own history give to a wall clock. */
export type Rebase = (micros: bigint) => bigint;

/**
 * The rule for a zone by the id in a file's footer; `undefined` when it is not known for certain:
 * an id that this process does not know, an abbreviation, or one of {@link REWRITTEN}.
 */
export function zoneRebase(id: string): Rebase | undefined {
  const known = RULES.get(id);
  if (known !== undefined) return known;
  const rule = ruleOf(id);
  if (rule !== undefined) RULES.set(id, rule);
  return rule;
}

/** Finding a zone's history takes hundreds of questions; files of one table ask for the same few. */
const RULES = new Map<string, Rebase>();

/**
 * Zones whose offsets before 1900 the time zone database has changed since Spark drew up its own table
 * of them, so that engines disagree. For every other zone of that table both say the same.
 */
const REWRITTEN: ReadonlySet<string> = new Set([
  'Africa/Blantyre',
  'Africa/Bujumbura',
  'Africa/Casablanca',
  'Africa/El_Aaiun',
  'Africa/Gaborone',
  'Africa/Harare',
  'Africa/Kigali',
  'Africa/Lubumbashi',
  'Africa/Lusaka',
  'Africa/Maputo',
  'America/Matamoros',
  'America/Nipigon',
  'America/Rainy_River',
  'America/Thunder_Bay',
  'America/Yellowknife',
  'Antarctica/Casey',
  'Antarctica/Vostok',
  'Asia/Choibalsan',
  'Asia/Manila',
  'CST6CDT',
  'EST5EDT',
  'Europe/Uzhgorod',
  'Europe/Zaporozhye',
  'MST7MDT',
  'PST8PDT',
]);

/** Ids such as `IST` are of several zones, and Java and the time zone database mean different ones. */
const ABBREVIATION = /^[A-Z]{3}$/;

const FIXED = /^(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?$/;

function ruleOf(id: string): Rebase | undefined {
  const fixed = FIXED.exec(id);
  if (fixed !== null) {
    const [, sign, hours, minutes = '0'] = fixed;
    const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60 : 60);
    return rebaseBy(offset, [{ from: Number.NEGATIVE_INFINITY, offset }]);
  }
  if (REWRITTEN.has(id) || ABBREVIATION.test(id)) return undefined;
  const offsetAt = offsetsOf(id);
  return offsetAt && rebaseBy(standardOffset(offsetAt), historyOf(offsetAt));
}

/** Seconds east of Greenwich at an instant, in seconds since 1970. */
type OffsetAt = (second: number) => number;

/** From when on, in seconds since 1970, a zone kept an offset. */
interface Span {
  readonly from: number;
  readonly offset: number;
}

const MICROS = 1_000_000n;

function rebaseBy(standard: number, history: readonly Span[]): Rebase {
  return (micros) => {
    const local = gregorianMicros(micros + BigInt(standard) * MICROS);
    const second = Number(local >= 0n ? local / MICROS : (local - MICROS + 1n) / MICROS);
    let offset = standard;
    // A wall clock that was shown twice is the later, one that was skipped counts on.
    for (const span of history) if (second >= span.from + span.offset) offset = span.offset;
    return local - BigInt(offset) * MICROS;
  };
}

const OFFSET = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/;

function offsetsOf(id: string): OffsetAt | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: id, timeZoneName: 'longOffset' });
  } catch {
    // Nothing else tells whether a zone is known.
    return undefined;
  }
  return (second) => {
    const parts = format.formatToParts(new Date(second * 1000));
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = OFFSET.exec(name) ?? [];
    const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    return sign === '-' ? -offset : offset;
  };
}

/** What a zone keeps without summer time, north and south; in a year whose rules are settled. */
function standardOffset(offsetAt: OffsetAt): number {
  const july = offsetAt(Date.UTC(2021, 6, 15) / 1000);
  return Math.min(july, offsetAt(Date.UTC(2022, 0, 15) / 1000));
}

const MONTH = 30 * 86_400;
/** No zone changed its offset before. */
const HISTORY_START = Date.UTC(1820) / 1000;
const HISTORY_END = Date.UTC(1900, 1) / 1000;

/** Every offset before 1900, by looking once a month and halving where two differ. */
function historyOf(offsetAt: OffsetAt): readonly Span[] {
  let at = HISTORY_START;
  let offset = offsetAt(at);
  const spans: Span[] = [{ from: Number.NEGATIVE_INFINITY, offset }];
  while (at < HISTORY_END) {
    const next = at + MONTH;
    const then = offsetAt(next);
    if (then !== offset) {
      spans.push({ from: changeBetween(offsetAt, at, next), offset: then });
      offset = then;
    }
    at = next;
  }
  return spans;
}

function changeBetween(offsetAt: OffsetAt, before: number, after: number): number {
  const offset = offsetAt(before);
  let low = before;
  let high = after;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}
