/** What the compiler knows of a condition: the columns it names and what they are compared with. */
import type { PredicateJson } from './to-json.js';

declare const rowOf: unique symbol;

/**
 * A condition on a row that has at least the columns of `R`. A plain, frozen value: make it with
 * {@link eq} and its like, or from JSON with {@link predicateFromJson}.
 */
export interface Predicate<in R = never> {
  /** @internal */
  readonly [rowOf]?: (row: R) => void;
  /** The lossless JSON form, which {@link predicateFromJson} reads. */
  toJSON(): PredicateJson;
}

/**
 * What a table of rows `R` accepts; opened without a schema it accepts any condition and checks
 * names when it runs.
 */
export type Where<R> = string extends keyof R ? Predicate : Predicate<R>;

/**
 * What a column is compared with: text for string, decimal, date (`2024-01-31`), timestamp_ntz and,
 * with a zone, timestamp; a number or bigint for every numeric type; a Date for timestamp.
 */
export type Comparable = string | number | bigint | boolean | Date | Uint8Array;

/** A column by its exact name, dots included, or the path to a field of a struct. */
export type ColumnRef = string | readonly [string, ...string[]];

type Widen<V> = [V] extends [never]
  ? unknown
  : V extends number | bigint
    ? number | bigint
    : V extends string
      ? string
      : V extends boolean
        ? boolean
        : V extends Date
          ? Date
          : V extends Uint8Array
            ? Uint8Array
            : V;

/** A row whose column `C` can be compared with `V`. */
export type Needs<C extends ColumnRef, V> = NeedsOf<C, Widen<V> | null>;

/** A row that has the column `C`, of any type. */
export type Has<C extends ColumnRef> = NeedsOf<C, unknown>;

type NeedsOf<C extends ColumnRef, T> = C extends string
  ? { readonly [P in C]: T }
  : C extends readonly [infer H extends string]
    ? { readonly [P in H]: T }
    : C extends readonly [infer H extends string, ...infer R extends readonly [string, ...string[]]]
      ? { readonly [P in H]: NeedsOf<R, T> | null }
      : never;

/**
 * The rows that every one of the conditions `P` accepts: all the columns that any of them names.
 */
export type RowsOf<P extends readonly Predicate[]> = {
  [I in keyof P]: P[I] extends Predicate<infer R> ? (row: R) => void : never;
}[number] extends (row: infer R) => void
  ? R
  : never;
