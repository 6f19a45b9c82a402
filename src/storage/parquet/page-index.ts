/**
 * Where the pages of a chunk lie, which rows they hold, and what their values are bounded by.
 *
 * @see https://github.com/apache/parquet-format/blob/master/PageIndex.md
 */
import { isVarveError } from '../../errors.js';
import { columnChunk, columnIndex, offsetIndex, pageLocation } from './footer-fields.js';
import type { ChunkInfo, ParquetFooter, RowGroupInfo } from './footer-types.js';
import { MAX_PAGES } from './page-walk.js';
import { type ParquetSource, readRanges } from './source.js';
import { ThriftStruct, type ThriftValue } from './thrift.js';
import { decodeThrift } from './thrift-decode.js';

/** An index of more bytes is not read: it would cost more than it saves. */
export const MAX_PAGE_INDEX_BYTES: number = 16 * 1024 * 1024;

/** One data page of a chunk. */
export interface IndexedPage {
  /** First byte of the page's header in the file, and the byte after the page. */
  readonly start: number;
  readonly end: number;
  /** Counted from the row group's first. */
  readonly firstRow: number;
  readonly numRows: number;
  /** Undefined when it is not known. */
  readonly nullCount: number | undefined;
  /** Whether the page has only nulls; undefined when it is not known. */
  readonly isAllNull: boolean | undefined;
  /**
   * Bounds of the values, as bytes of the physical type; they may be shortened, and are then no value of the page.
   * Undefined when there are none, or their order is not defined.
   */
  readonly min: Uint8Array | undefined;
  readonly max: Uint8Array | undefined;
}

export interface PageIndexOptions {
  /** Whether the bounds are wanted; true when undefined. */
  readonly bounds?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the page indexes of some columns of a row group, in as few requests as their places allow.
 * @returns for each leaf its pages in order, which hold every row once; undefined where there is no index, or none that
 *   can be true. Bounds that do not fit the pages are left out.
 */
export async function readPageIndex(
  source: ParquetSource,
  footer: ParquetFooter,
  { rowGroup, leaves }: { readonly rowGroup: number; readonly leaves: readonly number[] },
  options: PageIndexOptions = {},
): Promise<(readonly IndexedPage[] | undefined)[]> {
  const { bounds = true, signal } = options;
  const group = footer.rowGroups[rowGroup];
  const chunks = leaves.map((leaf) => group?.chunks[leaf]);
  const wanted = chunks.map((chunk) => ({
    offsets: placeOf(chunk, columnChunk.offsetIndexOffset, source.sizeBytes),
    columns: bounds ? placeOf(chunk, columnChunk.columnIndexOffset, source.sizeBytes) : NOWHERE,
  }));
  const ranges = wanted.flatMap(({ offsets, columns }) =>
    offsets.end === 0 ? [NOWHERE, NOWHERE] : [offsets, columns],
  );
  const bytes = await readRanges(source, ranges, signal);
  return chunks.map((chunk, index) => {
    const [offsets, columns] = [bytes[index * 2], bytes[index * 2 + 1]];
    if (group === undefined || chunk === undefined || !offsets?.length) return undefined;
    const pages = decodeOffsetIndex(offsets, chunk, group);
    const stats = pages && columns?.length ? decodeColumnIndex(columns, pages, chunk) : undefined;
    return pages?.map((page, at) => ({ ...page, ...(stats?.[at] ?? NOTHING_KNOWN) }));
  });
}

const NOWHERE = { start: 0, end: 0 } as const;

const NOTHING_KNOWN = {
  nullCount: undefined,
  isAllNull: undefined,
  min: undefined,
  max: undefined,
} as const;

/** The index's place by its offset's field; its length is in the field after that. */
function placeOf(chunk: ChunkInfo | undefined, offsetField: number, sizeBytes: number) {
  const start = Number(chunk?.raw.field(offsetField)?.value ?? 0);
  const length = chunk?.raw.field(offsetField + 1)?.value;
  if (chunk?.refusal !== undefined || typeof length !== 'number') return NOWHERE;
  const isPossible = start > 0 && length > 0 && start + length <= sizeBytes;
  return isPossible && length <= MAX_PAGE_INDEX_BYTES ? { start, end: start + length } : NOWHERE;
}

type PagePlace = Pick<IndexedPage, 'start' | 'end' | 'firstRow' | 'numRows'>;

/** Pages that follow each other through the whole chunk, and rows from the first to the last; else undefined. */
function decodeOffsetIndex(
  bytes: Uint8Array,
  chunk: ChunkInfo,
  { numRows }: RowGroupInfo,
): PagePlace[] | undefined {
  const locations = listOf(decoded(bytes), offsetIndex.pageLocations) ?? [];
  const pages: PagePlace[] = [];
  for (const [index, location] of locations.entries()) {
    if (!(location instanceof ThriftStruct)) return undefined;
    const start = Number(location.field(pageLocation.offset)?.value);
    const size = Number(location.field(pageLocation.compressedPageSize)?.value);
    const firstRow = Number(location.field(pageLocation.firstRowIndex)?.value);
    const next = locations[index + 1];
    const behind =
      next instanceof ThriftStruct
        ? Number(next.field(pageLocation.firstRowIndex)?.value)
        : numRows;
    const before = pages.at(-1);
    const isNext =
      before === undefined ? firstRow === 0 && start >= chunk.start : start === before.end;
    if (!isNext || !(size > 0) || !(behind > firstRow)) return undefined;
    pages.push({ start, end: start + size, firstRow, numRows: behind - firstRow });
  }
  return pages.at(-1)?.end === chunk.end ? pages : undefined;
}

type PageStatistics = Pick<IndexedPage, 'nullCount' | 'isAllNull' | 'min' | 'max'>;

function decodeColumnIndex(
  bytes: Uint8Array,
  pages: readonly PagePlace[],
  { hasOrder }: ChunkInfo,
): PageStatistics[] | undefined {
  const index = decoded(bytes);
  const nullPages = listOf(index, columnIndex.nullPages);
  const minimums = listOf(index, columnIndex.minValues);
  const maximums = listOf(index, columnIndex.maxValues);
  const nullCounts = listOf(index, columnIndex.nullCounts);
  const { length } = pages;
  const fits = [nullPages, minimums, maximums].every((list) => list?.length === length);
  if (!fits || (nullCounts !== undefined && nullCounts.length !== length)) return undefined;
  return pages.map((_page, at) => {
    // An element of type bool is its byte: 1 is true.
    const isAllNull = nullPages?.[at] === 1;
    const [min, max] = [minimums?.[at], maximums?.[at]];
    const bound = (value: ThriftValue | undefined): Uint8Array | undefined =>
      hasOrder && !isAllNull && value instanceof Uint8Array ? value : undefined;
    const count = nullCounts?.[at];
    const nullCount = typeof count === 'bigint' && count >= 0n ? Number(count) : undefined;
    return { isAllNull, nullCount, min: bound(min), max: bound(max) };
  });
}

function listOf(struct: ThriftStruct | undefined, id: number): readonly ThriftValue[] | undefined {
  const list = struct?.field(id)?.value;
  return typeof list === 'object' && 'kind' in list && list.kind === 'list'
    ? list.values
    : undefined;
}

/** A damaged index is as good as none: it only says what can be left unread. */
function decoded(bytes: Uint8Array): ThriftStruct | undefined {
  try {
    return decodeThrift(bytes, 'a page index', MAX_PAGES * 6).value;
  } catch (error) {
    if (isVarveError(error, 'CORRUPT_DATA', 'LIMIT')) return undefined;
    throw error;
  }
}
