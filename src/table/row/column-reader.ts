/** Readers of single values of Arrow columns as rows hold them, straight from the buffers. */
import type { Data } from 'apache-arrow';
import { CorruptDataError, LimitError, UnsupportedFeatureError } from '../../errors.js';
import { onlyChild, validityOf, viewAs } from '../../log/schema/arrow-data.js';
import { decimalParts } from '../../log/schema/describe-type.js';
import { formatDate, formatDecimal, formatTimestampNtz } from '../../log/schema/scalar-text.js';
import type { DataType, PrimitiveName, StructType } from '../../log/schema/types.js';
import { timestamp, timestampFromNumber } from './timestamp.js';
import { variantReader } from './variant-reader.js';

/** The value at an index of one column, `null` included. */
export type ValueReader = (index: number) => unknown;

/** The column being read, and what is to be known of it. */
export interface ReadPlace {
  /** The file or batch the bytes came from, for errors. */
  readonly key: string;
  /** The names from the row down; `element`, `key` and `value` inside arrays and maps. */
  readonly path: readonly string[];
  /** Paths of long columns that are delivered as numbers, each as {@link pathKey} makes it. */
  readonly asNumber: ReadonlySet<string>;
}

const TWO_32 = 2 ** 32;
/** The high word of the integers that a number holds exactly lies within this of zero. */
const SAFE_HIGH_WORD = 2 ** 20;

/** One text for a path, names with dots included. */
export function pathKey(path: readonly string[]): string {
  return JSON.stringify(path);
}

/** A reader over `data`, which has the Arrow type that `arrowType` gives for `type`. */
export function valueReader(data: Data, type: DataType, place: ReadPlace): ValueReader {
  const read =
    typeof type === 'string' ? plainReader(data, type, place) : nestedReader(data, type, place);
  const validity = validityOf(data);
  if (validity === undefined) return read;
  const { bytes, offset } = validity;
  return (index) => (bitAt(bytes, offset + index) ? read(index) : null);
}

/**
 * Puts together the objects of a struct, or of rows. A template of the same shape is copied for each: that keeps the
 * order of the fields and makes `__proto__` an own property like any other.
 */
