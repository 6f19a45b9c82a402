/** Row groups of a Parquet file as Arrow record batches. */

import {
  type Data,
  makeData,
  RecordBatch,
  RecordBatchStreamReader,
  Schema,
  Struct,
  Type,
  type TypeMap,
} from 'apache-arrow';
import { prepareWasm } from '#parquet-host';
import { CorruptDataError, InternalError, InvalidArgumentError } from '../../errors.js';
import { batchOfColumns, batchWithoutRows } from './arrow-columns.js';
import { joinParts } from './column-parts.js';
import { decodeError, type RowGroupPlace } from './decode-error.js';
import { readFooter } from './footer.js';
import type { ParquetFooter, RowGroupInfo } from './footer-types.js';
import { readPageIndex } from './page-index.js';
import { type PartPlan, planRanges, planWhole, skipsPages } from './part-plan.js';
import { type CodecPool, sharedPool } from './pool.js';
import { readMiniFiles } from './read-mini-files.js';
import { checkChunks } from './row-group-limits.js';
import { checkedRanges, countRows, pairsOf, placesWithin, type RowRange } from './row-ranges.js';
import type { ParquetSource } from './source.js';
import { type CodecResult, runCodec } from './wasm-codec.js';

/** Row groups that {@link readParquetFile} fetches and decodes ahead of its reader. */
export const LOOK_AHEAD_ROW_GROUPS = 2;

