/** Batches to data files: parted, rolled at a target size, in bounded memory, taken back when the write fails. */

import type { RecordBatch } from 'apache-arrow';
import type { Entropy } from '../clock.js';
import { encodeActionPath } from '../log/action-path.js';
import type { AddFile, StringMap } from '../log/actions.js';
import { buildStats } from '../log/file-stats.js';
import { partitionPath } from '../log/partition-value.js';
import { arrowSchema } from '../log/schema/arrow-type.js';
import type { StructField, StructType } from '../log/schema/types.js';
import { tableProperties } from '../log/table-properties.js';
import type { Snapshot } from '../log/table-snapshot.js';
import type { ObjectStore } from '../storage/object-store.js';
import { ParquetFileEncoder } from '../storage/parquet/encode.js';
import type { CallOptions } from './options.js';
import { type PartitionBatch, splitByPartition } from './partition-split.js';
import type { TableState } from './table-state.js';

/** Encoded bytes at which a file is closed and the next one begun, unless `delta.targetFileSize` says otherwise. */
export const TARGET_FILE_BYTES: number = 128 * 1024 * 1024;
/** Files open at once: a partitioned write closes its largest file before it opens one more. */
export const MAX_OPEN_FILES = 32;
/** Bytes that all open files together may hold, encoded and waiting; then the largest is closed. */
export const MAX_BUFFERED_BYTES: number = 256 * 1024 * 1024;

/** What is written, and where. */
export interface FileTarget {
  readonly store: ObjectStore;
  readonly entropy: Entropy;
  readonly schema: StructType;
  readonly partitionColumns: readonly string[];
  readonly configuration: StringMap;
  /** For progress: the verb. */
  readonly operation: string;
}

/** Where the rows of a verb on an existing table go. */
export function fileTarget(state: TableState, base: Snapshot, operation: string): FileTarget {
  const { schema, metadata } = base;
  const { partitionColumns, configuration } = metadata;
  const { store } = state.log;
  const { entropy } = state.environment;
  return { store, entropy, schema, partitionColumns, configuration, operation };
}

export interface WrittenFiles {
  readonly adds: readonly AddFile[];
  /** Where they are in the store. */
  readonly keys: readonly string[];
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Writes every batch into data files below the table's root. Nothing of it is part of the table before a commit names
 * it. When anything fails, or the signal is aborted, the files written so far are deleted and the error is thrown on.
 */
export async function writeFiles(
  target: FileTarget,
  batches: AsyncIterable<RecordBatch>,
  options: CallOptions,
): Promise<WrittenFiles> {
  const writer = new FileSetWriter(target, options);
  try {
    for await (const batch of batches) {
      options.signal?.throwIfAborted();
      await writer.write(batch);
    }
    return await writer.finish();
  } catch (error) {
    await discardFiles(target.store, writer.keys);
    throw error;
  }
}

/** Deletes data files that no commit names. What cannot be deleted is left to VACUUM: it is part of no version. */
export async function discardFiles(store: ObjectStore, keys: readonly string[]): Promise<void> {
  await Promise.allSettled(keys.map((key) => store.delete(key)));
}

interface OpenFile {
  readonly partition: PartitionBatch;
  readonly key: string;
  readonly encoder: ParquetFileEncoder;
}

class FileSetWriter {
  /** The keys of every file that was, or may have been, written. */
  readonly keys: string[] = [];
  readonly #target: FileTarget;
  readonly #options: CallOptions;
  readonly #partitionFields: readonly StructField[];
  readonly #dataSchema: StructType;
  readonly #dataColumns: readonly string[];
  readonly #targetBytes: number;
  readonly #open = new Map<string, OpenFile>();
  readonly #adds: AddFile[] = [];
  #rows = 0;
  #bytes = 0;

  constructor(target: FileTarget, options: CallOptions) {
    this.#target = target;
    this.#options = options;
    const { schema, partitionColumns } = target;
    this.#partitionFields = partitionColumns.flatMap((name) =>
      schema.fields.filter((field) => field.name === name),
    );
    const fields = schema.fields.filter((field) => !partitionColumns.includes(field.name));
    this.#dataSchema = { type: 'struct', fields };
    this.#dataColumns = fields.filter(({ type }) => type !== 'void').map(({ name }) => name);
    this.#targetBytes =
      tableProperties(target.configuration).targetFileSizeBytes ?? TARGET_FILE_BYTES;
  }

  async write(batch: RecordBatch): Promise<void> {
    for (const part of splitByPartition(batch, this.#partitionFields, this.#dataColumns)) {
      const file = this.#open.get(part.id) ?? (await this.#openFile(part));
      await file.encoder.write(part.batch);
      if (file.encoder.encodedBytesSoFar >= this.#targetBytes) await this.#close(file);
    }
    while (this.#bufferedBytes() > MAX_BUFFERED_BYTES) await this.#closeLargest();
    this.#rows += batch.numRows;
    this.#report();
  }

  async finish(): Promise<WrittenFiles> {
    for (const file of this.#open.values()) await this.#close(file);
    return { adds: this.#adds, keys: this.keys, rows: this.#rows, bytes: this.#bytes };
  }

  async #openFile(partition: PartitionBatch): Promise<OpenFile> {
    if (this.#open.size >= MAX_OPEN_FILES) await this.#closeLargest();
    const { configuration, entropy } = this.#target;
    const { compressionCodec } = tableProperties(configuration);
    const name = `part-00000-${entropy.uuid()}.c000.${compressionCodec}.parquet`;
    const folder = partitionPath(partition.values);
    const key = folder === '' ? name : `${folder}/${name}`;
    const written = {
      type: 'struct',
      fields: this.#dataSchema.fields.filter(({ type }) => type !== 'void'),
    } as const;
    const encoder = new ParquetFileEncoder({
      schema: arrowSchema(written),
      codec: compressionCodec,
      key,
      signal: this.#options.signal,
    });
    const file = { partition, key, encoder };
    this.#open.set(partition.id, file);
    return file;
  }

  async #close(file: OpenFile): Promise<void> {
    this.#open.delete(file.partition.id);
    const { store, configuration } = this.#target;
    const encoded = await file.encoder.finish();
    this.keys.push(file.key);
    const info = await store.put(file.key, encoded.body, { signal: this.#options.signal });
    this.#bytes += encoded.sizeBytes;
    this.#adds.push({
      path: encodeActionPath(file.key),
      partitionValues: new Map(file.partition.values),
      size: encoded.sizeBytes,
      modificationTime: Math.floor(info.modifiedMs),
      dataChange: true,
      stats: buildStats(encoded.leaves, encoded.numRows, this.#dataSchema, configuration),
    });
    this.#report();
  }

  async #closeLargest(): Promise<void> {
    let largest: OpenFile | undefined;
    for (const file of this.#open.values()) {
      if ((largest?.encoder.bufferedBytes ?? -1) < file.encoder.bufferedBytes) largest = file;
    }
    if (largest !== undefined) await this.#close(largest);
  }

  #bufferedBytes(): number {
    let sum = 0;
    for (const file of this.#open.values()) sum += file.encoder.bufferedBytes;
    return sum;
  }

  #report(): void {
    const { operation } = this.#target;
    this.#options.onProgress?.({ operation, rows: this.#rows, bytes: this.#bytes });
  }
}
