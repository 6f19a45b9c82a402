/** What the compiler knows of a table's rows: from a schema literal, a Standard Schema, or the rows themselves. */
import type { StructType } from '../../log/schema/types.js';
import type { SchemaInputOf, SchemaOutputOf, StandardSchema } from './standard-schema.js';
import type { Timestamp } from './timestamp.js';

/** The protocol's name of a primitive type. */
export type PrimitiveText =
  | 'string'
  | 'long'
  | 'integer'
  | 'short'
  | 'byte'
  | 'float'
  | 'double'
  | 'boolean'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'timestamp_ntz'
  | 'variant'
  | `decimal(${number},${number})`;

/** A primitive type; a column is nullable unless it says otherwise. */
export type TypeText = PrimitiveText | `${PrimitiveText} not null`;

/** The type of one column, element, map key (never null), map value or struct field. */
export type ColumnType =
  | TypeText
  | { readonly array: ColumnType }
  | { readonly map: readonly [key: ColumnType, value: ColumnType] }
  | { readonly struct: SchemaLiteral };

/**
 * A schema as a literal: `{ id: 'long not null', tags: { array: 'string' } } as const`. Columns are in the order of
 * the object's keys; arrays, maps and structs are nullable. The only form that `isolatedDeclarations` can export.
 */
export type SchemaLiteral = { readonly [column: string]: ColumnType };

/** A schema as it was given, in the protocol's shape, and how its rows are to be delivered. */
export interface SchemaInput {
  readonly schema: StructType;
  /** What `rowDecoder` takes: the paths of long columns that the caller's schema promises as numbers. */
  readonly asNumber: ReadonlySet<string>;
}

/** The schema of a table about which the compiler knows nothing. */
export type AnySchema = { readonly [column: string]: ColumnType };

/** Everything a schema may be given as. */
export type TableSchema = SchemaLiteral | StandardSchema | StructType;

/** The Delta types of columns, by name, instead of those that a Standard Schema would give. */
export type ColumnOverrides = { readonly [column: string]: ColumnType };

/**
 * A value of any column, as it is read.
 *
 * A variant is an array, an object, text, a boolean or `null` (JSON's null, which only the Arrow
 * column and `isNull` tell from a row without a value). Its integers are `number`, beyond 2^53
 * `bigint`; its decimals are `number` when the number's own text has all their digits, else exact
 * text. Floats, dates, binaries and timestamps are as in columns of their own; a time is
 * `"12:00:00.000000"`, a timestamp with nanoseconds and a UUID are text.
 */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | null
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | { readonly [field: string]: Value };

/** A row of a table about which the compiler knows nothing. */
export type AnyRow = { readonly [column: string]: Value };

/** What a table about which the compiler knows nothing accepts: checked when it is written. */
export type AnyNewRow = object;

/**
 * The type of a row as it is read.
 *
 * | column | value |
 * |---|---|
 * | long | `bigint` |
 * | decimal | exact text, `"12.50"` |
 * | date | `"2024-01-31"` |
 * | timestamp | {@link Timestamp}, a `Date` with microseconds |
 * | timestamp_ntz | text without a zone, `"2024-01-31T12:00:00.000000"` |
 * | binary | `Uint8Array` |
 * | array, map, struct | array, `Map`, plain object |
 * | variant | whatever each row holds, see {@link Value} |
 * | null | `null` |
 */
export type Row<S> = S extends StandardSchema
  ? Settled<SchemaOutputOf<S>>
  : S extends StructType
    ? AnyRow
    : string extends keyof S
      ? AnyRow
      : { readonly [K in keyof S]: ReadOf<S[K]> } & {};

/** The type of a row as it may be written: a nullable column may be null, undefined or absent. */
export type NewRow<S> = S extends StandardSchema
  ? SchemaInputOf<S>
  : S extends StructType
    ? AnyNewRow
    : string extends keyof S
      ? AnyNewRow
      : InsertOf<S>;

/** The schema that `create({ rows })` gives to rows of type `T`: by JavaScript type, never by value. */
export type SchemaFor<T> = { readonly [K in keyof T & string]: TypeFor<NonNullable<T[K]>> };

