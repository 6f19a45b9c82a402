/** Dates and timestamps, from every unit and physical form to days and microseconds. */
import { type Data, type Date_, type Int, type Timestamp, TimeUnit, Type } from 'apache-arrow';
import { UnsupportedFeatureError } from '../../errors.js';
import { columnLike, retype, viewAs } from './arrow-data.js';
import { arrowType } from './arrow-type.js';
import { type CastPlace, counts, refuseValue, typeMisfit } from './cast-place.js';
import { writeProduct, writeThousandth } from './int64-words.js';
import { INT96_BYTES, writeInt96Micros } from './int96.js';
import {
  FIRST_COMMON_MICROS,
  FIRST_GREGORIAN_DAY,
  gregorianDays,
  gregorianMicros,
  isUtc,
  type LegacyCalendar,
} from './legacy-calendar.js';
import { type Rebase, zoneRebase } from './legacy-zone.js';

const MILLIS_PER_DAY = 86_400_000n;
const SECONDS_PER_DAY = 86_400;
const MICROS_PER_SECOND = 1_000_000;
const MICROS_PER_MILLI = 1000;
const MAX_DAYS = 2n ** 31n;

/**
 * A column of `date`: from days, from milliseconds that are whole days, in a file also from bare
 * 32-bit integers.
 */
export function castDate(data: Data, place: CastPlace): Data {
  const type = arrowType('date');
  const days = sourceDays(data, place);
  if (days === undefined) throw typeMisfit(data, 'date', place);
  if (place.rules.legacy?.dateTime === true) {
    return columnLike(data, type, { values: rebasedDays(days) });
  }
  return days === data.values ? retype(data, type) : columnLike(data, type, { values: days });
}

/** A column of `timestamp` or `timestamp_ntz`. */
export function castTimestamp(
  data: Data,
  target: 'timestamp' | 'timestamp_ntz',
  place: CastPlace,
): Data {
  const type = arrowType(target);
  const micros = sourceMicros(data, target, place);
  if (micros === undefined) throw typeMisfit(data, target, place);
  const { legacy } = place.rules;
  const isInt96 = data.typeId === Type.FixedSizeBinary;
  // timestamp_ntz is younger than the old calendar.
  if (target === 'timestamp' && (isInt96 ? legacy?.int96 : legacy?.dateTime) === true) {
    return columnLike(data, type, { values: rebasedMicros(data, micros, place) });
  }
  return micros === data.values ? retype(data, type) : columnLike(data, type, { values: micros });
}

function sourceDays(data: Data, place: CastPlace): Int32Array | undefined {
  if (data.typeId === Type.Date) {
    const isDays = (data.type as Date_).unit === 0;
    return isDays ? (data.values as Int32Array) : wholeDays(data, place);
  }
  return isBareInteger(data, place, 32) ? (data.values as Int32Array) : undefined;
}

function wholeDays(data: Data, place: CastPlace): Int32Array {
  const millis = data.values as BigInt64Array;
  const days = new Int32Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const value = millis[index] ?? 0n;
    const day = value / MILLIS_PER_DAY;
    if (day * MILLIS_PER_DAY === value && day < MAX_DAYS && day >= -MAX_DAYS) {
      days[index] = Number(day);
    } else {
      const actual = (): string => `${value} ms`;
      refuseValue(data, place, index, { expected: 'a whole day', actual });
    }
  }
  return days;
}

function sourceMicros(
  data: Data,
  target: 'timestamp' | 'timestamp_ntz',
  place: CastPlace,
): BigInt64Array | undefined {
  const isFile = place.rules.source === 'file';
  switch (data.typeId) {
    case Type.Timestamp: {
      // An instant has a wall clock only in a zone; that of another zone than UTC is not for us to
      // choose.
      const zone = (data.type as Timestamp).timezone ?? undefined;
      if (!isFile && target === 'timestamp_ntz' && zone !== undefined && !isUtc(zone)) {
        return undefined;
      }
      return microsOf(data, (data.type as Timestamp).unit, place);
    }
    case Type.Date:
      // The protocol widens date to timestamp_ntz: midnight of the day.
      return isFile && target === 'timestamp_ntz' ? midnights(castDate(data, place)) : undefined;
    case Type.FixedSizeBinary:
      return isFile && data.stride === INT96_BYTES ? int96Micros(data, place) : undefined;
    default:
      return isBareInteger(data, place, 64) ? (data.values as BigInt64Array) : undefined;
  }
}

/**
 * Whether these are signed integers of that width, which some writers use without saying what they
 * mean.
 */
function isBareInteger(data: Data, place: CastPlace, bitWidth: number): boolean {
  if (place.rules.source !== 'file' || data.typeId !== Type.Int) return false;
  const type = data.type as Int;
  return type.isSigned && type.bitWidth === bitWidth;
}

