/** Arrow record batches into one Parquet file, its row groups encoded by several threads. */
import type { RecordBatch, Schema } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import { arrowBytes, ipcStream, isSameLayout, parquetSchema } from './arrow-batch.js';
import { parseFile } from './footer.js';
import { mergeParts, type ParquetPart } from './footer-merge.js';
import {
  type LeafStatistics,
  leavesWithNaN,
  mergeStatistics,
  rowGroupStatistics,
} from './leaf-statistics.js';
import { type CodecPool, sharedPool } from './pool.js';
import type { WriteCodec } from './wasm-codec.js';

/** Rows of a full row group. */
export const ROW_GROUP_ROWS = 131_072;

/** Arrow bytes of a full row group: wide rows make shorter row groups. */
export const ROW_GROUP_ARROW_BYTES: number = 64 * 1024 * 1024;

/** Row groups of one file that are encoded at once; a further one waits for the oldest. */
export const MAX_ROW_GROUPS_IN_FLIGHT = 3;

/** What encoding leaves of Arrow bytes, until the file's own row groups have shown it. */
const ASSUMED_RATIO = 0.4;

export interface EncoderOptions {
  /** The columns of the file. Field ids are taken from `PARQUET:field_id` metadata. */
  readonly schema: Schema;
  /** `zstd` when undefined. */
  readonly codec?: WriteCodec | undefined;
  /** The file's key, for errors. */
  readonly key: string;
  /** Whether {@link EncodedFile.leaves} are wanted; true when undefined. The footer always has statistics. */
  readonly statistics?: boolean | undefined;
  /** Rows of a full row group; {@link ROW_GROUP_ROWS} when undefined. */
  readonly rowGroupRows?: number | undefined;
  /** Where to encode; the process's shared pool when undefined. */
  readonly pool?: CodecPool | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EncodedFile {
  /** The file's bytes, in pieces that follow each other. */
  readonly body: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly numRows: number;
  /** One for each leaf that lies under structs only, in the file's order. */
  readonly leaves: readonly LeafStatistics[];
}

/**
 * Encodes one file. Batches are cut and combined into row groups of {@link ROW_GROUP_ROWS} rows, or as many as the
 * options say, or fewer when those
 * would exceed {@link ROW_GROUP_ARROW_BYTES}; where they are cut does not depend on time or on the number of threads.
 * Calls must not overlap. After an error the encoder is of no more use; it holds nothing open.
 */
export class ParquetFileEncoder {
  readonly #options: EncoderOptions;
  readonly #schema: Schema;
  readonly #pool: CodecPool;
  #queue: RecordBatch[] = [];
  #queuedRows = 0;
  #queuedBytes = 0;
  readonly #groups: RowGroupInWork[] = [];
  #settled = 0;
  #settledEncodedBytes = 0;
  #settledArrowBytes = 0;
  #isFinished = false;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.#schema = parquetSchema(options.schema);
    this.#pool = options.pool ?? sharedPool();
  }

