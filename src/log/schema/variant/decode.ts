/** A variant's bytes to values of the caller's making, whatever the bytes are. */
import { LimitError } from '../../../errors.js';
import type { VariantDictionary } from './dictionary.js';
import {
  ARRAY,
  type Container,
  containerAt,
  endOf,
  type Fail,
  memberAt,
  OBJECT,
  PRIMITIVE_TYPE as P,
  SHORT_STRING,
  textOf,
  uintAt,
} from './layout.js';

/** How deep arrays and objects may nest: as deep as Spark parses JSON. */
export const MAX_VARIANT_DEPTH = 1000;

/** A value that is neither object nor array. */
export type VariantScalar =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'integer'; readonly value: number | bigint }
  /** The shortest text of a float is another than that of the same double. */
  | { readonly kind: 'float' | 'double'; readonly value: number }
  | { readonly kind: 'decimal'; readonly unscaled: bigint; readonly scale: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'binary'; readonly value: Uint8Array }
  | { readonly kind: 'uuid'; readonly value: Uint8Array }
  /** Days since 1970-01-01. */
  | { readonly kind: 'date'; readonly days: number }
  /** Since midnight. */
  | { readonly kind: 'time'; readonly micros: bigint }
  /** Since 1970-01-01T00:00:00: an instant in UTC, or a wall clock. */
  | {
      readonly kind: 'timestamp' | 'timestamp_ntz';
      readonly value: bigint;
      readonly unit: 'micros' | 'nanos';
    };

/** What the values become. */
export interface VariantShape<T> {
  scalar(value: VariantScalar): T;
  array(elements: readonly T[]): T;
  /** Names in the order of the object; which is that of their bytes. */
  object(names: readonly string[], values: readonly T[]): T;
}

/**
 * Decodes one value. No bytes make it read outside them, nest without end, or give more values than
 * they have bytes.
 *
 * @param fail - throws the error for bytes that are no variant
 * @throws LimitError beyond {@link MAX_VARIANT_DEPTH}
 */
export function decodeVariant<T>(
  bytes: Uint8Array,
  dictionary: VariantDictionary,
  shape: VariantShape<T>,
  fail: Fail,
): T {
  return new Decoder(bytes, dictionary, shape, fail).value(0, bytes.length, 0);
}

class Decoder<T> {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #dictionary: VariantDictionary;
  readonly #shape: VariantShape<T>;
  readonly #fail: Fail;
  /** Each byte belongs to one value, unless members lie on each other to make much of little. */
  #bytesLeft: number;

  constructor(
    bytes: Uint8Array,
    dictionary: VariantDictionary,
    shape: VariantShape<T>,
    fail: Fail,
  ) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#dictionary = dictionary;
    this.#shape = shape;
    this.#fail = fail;
    this.#bytesLeft = bytes.length;
  }

  value(at: number, end: number, depth: number): T {
    const header = this.#bytes[at] ?? 0;
    const basic = header & 3;
    if (at < end && (basic === OBJECT || basic === ARRAY)) {
      const container = this.#container(at, end, depth);
      this.#spend(container.start - at);
      const members = this.#members(container, depth);
      if (basic === ARRAY) return this.#shape.array(members);
      return this.#shape.object(this.#names(container), members);
    }
    const last = endOf(this.#bytes, at, end, this.#fail);
    this.#spend(last - at);
    switch (basic) {
      case SHORT_STRING:
        return this.#shape.scalar({ kind: 'string', value: this.#text(at + 1, last) });
      default:
        return this.#shape.scalar(this.#primitive(header >> 2, at + 1, last));
    }
  }

  #spend(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) this.#fail('members that lie on each other');
  }

  #members(container: Container, depth: number): readonly T[] {
    const members: T[] = [];
    for (let index = 0; index < container.count; index++) {
      const at = memberAt(this.#bytes, container, index, this.#fail);
      members.push(this.value(at, container.end, depth + 1));
    }
    return members;
  }

  #names({ count, ids, idBytes }: Container): readonly string[] {
    const names: string[] = [];
    for (let index = 0; index < count; index++) {
      names.push(this.#dictionary.name(uintAt(this.#bytes, ids + index * idBytes, idBytes)));
    }
    return names;
  }

  #container(at: number, end: number, depth: number): Container {
    if (depth >= MAX_VARIANT_DEPTH) {
      throw new LimitError({
        message: 'a variant nests too deeply',
        limit: 'MAX_VARIANT_DEPTH',
        value: depth + 1,
        max: MAX_VARIANT_DEPTH,
      });
    }
    return containerAt(this.#bytes, at, end, this.#fail);
  }

  #text(start: number, end: number): string {
    return textOf(this.#bytes.subarray(start, end), this.#fail);
  }

  #primitive(type: number, at: number, end: number): VariantScalar {
    const view = this.#view;
    switch (type) {
      case P.null:
        return { kind: 'null' };
      case P.true:
      case P.false:
        return { kind: 'boolean', value: type === P.true };
      case P.int8:
        return { kind: 'integer', value: view.getInt8(at) };
      case P.int16:
        return { kind: 'integer', value: view.getInt16(at, true) };
      case P.int32:
        return { kind: 'integer', value: view.getInt32(at, true) };
      case P.int64:
        return { kind: 'integer', value: view.getBigInt64(at, true) };
      case P.double:
        return { kind: 'double', value: view.getFloat64(at, true) };
      case P.float:
        return { kind: 'float', value: view.getFloat32(at, true) };
      case P.decimal4:
      case P.decimal8:
      case P.decimal16:
        return this.#decimal(type, at);
      case P.binary:
        return { kind: 'binary', value: this.#bytes.slice(at + 4, end) };
      case P.string:
        return { kind: 'string', value: this.#text(at + 4, end) };
      case P.uuid:
        return { kind: 'uuid', value: this.#bytes.slice(at, end) };
      default:
        return this.#temporal(type, at);
    }
  }

  #decimal(type: number, at: number): VariantScalar {
    const view = this.#view;
    const scale = view.getUint8(at);
    if (scale > MAX_SCALE) this.#fail(`a decimal of scale ${scale}`);
    if (type === P.decimal4) {
      return { kind: 'decimal', unscaled: BigInt(view.getInt32(at + 1, true)), scale };
    }
    if (type === P.decimal8) {
      return { kind: 'decimal', unscaled: view.getBigInt64(at + 1, true), scale };
    }
    const low = view.getBigUint64(at + 1, true);
    return { kind: 'decimal', unscaled: (view.getBigInt64(at + 9, true) << 64n) | low, scale };
  }

  #temporal(type: number, at: number): VariantScalar {
    const view = this.#view;
    if (type === P.date) return { kind: 'date', days: view.getInt32(at, true) };
    const value = view.getBigInt64(at, true);
    switch (type) {
      case P.timestamp:
        return { kind: 'timestamp', value, unit: 'micros' };
      case P.timestampNtz:
        return { kind: 'timestamp_ntz', value, unit: 'micros' };
      case P.timestampNanos:
        return { kind: 'timestamp', value, unit: 'nanos' };
      case P.timestampNtzNanos:
        return { kind: 'timestamp_ntz', value, unit: 'nanos' };
      default:
        return { kind: 'time', micros: value };
    }
  }
}

const MAX_SCALE = 38;
