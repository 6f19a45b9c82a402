/**
 * Arrow columns out of parquet-wasm's memory, buffer by buffer, through Arrow's C data interface: an IPC stream would
 * need the same bytes twice more in a memory that never shrinks.
 *
 * @see https://arrow.apache.org/docs/format/CDataInterface.html
 */
import type { FFIStream } from 'parquet-wasm/esm';
import { unfilledBytes } from '#page-bytes';
import { countRows, cutBits, cutValues } from './row-cut.js';

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
 * @param rows - only these, which must be there, as ascending pairs of a first row and the row behind the last; all when undefined
 * @returns undefined when the batch holds a layout that is not copied here (sliced, dictionary, view, union)
 */
export function copyColumns(
  stream: FFIStream,
  memory: ArrayBuffer,
  rows?: Int32Array,
): CopiedColumns | undefined {
  const reader = new MemoryReader(memory);
  const columns = reader.children(stream.schemaAddr(), stream.arrayAddr(0), rows);
  return columns && { columns, body: reader.body() };
}

/** How many rows the stream's only batch has. */
export function rowsOfBatch(stream: FFIStream, memory: ArrayBuffer): number {
  return Number(new DataView(memory).getBigInt64(stream.arrayAddr(0) + ARRAY.length, true));
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

/** Regions begin at multiples of 8. */
function paddedEnd(end: number): number {
  return Math.ceil(end / 8) * 8;
}

class MemoryReader {
  readonly #memory: ArrayBuffer;
  readonly #view: DataView;
  /** What goes into each region that was handed out. */
  readonly #copies: {
    readonly region: BodyRegion;
    readonly write: (into: Uint8Array) => void;
  }[] = [];
  #bodyLength = 0;

  constructor(memory: ArrayBuffer) {
    this.#memory = memory;
    this.#view = new DataView(memory);
  }

  /** The bytes of every region that was handed out. */
  body(): Uint8Array {
    const body = unfilledBytes(this.#bodyLength);
    for (const { region, write } of this.#copies) {
      const end = region.start + region.length;
      write(body.subarray(region.start, end));
      body.fill(0, end, paddedEnd(end));
    }
    return body;
  }

  children(schema: number, array: number, rows: Int32Array | undefined): ArrowColumn[] | undefined {
    const count = this.#long(array + ARRAY.childCount);
    if (count !== this.#long(schema + SCHEMA.childCount)) return undefined;
    const columns: ArrowColumn[] = [];
    for (let index = 0; index < count; index += 1) {
      const column = this.#column(
        this.#pointer(this.#pointer(schema + SCHEMA.children) + index * 4),
        this.#pointer(this.#pointer(array + ARRAY.children) + index * 4),
        rows,
      );
      if (column === undefined) return undefined;
      columns.push(column);
    }
    return columns;
  }

  #column(schema: number, array: number, rows: Int32Array | undefined): ArrowColumn | undefined {
    const layout = layoutOf(this.#text(this.#pointer(schema + SCHEMA.format)));
    const isSliced = this.#long(array + ARRAY.offset) !== 0;
    const isDictionary = this.#pointer(schema + SCHEMA.dictionary) !== 0;
    if (layout === undefined || isSliced || isDictionary) return undefined;
    const buffers = this.#pointer(array + ARRAY.buffers);
    const buffer = (index: number): number => this.#pointer(buffers + index * 4);
    const held = this.#long(array + ARRAY.length);
    const isNested = layout.kind === 'list' || layout.kind === 'bytes';
    const cut = rows === undefined || !isNested ? undefined : this.#cutRuns(buffer(1), rows);
    const below = layout.kind === 'list' ? cut?.runs : rows;
    const children = this.children(schema, array, below);
    if (children === undefined) return undefined;
    const length = rows === undefined ? held : countRows(rows);
    const nulls = this.#long(array + ARRAY.nullCount);
    const hasValidity = layout.kind !== 'null' && nulls !== 0 && buffer(0) !== 0;
    const validity = hasValidity ? this.#bits(buffer(0), length, rows) : undefined;
    const nullCount = rows === undefined ? nulls : nullsOf(layout, length, validity);
    const known = { length, nullCount, validity: validity?.region, children };
    const none = { ...known, offsets: undefined, values: undefined };
    switch (layout.kind) {
      case 'bits':
        return { ...none, values: this.#bits(buffer(1), length, rows).region };
      case 'fixed':
        return { ...none, values: this.#fixed(buffer(1), layout.width, { length, rows }) };
      case 'bytes': {
        const end = buffer(1) === 0 ? 0 : this.#view.getInt32(buffer(1) + held * 4, true);
        const offsets = this.#offsets(buffer(1), length, cut);
        const size = { length: cut === undefined ? end : countRows(cut.runs), rows: cut?.runs };
        return { ...known, offsets, values: this.#fixed(buffer(2), 1, size) };
      }
      case 'list':
        return { ...none, offsets: this.#offsets(buffer(1), length, cut) };
      default:
        return none;
    }
  }

  #offsets(from: number, length: number, cut: CutRuns | undefined): BodyRegion {
    if (cut === undefined) return this.#fixed(from, 4, { length: length + 1, rows: undefined });
    const { offsets } = cut;
    const bytes = new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength);
    return this.#region(bytes.length, (into) => into.set(bytes));
  }

  #fixed(
    from: number,
    width: number,
    { length, rows }: { readonly length: number; readonly rows: Int32Array | undefined },
  ): BodyRegion {
    return this.#region(length * width, (into) => {
      // Bytes that are nowhere are zero.
      if (from === 0) into.fill(0);
      else if (into.length === 0) return;
      else if (rows === undefined) into.set(new Uint8Array(this.#memory, from, into.length));
      else cutValues({ memory: this.#memory, from, width }, rows, into);
    });
  }

  #bits(from: number, length: number, rows: Int32Array | undefined): CopiedBits {
    const size = Math.ceil(length / 8);
    if (rows === undefined) {
      return { region: this.#fixed(from, 1, { length: size, rows }), ones: undefined };
    }
    const { bits, ones } = cutBits(new Uint8Array(this.#memory, from), rows, size);
    return { region: this.#region(size, (into) => into.set(bits)), ones };
  }

  /** Where the wanted rows' items are, and the offsets that they have when only they are there. */
  #cutRuns(from: number, rows: Int32Array): CutRuns {
    const held = new Int32Array(this.#memory, from);
    const runs = new Int32Array(rows.length);
    const offsets = new Int32Array(countRows(rows) + 1);
    let at = 0;
    for (let pair = 0; pair < rows.length; pair += 2) {
      const [start, end] = [rows[pair] as number, rows[pair + 1] as number];
      const shift = (offsets[at] as number) - (held[start] as number);
      for (let row = start + 1; row <= end; row += 1) offsets[++at] = (held[row] as number) + shift;
      runs[pair] = held[start] as number;
      runs[pair + 1] = held[end] as number;
    }
    return { runs, offsets };
  }

  #region(length: number, write: (into: Uint8Array) => void): BodyRegion {
    const region = { start: this.#bodyLength, length };
    this.#copies.push({ region, write });
    this.#bodyLength = paddedEnd(region.start + length);
    return region;
  }

  #text(start: number): string {
    const bytes = new Uint8Array(this.#memory, start);
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.slice(0, bytes.indexOf(0)));
  }

  #pointer(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #long(at: number): number {
    return Number(this.#view.getBigInt64(at, true));
  }
}

interface CutRuns {
  readonly runs: Int32Array;
  readonly offsets: Int32Array;
}

interface CopiedBits {
  readonly region: BodyRegion;
  /** How many are set, when they were counted. */
  readonly ones: number | undefined;
}

function nullsOf({ kind }: Layout, length: number, validity: CopiedBits | undefined): number {
  if (kind === 'null') return length;
  return validity === undefined ? 0 : length - (validity.ones ?? length);
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
