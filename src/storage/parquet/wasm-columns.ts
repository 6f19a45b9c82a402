/**
 * Arrow columns out of parquet-wasm's memory, buffer by buffer, through Arrow's C data interface: an IPC stream would
 * need the same bytes twice more in a memory that never shrinks.
 *
 * @see https://arrow.apache.org/docs/format/CDataInterface.html
 */
import type { FFIStream } from 'parquet-wasm/esm';

/** A part of {@link CopiedColumns.body}; begins at a multiple of 8. */
export interface BodyRegion {
  readonly start: number;
  readonly length: number;
}

/** One array: a column, or a child of one. */
export interface ArrowColumn {
  readonly length: number;
  readonly nullCount: number;
  /** Absent when nothing is null. */
  readonly validity: BodyRegion | undefined;
  readonly offsets: BodyRegion | undefined;
  readonly values: BodyRegion | undefined;
  readonly children: readonly ArrowColumn[];
}

/** Columns over one buffer: one large piece goes back to the system when it is let go, many small ones do not. */
export interface CopiedColumns {
  readonly columns: readonly ArrowColumn[];
  readonly body: Uint8Array;
}

/**
 * Copies the columns of a stream's only batch.
 * @returns undefined when the batch holds a layout that is not copied here (sliced, dictionary, view, union)
 */
export function copyColumns(stream: FFIStream, memory: ArrayBuffer): CopiedColumns | undefined {
  const reader = new MemoryReader(memory);
  const columns = reader.children(stream.schemaAddr(), stream.arrayAddr(0));
  return columns && { columns, body: reader.body() };
}

/** Offsets into `struct ArrowSchema` and `struct ArrowArray` on a 32-bit machine. */
const SCHEMA = { format: 0, childCount: 24, children: 32, dictionary: 36 } as const;
const ARRAY = {
  length: 0,
  nullCount: 8,
  offset: 16,
  childCount: 32,
  buffers: 40,
  children: 44,
} as const;

class MemoryReader {
  readonly #memory: ArrayBuffer;
  readonly #view: DataView;
  /** Where each region's bytes are in the memory; 0 for bytes that are nowhere, and zero. */
  readonly #copies: { readonly from: number; readonly region: BodyRegion }[] = [];
  #bodyLength = 0;

  constructor(memory: ArrayBuffer) {
    this.#memory = memory;
    this.#view = new DataView(memory);
  }

  /** The bytes of every region that was handed out. */
  body(): Uint8Array {
    const body = new Uint8Array(this.#bodyLength);
    for (const { from, region } of this.#copies) {
      if (from !== 0) body.set(new Uint8Array(this.#memory, from, region.length), region.start);
    }
    return body;
  }

  children(schema: number, array: number): ArrowColumn[] | undefined {
    const count = this.#long(array + ARRAY.childCount);
    if (count !== this.#long(schema + SCHEMA.childCount)) return undefined;
    const columns: ArrowColumn[] = [];
    for (let index = 0; index < count; index += 1) {
      const column = this.#column(
        this.#pointer(this.#pointer(schema + SCHEMA.children) + index * 4),
        this.#pointer(this.#pointer(array + ARRAY.children) + index * 4),
      );
      if (column === undefined) return undefined;
      columns.push(column);
    }
    return columns;
  }

  #column(schema: number, array: number): ArrowColumn | undefined {
    const layout = layoutOf(this.#text(this.#pointer(schema + SCHEMA.format)));
    const isSliced = this.#long(array + ARRAY.offset) !== 0;
    const isDictionary = this.#pointer(schema + SCHEMA.dictionary) !== 0;
    if (layout === undefined || isSliced || isDictionary) return undefined;
    const children = this.children(schema, array);
    if (children === undefined) return undefined;
    const length = this.#long(array + ARRAY.length);
    const nullCount = this.#long(array + ARRAY.nullCount);
    const buffers = this.#pointer(array + ARRAY.buffers);
    const buffer = (index: number): number => this.#pointer(buffers + index * 4);
    const hasValidity = layout.kind !== 'null' && nullCount !== 0 && buffer(0) !== 0;
    const validity = hasValidity ? this.#copy(buffer(0), Math.ceil(length / 8)) : undefined;
    const known = { length, nullCount, validity, children };
    const none = { ...known, offsets: undefined, values: undefined };
    switch (layout.kind) {
      case 'bits':
        return { ...none, values: this.#copy(buffer(1), Math.ceil(length / 8)) };
      case 'fixed':
        return { ...none, values: this.#copy(buffer(1), length * layout.width) };
      case 'bytes': {
        const offsets = buffer(1);
        const end = offsets === 0 ? 0 : this.#view.getInt32(offsets + length * 4, true);
        const values = this.#copy(buffer(2), end);
        return { ...known, offsets: this.#copy(offsets, (length + 1) * 4), values };
      }
      case 'list':
        return { ...none, offsets: this.#copy(buffer(1), (length + 1) * 4) };
      default:
        return none;
    }
  }

  #copy(from: number, length: number): BodyRegion {
    const region = { start: this.#bodyLength, length };
    this.#copies.push({ from, region });
    this.#bodyLength += Math.ceil(length / 8) * 8;
    return region;
  }

  #text(start: number): string {
    const bytes = new Uint8Array(this.#memory, start);
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
  }

  #pointer(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #long(at: number): number {
    return Number(this.#view.getBigInt64(at, true));
  }
}

type PlainKind = 'null' | 'bits' | 'bytes' | 'list' | 'struct';

type Layout = { readonly kind: PlainKind } | { readonly kind: 'fixed'; readonly width: number };

const PLAIN_LAYOUTS: Readonly<Record<string, PlainKind>> = {
  n: 'null',
  b: 'bits',
  u: 'bytes',
  z: 'bytes',
  '+s': 'struct',
  '+l': 'list',
  '+m': 'list',
};

const WIDTHS: Readonly<Record<string, number>> = {
  c: 1,
  C: 1,
  s: 2,
  S: 2,
  e: 2,
  i: 4,
  I: 4,
  f: 4,
  l: 8,
  L: 8,
  g: 8,
  tdD: 4,
  tdm: 8,
  tts: 4,
  ttm: 4,
  ttu: 8,
  ttn: 8,
};

/** By the C data interface's format strings. */
function layoutOf(format: string): Layout | undefined {
  const plain = PLAIN_LAYOUTS[format];
  if (plain !== undefined) return { kind: plain };
  const width = WIDTHS[format] ?? parametricWidth(format);
  return width === undefined ? undefined : { kind: 'fixed', width };
}

function parametricWidth(format: string): number | undefined {
  if (format.startsWith('ts')) return 8;
  if (format.startsWith('w:')) return Number(format.slice(2));
  if (!format.startsWith('d:')) return undefined;
  const [, , bits = '128'] = format.slice(2).split(',');
  return Number(bits) / 8;
}
