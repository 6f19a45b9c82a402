/**
 * Thrift values, as Parquet footers and page indexes are made of: a generic tree that keeps every field, also those
 * we do not know, so that what is rewritten loses nothing.
 */

/** Type codes of the compact protocol. A boolean field is written as `true`; its value says which. */
export const thriftType = {
  bool: 1,
  boolFalse: 2,
  i8: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
  uuid: 13,
} as const;

/** i8 to i32 are numbers, i64 bigint; doubles and UUIDs stay bytes, so that no NaN loses its payload. */
export type ThriftValue =
  | boolean
  | number
  | bigint
  | Uint8Array
  | ThriftList
  | ThriftMap
  | ThriftStruct;

export interface ThriftField {
  readonly id: number;
  readonly type: number;
  readonly value: ThriftValue;
}

/** A list or a set. Elements of type bool are the bytes that stand for them (1 is true). */
export interface ThriftList {
  readonly kind: 'list';
  readonly elementType: number;
  readonly values: readonly ThriftValue[];
}

export interface ThriftMap {
  readonly kind: 'map';
  readonly keyType: number;
  readonly valueType: number;
  readonly entries: readonly (readonly [ThriftValue, ThriftValue])[];
}

/** A struct: its fields in the order they were written. Immutable; the `with*` methods give a changed copy. */
export class ThriftStruct {
  readonly kind = 'struct';
  readonly fields: readonly ThriftField[];

  constructor(fields: readonly ThriftField[]) {
    this.fields = fields;
  }

  /** The field of that id, if it was written. */
  field(id: number): ThriftField | undefined {
    for (const field of this.fields) if (field.id === id) return field;
    return undefined;
  }

  /** A copy in which each given field is set, in order of its id. */
  with(...changed: readonly ThriftField[]): ThriftStruct {
    const kept = this.fields.filter((field) => !changed.some(({ id }) => id === field.id));
    return new ThriftStruct([...kept, ...changed].sort((a, b) => a.id - b.id));
  }

  /** A copy without the fields of these ids. */
  without(...ids: readonly number[]): ThriftStruct {
    return new ThriftStruct(this.fields.filter(({ id }) => !ids.includes(id)));
  }

  /** A copy with no other fields than those of these ids. */
  only(...ids: readonly number[]): ThriftStruct {
    return new ThriftStruct(this.fields.filter(({ id }) => ids.includes(id)));
  }
}
