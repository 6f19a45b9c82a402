/** One value from its pieces: what is in binary form, and what is in columns of its own. */
import {
  type Data,
  type Decimal,
  type Field,
  type Float,
  type Int,
  Precision,
  type Time,
  type Timestamp,
  TimeUnit,
  Type,
} from 'apache-arrow';
import { UnsupportedFeatureError } from '../../../errors.js';
import { onlyChild, validityOf, viewAs } from '../arrow-data.js';
import { bitAt } from '../bits.js';
import type { VariantDictionary } from './dictionary.js';
import {
  encodeArray,
  encodeBinary,
  encodeDecimal,
  encodeObject,
  encodePrimitive,
  encodeString,
} from './encode.js';
import {
  containerAt,
  endOf,
  type Fail,
  memberAt,
  NULL_VARIANT,
  OBJECT,
  PRIMITIVE_TYPE as P,
  uintAt,
} from './layout.js';

/** The bytes of the value at an index; undefined when no part of it is there. */
type PieceReader = (index: number, dictionary: VariantDictionary) => Uint8Array | undefined;

/** The two columns of a value, of which a file may lack either. */
interface Pieces {
  readonly value: Data | undefined;
  readonly typed: Data | undefined;
}

/**
 * @param column - the variant's name, dotted, for errors
 * @param fail - throws the error for pieces that make no value
 */
export function shreddedReader(pieces: Pieces, column: string, fail: Fail): PieceReader {
  const { value, typed } = pieces;
  const whole = value === undefined ? () => undefined : binaryReader(value);
  if (typed === undefined) return whole;
  const validity = validityOf(typed);
  const isThere = (index: number): boolean => validity === undefined || bitAt(validity, index);
  if (typed.typeId === Type.Struct) {
    const fields = fieldsReader(typed, column, fail);
    return (index, dictionary) => {
      const rest = whole(index);
      if (!isThere(index)) return rest;
      const found = fields(index, dictionary);
      if (rest !== undefined) for (const field of fieldsOf(rest, fail)) found.push(field);
      return objectOf(found, dictionary, fail);
    };
  }
  const read = typedReader(typed, column, fail);
  return (index, dictionary) => {
    const rest = whole(index);
    if (!isThere(index)) return rest;
    if (rest !== undefined) fail('a value in two forms');
    return read(index, dictionary);
  };
}

/** The child of a struct by its exact name. */
export function partOf(data: Data, name: string): Data | undefined {
  if (data.typeId !== Type.Struct) return undefined;
  const fields = data.type.children as readonly Field[];
  return data.children[fields.findIndex((field) => field.name === name)];
}

/** The bytes of row `index` of a column of binary or string. */
export function runAt(data: Data, index: number): Uint8Array {
  const offsets = data.valueOffsets as Int32Array;
  return (data.values as Uint8Array).subarray(offsets[index], offsets[index + 1]);
}

function binaryReader(value: Data): (index: number) => Uint8Array | undefined {
  const validity = validityOf(value);
  return (index) =>
    validity === undefined || bitAt(validity, index) ? runAt(value, index) : undefined;
}

interface ShreddedField {
  readonly id: number;
  readonly value: Uint8Array;
}

type FieldsReader = (index: number, dictionary: VariantDictionary) => ShreddedField[];

function fieldsReader(typed: Data, column: string, fail: Fail): FieldsReader {
  const fields = (typed.type.children as readonly Field[]).map(({ name }, at) => {
    const group = typed.children[at];
    return { name, read: groupReader(group, `${column}.${name}`, fail) };
  });
  return (index, dictionary) => {
    const found: ShreddedField[] = [];
    for (const { name, read } of fields) {
      const value = read(index, dictionary);
      if (value !== undefined) found.push({ id: dictionary.idOf(name), value });
    }
    return found;
  };
}

/** A group of `value` and `typed_value`: a field of an object, or an element of an array. */
function groupReader(group: Data | undefined, column: string, fail: Fail): PieceReader {
  const value = group && partOf(group, 'value');
  const typed = group && partOf(group, 'typed_value');
  if (group === undefined || (value === undefined && typed === undefined)) {
    return fail(`${column}, which is neither value nor typed_value`);
  }
  const read = shreddedReader({ value, typed }, column, fail);
  const validity = validityOf(group);
  if (validity === undefined) return read;
  return (index, dictionary) => (bitAt(validity, index) ? read(index, dictionary) : undefined);
}

/** The fields of an object in binary form. */
function fieldsOf(bytes: Uint8Array, fail: Fail): ShreddedField[] {
  if (bytes.length === 0 || ((bytes[0] ?? 0) & 3) !== OBJECT) fail('fields of what is no object');
  const object = containerAt(bytes, 0, bytes.length, fail);
  return Array.from({ length: object.count }, (_, index) => {
    const at = memberAt(bytes, object, index, fail);
    const id = uintAt(bytes, object.ids + index * object.idBytes, object.idBytes);
    return { id, value: bytes.subarray(at, endOf(bytes, at, object.end, fail)) };
  });
}