export function objectReader(
  columns: readonly Data[],
  struct: StructType,
  place: ReadPlace,
): (index: number) => Record<string, unknown> {
  const template: Record<string, unknown> = {};
  const names = struct.fields.map(({ name }) => name);
  const readers = struct.fields.map(({ name, type }, at) => {
    Object.defineProperty(template, name, {
      value: null,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    const data = columns[at];
    if (data === undefined) throw corrupt(place, `field ${JSON.stringify(name)} is missing`);
    return valueReader(data, type, { ...place, path: [...place.path, name] });
  });
  const fields = names.map((name, at) => ({ name, read: readers[at] ?? nothing }));
  return (index) => {
    const row = { ...template };
    for (const { name, read } of fields) row[name] = read(index);
    return row;
  };
}

function nestedReader(data: Data, type: Exclude<DataType, string>, place: ReadPlace): ValueReader {
  switch (type.type) {
    case 'struct':
      return objectReader(data.children, type, place);
    case 'array': {
      const inner = { ...place, path: [...place.path, 'element'] };
      const element = valueReader(onlyChild(data), type.elementType, inner);
      const offsets = data.valueOffsets as Int32Array;
      return (index) => {
        const values: unknown[] = [];
        const end = offsets[index + 1] ?? 0;
        for (let at = offsets[index] ?? 0; at < end; at += 1) values.push(element(at));
        return values;
      };
    }
    case 'map': {
      const [keys, values] = onlyChild(data).children;
      if (keys === undefined || values === undefined) throw corrupt(place, 'a map has no values');
      const key = valueReader(keys, type.keyType, { ...place, path: [...place.path, 'key'] });
      const inner = { ...place, path: [...place.path, 'value'] };
      return mapReader(
        data.valueOffsets as Int32Array,
        key,
        valueReader(values, type.valueType, inner),
      );
    }
    case 'unknown':
      throw new UnsupportedFeatureError({
        message: `column ${JSON.stringify(place.path.join('.'))} has the unknown type ${type.name}`,
        features: [type.name],
        side: 'read',
        remedy: 'select the other columns, or use a newer varve',
      });
  }
}

function mapReader(offsets: Int32Array, key: ValueReader, value: ValueReader): ValueReader {
  return (index) => {
    const map = new Map<unknown, unknown>();
    const end = offsets[index + 1] ?? 0;
    for (let at = offsets[index] ?? 0; at < end; at += 1) map.set(key(at), value(at));
    return map;
  };
}

function plainReader(data: Data, type: Extract<DataType, string>, place: ReadPlace): ValueReader {
  if (type !== 'variant') return primitiveReader(data, type, place);
  return variantReader(data, (problem) => {
    throw corrupt(place, `a variant is damaged: it has ${problem}`);
  });
}

function primitiveReader(data: Data, type: PrimitiveName, place: ReadPlace): ValueReader {
  switch (type) {
    case 'string':
      return stringReader(data, place);
    case 'long':
      return place.asNumber.has(pathKey(place.path)) ? longNumbers(data, place) : plain(data);
    case 'integer':
    case 'short':
    case 'byte':
    case 'float':
    case 'double':
      return plain(data);
    case 'boolean': {
      const bits = data.values as Uint8Array;
      const { offset } = data;
      return (index) => bitAt(bits, offset + index);
    }
    case 'binary': {
      const offsets = data.valueOffsets as Int32Array;
      const values = data.values as Uint8Array;
      return (index) => values.slice(offsets[index], offsets[index + 1]);
    }
    case 'date':
      return dateReader(data.values as Int32Array);
    case 'timestamp':
      return timestampReader(data.values as BigInt64Array);
    case 'timestamp_ntz': {
      const values = data.values as BigInt64Array;
      return (index) => formatTimestampNtz(values[index] ?? 0n);
    }
    case 'void':
      return nothing;
    default:
      return decimalReader(data, decimalParts(type)?.scale ?? 0);
  }
}

function plain(data: Data): ValueReader {
  const values = data.values as Int32Array | Float64Array | BigInt64Array;
  return (index) => values[index];
}

function nothing(): null {
  return null;
}

/**
 * 2 to this power values are decoded together: one call for several is far cheaper, and a text that is kept keeps
 * only its few neighbours in memory.
 */
const RUN_BITS = 4;
/** A run of longer texts is decoded one by one: there the call costs little, and a neighbour kept costs much. */
const MAX_RUN_BYTES = 1024;

/**
 * Decodes a run of rows at once and cuts the values out of the text, when all of it is ASCII: only then does a byte's
 * position tell the character's. A leading U+FEFF is a character of the value like any other.
 */
function stringReader(data: Data, place: ReadPlace): ValueReader {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const offsets = data.valueOffsets as Int32Array;
  const bytes = data.values as Uint8Array;
  let run = -1;
  let start = 0;
  let text: string | undefined;
  const startRun = (next: number): void => {
    run = next;
    start = offsets[next << RUN_BITS] ?? 0;
    const end = offsets[Math.min((next + 1) << RUN_BITS, data.length)] ?? 0;
    text = end - start > MAX_RUN_BYTES ? undefined : asciiText(bytes.subarray(start, end));
  };
  return (index) => {
    if (index >> RUN_BITS !== run) startRun(index >> RUN_BITS);
    const from = offsets[index] ?? 0;
    const to = offsets[index + 1] ?? 0;
    if (text !== undefined) return text.substring(from - start, to - start);
    try {
      return decoder.decode(bytes.subarray(from, to));
    } catch (cause) {
      throw corrupt(place, 'a text is not UTF-8', cause);
    }
  };
}

const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

function asciiText(bytes: Uint8Array): string | undefined {
  const text = lenient.decode(bytes);
  // Damaged bytes may also become one character each, but never anything below U+FFFD.
  return text.length === bytes.length && !text.includes('\ufffd') ? text : undefined;
}

function longNumbers(data: Data, place: ReadPlace): ValueReader {
  const values = data.values as BigInt64Array;
  return (index) => {
    const value = Number(values[index]);
    if (Number.isSafeInteger(value)) return value;
    const column = JSON.stringify(place.path.join('.'));
    throw new LimitError({
      message: `column ${column} holds ${values[index]}, more than a number can; declare it z.bigint() to read it`,
      limit: 'MAX_SAFE_INTEGER',
      value,
      max: Number.MAX_SAFE_INTEGER,
    });
  };
}

/** Rows near each other often share their day. */
function dateReader(values: Int32Array): ValueReader {
  let last: number | undefined;
  let text = '';
  return (index) => {
    const days = values[index] ?? 0;
    if (days !== last) {
      last = days;
      text = formatDate(days);
    }
    return text;
  };
}

function timestampReader(values: BigInt64Array): ValueReader {
  const words = viewAs(Int32Array, values);
  return (index) => {
    const high = words[index * 2 + 1] ?? 0;
    if (high >= SAFE_HIGH_WORD || high < -SAFE_HIGH_WORD) return timestamp(values[index] ?? 0n);
    return timestampFromNumber(high * TWO_32 + ((words[index * 2] ?? 0) >>> 0));
  };
}

function decimalReader(data: Data, scale: number): ValueReader {
  const words = viewAs(Int32Array, data.values);
  return (index) => {
    const at = index * 4;
    const high = words[at + 1] ?? 0;
    const sign = high >> 31;
    const small = high < SAFE_HIGH_WORD && high >= -SAFE_HIGH_WORD;
    if (small && words[at + 2] === sign && words[at + 3] === sign) {
      const unscaled = high * TWO_32 + ((words[at] ?? 0) >>> 0);
      return scale === 0 ? String(unscaled) : pointed(unscaled, scale);
    }
    const unsigned = (word: number): bigint => BigInt((words[at + word] ?? 0) >>> 0);
    const low = unsigned(0) | (unsigned(1) << 32n) | (unsigned(2) << 64n);
    return formatDecimal(low | (BigInt(words[at + 3] ?? 0) << 96n), scale);
  };
}

function pointed(unscaled: number, scale: number): string {
  const digits = String(Math.abs(unscaled)).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${unscaled < 0 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function bitAt(bits: Uint8Array, at: number): boolean {
  return ((bits[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
}

function corrupt(place: ReadPlace, problem: string, cause?: unknown): CorruptDataError {
  const field = place.path.join('.');
  return new CorruptDataError({ message: problem, key: place.key, field, cause });
}
