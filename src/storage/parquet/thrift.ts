/**
 * Thrift's compact protocol, as Parquet footers and page indexes use it: a generic tree that keeps every field,
 * also those we do not know, so that what is rewritten loses nothing.
 *
 * Reading is bounded against hostile bytes: depth, fields of a struct, elements against the bytes that are left,
 * and values in all.
 */
import { CorruptDataError, LimitError } from '../../errors.js';

/** Type codes of the compact protocol. A boolean field is written as `true`; its value says which. */
export const thriftType = {
  bool: 1,
  boolFalse: 2,
  i8: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
  uuid: 13,
} as const;

/** i8 to i32 are numbers, i64 bigint; doubles and UUIDs stay bytes, so that no NaN loses its payload. */
export type ThriftValue =
  | boolean
  | number
  | bigint
  | Uint8Array
  | ThriftList
  | ThriftMap
  | ThriftStruct;

export interface ThriftField {
  readonly id: number;
  readonly type: number;
  readonly value: ThriftValue;
}

/** A list or a set. Elements of type bool are the bytes that stand for them (1 is true). */
export interface ThriftList {
  readonly kind: 'list';
  readonly elementType: number;
  readonly values: readonly ThriftValue[];
}

export interface ThriftMap {
  readonly kind: 'map';
  readonly keyType: number;
  readonly valueType: number;
  readonly entries: readonly (readonly [ThriftValue, ThriftValue])[];
}

/** A struct: its fields in the order they were written. Immutable; the `with*` methods give a changed copy. */
export class ThriftStruct {
  readonly kind = 'struct';
  readonly fields: readonly ThriftField[];

  constructor(fields: readonly ThriftField[]) {
    this.fields = fields;
  }

  /** The field of that id, if it was written. */
  field(id: number): ThriftField | undefined {
    for (const field of this.fields) if (field.id === id) return field;
    return undefined;
  }

  /** A copy in which each given field is set, in order of its id. */
  with(...changed: readonly ThriftField[]): ThriftStruct {
    const kept = this.fields.filter((field) => !changed.some(({ id }) => id === field.id));
    return new ThriftStruct([...kept, ...changed].sort((a, b) => a.id - b.id));
  }

  /** A copy without the fields of these ids. */
  without(...ids: readonly number[]): ThriftStruct {
    return new ThriftStruct(this.fields.filter(({ id }) => !ids.includes(id)));
  }

  /** A copy with no other fields than those of these ids. */
  only(...ids: readonly number[]): ThriftStruct {
    return new ThriftStruct(this.fields.filter(({ id }) => ids.includes(id)));
  }
}

/** Parquet nests its structures about ten deep; more is an attack or noise. */
export const MAX_THRIFT_DEPTH = 24;

/** Parquet's largest struct has under 20 fields. */
export const MAX_THRIFT_FIELDS = 256;

/** Bounds the memory that a hostile footer can take: each value costs some tens of bytes as an object. */
export const MAX_THRIFT_VALUES = 16_000_000;

export interface DecodedThrift {
  readonly value: ThriftStruct;
  /** How many bytes the struct took. */
  readonly length: number;
}

/**
 * Reads one struct from the beginning of `bytes`. Binary values are views into `bytes`.
 * @param key - the object the bytes come from, for errors
 * @throws CorruptDataError when the bytes are no such struct
 * @throws LimitError when there are more than {@link MAX_THRIFT_VALUES} values
 */
export function decodeThrift(bytes: Uint8Array, key: string): DecodedThrift {
  const reader = new Reader(bytes, key);
  const value = reader.struct(0);
  return { value, length: reader.offset };
}

/** Writes a struct; what {@link decodeThrift} read from a canonical encoding comes out byte for byte. */
export function encodeThrift(value: ThriftStruct): Uint8Array {
  const writer = new Writer();
  writer.struct(value);
  return writer.finish();
}

class Reader {
  offset = 0;
  readonly #bytes: Uint8Array;
  readonly #key: string;
  #values = 0;

  constructor(bytes: Uint8Array, key: string) {
    this.#bytes = bytes;
    this.#key = key;
  }

  struct(depth: number): ThriftStruct {
    if (depth > MAX_THRIFT_DEPTH) this.#fail('thrift nests too deep');
    const fields: ThriftField[] = [];
    let previous = 0;
    for (;;) {
      const header = this.#byte();
      if (header === 0) return new ThriftStruct(fields);
      const delta = header >> 4;
      const id = delta === 0 ? this.#int(16) : previous + delta;
      if (fields.length >= MAX_THRIFT_FIELDS) this.#fail('thrift struct has too many fields');
      if (id <= previous && fields.some((field) => field.id === id)) {
        this.#fail('thrift struct has a field twice');
      }
      const code = header & 15;
      const isBool = code === thriftType.bool || code === thriftType.boolFalse;
      fields.push({
        id,
        type: isBool ? thriftType.bool : code,
        value: isBool ? code === thriftType.bool : this.#value(code, depth),
      });
      previous = id;
    }
  }

  #value(type: number, depth: number): ThriftValue {
    this.#values += 1;
    if (this.#values > MAX_THRIFT_VALUES) {
      throw new LimitError({
        message: `the Parquet metadata of ${this.#key} holds too many values`,
        limit: 'MAX_THRIFT_VALUES',
        value: this.#values,
        max: MAX_THRIFT_VALUES,
      });
    }
    switch (type) {
      // Only as an element of a list or map: there a boolean has a byte of its own.
      case thriftType.bool:
      case thriftType.boolFalse:
        return this.#byte();
      case thriftType.i8:
        return (this.#byte() << 24) >> 24;
      case thriftType.i16:
        return this.#int(16);
      case thriftType.i32:
        return this.#int(32);
      case thriftType.i64:
        return this.#long();
      case thriftType.double:
        return this.#take(8);
      case thriftType.binary:
        return this.#take(this.#size());
      case thriftType.list:
      case thriftType.set:
        return this.#list(depth + 1);
      case thriftType.map:
        return this.#map(depth + 1);
      case thriftType.struct:
        return this.struct(depth + 1);
      case thriftType.uuid:
        return this.#take(16);
      default:
        return this.#fail(`thrift type ${type} does not exist`);
    }
  }

