/** Which rows of a row group a condition can concern, from Bloom filters and from the bounds of pages. */
import { readBloomFilter } from '../storage/parquet/bloom-filter.js';
import { columnMetaData } from '../storage/parquet/footer-fields.js';
import { type IndexedPage, readPageIndex } from '../storage/parquet/page-index.js';
import { intersection, type RowRange } from '../storage/parquet/row-ranges.js';
import { ThriftStruct } from '../storage/parquet/thrift.js';
import type { BoundColumn, BoundNode, BoundPredicate } from './expression/bound.js';
import { mayMatch } from './expression/prune.js';
import { type FileParts, fileParts } from './prune-file.js';
import { type OpenedFile, orGone, storedBytes } from './read-file.js';
import { type FilePart, type LeafStats, PartFacts } from './row-group-facts.js';
import type { ScanMeter } from './scan-meter.js';

/** Below so many bytes a row group is read in about the time it takes to ask what could be left out of it. */
export const MIN_INDEXED_BYTES: number = 256 * 1024;

/** Whether a row group is large enough to ask {@link rowsToRead} first. */
export function isWorthAsking(opened: OpenedFile, rowGroup: number): boolean {
  return storedBytes(opened, rowGroup) >= MIN_INDEXED_BYTES;
}

export interface ReadingOptions {
  readonly signal: AbortSignal;
  readonly meter?: ScanMeter | undefined;
}

/**
 * The rows of a row group for which the condition may be true, ascending; all when undefined, none when empty. Reads
 * Bloom filters of columns that the condition compares for equality, and page indexes, where the file has them.
 */
export async function rowsToRead(
  where: BoundPredicate,
  opened: OpenedFile,
  rowGroup: number,
  { signal, meter }: ReadingOptions,
): Promise<readonly RowRange[] | undefined> {
  const { source, footer } = opened;
  const group = footer.rowGroups[rowGroup];
  if (group === undefined) return undefined;
  const parts = fileParts(where, opened);
  const filters = await filterOf(where, { opened, parts, rowGroup }, signal);
  const whole: FilePart = { ...parts.rowGroup(group), mayContain: filters };
  if (filters !== undefined && !mayMatch(where, new PartFacts(whole))) return [];
  const indexed = parts.leaves.filter(({ decode }) => decode !== undefined);
  if (indexed.length === 0) return undefined;
  const leaves = indexed.map(({ leaf }) => leaf);
  const pages = await readPageIndex(source, footer, { rowGroup, leaves }, { signal });
  const byLeaf = new Map(leaves.map((leaf, at) => [leaf, pages[at]]));
  const ranges = matchingRanges(where, whole, byLeaf);
  if (meter !== undefined) countPages(meter, pages, ranges);
  return ranges;
}

/** A row group with the rows that are there and that the condition can concern; undefined when none are. */
export async function narrowed<U extends OpenedRows>(
  unit: U,
  where: BoundPredicate,
  options: ReadingOptions,
): Promise<U | undefined> {
  const { opened, rowGroup, rows } = unit;
  if (!isWorthAsking(opened, rowGroup)) return unit;
  const asked = rowsToRead(where, opened, rowGroup, options);
  const ranges = await orGone(opened.reading.snapshot, asked);
  if (ranges === undefined) return unit;
  const left = rows === undefined ? ranges : intersection(rows, ranges);
  return left.length === 0 ? undefined : { ...unit, rows: left };
}

interface OpenedRows {
  readonly opened: OpenedFile;
  readonly rowGroup: number;
  /** Undefined: every one. */
  readonly rows: readonly RowRange[] | undefined;
}

function countPages(
  { counts }: ScanMeter,
  pages: readonly (readonly IndexedPage[] | undefined)[],
  ranges: readonly RowRange[] | undefined,
): void {
  for (const { firstRow, numRows } of pages.flatMap((list) => list ?? [])) {
    const isRead = ranges?.some(({ start, end }) => start < firstRow + numRows && firstRow < end);
    if (isRead ?? true) counts.pagesRead++;
    else counts.pagesSkipped++;
  }
}

