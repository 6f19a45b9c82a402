/**
 * What every column of a batch under construction has in common: a length, validity bits made only once there is a
 * null, and refusals that name the row and the column. One subclass for each physical layout fills its own buffers.
 */
import type { DataType as ArrowType, Data } from 'apache-arrow';
import { SchemaMismatchError } from '../../errors.js';
import { type ColumnParts, makeColumn } from '../../log/schema/arrow-data.js';
import { describeValue } from './describe-value.js';

/** The index of the row at hand, shared by all the builders of one encoder. */
export interface RowCounter {
  row: number;
}

/** Where a builder stands: what its refusals say. */
export interface Place {
  /** Dotted for a field of a struct; `.element`, `.key` and `.value` inside arrays and maps. */
  readonly column: string;
  readonly nullable: boolean;
  /** The type and what is accepted for it. */
  readonly expected: string;
  readonly rows: RowCounter;
}

const FIRST_CAPACITY = 64;
const EMPTY = new Uint8Array(0);

/** Throws that `value` does not fit the column at `place`. */
export function refuse(place: Place, value: unknown, reason?: string): never {
  const { column, expected } = place;
  const why = reason ?? `column ${JSON.stringify(column)} does not take this value`;
  throw new SchemaMismatchError({
    message: `row ${place.rows.row}: ${why}; nothing was written`,
    row: place.rows.row,
    column,
    expected: place.nullable ? expected : `${expected}, not null`,
    actual: describeValue(value),
  });
}

export abstract class ColumnBuilder {
  /** Values so far, nulls included. */
  length = 0;
  protected readonly place: Place;
  protected readonly type: ArrowType;
  protected capacity = 0;
  private nullCount = 0;
  private validity: Uint8Array = EMPTY;

  constructor(place: Place, type: ArrowType) {
    this.place = place;
    this.type = type;
  }

  /** Bytes in the buffers, the validity bits left out. */
  abstract get sizeBytes(): number;

  /** Writes a value that is not null at `this.length`, or refuses it. */
  protected abstract put(value: unknown): void;

  /** Writes what a null leaves at `this.length`; the buffers are zero already. */
  protected abstract putNull(): void;

  /** Makes room for `capacity` values. */
  protected abstract resize(capacity: number): void;

  /** A text that two values share only if they are equal once written. */
  protected abstract identityAt(index: number): string;

  /** The buffers as Arrow, `validity` being undefined without nulls; then starts anew. */
  protected abstract build(column: BuiltColumn): Data;

  /** Appends one value; null and undefined are null, where the column may be. */
  append(value: unknown): void {
    if (value === null || value === undefined) {
      if (!this.place.nullable) this.refuseNull(value);
      this.skip();
      return;
    }
    if (this.length === this.capacity) this.grow();
    this.put(value);
    if (this.nullCount > 0) this.markValid();
    this.length += 1;
  }

  /** Appends a null whether or not the column may be null: what lies under a null struct is no value. */
  skip(): void {
    if (this.length === this.capacity) this.grow();
    if (this.nullCount === 0) this.startValidity();
    this.nullCount += 1;
    this.putNull();
    this.length += 1;
  }

  /** A text that two values share only if they are equal once written; `undefined` for null. */
  identity(index: number): string | undefined {
    return this.isValid(index) ? this.identityAt(index) : undefined;
  }

  /** Everything since the last call, as one Arrow column. */
  finish(): Data {
    const { type, length, nullCount } = this;
    const validity = nullCount === 0 ? undefined : this.validity.subarray(0, (length + 7) >> 3);
    const data = this.build({ type, length, nullCount, validity });
    // The next batch is most likely as long as this one.
    this.capacity = 0;
    this.length = 0;
    this.nullCount = 0;
    this.validity = EMPTY;
    if (length > 0) {
      this.capacity = length;
      this.resize(length);
    }
    return data;
  }

  private isValid(index: number): boolean {
    return this.nullCount === 0 || ((this.validity[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  private markValid(): void {
    const at = this.length >> 3;
    this.validity[at] = (this.validity[at] ?? 0) | (1 << (this.length & 7));
  }

  private startValidity(): void {
    const { length } = this;
    this.validity = new Uint8Array((this.capacity + 7) >> 3).fill(255, 0, length >> 3);
    this.validity[length >> 3] = (1 << (length & 7)) - 1;
  }

  private grow(): void {
    this.capacity = Math.max(FIRST_CAPACITY, this.capacity * 2);
    this.resize(this.capacity);
    if (this.nullCount > 0) {
      const grown = new Uint8Array((this.capacity + 7) >> 3);
      grown.set(this.validity);
      this.validity = grown;
    }
  }

  private refuseNull(value: null | undefined): never {
    const { column } = this.place;
    const actual = value === null ? 'null' : 'absent';
    throw new SchemaMismatchError({
      message:
        `row ${this.place.rows.row}: column ${JSON.stringify(column)} is not null and has no ` +
        'value; nothing was written',
      row: this.place.rows.row,
      column,
      expected: `${this.place.expected}, not null`,
      actual,
    });
  }
}

/** What {@link ColumnBuilder.finish} knows of the column whose buffers a subclass gives. */
export interface BuiltColumn {
  readonly type: ArrowType;
  readonly length: number;
  readonly nullCount: number;
  readonly validity: Uint8Array | undefined;
}

/** An Arrow column over the given buffers, which are not copied. */
export function arrowData(column: BuiltColumn, parts: ColumnParts): Data {
  const { type, length, nullCount, validity } = column;
  const bits = validity === undefined ? undefined : { bytes: validity, offset: 0 };
  return makeColumn(type, length, { ...parts, validity: bits, nullCount });
}