function microsOf(data: Data, unit: TimeUnit, place: CastPlace): BigInt64Array {
  switch (unit) {
    case TimeUnit.SECOND:
      return multiplied(data, MICROS_PER_SECOND, place);
    case TimeUnit.MILLISECOND:
      return multiplied(data, MICROS_PER_MILLI, place);
    case TimeUnit.MICROSECOND:
      return data.values as BigInt64Array;
    case TimeUnit.NANOSECOND:
      return fromNanos(data, place);
  }
}

function multiplied(data: Data, factor: number, place: CastPlace): BigInt64Array {
  const from = viewAs(Int32Array, data.values as BigInt64Array);
  const to = new BigInt64Array(data.length);
  const words = viewAs(Int32Array, to);
  const scale = { factor, plus: 0 };
  for (let index = 0; index < data.length; index++) {
    const source = { low: (from[2 * index] ?? 0) >>> 0, high: from[2 * index + 1] ?? 0 };
    if (!writeProduct(words, index, source, scale)) refuseTimestamp(data, place, index);
  }
  return to;
}

/**
 * Nanoseconds to microseconds: floored from a file, where the digits beyond cannot be kept and the
 * instant before is the one that every reader shows; from a caller only without a rest.
 */
function fromNanos(data: Data, place: CastPlace): BigInt64Array {
  const from = viewAs(Int32Array, data.values as BigInt64Array);
  const to = new BigInt64Array(data.length);
  const words = viewAs(Int32Array, to);
  const isExact = place.rules.source === 'input';
  for (let index = 0; index < data.length; index++) {
    const rest = writeThousandth(from, words, index);
    if (isExact && rest !== 0) {
      const actual = (): string => `${String((data.values as BigInt64Array)[index])} ns`;
      refuseValue(data, place, index, { expected: 'whole microseconds', actual });
    }
  }
  return to;
}

function int96Micros(data: Data, place: CastPlace): BigInt64Array {
  const words = viewAs(Int32Array, data.values as Uint8Array);
  const to = new BigInt64Array(data.length);
  const toWords = viewAs(Int32Array, to);
  for (let index = 0; index < data.length; index++) {
    if (!writeInt96Micros(words, toWords, index)) refuseTimestamp(data, place, index);
  }
  return to;
}

function midnights(dates: Data): BigInt64Array {
  const days = dates.values as Int32Array;
  const to = new BigInt64Array(dates.length);
  const words = viewAs(Int32Array, to);
  const scale = { factor: MICROS_PER_SECOND, plus: 0 };
  for (let index = 0; index < dates.length; index++) {
    const seconds = (days[index] ?? 0) * SECONDS_PER_DAY;
    const high = Math.floor(seconds / 2 ** 32);
    // Every 32-bit day fits.
    writeProduct(words, index, { low: seconds - high * 2 ** 32, high }, scale);
  }
  return to;
}

function refuseTimestamp(data: Data, place: CastPlace, index: number): void {
  refuseValue(data, place, index, {
    expected: 'microseconds in 64 bits',
    actual: () => `a timestamp of type ${String(data.type)} outside them`,
  });
}

function rebasedDays(days: Int32Array): Int32Array {
  const isOld = days.some((day) => day < FIRST_GREGORIAN_DAY);
  return isOld ? days.map(gregorianDays) : days;
}

function rebasedMicros(data: Data, micros: BigInt64Array, place: CastPlace): BigInt64Array {
  let rebased = micros;
  let rebase: Rebase | undefined;
  const zone = place.rules.legacy?.zone;
  for (let index = 0; index < data.length; index++) {
    const value = micros[index] ?? 0n;
    if (value >= FIRST_COMMON_MICROS || !counts(data, place, index)) continue;
    rebase ??= zone === undefined ? undefined : rebaseIn(zone);
    if (rebase === undefined) throw legacyCalendarError(place, index, zone);
    if (rebased === micros) rebased = micros.slice();
    rebased[index] = rebase(value);
  }
  return rebased;
}

/** The zones that have always been at UTC need no history. */
function rebaseIn(zone: string): Rebase | undefined {
  return isUtc(zone) ? gregorianMicros : zoneRebase(zone);
}

function legacyCalendarError(
  place: CastPlace,
  index: number,
  zone: LegacyCalendar['zone'],
): UnsupportedFeatureError {
  const written = zone === undefined ? 'an unknown time zone' : `the time zone ${zone}`;
  return new UnsupportedFeatureError({
    message:
      `a timestamp before 1900 in column ${place.column}, row ${place.rowOf(index)}, was written ` +
      `in spark's legacy calendar and ${written}, which cannot be read exactly`,
    features: ['legacy calendar'],
    side: 'read',
    remedy: 'rewrite the file with spark 3 or later, or select other columns',
  });
}
