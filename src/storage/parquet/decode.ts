/** Row groups of a Parquet file as Arrow record batches. */
import {
  makeData,
  RecordBatch,
  RecordBatchStreamReader,
  Schema,
  Struct,
  type TypeMap,
} from 'apache-arrow';
import {
  CorruptDataError,
  InternalError,
  InvalidArgumentError,
  LimitError,
  UnsupportedFeatureError,
} from '../../errors.js';
import { batchOfColumns, batchWithoutRows } from './arrow-columns.js';
import { chunkWeight, divideLeaves, joinParts } from './column-parts.js';
import { readFooter } from './footer.js';
import type { ParquetFooter, RowGroupInfo } from './footer-types.js';
import { buildMiniFile, chunkRanges, type MiniFilePlan } from './mini-file.js';
import { type CodecPool, sharedPool } from './pool.js';
import { type ParquetSource, readRanges } from './source.js';
import type { CodecOutcome, CodecResult } from './wasm-codec.js';

/** Uncompressed bytes of one row group's wanted columns: WebAssembly has 4 GiB, and each value is there up to 3 times. */
export const MAX_ROW_GROUP_BYTES: number = 1.5 * 1024 * 1024 * 1024;

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
 * @throws LimitError when the row group is larger than {@link MAX_ROW_GROUP_BYTES}
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
  checkChunks(group, leaves, place);
  const { numRows } = group;
  const parts = divideLeaves(footer, group, leaves);
  const files = await readMiniFiles(source, { footer, group, leaves }, { parts, signal });
  const decoded = parts.map(async (part, index) => {
    const file = files[index];
    if (file === undefined) throw new InternalError({ message: 'a part has no file' });
    const workBytes = part.reduce((sum, leaf) => sum + chunkWeight(group, leaf), 0);
    const outcome = await pool.run({ kind: 'decode', file, numRows }, { workBytes, signal });
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

interface RowGroupPlace {
  readonly key: string;
  readonly rowGroupIndex: number;
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

const DECODED_CODECS: ReadonlySet<string> = new Set([
  'UNCOMPRESSED',
  'SNAPPY',
  'GZIP',
  'BROTLI',
  'LZ4',
  'ZSTD',
  'LZ4_RAW',
]);

/** A file for each part. On its own, so that the bytes that were read are let go before anything is decoded. */
async function readMiniFiles(
  source: ParquetSource,
  { footer, group, leaves }: MiniFilePlan,
  { parts, signal }: PartsToRead,
): Promise<Uint8Array[]> {
  const chunks = await readRanges(source, chunkRanges(group, leaves), signal);
  return parts.map((part) =>
    buildMiniFile(
      { footer, group, leaves: part },
      part.flatMap((leaf) => chunks[leaves.indexOf(leaf)] ?? []),
    ),
  );
}

interface PartsToRead {
  readonly parts: readonly (readonly number[])[];
  readonly signal: AbortSignal | undefined;
}

/** Refuses by name what cannot be decoded. */
function checkChunks(group: RowGroupInfo, leaves: readonly number[], { key }: RowGroupPlace): void {
  let bytes = 0;
  for (const leaf of leaves) {
    const chunk = group.chunks[leaf];
    if (chunk === undefined) throw new InternalError({ message: 'a leaf has no chunk' });
    if (chunk.refusal !== undefined) throw unsupported(key, chunk.refusal);
    if (!DECODED_CODECS.has(chunk.codec)) throw unsupported(key, `codec ${chunk.codec}`);
    bytes += chunk.uncompressedBytes;
  }
  if (bytes > MAX_ROW_GROUP_BYTES) throw tooLarge(key, bytes);
}

function decodeError(
  { message, trapped, wasmBytes }: CodecOutcome & { readonly ok: false },
  { key, rowGroupIndex }: RowGroupPlace,
): Error {
  if (/^(nyi|not yet implemented)|unsupported|not supported|disabled feature/i.test(message)) {
    return unsupported(key, message);
  }
  // A module that trapped while its memory was nearly full ran out of it; anything else is the data's fault.
  const isFull = trapped && wasmBytes > MAX_ROW_GROUP_BYTES;
  if (isFull || /overflow decoding byte array/i.test(message)) return tooLarge(key, wasmBytes);
  return new CorruptDataError({
    message: `a row group of ${key} cannot be decoded; restore the file`,
    key,
    position: rowGroupIndex,
    cause: message,
  });
}

function unsupported(key: string, feature: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `the Parquet file ${key} cannot be read`,
    features: [`parquet ${feature}`],
    side: 'read',
    remedy: 'rewrite the file with another engine',
  });
}

function tooLarge(key: string, value: number): LimitError {
  return new LimitError({
    message: `a row group of ${key} is too large to decode; select fewer columns`,
    limit: 'MAX_ROW_GROUP_BYTES',
    value,
    max: MAX_ROW_GROUP_BYTES,
  });
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
