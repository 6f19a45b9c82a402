/** Writes Thrift's compact protocol. */
import {
  type ThriftList,
  type ThriftMap,
  type ThriftStruct,
  type ThriftValue,
  thriftType,
} from './thrift.js';

/** Writes a struct; what decodeThrift read from a canonical encoding comes out byte for byte. */
export function encodeThrift(value: ThriftStruct): Uint8Array {
  const writer = new Writer();
  writer.struct(value);
  return writer.finish();
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
