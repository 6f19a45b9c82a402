/** The metadata columns in a caller's terms; the names are Spark's. */
import type { Timestamp } from './row/timestamp.js';

/** Columns that `select` of a scan accepts beside the table's own, and their values. */
export interface MetadataRow {
  /** The file's URL, percent-encoded as Spark does it. */
  readonly '_metadata.file_path': string;
  /** The last part of its decoded path. */
  readonly '_metadata.file_name': string;
  /** Bytes. */
  readonly '_metadata.file_size': bigint;
  /** As the log has it. */
  readonly '_metadata.file_modification_time': Timestamp;
  /** The row's place in the whole file, from 0; deleted rows count. */
  readonly '_metadata.row_index': bigint;
  /** The same in all versions, also when the row is changed or moved; only with `delta.enableRowTracking`. */
  readonly '_metadata.row_id': bigint;
  /** The version that last changed the row; only with `delta.enableRowTracking`. */
  readonly '_metadata.row_commit_version': bigint;
}

export type MetadataColumn = keyof MetadataRow;
