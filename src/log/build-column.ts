/** Arrow columns out of actions, for the rows of a checkpoint that are not in columns already. */
import { DataType as ArrowDataType, type DataType as ArrowType, type Data } from 'apache-arrow';
import { InternalError } from '../errors.js';
import { makeColumn, type Values } from './schema/arrow-data.js';
import { type Bits, bitsWhere } from './schema/bits.js';

/**
 * A column of `type` from JavaScript values: undefined and null are null, structs are objects, maps are Maps, lists
 * are arrays, int64 is a number or bigint, binary is bytes.
 */
export function buildColumn(type: ArrowType, values: readonly unknown[]): Data {
  const length = values.length;
  const validity = validityOf(values);
  if (ArrowDataType.isStruct(type)) {
    const children = type.children.map(({ name, type: childType }) =>
      buildColumn(
        childType,
        values.map((value) => (value as Record<string, unknown> | undefined)?.[name]),
      ),
    );
    return makeColumn(type, length, { validity, children });
  }
  if (ArrowDataType.isMap(type)) return buildMap(type, values, validity);
  if (ArrowDataType.isList(type)) {
    const lists = values as readonly (readonly unknown[] | undefined)[];
    const [item] = type.children;
    const children =
      item === undefined
        ? []
        : [
            buildColumn(
              item.type,
              lists.flatMap((v) => v ?? []),
            ),
          ];
    const valueOffsets = offsetsOf(lists, (list) => list.length);
    return makeColumn(type, length, { validity, valueOffsets, children });
  }
  if (ArrowDataType.isUtf8(type)) {
    const encoder = new TextEncoder();
    const texts = values as readonly (string | null | undefined)[];
    return buildBytes(
      type,
      texts.map((text) => encoder.encode(text ?? '')),
      validity,
    );
  }
  if (ArrowDataType.isBinary(type)) {
    return buildBytes(type, values as readonly (Uint8Array | null | undefined)[], validity);
  }
  if (ArrowDataType.isBool(type)) {
    const { bytes } = bitsWhere(length, (index) => values[index] === true);
    return makeColumn(type, length, { validity, values: bytes });
  }
  return makeColumn(type, length, { validity, values: fixedValues(type, values) });
}

/** Numbers, days, microseconds and unscaled decimals. */
function fixedValues(type: ArrowType, values: readonly unknown[]): Values {
  if (ArrowDataType.isDecimal(type))
    return decimalWords(values as readonly (bigint | null | undefined)[]);
  if (ArrowDataType.isTimestamp(type) || (ArrowDataType.isInt(type) && type.bitWidth === 64)) {
    return BigInt64Array.from(values, (value) => BigInt((value as number | undefined) ?? 0));
  }
  if (ArrowDataType.isInt(type) || ArrowDataType.isFloat(type) || ArrowDataType.isDate(type)) {
    const Kind = (ArrowDataType.isDate(type) ? Int32Array : type.ArrayType) as NumberArray;
    return new Kind(values.map((value) => (value as number | undefined) ?? 0));
  }
  throw new InternalError({ message: `no action has a field of Arrow type ${type.typeId}` });
}

type NumberArray = new (values: readonly number[]) => Values;

/** 128 bits of two's complement, the least significant word first. */
function decimalWords(values: readonly (bigint | null | undefined)[]): Uint32Array {
  const words = new BigUint64Array(values.length * 2);
  for (const [index, item] of values.entries()) {
    const value = item ?? 0n;
    words[index * 2] = BigInt.asUintN(64, value);
    words[index * 2 + 1] = BigInt.asUintN(64, value >> 64n);
  }
  return new Uint32Array(words.buffer);
}

function buildMap(type: ArrowType, values: readonly unknown[], validity: Bits | undefined): Data {
  const maps = values as readonly (ReadonlyMap<string, string | null> | undefined)[];
  const entries: unknown[] = [];
  for (const map of maps) {
    if (map === undefined) continue;
    for (const [key, value] of map) entries.push({ key, value });
  }
  const [entry] = type.children as readonly { readonly type: ArrowType }[];
  if (entry === undefined) throw new InternalError({ message: 'an Arrow map has no entries' });
  return makeColumn(type, values.length, {
    validity,
    valueOffsets: offsetsOf(maps, (map) => map.size),
    children: [buildColumn(entry.type, entries)],
  });
}

function buildBytes(
  type: ArrowType,
  values: readonly (Uint8Array | null | undefined)[],
  validity: Bits | undefined,
): Data {
  const items = values.map((value) => value ?? undefined);
  const valueOffsets = offsetsOf(items, (bytes) => bytes.length);
  const bytes = new Uint8Array(valueOffsets[values.length] ?? 0);
  for (const [index, item] of items.entries()) {
    if (item !== undefined) bytes.set(item, valueOffsets[index]);
  }
  return makeColumn(type, values.length, { validity, valueOffsets, values: bytes });
}

function offsetsOf<V>(values: readonly (V | undefined)[], size: (value: V) => number): Int32Array {
  const offsets = new Int32Array(values.length + 1);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    offsets[index + 1] = (offsets[index] ?? 0) + (value === undefined ? 0 : size(value));
  }
  return offsets;
}

function validityOf(values: readonly unknown[]): Bits | undefined {
  if (values.every((value) => value !== undefined && value !== null)) return undefined;
  return bitsWhere(values.length, (index) => (values[index] ?? undefined) !== undefined);
}
