/** What a scan is asked and what it gives. */
import type { ArrowBatch, ArrowTable } from './arrow-shape.js';
import type { Where } from './expression/predicate-types.js';
import type { MetadataColumn, MetadataRow } from './metadata-row.js';
import type { CallOptions } from './options.js';

/** Picks rows of Arrow batches by code of the caller's, where a condition cannot say it. */
export interface RowFilter {
  /** The columns it looks at; read even when they are not selected. */
  readonly columns: readonly string[];
  /** Indexes of the rows to keep, ascending, of a batch that holds at least `columns`; the scan refuses any others. */
  readonly keep: (batch: ArrowBatch) => Uint32Array;
}

/** The rows of a scan that selects the columns `K` of rows `R`. */
export type Selected<R, K> = {
  readonly [P in K & PropertyKey]: P extends keyof R
    ? R[P]
    : P extends MetadataColumn
      ? MetadataRow[P]
      : never;
};

export interface ScanOptions<R, K extends keyof R | MetadataColumn = keyof R> extends CallOptions {
  /** Only rows for which this is true (neither false nor null). */
  readonly where?: Where<R>;
  /**
   * Only these columns, in this order; metadata columns such as `_metadata.row_index` among them, under that name,
   * unless the table has a column of exactly that name.
   */
  readonly select?: readonly K[] | undefined;
  /** At most so many rows; reading stops there. */
  readonly limit?: number | undefined;
  /** Applied after `where` and before `limit`. */
  readonly rowFilter?: RowFilter | undefined;
}

export interface BatchOptions {
  /** Cut batches to at most so many rows; as they come from the files when absent. */
  readonly maxRows?: number | undefined;
}

/** Rows of one version, not read yet. Iterating gives row objects; each iteration reads anew. */
export interface Scan<R> extends AsyncIterable<R> {
  /** Arrow batches with the selected columns, in the order of the rows. */
  batches(options?: BatchOptions): AsyncIterableIterator<ArrowBatch>;
  /** All rows in memory. */
  toArray(): Promise<R[]>;
  /** All rows as one Arrow table in memory. */
  toArrow(): Promise<ArrowTable>;
  /** All rows as an Arrow IPC stream, for another copy of apache-arrow or another process. */
  toIPC(): Promise<Uint8Array>;
  /** How many rows; without reading them where the statistics are exact. */
  count(): Promise<number>;
  /** Which files would be read, and which statistics and partition values rule out. */
  plan(): Promise<ScanPlan>;
  /**
   * What the reading of this scan that began last has done so far, and in the end; undefined before the first. Asking is
   * free, also from `onProgress`.
   */
  metrics(): ScanMetrics | undefined;
}

/** What a scan read, and what it could leave out. */
export interface ScanMetrics {
  /** Files that were opened. */
  readonly filesRead: number;
  /** Files that partition values and statistics in the log ruled out. */
  readonly filesSkipped: number;
  /** The sizes of those files. */
  readonly bytesSkipped: number;
  /** Row groups of which anything was read. */
  readonly rowGroupsRead: number;
  /** Row groups of opened files that their footer, their Bloom filters or their pages' bounds ruled out. */
  readonly rowGroupsSkipped: number;
  /** Of the pages of the condition's columns whose bounds were looked at, those that may hold a row. */
  readonly pagesRead: number;
  /** The others of them. */
  readonly pagesSkipped: number;
  /** Requests for data files and deletion vectors. */
  readonly requests: number;
  /** The bytes they gave. */
  readonly bytesFetched: number;
  /** At least so many more requests would have been made: one for each file and row group that was skipped. */
  readonly requestsSkipped: number;
  /** Rows that were given. */
  readonly rows: number;
}

/** What {@link Scan.plan} tells. */
export interface ScanPlan {
  readonly version: number;
  /** Files that are read, in order: decoded paths relative to the table. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Files that partition values and statistics rule out. */
  readonly filesSkipped: number;
  readonly bytesSkipped: number;
  /** The columns that are read. */
  readonly columns: readonly string[];
}
