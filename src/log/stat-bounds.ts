/** The minima or maxima of one column for many files, in typed arrays. */
import { InternalError, isVarveError } from '../errors.js';
import { dateAt, fractionAt, integerAt, microsAt, unscaledAt } from './bound-text.js';
import { type Json, parseJson } from './json.js';
import { decimalOf } from './partition-value.js';
import type { Scalar } from './schema/scalar.js';
import type { PrimitiveName } from './schema/types.js';
import {
  type Bound,
  microsCutOff,
  parseBound,
  widenedDecimal,
  widenedFloating,
} from './stats-value.js';
import { Utf8Text } from './utf8-text.js';

/** A bound as pruning compares it; a number may stand for a bigint that it equals. */
export type BoundValue = NonNullable<Scalar> | Utf8Text;

/** Where the JSON of a bound is: bytes of a text, and whether a string there needs no decoding. */
export interface BoundPlace {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly isPlainText: boolean;
}

/** Bounds by row. `undefined` is "not known". */
export interface StatBounds {
  /** A {@link Utf8Text} it returns is good until the next call. */
  at(row: number): BoundValue | undefined;
  set(row: number, value: Scalar | undefined): void;
  /** Takes the JSON text of a bound. */
  read(row: number, place: BoundPlace): void;
  /** Takes a text that is these bytes. */
  copy(row: number, place: Omit<BoundPlace, 'isPlainText'>): void;
}

/** Room for the bounds of a column. */
export function makeBounds(type: PrimitiveName, bound: Bound, rows: number): StatBounds {
  return type === 'string' ? new TextBounds(rows) : new NumberBounds(type, bound, rows);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** The JSON value of a place, in any spelling and exact; undefined when it is beyond a limit. */
export function jsonAt({ bytes, start, end }: BoundPlace): Json | undefined {
  const text = decoder.decode(bytes.subarray(start, end));
  // An integer may be spelled `1.0` or `1e3`.
  const near = Number(text);
  if (Number.isSafeInteger(near)) return near;
  try {
    return parseJson(text);
  } catch (error) {
    if (isVarveError(error, 'LIMIT', 'CORRUPT_DATA')) return undefined;
    throw error;
  }
}

/** Everything that is counted: numbers, days, microseconds, unscaled decimals. */
class NumberBounds implements StatBounds {
  readonly #type: PrimitiveName;
  readonly #bound: Bound;
  readonly #plain: (place: BoundPlace) => number;
  /** NaN is "not known"; a 64-bit integer that no double holds is infinite here. */
  readonly #values: Float64Array;
  #longs: BigInt64Array | undefined;

  constructor(type: PrimitiveName, bound: Bound, rows: number) {
    this.#type = type;
    this.#bound = bound;
    this.#plain = plainReader(type, bound);
    this.#values = new Float64Array(rows).fill(Number.NaN);
  }

  at(row: number): number | bigint | undefined {
    const value = this.#values[row] ?? Number.NaN;
    if (Number.isNaN(value)) return undefined;
    return this.#longs !== undefined && value === Infinity ? this.#longs[row] : value;
  }

  set(row: number, value: Scalar | undefined): void {
    if (typeof value === 'number') this.#values[row] = value;
    else if (typeof value === 'bigint') this.#setBig(row, value);
  }

  read(row: number, place: BoundPlace): void {
    const value = this.#plain(place);
    if (Number.isNaN(value)) this.set(row, parseBound(jsonAt(place), this.#type, this.#bound));
    else this.#values[row] = value;
  }

  copy(): void {
    throw new InternalError({ message: 'a bound that is no text was given as one' });
  }

  #setBig(row: number, value: bigint): void {
    const near = Number(value);
    if (Number.isSafeInteger(near)) {
      this.#values[row] = near;
    } else if (!this.#type.startsWith('decimal')) {
      this.#longs ??= new BigInt64Array(this.#values.length);
      if (BigInt.asIntN(64, value) !== value) return;
      this.#longs[row] = value;
      this.#values[row] = Infinity;
    } else {
      // Further out than any rounding brought it, and still closer than writers round such values.
      const step = Math.abs(near) * 2 ** -52;
      this.#values[row] = this.#bound === 'min' ? near - step : near + step;
    }
  }
}

/** Reads what is spelled as almost everybody does; NaN for all else. */
function plainReader(type: PrimitiveName, bound: Bound): (place: BoundPlace) => number {
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      return ({ bytes, start, end }) => integerAt(bytes, start, end);
    case 'float':
    case 'double':
      return ({ bytes, start, end }) => widenedFloating(fractionAt(bytes, start, end), type, bound);
    case 'date':
      return ({ bytes, start, end, isPlainText }) =>
        isPlainText && end - start === 12 ? dateAt(bytes, start + 1) : Number.NaN;
    case 'timestamp':
    case 'timestamp_ntz':
      return ({ bytes, start, end, isPlainText }) => {
        if (!isPlainText) return Number.NaN;
        const micros = microsAt(bytes, start + 1, end - 1, type === 'timestamp_ntz');
        return micros + microsCutOff(micros % 1000 === 0, micros > 0, bound);
      };
    case 'boolean':
    case 'binary':
    case 'void':
    case 'string':
      return () => Number.NaN;
    default: {
      const decimal = decimalOf(type);
      return ({ bytes, start, end }) => {
        const unscaled = unscaledAt(bytes, start, end, decimal);
        if (Number.isNaN(unscaled)) return Number.NaN;
        return Number(widenedDecimal(BigInt(unscaled), decimal.precision, bound));
      };
    }
  }
}

const NONE = -1;

/** Bytes a text is expected to take. */
const TEXT_BYTES = 8;

/** Texts, one behind the other in bytes of their own: those they were found in are let go. */
class TextBounds implements StatBounds {
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #text: Utf8Text;
  #length = 0;

  constructor(rows: number) {
    this.#starts = new Int32Array(rows).fill(NONE);
    this.#ends = new Int32Array(rows);
    this.#text = new Utf8Text(new Uint8Array(rows * TEXT_BYTES));
  }

  at(row: number): Utf8Text | undefined {
    const start = this.#starts[row] ?? NONE;
    if (start === NONE) return undefined;
    this.#text.start = start;
    this.#text.end = this.#ends[row] ?? start;
    return this.#text;
  }

  set(row: number, value: Scalar | undefined): void {
    if (typeof value !== 'string') return;
    const bytes = encoder.encode(value);
    this.copy(row, { bytes, start: 0, end: bytes.length });
  }

  read(row: number, place: BoundPlace): void {
    const { bytes, start, end } = place;
    if (place.isPlainText) this.copy(row, { bytes, start: start + 1, end: end - 1 });
    else this.set(row, parseBound(jsonAt(place), 'string', 'min'));
  }

  copy(row: number, { bytes, start, end }: Omit<BoundPlace, 'isPlainText'>): void {
    const from = this.#length;
    this.#length += end - start;
    if (this.#length > this.#text.bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#text.bytes.length * 2));
      larger.set(this.#text.bytes);
      this.#text.bytes = larger;
    }
    const own = this.#text.bytes;
    for (let at = start, to = from; at < end; at++, to++) own[to] = bytes[at] ?? 0;
    this.#starts[row] = from;
    this.#ends[row] = this.#length;
  }
}