/** Fields are in the order of their names' bytes, so that readers may search for one. */
function objectOf(
  fields: readonly ShreddedField[],
  dictionary: VariantDictionary,
  fail: Fail,
): Uint8Array {
  const named = fields.map((field) => ({ ...field, name: dictionary.nameBytes(field.id) }));
  named.sort((a, b) => compareBytes(a.name, b.name));
  for (const [at, { name }] of named.entries()) {
    const before = named[at - 1];
    if (before !== undefined && compareBytes(before.name, name) === 0) fail('a field twice');
  }
  return encodeObject(named);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function typedReader(typed: Data, column: string, fail: Fail): PieceReader {
  if (typed.typeId !== Type.List) return scalarReader(typed, column);
  const offsets = typed.valueOffsets as Int32Array;
  const element = groupReader(onlyChild(typed), `${column}.element`, fail);
  return (index, dictionary) => {
    const elements: Uint8Array[] = [];
    const end = offsets[index + 1] ?? 0;
    for (let at = offsets[index] ?? 0; at < end; at++) {
      elements.push(element(at, dictionary) ?? NULL_VARIANT);
    }
    return encodeArray(elements);
  };
}

const INTEGER_TYPES: Readonly<Record<number, number>> = { 8: P.int8, 16: P.int16, 32: P.int32 };

function scalarReader(typed: Data, column: string): (index: number) => Uint8Array {
  switch (typed.typeId) {
    case Type.Bool: {
      const bits = { bytes: typed.values as Uint8Array, offset: typed.offset };
      return (index) => encodePrimitive(bitAt(bits, index) ? P.true : P.false, 0);
    }
    case Type.Int:
      return integerReader(typed, column);
    case Type.Float: {
      const values = typed.values as Float64Array;
      const isDouble = (typed.type as Float).precision === Precision.DOUBLE;
      const put = isDouble ? putFloat64 : putFloat32;
      return (index) =>
        encodePrimitive(isDouble ? P.double : P.float, isDouble ? 8 : 4, put(values[index] ?? 0));
    }
    case Type.Decimal: {
      const { precision, scale } = typed.type as Decimal;
      const words = viewAs(BigUint64Array, typed.values as Uint32Array);
      return (index) => {
        const high = BigInt.asIntN(64, words[2 * index + 1] ?? 0n);
        return encodeDecimal((high << 64n) | (words[2 * index] ?? 0n), precision, scale);
      };
    }
    case Type.Utf8:
      return (index) => encodeString(runAt(typed, index));
    case Type.Binary:
      return (index) => encodeBinary(runAt(typed, index));
    case Type.FixedSizeBinary:
      if (typed.stride !== UUID_BYTES) throw unknownType(typed, column);
      return (index) =>
        encodePrimitive(P.uuid, UUID_BYTES, (view) => {
          const from = (typed.values as Uint8Array).subarray(index * UUID_BYTES);
          for (let at = 0; at < UUID_BYTES; at++) view.setUint8(at, from[at] ?? 0);
        });
    default:
      return temporalReader(typed, column);
  }
}

const UUID_BYTES = 16;

const putFloat64 =
  (value: number) =>
  (view: DataView): void =>
    view.setFloat64(0, value, true);

const putFloat32 =
  (value: number) =>
  (view: DataView): void =>
    view.setFloat32(0, value, true);

function integerReader(typed: Data, column: string): (index: number) => Uint8Array {
  const { bitWidth, isSigned } = typed.type as Int;
  if (!isSigned) throw unknownType(typed, column);
  if (bitWidth === 64) return longReader(typed, P.int64);
  const values = typed.values as Int32Array;
  const type = INTEGER_TYPES[bitWidth] ?? P.int32;
  return (index) =>
    encodePrimitive(type, bitWidth / 8, (view) => {
      const value = values[index] ?? 0;
      if (bitWidth === 8) view.setInt8(0, value);
      else if (bitWidth === 16) view.setInt16(0, value, true);
      else view.setInt32(0, value, true);
    });
}

function temporalReader(typed: Data, column: string): (index: number) => Uint8Array {
  if (typed.typeId === Type.Date) {
    const days = typed.values as Int32Array;
    return (index) =>
      encodePrimitive(P.date, 4, (view) => view.setInt32(0, days[index] ?? 0, true));
  }
  const isMicros = (typed.type as Time | Timestamp).unit === TimeUnit.MICROSECOND;
  if (typed.typeId === Type.Time && isMicros) return longReader(typed, P.time);
  const isNanos = (typed.type as Timestamp).unit === TimeUnit.NANOSECOND;
  if (typed.typeId !== Type.Timestamp || !(isMicros || isNanos)) throw unknownType(typed, column);
  const isLocal = ((typed.type as Timestamp).timezone ?? '') === '';
  if (isLocal) return longReader(typed, isNanos ? P.timestampNtzNanos : P.timestampNtz);
  return longReader(typed, isNanos ? P.timestampNanos : P.timestamp);
}

function longReader(typed: Data, type: number): (index: number) => Uint8Array {
  const values = typed.values as BigInt64Array;
  return (index) =>
    encodePrimitive(type, 8, (view) => view.setBigInt64(0, values[index] ?? 0n, true));
}

function unknownType(typed: Data, column: string): UnsupportedFeatureError {
  const name = String(typed.type);
  return new UnsupportedFeatureError({
    message: `column ${column} keeps a variant in columns of type ${name}, which varve does not know`,
    features: [`variant of ${name}`],
    side: 'read',
    remedy: 'select the other columns, or rewrite the file without shredding',
  });
}
