/**
 * Making and reading `arrow.Data` directly. In a slice Arrow has already cut `values`,
 * `valueOffsets` and the children of a struct; `offset` counts only in the null bitmap and in the
 * bits of a boolean column.
 */
import { type DataType as ArrowType, Data, Type } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import type { Bits } from './bits.js';

/** Any of the arrays that Arrow keeps values in. */
export type Values =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

type ValuesKind = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => Values;

/** What a column is made of beside its type and length. */
export interface ColumnParts {
  readonly validity?: Bits | undefined;
  readonly nullCount?: number | undefined;
  readonly values?: Values | undefined;
  readonly valueOffsets?: Int32Array | undefined;
  readonly children?: readonly Data[] | undefined;
}

/**
 * A column of `type` from its buffers; `values` of a boolean begin at the same bit as the validity.
 */
export function makeColumn(type: ArrowType, length: number, parts: ColumnParts): Data {
  const { validity, values, valueOffsets, children } = parts;
  const nullCount = validity === undefined ? 0 : (parts.nullCount ?? -1);
  const buffers = [valueOffsets, values, validity?.bytes, undefined] as never;
  return new Data(type, validity?.offset ?? 0, length, nullCount, buffers, [...(children ?? [])]);
}

/** The same values and nulls under another type of the same layout: no byte is copied. */
export function retype(data: Data, type: ArrowType, children?: readonly Data[]): Data {
  return new Data(
    type,
    data.offset,
    data.length,
    validityOf(data) === undefined ? 0 : data.nullCount,
    [data.valueOffsets, data.values, data.nullBitmap, undefined] as never,
    [...(children ?? data.children)],
  );
}

/** New values, offsets or children with the nulls of `data`. */
export function columnLike(data: Data, type: ArrowType, parts: ColumnParts): Data {
  const validity = validityOf(data);
  return makeColumn(type, data.length, { ...parts, validity, nullCount: data.nullCount });
}

/** Which rows are not null; `undefined` when none is. */
export function validityOf(data: Data): Bits | undefined {
  if (data.typeId === Type.Null) {
    return data.length === 0 ? undefined : { bytes: new Uint8Array(0), offset: 0 };
  }
  const bytes = data.nullBitmap;
  if (bytes === undefined || bytes === null || bytes.length === 0) return undefined;
  return data.nullCount === 0 ? undefined : { bytes, offset: data.offset };
}

/** The only child of a list or map. */
export function onlyChild(data: Data): Data {
  const [child] = data.children;
  if (child === undefined) throw new InternalError({ message: 'a list has no child column' });
  return child;
}

/** A column of `rows` nulls. */
export function nullColumn(type: ArrowType, rows: number): Data {
  if (type.typeId === Type.Null) return new Data(type, 0, rows, rows);
  const validity = { bytes: new Uint8Array((rows + 7) >> 3), offset: 0 };
  const nulls = { validity, nullCount: rows };
  switch (type.typeId) {
    case Type.Struct: {
      const children = type.children.map((field) => nullColumn(field.type, rows));
      return makeColumn(type, rows, { ...nulls, children });
    }
    case Type.List:
    case Type.Map: {
      const children = type.children.map((field) => nullColumn(field.type, 0));
      return makeColumn(type, rows, { ...nulls, valueOffsets: new Int32Array(rows + 1), children });
    }
    case Type.Utf8:
    case Type.Binary: {
      const valueOffsets = new Int32Array(rows + 1);
      return makeColumn(type, rows, { ...nulls, valueOffsets, values: new Uint8Array(0) });
    }
    case Type.Bool:
      return makeColumn(type, rows, { ...nulls, values: new Uint8Array((rows + 7) >> 3) });
    default: {
      const stride = new Data(type, 0, 0).stride;
      const Kind = type.ArrayType as new (length: number) => Values;
      return makeColumn(type, rows, { ...nulls, values: new Kind(rows * stride) });
    }
  }
}

/**
 * The same bytes seen as another kind of array; copied only when they do not begin at its
 * alignment.
 */
export function viewAs<K extends ValuesKind>(
  Kind: K & { readonly BYTES_PER_ELEMENT: number },
  values: ArrayBufferView,
): InstanceType<K> {
  const size = Kind.BYTES_PER_ELEMENT;
  const length = Math.floor(values.byteLength / size);
  if (values.byteOffset % size === 0) {
    return new Kind(values.buffer, values.byteOffset, length) as InstanceType<K>;
  }
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  return new Kind(bytes.buffer, 0, length) as InstanceType<K>;
}
