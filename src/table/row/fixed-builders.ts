/** Builders of the columns whose values all have one width: numbers, booleans, and void, which has none. */
import { type DataType as ArrowType, Data } from 'apache-arrow';
import {
  arrowData,
  type BuiltColumn,
  ColumnBuilder,
  type Place,
  refuse,
} from './column-builder.js';

type NumberArray = Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** byte, short and integer: whole numbers in the range of the type. */
export class IntegerBuilder extends ColumnBuilder {
  private values: Int8Array | Int16Array | Int32Array;
  private readonly max: number;

  constructor(place: Place, type: ArrowType, bits: 8 | 16 | 32) {
    super(place, type);
    this.values = bits === 8 ? new Int8Array(0) : new Int32Array(0);
    if (bits === 16) this.values = new Int16Array(0);
    this.max = 2 ** (bits - 1) - 1;
  }

  override get sizeBytes(): number {
    return this.length * this.values.BYTES_PER_ELEMENT;
  }

  protected override put(value: unknown): void {
    if (typeof value !== 'number' || !Number.isInteger(value)) refuse(this.place, value);
    if (value > this.max || value < -this.max - 1) refuse(this.place, value, this.outOfRange());
    this.values[this.length] = value;
  }

  protected override putNull(): void {}

  protected override resize(capacity: number): void {
    this.values = resized(this.values, capacity, this.length);
  }

  protected override identityAt(index: number): string {
    return String(this.values[index]);
  }

  protected override build(column: BuiltColumn): Data {
    return arrowData(column, { values: this.values.subarray(0, column.length) });
  }

  private outOfRange(): string {
    return `column ${JSON.stringify(this.place.column)} holds ${-this.max - 1} to ${this.max}`;
  }
}

/** float and double: any number, NaN and the infinities included; a float is rounded to 32 bits. */
export class FloatBuilder extends ColumnBuilder {
  private values: Float32Array | Float64Array;

  constructor(place: Place, type: ArrowType, bits: 32 | 64) {
    super(place, type);
    this.values = bits === 32 ? new Float32Array(0) : new Float64Array(0);
  }

  override get sizeBytes(): number {
    return this.length * this.values.BYTES_PER_ELEMENT;
  }

  protected override put(value: unknown): void {
    if (typeof value !== 'number') refuse(this.place, value);
    this.values[this.length] = value;
    // Rounding to 32 bits may lose digits, which a float is expected to do, but not the number itself.
    if (Number.isFinite(value) && !Number.isFinite(this.values[this.length])) {
      refuse(this.place, value, `column ${JSON.stringify(this.place.column)} has only 32 bits`);
    }
  }

  protected override putNull(): void {}

  protected override resize(capacity: number): void {
    this.values = resized(this.values, capacity, this.length);
  }

  protected override identityAt(index: number): string {
    return String(this.values[index]);
  }

  protected override build(column: BuiltColumn): Data {
    return arrowData(column, { values: this.values.subarray(0, column.length) });
  }
}

/** boolean: a bit each. */
export class BooleanBuilder extends ColumnBuilder {
  private bits: Uint8Array = new Uint8Array(0);

  override get sizeBytes(): number {
    return (this.length + 7) >> 3;
  }

  protected override put(value: unknown): void {
    if (typeof value !== 'boolean') refuse(this.place, value);
    if (!value) return;
    const at = this.length >> 3;
    this.bits[at] = (this.bits[at] ?? 0) | (1 << (this.length & 7));
  }

  protected override putNull(): void {}

  protected override resize(capacity: number): void {
    const grown = new Uint8Array((capacity + 7) >> 3);
    if (this.length > 0) grown.set(this.bits);
    this.bits = grown;
  }

  protected override identityAt(index: number): string {
    return String((this.bits[index >> 3] ?? 0) & (1 << (index & 7)));
  }

  protected override build(column: BuiltColumn): Data {
    return arrowData(column, { values: this.bits.subarray(0, (column.length + 7) >> 3) });
  }
}

/** void: nothing but null. */
export class VoidBuilder extends ColumnBuilder {
  override get sizeBytes(): number {
    return 0;
  }

  protected override put(value: unknown): void {
    refuse(this.place, value);
  }

  protected override putNull(): void {}

  protected override resize(): void {}

  protected override identityAt(): string {
    return '';
  }

  protected override build(column: BuiltColumn): Data {
    return new Data(column.type, 0, column.length, column.length);
  }
}

function resized<T extends NumberArray>(values: T, capacity: number, length: number): T {
  const grown = new (values.constructor as new (length: number) => T)(capacity);
  if (length > 0) grown.set(values.subarray(0, length));
  return grown;
}
