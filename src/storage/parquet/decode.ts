/** Row groups of a Parquet file as Arrow record batches. */
import {
  makeData,
  RecordBatch,
  RecordBatchStreamReader,
  Schema,
  Struct,
  type TypeMap,
} from 'apache-arrow';
import { CorruptDataError, InternalError, InvalidArgumentError } from '../../errors.js';
import { batchOfColumns, batchWithoutRows } from './arrow-columns.js';
import { chunkWeight, divideLeaves, joinParts } from './column-parts.js';
import { decodeError, type RowGroupPlace } from './decode-error.js';
import { readFooter } from './footer.js';
import type { ParquetFooter, RowGroupInfo } from './footer-types.js';
import { buildMiniFile, chunkRanges, type MiniFile, wholeChunk } from './mini-file.js';
import { type CodecPool, sharedPool } from './pool.js';
import { checkChunks } from './row-group-limits.js';
import { type ParquetSource, readRanges } from './source.js';
import type { CodecResult } from './wasm-codec.js';

/** Row groups that {@link readParquetFile} fetches and decodes ahead of its reader. */
export const LOOK_AHEAD_ROW_GROUPS = 2;

export interface DecodeOptions {
  /** Indexes into the footer's leaves; all when undefined. Their order does not matter. */
  readonly leaves?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where to decode; the process's shared pool when undefined. */
  readonly pool?: CodecPool | undefined;
}

/**
 * Decodes one row group as one batch: the wanted columns in the file's order, under the file's own names, with
 * `PARQUET:field_id` in their metadata, in the Arrow types that their Parquet types stand for (an `ARROW:schema` key
 * is not used). INT96 comes as FixedSizeBinary(12). A struct of which only some leaves are wanted has only those.
 * With no wanted leaf the batch has the row group's rows and no columns, and nothing is read.
 *
 * @throws UnsupportedFeatureError when a wanted chunk is encrypted, external, or in a codec or encoding we lack
 * @throws CorruptDataError when the chunk's bytes are damaged
 * @throws LimitError when the row group is larger than {@link MAX_ROW_GROUP_BYTES}, a page than `MAX_PAGE_BYTES`, or
 *   either expands more than {@link MAX_EXPANSION} times
 * @throws InvalidArgumentError when a row group or leaf does not exist
 */
export async function decodeRowGroup(
  source: ParquetSource,
  footer: ParquetFooter,
  rowGroupIndex: number,
  options: DecodeOptions = {},
): Promise<RecordBatch> {
  const { signal, pool = sharedPool() } = options;
  const group = rowGroupAt(footer, rowGroupIndex);
  const leaves = wantedLeaves(footer, options.leaves);
  if (leaves.length === 0) return batchWithoutColumns(group.numRows);
  const place: RowGroupPlace = { key: footer.key, rowGroupIndex };
  checkChunks(footer, group, leaves);
  const { numRows } = group;
  const parts = divideLeaves(footer, group, leaves);
  const files = await readMiniFiles(source, { footer, group, leaves, parts, signal });
  const decoded = parts.map(async (part, index) => {
    const mini = files[index];
    if (mini === undefined) throw new InternalError({ message: 'a part has no file' });
    const workBytes = part.reduce((sum, leaf) => sum + chunkWeight(group, leaf), 0);
    const outcome = await pool.run({ kind: 'decode', ...mini, numRows }, { workBytes, signal });
    if (!outcome.ok) throw decodeError(outcome, place);
    return { leaves: part, batch: batchOf(outcome.result, numRows, place) };
  });
  return joinParts(footer, await Promise.all(decoded));
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

interface PartsToRead {
  readonly footer: ParquetFooter;
  readonly group: RowGroupInfo;
  readonly leaves: readonly number[];
  readonly parts: readonly (readonly number[])[];
  readonly signal: AbortSignal | undefined;
}

/** A file for each part. On its own, so that the bytes that were read are let go before anything is decoded. */
async function readMiniFiles(
  source: ParquetSource,
  { footer, group, leaves, parts, signal }: PartsToRead,
): Promise<MiniFile[]> {
  const bytes = await readRanges(source, chunkRanges(group, leaves), signal);
  const chunks = bytes.map((chunk, index) => wholeChunk(group, leaves[index] ?? 0, chunk));
  return parts.map((part) =>
    buildMiniFile({
      footer,
      numRows: group.numRows,
      leaves: part,
      chunks: chunks.filter(({ leaf }) => part.includes(leaf)),
    }),
  );
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
  return batch ?? batchWithoutRows(schema);
}

function batchWithoutColumns(numRows: number): RecordBatch {
  const data = makeData({ type: new Struct([]), length: numRows, nullCount: 0, children: [] });
  return new RecordBatch(new Schema([]), data);
}
