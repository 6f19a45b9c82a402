/**
 * Builders of the columns of 64 and 128 bits. Most values fit the 53 bits of a number, so they are written as pairs
 * of 32-bit words: making a bigint for each costs more than all the rest.
 */
import type { DataType as ArrowType, Data } from 'apache-arrow';
import { parseDecimal, parseTimestamp } from '../../log/schema/scalar-text.js';
import {
  arrowData,
  type BuiltColumn,
  ColumnBuilder,
  type Place,
  refuse,
} from './column-builder.js';
import { tagOf } from './describe-value.js';
import { microsOf } from './timestamp.js';

const TWO_32 = 2 ** 32;
const CANONICAL_INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
/** Milliseconds from 1970 whose microseconds are a safe integer. */
const SAFE_MS = Math.floor(Number.MAX_SAFE_INTEGER / 1000) - 1;

/** A column of 64-bit integers, whatever they mean. */
abstract class Int64Builder extends ColumnBuilder {
  private values: BigInt64Array = new BigInt64Array(0);
  private words: Int32Array = new Int32Array(0);

  override get sizeBytes(): number {
    return this.length * BigInt64Array.BYTES_PER_ELEMENT;
  }

  /** Writes a safe integer. */
  protected putNumber(value: number): void {
    const at = this.length * 2;
    this.words[at] = value | 0;
    this.words[at + 1] = Math.floor(value / TWO_32);
  }

  protected putBigint(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) refuse(this.place, value);
    this.values[this.length] = value;
  }

  protected override putNull(): void {}

  protected override resize(capacity: number): void {
    const grown = new BigInt64Array(capacity);
    if (this.length > 0) grown.set(this.values.subarray(0, this.length));
    this.values = grown;
    this.words = new Int32Array(grown.buffer);
  }

  protected override identityAt(index: number): string {
    return String(this.values[index]);
  }

  protected override build(column: BuiltColumn): Data {
    return arrowData(column, { values: this.values.subarray(0, column.length) });
  }
}

/** long: a bigint, a safe integer, or canonical decimal text. */
export class LongBuilder extends Int64Builder {
  protected override put(value: unknown): void {
    if (typeof value === 'bigint') this.putBigint(value);
    else if (typeof value === 'number' && Number.isSafeInteger(value)) this.putNumber(value);
    else if (typeof value === 'string' && CANONICAL_INTEGER.test(value)) this.putText(value);
    else refuse(this.place, value);
  }

  private putText(text: string): void {
    const value = BigInt(text);
    if (BigInt.asIntN(64, value) !== value) refuse(this.place, text);
    this.putBigint(value);
  }
}

/** timestamp: a Date, with the microseconds of a Timestamp, or text with a zone. */
export class TimestampBuilder extends Int64Builder {
  protected override put(value: unknown): void {
    if (value instanceof Date || tagOf(value) === '[object Date]') this.putDate(value as Date);
    else if (typeof value === 'string') {
      const micros = parseTimestamp(value, { zone: 'required' });
      if (micros === undefined) refuse(this.place, value);
      this.putBigint(micros);
    } else refuse(this.place, value);
  }

  private putDate(date: Date): void {
    const timeMs = date.getTime();
    const micros = microsOf(date);
    if (Number.isNaN(timeMs)) refuse(this.place, date);
    if (typeof micros !== 'number' || !Number.isInteger(micros) || micros < 0 || micros > 999) {
      const { column } = this.place;
      refuse(this.place, micros, `the micros of column ${JSON.stringify(column)} are not 0 to 999`);
    }
    if (Math.abs(timeMs) < SAFE_MS) this.putNumber(timeMs * 1000 + micros);
    else this.putBigint(BigInt(timeMs) * 1000n + BigInt(micros));
  }
}

/** timestamp_ntz: text without a zone; a Date is an instant, not a wall clock. */
export class TimestampNtzBuilder extends Int64Builder {
  protected override put(value: unknown): void {
    const micros =
      typeof value === 'string' ? parseTimestamp(value, { zone: 'forbidden' }) : undefined;
    if (micros === undefined) refuse(this.place, value);
    this.putBigint(micros);
  }
}

const WORDS = 4;
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** decimal: exact text, or a bigint that is the whole number itself. Never a number, which may have lost digits. */
export class DecimalBuilder extends ColumnBuilder {
  private words: Uint32Array = new Uint32Array(0);
  private readonly precision: number;
  private readonly scale: number;

  constructor(place: Place, type: ArrowType, size: { precision: number; scale: number }) {
    super(place, type);
    this.precision = size.precision;
    this.scale = size.scale;
  }

  override get sizeBytes(): number {
    return this.length * WORDS * Uint32Array.BYTES_PER_ELEMENT;
  }

  protected override put(value: unknown): void {
    if (typeof value !== 'string' && typeof value !== 'bigint') refuse(this.place, value);
    const text = typeof value === 'string' ? value : String(value);
    const small = this.smallUnscaled(text);
    if (small !== undefined) return this.putNumber(small);
    const unscaled = parseDecimal(text, this.precision, this.scale);
    if (unscaled === undefined) refuse(this.place, value);
    this.putBigint(unscaled);
  }

  protected override putNull(): void {}

  protected override resize(capacity: number): void {
    const grown = new Uint32Array(capacity * WORDS);
    if (this.length > 0) grown.set(this.words.subarray(0, this.length * WORDS));
    this.words = grown;
  }

  protected override identityAt(index: number): string {
    return this.words.subarray(index * WORDS, (index + 1) * WORDS).join();
  }

  protected override build(column: BuiltColumn): Data {
    return arrowData(column, { values: this.words.subarray(0, column.length * WORDS) });
  }

  /** The unscaled value of a plain text of at most 15 digits; `undefined` for any other, right or wrong. */
  private smallUnscaled(text: string): number | undefined {
    const negative = text.startsWith('-');
    const length = text.length;
    if (length > 16 || length === (negative ? 1 : 0)) return undefined;
    let value = 0;
    let point = -1;
    for (let at = negative ? 1 : 0; at < length; at += 1) {
      const code = text.charCodeAt(at);
      if (code >= 48 && code <= 57) value = value * 10 + code - 48;
      else if (code === 46 && point < 0 && at + 1 < length) point = at;
      else return undefined;
    }
    const power = POWERS_OF_TEN[this.scale - (point < 0 ? 0 : length - 1 - point)];
    const limit = POWERS_OF_TEN[Math.min(this.precision, 15)] ?? 0;
    if (power === undefined || value * power >= limit) return undefined;
    return negative ? -value * power : value * power;
  }

  private putNumber(value: number): void {
    const at = this.length * WORDS;
    const high = Math.floor(value / TWO_32);
    this.words[at] = value | 0;
    this.words[at + 1] = high;
    this.words[at + 2] = high < 0 ? -1 : 0;
    this.words[at + 3] = high < 0 ? -1 : 0;
  }

  private putBigint(value: bigint): void {
    for (let word = 0; word < WORDS; word += 1) {
      this.words[this.length * WORDS + word] = Number(
        BigInt.asUintN(32, value >> BigInt(32 * word)),
      );
    }
  }
}