/** Asks the condition of every run of rows that lies in one page of each column. */
export function matchingRanges(
  where: BoundPredicate,
  whole: FilePart,
  pages: ReadonlyMap<number, readonly IndexedPage[] | undefined>,
): readonly RowRange[] | undefined {
  const known = [...pages].flatMap(([leaf, list]) =>
    list === undefined || list.length === 0 ? [] : [new PageCursor(leaf, list)],
  );
  if (known.length === 0) return undefined;
  const ranges: RowRange[] = [];
  let start = 0;
  while (start < whole.numRecords) {
    const end = Math.min(whole.numRecords, ...known.map((cursor) => cursor.endFrom(start)));
    const numRecords = end - start;
    const statsOf = (leaf: number): LeafStats | undefined =>
      known.find((cursor) => cursor.leaf === leaf)?.stats(numRecords) ?? boundsOf(whole, leaf);
    if (mayMatch(where, new PartFacts({ ...whole, numRecords, statsOf }))) {
      const last = ranges.at(-1);
      if (last?.end === start) ranges[ranges.length - 1] = { start: last.start, end };
      else ranges.push({ start, end });
    }
    start = end;
  }
  return ranges.length === 1 && ranges[0]?.end === whole.numRecords && ranges[0].start === 0
    ? undefined
    : ranges;
}

/** Of a column without an index the bounds of the row group hold for every part of it, its nulls do not. */
function boundsOf(whole: FilePart, leaf: number): LeafStats | undefined {
  const stats = whole.statsOf(leaf);
  if (stats === undefined) return undefined;
  const isAllNull = stats.nullCount === whole.numRecords;
  return isAllNull ? stats : { min: stats.min, max: stats.max, nullCount: undefined };
}

/** Goes through the pages of one column. */
class PageCursor {
  readonly leaf: number;
  readonly #pages: readonly IndexedPage[];
  #at = 0;

  constructor(leaf: number, pages: readonly IndexedPage[]) {
    this.leaf = leaf;
    this.#pages = pages;
  }

  /** Goes to the page that holds a row, which only ascends. @returns the row behind it */
  endFrom(row: number): number {
    for (;;) {
      const page = this.#pages[this.#at];
      if (page === undefined) return Number.POSITIVE_INFINITY;
      if (page.firstRow + page.numRows > row) return page.firstRow + page.numRows;
      this.#at++;
    }
  }

  /** What is known of some rows of the page. */
  stats(numRecords: number): LeafStats | undefined {
    const page = this.#pages[this.#at];
    if (page === undefined) return undefined;
    const { min, max, isAllNull } = page;
    return { min, max, nullCount: isAllNull === true ? numRecords : undefined };
  }
}

type MayContain = NonNullable<FilePart['mayContain']>;

interface Asked {
  readonly opened: OpenedFile;
  readonly parts: FileParts;
  readonly rowGroup: number;
}

/** Answers from the Bloom filters of the columns that the condition compares for equality. */
async function filterOf(
  where: BoundPredicate,
  { opened: { source, footer }, parts, rowGroup }: Asked,
  signal: AbortSignal,
): Promise<MayContain | undefined> {
  const asked = new Set<BoundColumn>();
  collectEqual(where.root, asked);
  const leaves = parts.leaves.filter(
    ({ column, leaf, encode }) =>
      encode !== undefined &&
      asked.has(column) &&
      hasFilter(footer.rowGroups[rowGroup]?.chunks[leaf]?.raw),
  );
  if (leaves.length === 0) return undefined;
  const filters = await Promise.all(
    leaves.map(async (leaf) => {
      const place = { rowGroup, leaf: leaf.leaf };
      return [leaf, await readBloomFilter(source, footer, place, signal)] as const;
    }),
  );
  return (column, value) => {
    const found = filters.find(([leaf]) => leaf.column === column);
    const bytes = found?.[0].encode?.(value);
    return bytes === undefined || (found?.[1]?.mayContain(bytes) ?? true);
  };
}

/** The field of a ColumnChunk that holds its metadata. */
const META_DATA = 3;

function hasFilter(chunk: ThriftStruct | undefined): boolean {
  const meta = chunk?.field(META_DATA)?.value;
  return meta instanceof ThriftStruct && meta.field(columnMetaData.bloomFilterOffset) !== undefined;
}

function collectEqual(node: BoundNode, into: Set<BoundColumn>): void {
  switch (node.kind) {
    case 'and':
    case 'or':
      for (const inner of node.nodes) collectEqual(inner, into);
      return;
    case 'in':
      into.add(node.column);
      return;
    case 'compare':
      if (node.op === 'eq') into.add(node.column);
      return;
    default:
      // Under "not" a filter decides nothing: that a value is there says nothing of other values.
      return;
  }
}
