/**
 * Arrow columns out of parquet-wasm's memory, buffer by buffer, through Arrow's C data interface: an IPC stream would
 * need the same bytes twice more in a memory that never shrinks.
 *
 * @see https://arrow.apache.org/docs/format/CDataInterface.html
 */
import type { FFIStream } from 'parquet-wasm/esm';

/** One array: a column, or a child of one. The buffers own their memory. */
export interface ArrowColumn {
  readonly length: number;
  readonly nullCount: number;
  /** Absent when nothing is null. */
  readonly validity: Uint8Array | undefined;
  readonly offsets: Uint8Array | undefined;
  readonly values: Uint8Array | undefined;
  readonly children: readonly ArrowColumn[];
}

/**
 * Copies the columns of a stream's only batch.
 * @returns undefined when the batch holds a layout that is not copied here (sliced, dictionary, view, union)
 */
export function copyColumns(stream: FFIStream, memory: ArrayBuffer): ArrowColumn[] | undefined {
  const reader = new MemoryReader(memory);
  const schema = stream.schemaAddr();
  const batch = stream.arrayAddr(0);
  return reader.children(schema, batch);
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

  constructor(memory: ArrayBuffer) {
    this.#memory = memory;
    this.#view = new DataView(memory);
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
    switch (layout.kind) {
      case 'bits':
        return {
          ...known,
          offsets: undefined,
          values: this.#copy(buffer(1), Math.ceil(length / 8)),
        };
      case 'fixed':
        return {
          ...known,
          offsets: undefined,
          values: this.#copy(buffer(1), length * layout.width),
        };
      case 'bytes': {
        const offsets = this.#offsets(buffer(1), length);
        const end = new Int32Array(offsets.buffer)[length] ?? 0;
        return { ...known, offsets, values: this.#copy(buffer(2), end) };
      }
      case 'list':
        return { ...known, offsets: this.#offsets(buffer(1), length), values: undefined };
      default:
        return { ...known, offsets: undefined, values: undefined };
    }
  }

  /** An empty array may have no offsets at all. */
  #offsets(start: number, length: number): Uint8Array {
    return start === 0 ? new Uint8Array(4) : this.#copy(start, (length + 1) * 4);
  }

  #copy(start: number, length: number): Uint8Array {
    return length === 0
      ? new Uint8Array(0)
      : new Uint8Array(this.#memory.slice(start, start + length));
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
