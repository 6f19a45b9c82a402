/**
 * The only user of parquet-wasm: Parquet bytes to an Arrow IPC stream and back, synchronously, in this thread.
 * Its asynchronous calls are never used: they can end the process, or shorten data without an error.
 */
import {
  Compression,
  EnabledStatistics,
  readParquet,
  Table,
  WriterPropertiesBuilder,
  wasmMemory,
  writeParquet,
} from 'parquet-wasm/esm';
import { expandPages } from './page-expand.js';
import { type ChunkSpan, type PageFault, PageFaultError, walkPages } from './page-walk.js';
import { type CopiedColumns, copyColumns, rowsOfBatch } from './wasm-columns.js';

/** Codecs that Varve writes, by the names that `delta.parquet.compression.codec` uses. */
export type WriteCodec = 'zstd' | 'snappy' | 'uncompressed' | 'gzip' | 'brotli' | 'lz4_raw';

/** A whole small Parquet file with one row group, to be decoded. */
export interface DecodeTask {
  readonly kind: 'decode';
  readonly file: Uint8Array;
  /** What its pages are held against before they are decoded. */
  readonly chunks: readonly ChunkSpan[];
  /** Rows of the file: they come as one batch. */
  readonly numRows: number;
  /** Only these of them, as ascending pairs of a first row and the row behind the last; all when undefined. */
  readonly rows?: Int32Array | undefined;
}

/** An Arrow IPC stream, to be encoded as a Parquet file with one row group. */
export interface EncodeTask {
  readonly kind: 'encode';
  readonly ipc: Uint8Array;
  /** Rows of the stream: no fewer, or the row group would be split. */
  readonly numRows: number;
  readonly codec: WriteCodec;
}

export type CodecTask = DecodeTask | EncodeTask;

/** What a task gave. */
export interface CodecResult {
  /** Encoding: the Parquet file. Decoding: an Arrow IPC stream, of the schema alone when `columns` are given. */
  readonly bytes: Uint8Array;
  readonly columns: CopiedColumns | undefined;
}

/** The answer to a task. A failure is a value, so that it crosses threads and its meaning is the caller's to say. */
export type CodecOutcome =
  | { readonly ok: true; readonly result: CodecResult; readonly wasmBytes: number }
  | {
      readonly ok: false;
      readonly message: string;
      /** The module trapped: out of memory, or a state it does not know. A worker is not used again. */
      readonly trapped: boolean;
      readonly wasmBytes: number;
      /** What is wrong with a page, when that is known. */
      readonly fault?: PageFault;
    };

/** Does one task. parquet-wasm must have been initialised in this thread. Never throws. */
export function runCodec(task: CodecTask): CodecOutcome {
  try {
    const result = task.kind === 'decode' ? decode(task) : encode(task);
    return { ok: true, result, wasmBytes: memory().byteLength };
  } catch (error) {
    if (error instanceof PageFaultError) {
      const { fault, message } = error;
      return { ok: false, message, trapped: false, wasmBytes: memory().byteLength, fault };
    }
    const trapped =
      error instanceof Error && (error.name === 'RuntimeError' || error.name === 'RangeError');
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, message, trapped, wasmBytes: memory().byteLength };
  }
}

/** Every buffer of a task or of its result, to be moved between threads. */
export function buffersOf(holder: CodecTask | CodecResult): Uint8Array[] {
  if ('kind' in holder) return [holder.kind === 'decode' ? holder.file : holder.ipc];
  return holder.columns === undefined ? [holder.bytes] : [holder.bytes, holder.columns.body];
}

function decode({ file, chunks, numRows, rows }: DecodeTask): CodecResult {
  const walked = chunks.map((chunk) => ({ chunk, pages: walkPages(file, chunk) }));
  const table = readParquet(expandPages(file, walked), { batchSize: Math.max(1, numRows) });
  // A conversion consumes the table, also one that fails.
  if (table.numBatches !== 1) return { bytes: table.intoIPCStream(), columns: undefined };
  const stream = table.toFFI();
  if (rows !== undefined && rowsOfBatch(stream, memory()) !== numRows) {
    throw faultOf(chunks, 'corrupt', 'its chunk holds other rows than the footer says');
  }
  const columns = copyColumns(stream, memory(), rows);
  stream.free();
  if (columns === undefined && rows !== undefined) {
    throw faultOf(chunks, 'unsupported', 'rows of such a column alone');
  }
  if (columns === undefined) return { bytes: table.intoIPCStream(), columns };
  const bytes = table.schema.intoIPCStream();
  table.free();
  return { bytes, columns };
}

/** Of the first column, when it is not known which one it is. */
function faultOf(
  [chunk]: readonly ChunkSpan[],
  kind: PageFault['kind'],
  problem: string,
): PageFaultError {
  const { column = '', pieces = [] } = chunk ?? {};
  return new PageFaultError({ kind, problem, column, position: pieces[0]?.position ?? 0 });
}

function encode({ ipc, numRows, codec }: EncodeTask): CodecResult {
  const properties = new WriterPropertiesBuilder()
    .setCompression(COMPRESSIONS[codec])
    .setStatisticsEnabled(EnabledStatistics.Page)
    .setDictionaryPageSizeLimit(DICTIONARY_BYTES)
    .setMaxRowGroupSize(Math.max(1, numRows))
    .build();
  return { bytes: writeParquet(Table.fromIPCStream(ipc), properties), columns: undefined };
}

/**
 * A column whose distinct values need more than this in a row group is written plainly. The default of 1 MiB lets
 * nearly unique columns fill a dictionary first: measured, a third slower and a fifth larger.
 */
const DICTIONARY_BYTES: number = 128 * 1024;

const COMPRESSIONS: Readonly<Record<WriteCodec, Compression>> = {
  zstd: Compression.ZSTD,
  snappy: Compression.SNAPPY,
  uncompressed: Compression.UNCOMPRESSED,
  gzip: Compression.GZIP,
  brotli: Compression.BROTLI,
  lz4_raw: Compression.LZ4_RAW,
};

function memory(): ArrayBuffer {
  return (wasmMemory() as unknown as { readonly buffer: ArrayBuffer }).buffer;
}