  #list(depth: number): ThriftList {
    if (depth > MAX_THRIFT_DEPTH) this.#fail('thrift nests too deep');
    const header = this.#byte();
    const elementType = header & 15;
    const size = header >> 4 === 15 ? this.#size() : header >> 4;
    // Every element takes at least one byte, so a size beyond the rest of the bytes is a lie.
    if (size > this.#bytes.length - this.offset) this.#fail('thrift list is longer than its bytes');
    const values: ThriftValue[] = [];
    for (let index = 0; index < size; index += 1) values.push(this.#value(elementType, depth));
    return { kind: 'list', elementType, values };
  }

  #map(depth: number): ThriftMap {
    if (depth > MAX_THRIFT_DEPTH) this.#fail('thrift nests too deep');
    const size = this.#size();
    if (size === 0) return { kind: 'map', keyType: 0, valueType: 0, entries: [] };
    if (size * 2 > this.#bytes.length - this.offset) {
      this.#fail('thrift map is longer than its bytes');
    }
    const types = this.#byte();
    const keyType = types >> 4;
    const valueType = types & 15;
    const entries: [ThriftValue, ThriftValue][] = [];
    for (let index = 0; index < size; index += 1) {
      entries.push([this.#value(keyType, depth), this.#value(valueType, depth)]);
    }
    return { kind: 'map', keyType, valueType, entries };
  }

  #byte(): number {
    const byte = this.#bytes[this.offset];
    if (byte === undefined) return this.#fail('thrift ends too early');
    this.offset += 1;
    return byte;
  }

  #take(length: number): Uint8Array {
    const end = this.offset + length;
    if (end > this.#bytes.length) this.#fail('thrift ends too early');
    const taken = this.#bytes.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  /** An unsigned varint of at most 35 bits: exact as a number. */
  #varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return this.#fail('thrift integer is too long');
  }

  #size(): number {
    const size = this.#varint();
    if (size > 0x7fffffff) this.#fail('thrift size is negative');
    return size;
  }

  #int(bits: 16 | 32): number {
    const zigzag = this.#varint();
    if (zigzag >= 2 ** bits) this.#fail(`thrift integer exceeds ${bits} bits`);
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  #long(): bigint {
    // Up to seven bytes (49 bits) a number is exact, and far faster than bigint arithmetic.
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 7; length += 1) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return BigInt(value % 2 === 0 ? value / 2 : -(value + 1) / 2);
    }
    let zigzag = BigInt(value);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      zigzag |= BigInt(byte & 127) << shift;
      if (byte < 128) {
        if (zigzag >= 1n << 64n) this.#fail('thrift integer exceeds 64 bits');
        return (zigzag >> 1n) ^ -(zigzag & 1n);
      }
    }
    return this.#fail('thrift integer is too long');
  }

  #fail(message: string): never {
    throw new CorruptDataError({
      message: `${message} in the Parquet metadata of ${this.#key}; restore the file`,
      key: this.#key,
      position: this.offset,
    });
  }
}

class Writer {
  #bytes = new Uint8Array(1024);
  #length = 0;

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  struct(struct: ThriftStruct): void {
    let previous = 0;
    for (const { id, type, value } of struct.fields) {
      const code = value === false ? thriftType.boolFalse : type;
      const delta = id - previous;
      if (delta > 0 && delta <= 15) {
        this.#byte((delta << 4) | code);
      } else {
        this.#byte(code);
        this.#zigzag(BigInt(id));
      }
      if (typeof value !== 'boolean') this.#value(type, value);
      previous = id;
    }
    this.#byte(0);
  }

  #value(type: number, value: ThriftValue): void {
    if (typeof value === 'bigint') this.#zigzag(value);
    else if (typeof value === 'number') this.#number(type, value);
    else if (typeof value === 'boolean') this.#byte(value ? 1 : 2);
    else if (value instanceof Uint8Array) {
      if (type === thriftType.binary) this.#varint(BigInt(value.length));
      this.#append(value);
    } else if (value.kind === 'struct') this.struct(value);
    else if (value.kind === 'list') this.#list(value);
    else this.#map(value);
  }

  #number(type: number, value: number): void {
    if (type === thriftType.i16 || type === thriftType.i32) this.#zigzag(BigInt(value));
    else this.#byte(value & 255);
  }

  #list({ elementType, values }: ThriftList): void {
    if (values.length < 15) {
      this.#byte((values.length << 4) | elementType);
    } else {
      this.#byte(0xf0 | elementType);
      this.#varint(BigInt(values.length));
    }
    for (const value of values) this.#value(elementType, value);
  }

  #map({ keyType, valueType, entries }: ThriftMap): void {
    this.#varint(BigInt(entries.length));
    if (entries.length === 0) return;
    this.#byte((keyType << 4) | valueType);
    for (const [key, value] of entries) {
      this.#value(keyType, key);
      this.#value(valueType, value);
    }
  }

  #zigzag(value: bigint): void {
    this.#varint(value < 0n ? -value * 2n - 1n : value * 2n);
  }

  #varint(value: bigint): void {
    let rest = value;
    while (rest > 127n) {
      this.#byte(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
