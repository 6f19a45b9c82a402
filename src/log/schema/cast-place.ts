/**
 * Where a cast stands: the column, the rows that count, and how a value that does not fit is
 * refused.
 */
import type { Data } from 'apache-arrow';
import type { VarveError } from '../../errors.js';
import { validityOf } from './arrow-data.js';
import { type Bits, bitAt, bitsWhere, intersectBits } from './bits.js';
import { describeType } from './describe-type.js';
import type { LegacyCalendar } from './legacy-calendar.js';
import type { DataType, StructField } from './types.js';

/** What does not fit. */
export interface Misfit {
  /** The column, dotted for what is inside it. */
  readonly column: string;
  /** The index of the row in its column; undefined when the type itself does not fit. */
  readonly row?: number | undefined;
  readonly expected: string;
  readonly actual: string;
}

/** What differs between the columns of a data file and those a caller gives. */
export interface CastRules {
  /**
   * From a `file`, every physical form that a Parquet writer may have chosen for a type is read,
   * fields that the schema lacks are skipped, and NOT NULL is not enforced, as in Spark. From
   * `input`, only what means the same and loses nothing is accepted, unknown fields are refused,
   * and NOT NULL holds.
   */
  readonly source: 'file' | 'input';
  /** The old calendar that a file's dates and timestamps are in, if they are. */
  readonly legacy: LegacyCalendar | undefined;
  /** The name that a field has in the file; undefined when the file does not have it. */
  readonly fileName: (field: StructField) => string | undefined;
  /** The error to throw. */
  readonly misfit: (misfit: Misfit) => VarveError;
}

export interface CastPlace {
  readonly rules: CastRules;
  readonly column: string;
  /** The row of the column that index `index` here belongs to. */
  readonly rowOf: (index: number) => number;
  /**
   * The indexes whose parents are all there; undefined when that is every one. A value under a null
   * parent is garbage (Arrow leaves it open) and must not raise. Made only when a value does not
   * fit, for it costs a pass.
   */
  readonly alive: (() => Bits | undefined) | undefined;
}

/** Whether the value at `index` is there and so are its parents. */
export function counts(data: Data, place: CastPlace, index: number): boolean {
  const validity = validityOf(data);
  if (validity !== undefined && !bitAt(validity, index)) return false;
  const alive = place.alive?.();
  return alive === undefined || bitAt(alive, index);
}

/** The error for a column of another type. */
export function typeMisfit(data: Data, target: DataType, place: CastPlace): VarveError {
  const { column, rules } = place;
  return rules.misfit({ column, expected: describeType(target), actual: String(data.type) });
}

/**
 * Throws for the value at `index` if it counts; otherwise it is garbage, and any value may take its
 * place.
 */
export function refuseValue(
  data: Data,
  place: CastPlace,
  index: number,
  { expected, actual }: { readonly expected: string; readonly actual: () => string },
): void {
  if (!counts(data, place, index)) return;
  const { column, rules, rowOf } = place;
  throw rules.misfit({ column, row: rowOf(index), expected, actual: actual() });
}

/** Throws if a row of the result is null although its parents are there. */
export function refuseNulls(data: Data, target: DataType, place: CastPlace): void {
  const validity = validityOf(data);
  if (validity === undefined) return;
  const alive = place.alive?.();
  for (let index = 0; index < data.length; index++) {
    if (bitAt(validity, index) || (alive !== undefined && !bitAt(alive, index))) continue;
    const { column, rules, rowOf } = place;
    const expected = `${describeType(target)} not null`;
    throw rules.misfit({ column, row: rowOf(index), expected, actual: 'null' });
  }
}

/** The place of a field of the struct `data`. */
export function fieldPlace(data: Data, place: CastPlace, name: string): CastPlace {
  const own = validityOf(data);
  const { alive } = place;
  const column = `${place.column}.${name}`;
  if (own === undefined) return { ...place, column };
  return { ...place, column, alive: once(() => intersectBits(own, alive?.(), data.length)) };
}

/**
 * The place of the elements of the list or map `data`.
 *
 * @param offsets - where each row's elements begin and end, from 0 on
 */
export function elementPlace(
  data: Data,
  offsets: Int32Array,
  place: CastPlace,
  name: string,
): CastPlace {
  const own = validityOf(data);
  const { rules, alive, rowOf } = place;
  const parentOf = (element: number): number => rowAt(offsets, data.length, element);
  const inside = (): Bits | undefined => {
    const rows = intersectBits(own, alive?.(), data.length);
    if (rows === undefined) return undefined;
    let row = 0;
    return bitsWhere(offsets[data.length] ?? 0, (element) => {
      while ((offsets[row + 1] ?? 0) <= element) row++;
      return bitAt(rows, row);
    });
  };
  return {
    rules,
    column: `${place.column}.${name}`,
    rowOf: (element) => rowOf(parentOf(element)),
    alive: own === undefined && alive === undefined ? undefined : once(inside),
  };
}

/**
 * The last row that begins at or before `element`; rows without elements begin where the next one
 * does.
 */
function rowAt(offsets: Int32Array, rows: number, element: number): number {
  let low = 0;
  let high = rows - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= element) low = middle;
    else high = middle - 1;
  }
  return low;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
