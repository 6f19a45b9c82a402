/** A caller's column as one of Varve's own apache-arrow, its buffers checked and shared. */
import {
  type DataType as ArrowType,
  Data,
  type Dictionary,
  type Field,
  FixedSizeList,
  Type,
  Vector,
} from 'apache-arrow';
import { InvalidArgumentError } from '../../errors.js';
import { type Values, viewAs } from './arrow-data.js';
import { type DataLike, ownType } from './arrow-shape.js';

/**
 * The same column from Varve's own copy of apache-arrow, over the same buffers. Buffers that are
 * too short for the length they claim are refused here, so that nothing later reads past them.
 *
 * @param option - the argument the data came in, for the error
 * @throws SchemaMismatchError as {@link ownType} does
 * @throws InvalidArgumentError when the buffers contradict the column's length
 */
export function ownData(data: DataLike, column: string, option: string): Data {
  const rebuild = new Rebuild(column, option);
  return rebuild.data(data, ownType(data.type, column));
}

class Rebuild {
  readonly #column: string;
  readonly #option: string;

  constructor(column: string, option: string) {
    this.#column = column;
    this.#option = option;
  }

  data(data: DataLike, type: ArrowType): Data {
    const { length, offset } = data;
    this.#check(Number.isSafeInteger(length) && length >= 0, 'its length is no count');
    this.#check(Number.isSafeInteger(offset) && offset >= 0, 'its offset is no count');
    if (type.typeId === Type.Null) return new Data(type, 0, length, length);
    const nullBitmap = this.#nullBitmap(data);
    const children = this.#children(data, type);
    const valueOffsets = this.#offsets(data, type, children);
    const values = this.#values(data, type, valueOffsets);
    const dictionary = type.typeId === Type.Dictionary ? this.#dictionary(data, type) : undefined;
    return new Data(
      type,
      offset,
      length,
      nullBitmap === undefined ? 0 : data.nullCount,
      [valueOffsets, values, nullBitmap, undefined] as never,
      children,
      dictionary,
      data.variadicBuffers ?? [],
    );
  }

  #nullBitmap({ nullBitmap, nullCount, offset, length }: DataLike): Uint8Array | undefined {
    if (nullBitmap == null || nullBitmap.byteLength === 0) {
      this.#check(nullCount <= 0, 'it counts nulls and does not say where they are');
      return undefined;
    }
    this.#check(nullBitmap.byteLength * 8 >= offset + length, 'its null bitmap is too short');
    return viewAs(Uint8Array, nullBitmap);
  }

  #children(data: DataLike, type: ArrowType): Data[] {
    if (type.typeId === Type.Dictionary) return [];
    const fields: readonly Field[] = type.children ?? [];
    const given = data.children ?? [];
    this.#check(given.length === fields.length, 'it has another number of children than its type');
    return fields.map((field, index) => {
      const child = given[index];
      if (child === undefined) throw this.#broken('a child is missing');
      const built = this.data(child, field.type);
      const least = this.#childLength(data, type);
      this.#check(built.length >= least, 'a child is shorter than its parent');
      return type.typeId === Type.Struct && built.length > least ? built.slice(0, least) : built;
    });
  }

  #childLength(data: DataLike, type: ArrowType): number {
    if (type.typeId === Type.Struct) return data.length;
    return type instanceof FixedSizeList ? data.length * type.listSize : 0;
  }

  #offsets(
    data: DataLike,
    type: ArrowType,
    children: Data[],
  ): Int32Array | BigInt64Array | undefined {
    const wide = WIDE_OFFSETS.has(type.typeId);
    if (!wide && !NARROW_OFFSETS.has(type.typeId)) return undefined;
    const Kind = wide ? BigInt64Array : Int32Array;
    // An empty column may come without even its one offset.
    if (data.length === 0) return new Kind(1);
    const given = data.valueOffsets;
    this.#check(given != null, 'it has no offsets');
    const offsets = viewAs(Kind as typeof Int32Array, given as ArrayBufferView) as
      | Int32Array
      | BigInt64Array;
    this.#check(offsets.length > data.length, 'it has too few offsets');
    let last: number | bigint = wide ? 0n : 0;
    for (let index = 0; index <= data.length; index++) {
      const next = offsets[index] ?? 0;
      if (next < last) throw this.#broken('its offsets run backwards');
      last = next;
    }
    const end = children[0]?.length ?? data.values?.byteLength ?? 0;
    this.#check(last <= end, 'its offsets point past its values');
    return offsets;
  }

  #values(
    data: DataLike,
    type: ArrowType,
    offsets: Int32Array | BigInt64Array | undefined,
  ): Values | undefined {
    if ((type.children ?? []).length > 0 && type.typeId !== Type.Dictionary) return undefined;
    const given = data.values ?? new Uint8Array(0);
    if (offsets !== undefined) return viewAs(Uint8Array, given);
    if (type.typeId === Type.Bool) {
      this.#check(given.byteLength * 8 >= data.offset + data.length, 'it has too few values');
      return viewAs(Uint8Array, given);
    }
    const Kind = valuesKind(type);
    const stride = new Data(type, 0, 0).stride;
    const values = viewAs(Kind, given);
    this.#check(values.length >= data.length * stride, 'it has too few values');
    return values;
  }

  #dictionary(data: DataLike, type: ArrowType): Vector {
    const { dictionary } = data;
    if (dictionary == null) throw this.#broken('its dictionary is missing');
    const inner = (type as Dictionary).dictionary as ArrowType;
    return new Vector(dictionary.data.map((chunk) => this.data(chunk, inner)));
  }

  #check(condition: boolean, problem: string): void {
    if (!condition) throw this.#broken(problem);
  }

  #broken(problem: string): InvalidArgumentError {
    return new InvalidArgumentError({
      message: `the arrow column ${this.#column} contradicts itself: ${problem}`,
      option: this.#option,
    });
  }
}

const NARROW_OFFSETS: ReadonlySet<number> = new Set([Type.Utf8, Type.Binary, Type.List, Type.Map]);
const WIDE_OFFSETS: ReadonlySet<number> = new Set([
  Type.LargeUtf8,
  Type.LargeBinary,
  Type.LargeList,
]);

function valuesKind(type: ArrowType): typeof Int32Array {
  const base = type.typeId === Type.Dictionary ? (type as Dictionary).indices : type;
  return base.ArrayType as typeof Int32Array;
}
