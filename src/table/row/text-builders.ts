/** Builders of the columns that are given as text or bytes: string, binary, date. */
import type { Data } from 'apache-arrow';
import { LimitError } from '../../errors.js';
import { parseDate } from '../../log/schema/scalar-text.js';
import { arrowData, type BuiltColumn, ColumnBuilder, refuse } from './column-builder.js';
import { tagOf } from './describe-value.js';

/** Arrow's offsets have 32 bits: one column of one batch can hold no more bytes. */
const MAX_COLUMN_BYTES = 2 ** 31 - 1;
const FIRST_BYTES = 1024;
/** Up to here a loop over the characters is quicker than a call of TextEncoder. */
const SHORT_TEXT = 48;
const LONE_SURROGATE = /\p{Surrogate}/u;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A column of byte strings, whatever they mean. */
abstract class BytesBuilder extends ColumnBuilder {
  protected bytes: Uint8Array = new Uint8Array(0);
  protected used = 0;
  private offsets: Int32Array = new Int32Array(1);

  override get sizeBytes(): number {
    return this.used + this.length * Int32Array.BYTES_PER_ELEMENT;
  }

  /** Makes room for `count` more bytes. */
  protected reserve(count: number): void {
    const needed = this.used + count;
    if (needed <= this.bytes.length) return;
    if (needed > MAX_COLUMN_BYTES) {
      throw new LimitError({
        message: `column ${JSON.stringify(this.place.column)} has too many bytes for one batch`,
        limit: 'MAX_COLUMN_BYTES',
        value: needed,
        max: MAX_COLUMN_BYTES,
      });
    }
    const size = Math.min(MAX_COLUMN_BYTES, Math.max(FIRST_BYTES, needed, this.bytes.length * 2));
    const grown = new Uint8Array(size);
    grown.set(this.bytes.subarray(0, this.used));
    this.bytes = grown;
  }

  /** Ends the value at hand after `count` bytes. */
  protected end(count: number): void {
    this.used += count;
    this.offsets[this.length + 1] = this.used;
  }

  protected override putNull(): void {
    this.end(0);
  }

  protected override resize(capacity: number): void {
    const grown = new Int32Array(capacity + 1);
    if (this.length > 0) grown.set(this.offsets.subarray(0, this.length + 1));
    this.offsets = grown;
  }

  protected bytesAt(index: number): Uint8Array {
    return this.bytes.subarray(this.offsets[index], this.offsets[index + 1]);
  }

  protected override build(column: BuiltColumn): Data {
    const values = this.bytes.subarray(0, this.used);
    const data = arrowData(column, {
      values,
      valueOffsets: this.offsets.subarray(0, column.length + 1),
    });
    this.bytes = new Uint8Array(this.used);
    this.used = 0;
    return data;
  }
}

/** string: well-formed text; half a surrogate pair has no UTF-8 and would come back as another text. */
export class StringBuilder extends BytesBuilder {
  protected override put(value: unknown): void {
    if (typeof value !== 'string') refuse(this.place, value);
    if (value.length > SHORT_TEXT || !this.putAscii(value)) this.putText(value);
  }

  private putAscii(text: string): boolean {
    const { length } = text;
    this.reserve(length);
    const { bytes, used } = this;
    for (let at = 0; at < length; at += 1) {
      const code = text.charCodeAt(at);
      if (code > 127) return false;
      bytes[used + at] = code;
    }
    this.end(length);
    return true;
  }

  private putText(text: string): void {
    this.reserve(text.length * 3);
    const { written } = encoder.encodeInto(text, this.bytes.subarray(this.used));
    // As many bytes as characters: nothing but ASCII, so nothing to check.
    if (written !== text.length && LONE_SURROGATE.test(text)) {
      const { column } = this.place;
      refuse(this.place, text, `the text of column ${JSON.stringify(column)} is not well-formed`);
    }
    this.end(written);
  }

  protected override identityAt(index: number): string {
    return decoder.decode(this.bytesAt(index));
  }
}

/** binary: a Uint8Array, a Buffer included. */
export class BinaryBuilder extends BytesBuilder {
  protected override put(value: unknown): void {
    if (!(value instanceof Uint8Array) && tagOf(value) !== '[object Uint8Array]') {
      refuse(this.place, value);
    }
    const bytes = value as Uint8Array;
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.used);
    this.end(bytes.length);
  }

  protected override identityAt(index: number): string {
    return this.bytesAt(index).join();
  }
}

/** date: `YYYY-MM-DD` text; a Date is an instant, and its day depends on a zone. */
export class DateBuilder extends ColumnBuilder {
  private days: Int32Array = new Int32Array(0);

  override get sizeBytes(): number {
    return this.length * Int32Array.BYTES_PER_ELEMENT;
  }

  protected override put(value: unknown): void {
    const days = typeof value === 'string' ? parseDate(value) : undefined;
    if (days === undefined) {
      const advice =
        'takes YYYY-MM-DD text, not a Date, whose day depends on a zone: ' +
        'date.toISOString().slice(0, 10) is its day in UTC';
      const isDate = value instanceof Date;
      refuse(this.place, value, isDate ? `column "${this.place.column}" ${advice}` : undefined);
    }
    this.days[this.length] = days;
  }

  protected override putNull(): void {}

  protected override resize(capacity: number): void {
    const grown = new Int32Array(capacity);
    if (this.length > 0) grown.set(this.days.subarray(0, this.length));
    this.days = grown;
  }

  protected override identityAt(index: number): string {
    return String(this.days[index]);
  }

  protected override build(column: BuiltColumn): Data {
    return arrowData(column, { values: this.days.subarray(0, column.length) });
  }
}
