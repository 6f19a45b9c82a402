/** An instant with microseconds, as rows hold it. */
import { LimitError } from '../../errors.js';
import { formatTimestamp } from '../../log/schema/scalar-text.js';

/** The last millisecond, on both sides of 1970, that a Date can hold. */
const MAX_DATE_MS = 8_640_000_000_000_000;
const MICROS_PER_MS = 1000;

/**
 * An instant: a `Date`, plus the microseconds below its millisecond as an own property, so that no digit of a Delta
 * `timestamp` is lost. It can be written again as it is, and its JSON has six digits.
 *
 * `structuredClone`, `postMessage` and `new Date(timestamp)` keep the milliseconds only, and moving it with `setTime`
 * and its like leaves `micros` as it was: make a new one from text instead.
 */
export class Timestamp extends Date {
  /** Microseconds after the millisecond of `getTime()`, 0 to 999; before 1970 too. */
  readonly micros: number;

  /** @internal */
  constructor(timeMs: number, micros: number) {
    super(timeMs);
    this.micros = micros;
  }

  /** `2024-01-02T03:04:05.678901Z`; `null` when `setTime` made it invalid, as Date does. */
  override toJSON(): string {
    const timeMs = this.getTime();
    // JSON.stringify of an invalid Date is null, and Date declares the result as a string all the same.
    if (Number.isNaN(timeMs)) return null as unknown as string;
    return formatTimestamp(BigInt(timeMs) * BigInt(MICROS_PER_MS) + BigInt(this.micros));
  }
}

/**
 * The instant `micros` microseconds after 1970-01-01T00:00:00Z.
 *
 * @throws LimitError when it is beyond what a Date can hold, the years -271821 to 275760
 */
export function timestamp(micros: bigint): Timestamp {
  if (BigInt.asIntN(53, micros) === micros) return timestampFromNumber(Number(micros));
  const remainder = Number(((micros % 1000n) + 1000n) % 1000n);
  return checked(Number((micros - BigInt(remainder)) / 1000n), remainder);
}

/** As {@link timestamp}, for the microseconds that a number holds exactly. */
export function timestampFromNumber(micros: number): Timestamp {
  const timeMs = Math.floor(micros / MICROS_PER_MS);
  return checked(timeMs, micros - timeMs * MICROS_PER_MS);
}

/** The microseconds below a Date's millisecond: those of a {@link Timestamp}, from whichever copy of Varve, else 0. */
export function microsOf(date: Date): unknown {
  return Object.hasOwn(date, 'micros') ? Reflect.get(date, 'micros') : 0;
}

function checked(timeMs: number, micros: number): Timestamp {
  const isBeyond = timeMs > MAX_DATE_MS || (timeMs === MAX_DATE_MS && micros > 0);
  if (isBeyond || timeMs < -MAX_DATE_MS) {
    throw new LimitError({
      message: 'this timestamp is beyond what a Date can hold; read the column as Arrow instead',
      limit: 'MAX_DATE_MS',
      value: timeMs,
      max: MAX_DATE_MS,
    });
  }
  return new Timestamp(timeMs, micros);
}
