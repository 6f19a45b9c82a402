/**
 * Reads Thrift's compact protocol, bounded against hostile bytes: depth, fields of a struct, elements against the
 * bytes that are left, and values in all.
 */
import { CorruptDataError, LimitError } from '../../errors.js';
import {
  type ThriftField,
  type ThriftList,
  type ThriftMap,
  ThriftStruct,
  type ThriftValue,
  thriftType,
} from './thrift.js';

/** Parquet nests its structures about ten deep; more is an attack or noise. */
export const MAX_THRIFT_DEPTH = 24;

/** Parquet's largest struct has under 20 fields. */
export const MAX_THRIFT_FIELDS = 256;

/** Bounds the memory that a hostile footer can take: each value costs some tens of bytes as an object. */
export const MAX_THRIFT_VALUES = 4_000_000;

export interface DecodedThrift {
  readonly value: ThriftStruct;
  /** How many bytes the struct took. */
  readonly length: number;
}

/**
 * Reads one struct from the beginning of `bytes`. Binary values are views into `bytes`.
 * @param key - the object the bytes come from, for errors
 * @param maxValues - how many values the struct may have
 * @throws CorruptDataError when the bytes are no such struct
 * @throws LimitError when there are more than `maxValues` values
 */
export function decodeThrift(
  bytes: Uint8Array,
  key: string,
  maxValues: number = MAX_THRIFT_VALUES,
): DecodedThrift {
  const reader = new Reader(bytes, key, maxValues);
  const value = reader.struct(0);
  return { value, length: reader.offset };
}

class Reader {
  offset = 0;
  readonly #bytes: Uint8Array;
  readonly #key: string;
  readonly #maxValues: number;
  #values = 0;

  constructor(bytes: Uint8Array, key: string, maxValues: number) {
    this.#bytes = bytes;
    this.#key = key;
    this.#maxValues = maxValues;
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
    if (this.#values > this.#maxValues) {
      throw new LimitError({
        message: `the Parquet metadata of ${this.#key} holds too many values`,
        limit: 'MAX_THRIFT_VALUES',
        value: this.#values,
        max: this.#maxValues,
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