  /**
   * About the bytes that the file would have if it were finished now. Depends on the rows alone, so that files rolled
   * by it are the same in every run.
   */
  get encodedBytesSoFar(): number {
    const ratio =
      this.#settledArrowBytes === 0
        ? ASSUMED_RATIO
        : this.#settledEncodedBytes / this.#settledArrowBytes;
    return Math.round(this.#settledEncodedBytes + this.#unsettledArrowBytes() * ratio);
  }

  /** About the bytes of memory that the encoder holds: encoded row groups, and rows that wait. */
  get bufferedBytes(): number {
    return Math.round(this.#settledEncodedBytes + this.#unsettledArrowBytes());
  }

  /**
   * Adds rows; resolves when there is room for more. The batch must not be changed before the file is finished.
   * @throws InternalError when the batch's types are not the schema's, or encoding fails; the signal's reason
   */
  async write(batch: RecordBatch): Promise<void> {
    this.#check(batch);
    const rowBytes = arrowBytes(batch.data) / Math.max(1, batch.numRows);
    let start = 0;
    while (start < batch.numRows) {
      const end = Math.min(batch.numRows, start + this.#room(rowBytes));
      this.#queue.push(start === 0 && end === batch.numRows ? batch : batch.slice(start, end));
      this.#queuedRows += end - start;
      this.#queuedBytes += (end - start) * rowBytes;
      start = end;
      if (this.#room(rowBytes) === 0) await this.#startRowGroup();
    }
  }

  /**
   * Encodes what is left and gives the file. A file without rows has no row group.
   * @throws as {@link write}
   */
  async finish(): Promise<EncodedFile> {
    if (this.#queuedRows > 0 || this.#groups.length === 0) await this.#startRowGroup();
    this.#isFinished = true;
    const groups = await Promise.all(this.#groups.map(({ encoded }) => encoded));
    const merged = mergeParts(groups.map(({ part }) => part));
    return { ...merged, leaves: mergeStatistics(groups.map(({ leaves }) => leaves)) };
  }

  #check(batch: RecordBatch): void {
    this.#options.signal?.throwIfAborted();
    const { fields } = this.#schema;
    const { children } = batch.data;
    const isSame =
      !this.#isFinished &&
      children.length === fields.length &&
      fields.every(({ type }, index) => {
        const column = children[index];
        return column !== undefined && isSameLayout(column.type, type);
      });
    if (!isSame) {
      const message = `a batch does not fit the file ${this.#options.key}, or came after its end`;
      throw new InternalError({ message });
    }
  }

  /** How many rows of that size still fit into the row group; at least one into an empty one. */
  #room(rowBytes: number): number {
    const byBytes = Math.floor((ROW_GROUP_ARROW_BYTES - this.#queuedBytes) / Math.max(1, rowBytes));
    const { rowGroupRows = ROW_GROUP_ROWS } = this.#options;
    const room = Math.min(rowGroupRows - this.#queuedRows, Math.max(0, byBytes));
    return this.#queuedRows === 0 ? Math.max(1, room) : room;
  }

  async #startRowGroup(): Promise<void> {
    const batches = this.#queue;
    const arrow = this.#queuedBytes;
    this.#queue = [];
    this.#queuedRows = 0;
    this.#queuedBytes = 0;
    const encoded = this.#encode(batches, arrow);
    // Its failure is thrown where it is awaited; a file that was given up has nobody who would.
    encoded.catch(() => undefined);
    this.#groups.push({ arrowBytes: arrow, encoded });
    if (this.#groups.length - this.#settled > MAX_ROW_GROUPS_IN_FLIGHT) await this.#settleOldest();
  }

  async #settleOldest(): Promise<void> {
    const oldest = this.#groups[this.#settled];
    if (oldest === undefined) return;
    const { part } = await oldest.encoded;
    this.#settled += 1;
    this.#settledEncodedBytes += part.bytes.length;
    this.#settledArrowBytes += oldest.arrowBytes;
  }

  #unsettledArrowBytes(): number {
    const waiting = this.#groups.slice(this.#settled);
    return waiting.reduce((sum, group) => sum + group.arrowBytes, this.#queuedBytes);
  }

  async #encode(batches: readonly RecordBatch[], workBytes: number): Promise<EncodedRowGroup> {
    const { codec = 'zstd', key, signal, statistics = true } = this.#options;
    const numRows = batches.reduce((sum, batch) => sum + batch.numRows, 0);
    const ipc = ipcStream(this.#schema, batches);
    const outcome = await this.#pool.run(
      { kind: 'encode', ipc, numRows, codec },
      { workBytes, signal },
    );
    if (!outcome.ok) {
      const message = `the rows of ${key} cannot be encoded`;
      throw new InternalError({ message, cause: outcome.message });
    }
    const { bytes } = outcome.result;
    const part = { bytes, footer: parseFile(bytes, key) };
    if (part.footer.numRows !== numRows) {
      throw new InternalError({ message: `the rows of ${key} were not all encoded` });
    }
    if (!statistics) return { part, leaves: [] };
    const leaves = rowGroupStatistics(part.footer, batches);
    return { part: { ...part, withoutBounds: leavesWithNaN(part.footer, leaves) }, leaves };
  }
}

interface RowGroupInWork {
  readonly arrowBytes: number;
  readonly encoded: Promise<EncodedRowGroup>;
}

interface EncodedRowGroup {
  readonly part: ParquetPart;
  readonly leaves: readonly LeafStatistics[];
}
