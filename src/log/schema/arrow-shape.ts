/**
 * Arrow objects by their shape: two copies of apache-arrow in one process are normal, and neither's
 * classes are the other's. What Varve computes with is rebuilt from its own copy's classes; no
 * buffer is copied for that.
 */
import {
  type DataType as ArrowType,
  Binary,
  BinaryView,
  Bool,
  Date_,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float,
  Int,
  LargeBinary,
  LargeList,
  LargeUtf8,
  List,
  Map_,
  Null,
  Struct,
  Timestamp,
  Type,
  Utf8,
  Utf8View,
} from 'apache-arrow';
import { SchemaMismatchError } from '../../errors.js';

/** The part of `arrow.Field` that is used. */
export interface FieldLike {
  readonly name: string;
  readonly type: TypeLike;
  readonly nullable?: boolean | undefined;
}

/** The part of `arrow.DataType` that is used; which members there are depends on `typeId`. */
export interface TypeLike {
  readonly typeId: number;
  readonly children?: readonly FieldLike[] | null | undefined;
  readonly isSigned?: boolean | null | undefined;
  readonly bitWidth?: number | null | undefined;
  readonly precision?: number | null | undefined;
  readonly scale?: number | null | undefined;
  readonly unit?: number | null | undefined;
  readonly timezone?: string | null | undefined;
  readonly byteWidth?: number | null | undefined;
  readonly listSize?: number | null | undefined;
  readonly indices?: TypeLike | null | undefined;
  readonly dictionary?: TypeLike | null | undefined;
}

/** The part of `arrow.Schema` that is used. */
export interface SchemaLike {
  readonly fields: readonly FieldLike[];
}

/** The part of `arrow.Data` that is used. */
export interface DataLike {
  readonly type: TypeLike;
  readonly length: number;
  readonly offset: number;
  readonly nullCount: number;
  readonly values?: ArrayBufferView | null | undefined;
  readonly valueOffsets?: ArrayBufferView | null | undefined;
  readonly nullBitmap?: Uint8Array | null | undefined;
  readonly children?: readonly DataLike[] | null | undefined;
  readonly dictionary?: { readonly data: readonly DataLike[] } | null | undefined;
  readonly variadicBuffers?: readonly Uint8Array[] | null | undefined;
}

/** The part of `arrow.RecordBatch` that is used. */
export interface BatchLike {
  readonly schema: SchemaLike;
  readonly data: DataLike;
}

/**
 * The same type from Varve's own copy of apache-arrow.
 *
 * @throws SchemaMismatchError that names the column when it is a type that no Delta table can hold:
 * a time, a duration, an interval, a union, or one that this apache-arrow does not know
 */
export function ownType(type: TypeLike, column: string): ArrowType {
  const simple = SIMPLE_TYPES.get(type.typeId);
  if (simple !== undefined) return simple;
  const { children } = type;
  const fields = (): Field[] => (children ?? []).map((field) => ownField(field, column));
  switch (type.typeId) {
    case Type.Int:
      return new Int(type.isSigned === true, (type.bitWidth ?? 32) as 32);
    case Type.Float:
      return new Float(type.precision ?? 2);
    case Type.Decimal:
      return new Decimal(type.scale ?? 0, type.precision ?? 0, type.bitWidth ?? 128);
    case Type.Date:
      return new Date_(type.unit ?? 0);
    case Type.Timestamp:
      return new Timestamp(type.unit ?? 0, type.timezone);
    case Type.FixedSizeBinary:
      return new FixedSizeBinary(type.byteWidth ?? 0);
    case Type.List:
      return new List(ownChild(type, column));
    case Type.LargeList:
      return new LargeList(ownChild(type, column));
    case Type.FixedSizeList:
      return new FixedSizeList(type.listSize ?? 0, ownChild(type, column));
    case Type.Struct:
      return new Struct(fields());
    case Type.Map:
      return new Map_(ownChild(type, column) as never);
    case Type.Dictionary:
      return ownDictionary(type, column);
    default:
      throw unsupportedType(type, column);
  }
}

const SIMPLE_TYPES: ReadonlyMap<number, ArrowType> = new Map<number, ArrowType>([
  [Type.Null, new Null()],
  [Type.Bool, new Bool()],
  [Type.Utf8, new Utf8()],
  [Type.LargeUtf8, new LargeUtf8()],
  [Type.Utf8View, new Utf8View()],
  [Type.Binary, new Binary()],
  [Type.LargeBinary, new LargeBinary()],
  [Type.BinaryView, new BinaryView()],
]);

function ownField(field: FieldLike, column: string): Field {
  const type = ownType(field.type, `${column}.${field.name}`);
  return new Field(field.name, type, field.nullable !== false);
}

function ownChild(type: TypeLike, column: string): Field {
  const child = type.children?.[0];
  if (child === undefined) throw unsupportedType(type, column);
  return ownField(child, column);
}

function ownDictionary(type: TypeLike, column: string): ArrowType {
  if (type.dictionary == null || type.indices == null) throw unsupportedType(type, column);
  return new Dictionary(ownType(type.dictionary, column), ownType(type.indices, column) as never);
}

function unsupportedType(type: TypeLike, column: string): SchemaMismatchError {
  return new SchemaMismatchError({
    message: 'a delta table has no type for this arrow type; cast the column first',
    column,
    actual: String(type),
  });
}
