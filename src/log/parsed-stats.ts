/** Statistics that a checkpoint holds only as a struct, `add.stats_parsed`: as JSON text, and as columns. */
import { type Data, DataType, TimeUnit } from 'apache-arrow';
import { FlagColumn, LongColumn, TextColumn, Validity } from './arrow-column.js';
import type { WantedColumn } from './file-stats.js';
import { parseJson } from './json.js';
import { formatDecimal } from './schema/scalar-text.js';
import type { StatBounds } from './stat-bounds.js';
import {
  type Bound,
  formatBound,
  microsCutOff,
  parseBound,
  type StatValue,
  widenedFloating,
} from './stats-value.js';

/** Gives one row's JSON text; undefined when there is none. */
type TextOf = (row: number) => string | undefined;

/**
 * @param data - the `stats_parsed` column as it was decoded
 * @returns what makes a row's statistics text, as a writer of commits would have written it; undefined for null
 */
export function parsedStats(data: Data): TextOf {
  return structText(data, (name, child) => {
    switch (name) {
      case 'numRecords':
        return DataType.isInt(child.type) ? integerText(child) : undefined;
      case 'tightBounds':
        return DataType.isBool(child.type) ? flagText(child) : undefined;
      case 'nullCount':
        return treeText(child, integerText);
      case 'minValues':
        return treeText(child, (leaf) => boundText(leaf, 'min'));
      case 'maxValues':
        return treeText(child, (leaf) => boundText(leaf, 'max'));
      default:
        return undefined;
    }
  });
}

/** The same struct column by column. */
export class StructStats {
  readonly #root: Leaf;

  constructor(data: Data) {
    this.#root = { data, validities: [new Validity(data)] };
  }

  /** Tells how many rows a file has; undefined where that is not known. */
  numRecords(): (row: number) => number | undefined {
    return this.#countAt(['numRecords']);
  }

