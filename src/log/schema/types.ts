/**
 * The protocol's schema, in the very shape of its JSON ("Schema Serialization Format" in PROTOCOL.md), so that what
 * is read is what is written again: nothing is translated, unknown metadata survives.
 */
import type { Json } from '../json.js';

export const PRIMITIVES = [
  'string',
  'long',
  'integer',
  'short',
  'byte',
  'float',
  'double',
  'boolean',
  'binary',
  'date',
  'timestamp',
  'timestamp_ntz',
  'void',
] as const;

/** `decimal(precision,scale)`: precision 1-38, scale 0-precision. */
export type DecimalName = `decimal(${number},${number})`;
export type PrimitiveName = (typeof PRIMITIVES)[number] | DecimalName;

/**
 * A type that Varve does not know, kept by its name: a table that has one can be listed and its other columns read;
 * selecting or writing the column is refused by name.
 */
export interface UnknownType {
  readonly type: 'unknown';
  readonly name: string;
  /** The JSON as it was read. */
  readonly json: Json;
}

/** A value of any of many types, each row its own. PROTOCOL.md "Variant Data Type". */
export type VariantName = 'variant';

export type DataType = PrimitiveName | VariantName | StructType | ArrayType | MapType | UnknownType;

export interface StructType {
  readonly type: 'struct';
  readonly fields: readonly StructField[];
}

export interface StructField {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** Any JSON; integers beyond 2^53 are bigint. */
  readonly metadata: Readonly<Record<string, Json>>;
}

export interface ArrayType {
  readonly type: 'array';
  readonly elementType: DataType;
  readonly containsNull: boolean;
}

export interface MapType {
  readonly type: 'map';
  readonly keyType: DataType;
  readonly valueType: DataType;
  readonly valueContainsNull: boolean;
}