export interface DecodeOptions {
  /** Indexes into the footer's leaves; all when undefined. Their order does not matter. */
  readonly leaves?: readonly number[] | undefined;
  /**
   * Rows of the row group, ascending and disjoint; all when undefined. Pages without such a row are not even fetched,
   * where the file says which rows its pages hold and there are enough of them.
   */
  readonly ranges?: readonly RowRange[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where to decode; the process's shared pool when undefined. */
  readonly pool?: CodecPool | undefined;
}

/**
 * Decodes one row group as one batch: the wanted columns in the file's order, under the file's own names, with
 * `PARQUET:field_id` in their metadata, in the Arrow types that their Parquet types stand for (an `ARROW:schema` key
 * is not used). INT96 comes as FixedSizeBinary(12). A struct of which only some leaves are wanted has only those.
 * With no wanted leaf the batch has the wanted rows and no columns, and nothing is read.
 *
 * @throws UnsupportedFeatureError when a wanted chunk is encrypted, external, or in a codec or encoding we lack
 * @throws CorruptDataError when the chunk's bytes are damaged
 * @throws LimitError when the row group is larger than {@link MAX_ROW_GROUP_BYTES}, a page than `MAX_PAGE_BYTES`, or
 *   either expands more than {@link MAX_EXPANSION} times
 * @throws InvalidArgumentError when a row group, leaf or row does not exist
 */
export async function decodeRowGroup(
  source: ParquetSource,
  footer: ParquetFooter,
  rowGroupIndex: number,
  options: DecodeOptions = {},
): Promise<RecordBatch> {
  const { signal, pool = sharedPool() } = options;
  const group = rowGroupAt(footer, rowGroupIndex);
  const ranges = options.ranges && checkedRanges(options.ranges, group.numRows);
  const leaves = wantedLeaves(footer, options.leaves);
  const numRows = ranges === undefined ? group.numRows : countRows(ranges);
  if (leaves.length === 0) return batchWithoutColumns(numRows);
  const place: RowGroupPlace = { key: footer.key, rowGroupIndex };
  checkChunks(footer, group, leaves);
  const parts = await planParts(source, { footer, group, leaves, ranges, signal }, rowGroupIndex);
  const files = readMiniFiles(source, { footer, group, signal }, parts);
  // Together: many small parts one after the other in this thread would be one large piece of work.
  const workBytes = parts.reduce((sum, part) => sum + part.workBytes, 0);
  const decoded = parts.map(async ({ leaves: part, held, numRows: rows }, index) => {
    const mini = await files[index]?.();
    if (mini === undefined) throw new InternalError({ message: 'a part has no file' });
    const cut =
      ranges !== undefined && rows > numRows ? pairsOf(placesWithin(held, ranges)) : undefined;
    const task = { kind: 'decode', ...mini, numRows: rows, rows: cut } as const;
    const outcome = await pool.run(task, { workBytes, signal });
    if (!outcome.ok) throw decodeError(outcome, place);
    return { leaves: part, batch: batchOf(outcome.result, numRows, place) };
  });
  // All are asked for by now: what was read for a part is let go when its file is built.
  files.length = 0;
  return joinParts(footer, await Promise.all(decoded));
}

/**
 * Fetches chunks of a row group and keeps them as they are stored, a small part of what they are decoded.
 * @returns decodes them in this thread, at once, as often as it is called; throws as {@link decodeRowGroup} does
 * @throws as {@link decodeRowGroup}, as far as the footer tells
 */
export async function keepRowGroup(
  source: ParquetSource,
  footer: ParquetFooter,
  rowGroupIndex: number,
  { leaves: wanted, signal }: Pick<DecodeOptions, 'leaves' | 'signal'>,
): Promise<() => RecordBatch> {
  const group = rowGroupAt(footer, rowGroupIndex);
  const leaves = wantedLeaves(footer, wanted);
  const place: RowGroupPlace = { key: footer.key, rowGroupIndex };
  checkChunks(footer, group, leaves);
  const parts = planWhole(footer, group, leaves);
  const files = readMiniFiles(source, { footer, group, signal }, parts);
  const minis = await Promise.all(files.map((file) => file()));
  await prepareWasm();
  return () => {
    const decoded = minis.map((file, index) => {
      const { leaves: part = [], numRows = 0 } = parts[index] ?? {};
      const outcome = runCodec({ kind: 'decode', ...file, numRows });
      if (!outcome.ok) throw decodeError(outcome, place);
      return { leaves: part, batch: batchOf(outcome.result, numRows, place) };
    });
    return joinParts(footer, decoded);
  };
}

/**
 * Reads a whole file, row group by row group in order, a few decoded ahead. Nothing is read before it is iterated;
 * leaving the loop stops what was begun.
 * @param options - as for {@link decodeRowGroup}; `footer` when it was read already
 */
export async function* readParquetFile(
  source: ParquetSource,
  options: DecodeOptions & { readonly footer?: ParquetFooter | undefined } = {},
): AsyncGenerator<RecordBatch, void, undefined> {
  const footer = options.footer ?? (await readFooter(source, options));
  const stop = new AbortController();
  const signal =
    options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const ahead: Promise<RecordBatch>[] = [];
  let next = 0;
  try {
    for (;;) {
      while (next < footer.rowGroups.length && ahead.length <= LOOK_AHEAD_ROW_GROUPS) {
        const batch = decodeRowGroup(source, footer, next, { ...options, signal });
        // Its failure is thrown where it is awaited, or is nobody's once the loop was left.
        batch.catch(() => undefined);
        ahead.push(batch);
        next += 1;
      }
      const batch = ahead.shift();
      if (batch === undefined) return;
      yield await batch;
    }
  } finally {
    stop.abort();
  }
}

function rowGroupAt(footer: ParquetFooter, index: number): RowGroupInfo {
  const group = footer.rowGroups[index];
  if (group !== undefined) return group;
  throw new InvalidArgumentError({
    message: `${footer.key} has no row group ${index}`,
    option: 'rowGroupIndex',
    expected: `below ${footer.rowGroups.length}`,
  });
}

function wantedLeaves(footer: ParquetFooter, leaves: readonly number[] | undefined): number[] {
  if (leaves === undefined) return footer.leaves.map((_leaf, index) => index);
  const unknown = leaves.find((leaf) => footer.leaves[leaf] === undefined);
  if (unknown !== undefined) {
    throw new InvalidArgumentError({
      message: `${footer.key} has no column ${unknown}`,
      option: 'leaves',
      expected: `below ${footer.leaves.length}`,
    });
  }
  return [...new Set(leaves)].sort((a, b) => a - b);
}

interface RowGroupReading {
  readonly footer: ParquetFooter;
  readonly group: RowGroupInfo;
  readonly signal: AbortSignal | undefined;
}

interface WantedPart extends RowGroupReading {
  readonly leaves: readonly number[];
  readonly ranges: readonly RowRange[] | undefined;
}

async function planParts(
  source: ParquetSource,
  { footer, group, leaves, ranges, signal }: WantedPart,
  rowGroupIndex: number,
): Promise<PartPlan[]> {
  const rows = ranges === undefined ? group.numRows : countRows(ranges);
  if (rows === 0) return planWhole(footer, { ...group, numRows: 0 }, leaves);
  if (ranges === undefined || !skipsPages(ranges, group.numRows)) {
    return planWhole(footer, group, leaves);
  }
  const options = { bounds: false, signal };
  const indexes = await readPageIndex(source, footer, { rowGroup: rowGroupIndex, leaves }, options);
  const pages = new Map(leaves.map((leaf, at) => [leaf, indexes[at] ?? []]));
  return planRanges({ footer, group }, pages, ranges);
}

function batchOf(
  { bytes, columns }: CodecResult,
  numRows: number,
  place: RowGroupPlace,
): RecordBatch {
  const reader = RecordBatchStreamReader.from<TypeMap>(bytes).open();
  // Kept here: a reader that has come to its end forgets it.
  const { schema } = reader;
  const batches =
    columns === undefined
      ? [...reader].filter((batch) => batch.numRows > 0)
      : [batchOfColumns(schema, columns)];
  const [batch] = batches;
  const decoded = batches.reduce((sum, { numRows: rows }) => sum + rows, 0);
  if (decoded !== numRows || batches.length > 1) {
    throw new CorruptDataError({
      message: `a row group of ${place.key} holds other rows than its footer says; restore the file`,
      key: place.key,
      position: place.rowGroupIndex,
    });
  }
  batch?.data.children.forEach((data) => refuseNullKeys(data, place));
  return batch ?? batchWithoutRows(schema);
}

/** A footer may say that keys are optional, and some writers' do; that one is null says that the footer is wrong. */
function refuseNullKeys(data: Data, place: RowGroupPlace): void {
  const [entries] = data.children;
  if (data.typeId === Type.Map && (entries?.children[0]?.nullCount ?? 0) > 0) {
    throw new CorruptDataError({
      message: `a row group of ${place.key} has a map with a null key; restore the file`,
      key: place.key,
      position: place.rowGroupIndex,
    });
  }
  for (const child of data.children) refuseNullKeys(child, place);
}

function batchWithoutColumns(numRows: number): RecordBatch {
  const data = makeData({ type: new Struct([]), length: numRows, nullCount: 0, children: [] });
  return new RecordBatch(new Schema([]), data);
}