  /** Tells whether a file's bounds cover rows that a deletion vector hides. */
  isWide(): (row: number) => boolean {
    const leaf = under(this.#root, ['tightBounds']);
    if (leaf === undefined || !DataType.isBool(leaf.data.type)) return () => false;
    const column = new FlagColumn(leaf.data);
    return (row) => has(leaf, row) && column.get(row) === false;
  }

  fillBounds({ path, type }: WantedColumn, bound: Bound, into: StatBounds): void {
    const leaf = under(this.#root, [BOUND_FIELDS[bound], ...path]);
    if (leaf === undefined) return;
    const { length } = leaf.data;
    if (type === 'string' && DataType.isUtf8(leaf.data.type)) return fillTexts(leaf, bound, into);
    const value = quickBound(leaf.data, type, bound) ?? spelledBound(leaf.data, type, bound);
    for (let row = 0; row < length; row++) if (has(leaf, row)) into.set(row, value(row));
  }

  fillNullCounts(path: readonly string[], into: Int32Array): void {
    const countAt = this.#countAt(['nullCount', ...path]);
    for (let row = 0; row < into.length; row++) {
      const count = countAt(row);
      if (count !== undefined && count <= 0x7fff_ffff) into[row] = count;
    }
  }

  #countAt(path: readonly string[]): (row: number) => number | undefined {
    const leaf = under(this.#root, path);
    if (leaf === undefined || !DataType.isInt(leaf.data.type)) return () => undefined;
    const value = valueOf(leaf.data);
    return (row) => {
      const count = has(leaf, row) ? Number(value?.(row)) : -1;
      return count >= 0 && Number.isSafeInteger(count) ? count : undefined;
    };
  }
}

const BOUND_FIELDS = { min: 'minValues', max: 'maxValues' } as const;

/** A column within the struct, and which rows of it are there: in the column and in all around it. */
interface Leaf {
  readonly data: Data;
  readonly validities: readonly Validity[];
}

function has({ validities }: Leaf, row: number): boolean {
  for (const validity of validities) if (!validity.has(row)) return false;
  return true;
}

function under(root: Leaf, path: readonly string[]): Leaf | undefined {
  let { data } = root;
  const validities = [...root.validities];
  for (const name of path) {
    if (!DataType.isStruct(data.type)) return undefined;
    const child = data.children[data.type.children.findIndex((field) => field.name === name)];
    if (child === undefined) return undefined;
    data = child;
    validities.push(new Validity(data));
  }
  return { data, validities };
}

function fillTexts(leaf: Leaf, bound: Bound, into: StatBounds): void {
  const column = new TextColumn(leaf.data);
  for (let row = 0; row < leaf.data.length; row++) {
    if (!has(leaf, row)) continue;
    const [start, end] = [column.offsets[row] ?? 0, column.offsets[row + 1] ?? 0];
    if (column.isAscii(row)) into.copy(row, { bytes: column.values, start, end });
    else into.set(row, parseBound(column.get(row), 'string', bound));
  }
}

type BoundOf = (row: number) => StatValue | undefined;

/** Bounds of the Arrow type that the column's type has; undefined for others, such as an older type of the column. */
function quickBound(data: Data, type: WantedColumn['type'], bound: Bound): BoundOf | undefined {
  const arrow = data.type;
  const values = data.values as ArrayLike<number>;
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer':
      return DataType.isInt(arrow) && arrow.bitWidth <= 32 ? (row) => values[row] : undefined;
    case 'date':
      return DataType.isDate(arrow) && values instanceof Int32Array
        ? (row) => values[row]
        : undefined;
    case 'long':
      return DataType.isInt(arrow) && arrow.bitWidth === 64 ? longOf(data) : undefined;
    case 'timestamp':
    case 'timestamp_ntz': {
      if (!DataType.isTimestamp(arrow) || arrow.unit !== TimeUnit.MICROSECOND) return undefined;
      const long = longOf(data);
      return (row) => {
        const micros = long(row);
        // The struct is made from the text, and may have been cut as that is.
        if (typeof micros !== 'number')
          return micros === undefined ? undefined : cutBig(micros, bound);
        return micros + microsCutOff(micros % 1000 === 0, micros > 0, bound);
      };
    }
    case 'float':
    case 'double':
      return DataType.isFloat(arrow) && !(values instanceof Uint16Array)
        ? (row) => widenedFloating(values[row] ?? Number.NaN, type, bound)
        : undefined;
    default:
      return undefined;
  }
}

function cutBig(micros: bigint, bound: Bound): bigint {
  return micros + BigInt(microsCutOff(micros % 1000n === 0n, micros > 0n, bound));
}

/** A number where that is exact, which is quicker. */
function longOf(data: Data): (row: number) => number | bigint | undefined {
  const column = new LongColumn(data);
  return (row) => {
    const value = column.number(row);
    return value === undefined || Number.isSafeInteger(value) ? value : column.exact(row);
  };
}

/** By way of the text: every type a bound may have been written in reads as the column's. */
function spelledBound(data: Data, type: WantedColumn['type'], bound: Bound): BoundOf {
  const text = boundText(data, bound);
  return (row) => {
    const json = text(row);
    const value = json === undefined ? undefined : parseBound(parseJson(json), type, bound);
    return typeof value === 'boolean' || value instanceof Uint8Array ? undefined : value;
  };
}

function treeText(data: Data, leaf: (data: Data) => TextOf): TextOf {
  if (!DataType.isStruct(data.type)) return leaf(data);
  return structText(data, (_name, child) => treeText(child, leaf));
}

function structText(
  data: Data,
  fieldText: (name: string, child: Data) => TextOf | undefined,
): TextOf {
  const validity = new Validity(data);
  const fields: { readonly name: string; readonly text: TextOf }[] = [];
  const named = data.type.children as readonly { readonly name: string }[];
  for (const [index, { name }] of named.entries()) {
    const child = data.children[index];
    const text = child && fieldText(name, child);
    if (text !== undefined) fields.push({ name: JSON.stringify(name), text });
  }
  return (row) => {
    if (!validity.has(row)) return undefined;
    const parts: string[] = [];
    for (const { name, text } of fields) {
      const value = text(row);
      if (value !== undefined) parts.push(`${name}:${value}`);
    }
    return `{${parts.join(',')}}`;
  };
}

function integerText(data: Data): TextOf {
  const value = valueOf(data);
  return (row) => {
    const found = value?.(row);
    return typeof found === 'bigint' || typeof found === 'number' ? String(found) : undefined;
  };
}

function flagText(data: Data): TextOf {
  const column = new FlagColumn(data);
  return (row) => column.get(row)?.toString();
}

function boundText(data: Data, bound: Bound): TextOf {
  const { type } = data;
  const value = valueOf(data, bound);
  if (value === undefined) return () => undefined;
  const text = (found: StatValue): string | undefined => {
    if (DataType.isUtf8(type)) return JSON.stringify(found);
    if (DataType.isDecimal(type)) return formatDecimal(found as bigint, type.scale);
    if (DataType.isDate(type)) return formatBound(found, 'date', bound);
    if (DataType.isFloat(type)) {
      return formatBound(found, type.precision === 2 ? 'double' : 'float', bound);
    }
    if (DataType.isInt(type)) return String(found);
    const local = DataType.isTimestamp(type) && (type.timezone ?? '') === '';
    return formatBound(found, local ? 'timestamp_ntz' : 'timestamp', bound);
  };
  return (row) => {
    const found = value(row);
    return found === undefined ? undefined : text(found);
  };
}

type ValueOf = (row: number) => StatValue | undefined;

/** Values as statistics have them: days, microseconds, unscaled decimals. Undefined for types without order here. */
function valueOf(data: Data, bound: Bound = 'min'): ValueOf | undefined {
  const { type } = data;
  if (DataType.isUtf8(type)) {
    const column = new TextColumn(data);
    return (row) => column.get(row);
  }
  if (DataType.isInt(type) && type.bitWidth === 64) {
    const column = new LongColumn(data);
    return (row) => column.exact(row);
  }
  if (DataType.isTimestamp(type)) {
    const column = new LongColumn(data);
    return (row) => {
      const value = column.exact(row);
      return value === undefined ? undefined : toMicros(value, type.unit, bound);
    };
  }
  const validity = new Validity(data);
  if (DataType.isDecimal(type)) {
    const words = data.values as Uint32Array;
    return (row) =>
      validity.has(row) ? decimalAt(words, row * data.stride, data.stride) : undefined;
  }
  if (DataType.isFixedSizeBinary(type) && type.byteWidth === INT96_BYTES) {
    const bytes = data.values as Uint8Array;
    return (row) => (validity.has(row) ? int96At(bytes, row * INT96_BYTES, bound) : undefined);
  }
  if (DataType.isInt(type) || DataType.isFloat(type) || DataType.isDate(type)) {
    const values = data.values as Int32Array;
    return (row) => (validity.has(row) ? values[row] : undefined);
  }
  return undefined;
}

const INT96_BYTES = 12;
const JULIAN_DAY_OF_1970 = 2_440_588n;
const MICROS_PER_DAY = 86_400_000_000n;

/** INT96: nanoseconds of the day, then the Julian day, both little-endian. */
function int96At(bytes: Uint8Array, at: number, bound: Bound): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, INT96_BYTES);
  const day = BigInt(view.getInt32(8, true)) - JULIAN_DAY_OF_1970;
  return day * MICROS_PER_DAY + toMicros(view.getBigInt64(0, true), TimeUnit.NANOSECOND, bound);
}

/** Nanoseconds go outwards, so that the bound stays one. */
function toMicros(value: bigint, unit: TimeUnit, bound: Bound): bigint {
  switch (unit) {
    case TimeUnit.SECOND:
      return value * 1_000_000n;
    case TimeUnit.MILLISECOND:
      return value * 1000n;
    case TimeUnit.MICROSECOND:
      return value;
    default: {
      const down = value >= 0n ? value / 1000n : -((-value + 999n) / 1000n);
      return bound === 'max' && down * 1000n !== value ? down + 1n : down;
    }
  }
}

/** Two's complement of 32-bit words, the least significant first. */
function decimalAt(words: Uint32Array, at: number, count: number): bigint {
  let value = 0n;
  for (let word = count - 1; word >= 0; word--) {
    value = (value << 32n) | BigInt(words[at + word] ?? 0);
  }
  return BigInt.asIntN(count * 32, value);
}
