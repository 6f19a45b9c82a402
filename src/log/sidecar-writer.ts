/** Writes the adds and removes of a v2 checkpoint into files of a bounded size. PROTOCOL.md "Sidecar Files". */
import type { RecordBatch, Schema } from 'apache-arrow';
import type { Entropy } from '../clock.js';
import { ParquetFileEncoder } from '../storage/parquet/encode.js';
import type { Sidecar } from './actions.js';
import { putCheckpointFile } from './checkpoint-put.js';
import { SIDECARS } from './log-path.js';
import type { CompressionCodec } from './table-properties.js';
import type { LogContext } from './table-snapshot.js';

/** Adds and removes of one sidecar: what is held in memory at once, and what another engine reads as one task. */
export const ACTIONS_PER_SIDECAR = 50_000;

export interface SidecarOptions {
  readonly schema: Schema;
  readonly codec: CompressionCodec;
  readonly entropy: Entropy;
  readonly actionsPerSidecar: number;
  readonly signal: AbortSignal | undefined;
}

/** Takes batches, and writes a sidecar whenever one is full. Calls must not overlap. */
export class SidecarWriter {
  readonly #log: LogContext;
  readonly #options: SidecarOptions;
  readonly #sidecars: Sidecar[] = [];
  #encoder: ParquetFileEncoder | undefined;
  #key = '';
  #rows = 0;

  constructor(log: LogContext, options: SidecarOptions) {
    this.#log = log;
    this.#options = options;
  }

  async write(batch: RecordBatch): Promise<void> {
    const { actionsPerSidecar } = this.#options;
    let start = 0;
    while (start < batch.numRows) {
      const end = Math.min(batch.numRows, start + actionsPerSidecar - this.#rows);
      await this.#open().write(batch.slice(start, end));
      this.#rows += end - start;
      start = end;
      if (this.#rows === actionsPerSidecar) await this.#close();
    }
  }

  /** Writes what is left. @returns every sidecar, in order */
  async finish(): Promise<readonly Sidecar[]> {
    if (this.#rows > 0) await this.#close();
    return this.#sidecars;
  }

  #open(): ParquetFileEncoder {
    if (this.#encoder !== undefined) return this.#encoder;
    const { schema, codec, entropy, signal } = this.#options;
    this.#key = `${SIDECARS}${entropy.uuid()}.parquet`;
    this.#encoder = new ParquetFileEncoder({
      schema,
      codec,
      key: this.#key,
      statistics: false,
      signal,
    });
    return this.#encoder;
  }

  async #close(): Promise<void> {
    const { body, sizeBytes } = await this.#open().finish();
    await putCheckpointFile(this.#log.store, this.#key, body, this.#options.signal);
    this.#sidecars.push({
      path: this.#key.slice(SIDECARS.length),
      sizeInBytes: sizeBytes,
      modificationTime: this.#log.clock.now(),
    });
    this.#encoder = undefined;
    this.#rows = 0;
  }
}