interface ReadValues {
  readonly string: string;
  readonly long: bigint;
  readonly integer: number;
  readonly short: number;
  readonly byte: number;
  readonly float: number;
  readonly double: number;
  readonly boolean: boolean;
  readonly binary: Uint8Array;
  readonly date: string;
  readonly timestamp: Timestamp;
  readonly timestamp_ntz: string;
  readonly variant: Value;
}

interface WriteValues extends Omit<ReadValues, 'long' | 'timestamp' | 'variant'> {
  readonly long: bigint | number | `${bigint}`;
  readonly timestamp: Date | string;
}

type Primitive<T extends string, Values, Decimal> = T extends keyof Values
  ? Values[T]
  : T extends `decimal(${string}`
    ? Decimal
    : never;

type ReadOf<T> = T extends `${infer P} not null`
  ? Primitive<P, ReadValues, string>
  : T extends string
    ? Primitive<T, ReadValues, string> | null
    : T extends { readonly array: infer E }
      ? readonly ReadOf<E>[] | null
      : T extends { readonly map: readonly [infer K, infer V] }
        ? ReadonlyMap<NonNullable<ReadOf<K>>, ReadOf<V>> | null
        : T extends { readonly struct: infer F }
          ? { readonly [K in keyof F]: ReadOf<F[K]> } | null
          : never;

type WriteOf<T> = T extends `${infer P} not null`
  ? Primitive<P, WriteValues, string | bigint>
  : T extends string
    ? Primitive<T, WriteValues, string | bigint> | null
    : T extends { readonly array: infer E }
      ? readonly (WriteOf<E> | undefined)[] | TypedArrayOf<WriteOf<E>> | null
      : T extends { readonly map: readonly [infer K, infer V] }
        ? MapInput<NonNullable<WriteOf<K>>, WriteOf<V>> | null
        : T extends { readonly struct: infer F }
          ? InsertOf<F> | null
          : never;

type TypedArrayOf<W> = [number] extends [W]
  ? Float32Array | Float64Array | Int32Array | Int16Array | Int8Array
  : never;

type MapInput<K, V> =
  | ReadonlyMap<K, V>
  | ([K] extends [string] ? { readonly [key: string]: V } : never);

type NullableKeys<S> = {
  [K in keyof S]: S[K] extends `${string} not null` ? never : K;
}[keyof S];

type Flat<T> = { [K in keyof T]: T[K] } & {};

type InsertOf<S> = Flat<
  { readonly [K in Exclude<keyof S, NullableKeys<S>>]: WriteOf<S[K]> } & {
    readonly [K in NullableKeys<S>]?: WriteOf<S[K]> | undefined;
  }
>;

/** A checked value of a schema library as it is read back: absent is null, a Date has microseconds. */
type Settled<T> = T extends undefined
  ? null
  : T extends Date
    ? Timestamp
    : T extends string | number | bigint | boolean | null | Uint8Array
      ? T
      : T extends ReadonlyMap<infer K, infer V>
        ? ReadonlyMap<Settled<K>, Settled<V>>
        : T extends readonly (infer E)[]
          ? readonly Settled<E>[]
          : T extends object
            ? { readonly [K in keyof T]-?: Settled<T[K]> } & {}
            : T;

/** The element's type of each typed array, by the array's name. */
interface TypedArrays {
  readonly Float32Array: 'float';
  readonly Float64Array: 'double';
  readonly Int8Array: 'byte';
  readonly Int16Array: 'short';
  readonly Int32Array: 'integer';
  readonly BigInt64Array: 'long';
}

type TypeFor<T> = T extends number
  ? 'double'
  : T extends bigint
    ? 'long'
    : T extends string
      ? 'string'
      : T extends boolean
        ? 'boolean'
        : T extends Date
          ? 'timestamp'
          : T extends Uint8Array
            ? 'binary'
            : T extends readonly (infer E)[]
              ? { readonly array: TypeFor<NonNullable<E>> }
              : T extends { readonly [Symbol.toStringTag]: keyof TypedArrays }
                ? { readonly array: TypedArrays[T[typeof Symbol.toStringTag]] }
                : T extends ReadonlyMap<infer K, infer V>
                  ? { readonly map: readonly [TypeFor<K>, TypeFor<NonNullable<V>>] }
                  : T extends object
                    ? { readonly struct: SchemaFor<T> }
                    : never;
