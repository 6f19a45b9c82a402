/** What the calls of a table answer. */
import type { VarveError } from '../errors.js';

/** Counts of one write. */
export interface CommitMetrics {
  readonly rowsAdded: number;
  readonly rowsRemoved: number;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  readonly bytesAdded: number;
  /** What did the work: `varve`. */
  readonly engine: string;
}

/** What a write did. */
export interface Commit {
  /** The version it made; for the other outcomes the version of the table it found. */
  readonly version: number;
  /**
   * `committed`; `already-applied` when the table had seen the idempotency sequence; `nothing-to-do` when the write
   * would have changed nothing, and no version was made.
   */
  readonly outcome: 'committed' | 'already-applied' | 'nothing-to-do';
  readonly metrics: CommitMetrics;
  /** What failed after the commit, for example writing a checkpoint: the commit stands, the next one tries again. */
  readonly warnings: readonly VarveError[];
}

/**
 * `committed`: it is in the table, as `version`. `lost`: another commit has that version, so it never will be.
 * `unknown`: the version is not there, so it may still land. `expired`: the log no longer reaches back so far.
 */
export interface CommitResolution {
  readonly outcome: 'committed' | 'lost' | 'unknown' | 'expired';
  /** Present when committed. */
  readonly version?: number | undefined;
}

/** What {@link DeltaTable.checkpoint} did: `exists` when the version had a checkpoint already. */
export interface CheckpointResult {
  readonly version: number;
  readonly outcome: 'written' | 'exists';
}

/** What {@link DeltaTable.cleanUpLog} did. */
export interface LogCleanUp {
  /** The oldest version that can still be opened; undefined when nothing was old enough to be removed. */
  readonly oldestVersion: number | undefined;
  /** How many objects were deleted. */
  readonly deleted: number;
}

/** One version, as its commit describes itself; what a commit does not say is absent. */
export interface HistoryEntry {
  readonly version: number;
  readonly timestamp: Date;
  /** `WRITE`, `CREATE TABLE`, `DELETE`, ... */
  readonly operation?: string | undefined;
  readonly operationParameters: Readonly<Record<string, string>>;
  readonly operationMetrics: Readonly<Record<string, string>>;
  readonly isBlindAppend?: boolean | undefined;
  /** The program that wrote it. */
  readonly engineInfo?: string | undefined;
  /** The version it was built on. */
  readonly readVersion?: number | undefined;
  readonly isolationLevel?: string | undefined;
  readonly txnId?: string | undefined;
  readonly userMetadata?: string | undefined;
}

/** What a table is: what `DESCRIBE DETAIL` shows in Spark. */
export interface TableDetail {
  /** The table's id: the same for every version, another for a table made anew. */
  readonly tableId: string;
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** Absolute and canonical. */
  readonly url: string;
  readonly version: number;
  /** When the table was made, as its metadata says. */
  readonly createdAt: Date | undefined;
  /** When the version was committed. */
  readonly modifiedAt: Date;
  readonly partitionColumns: readonly string[];
  /** The columns that the rows are clustered by, each as the names from the top of the schema down. */
  readonly clusteringColumns: readonly (readonly string[])[];
  /** Active data files. */
  readonly numFiles: number;
  /** Bytes of all active data files. */
  readonly sizeBytes: number;
  readonly properties: ReadonlyMap<string, string | null>;
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  /** Every table feature that the protocol supports, listed or implied by its versions; sorted. */
  readonly features: readonly string[];
}

/** Which files of a version are there; keys are relative to the table. */
export interface FileCheck {
  /** Files that the version needs: data files, and the files of their deletion vectors. */
  readonly files: number;
  readonly missing: readonly string[];
  /** Files whose size is another than the log says. */
  readonly resized: readonly string[];
}

/** A version that is kept under a name. */
export interface Pin {
  readonly name: string;
  readonly version: number;
  /** The id of the table that was pinned; another table at the same place is not it. */
  readonly tableId: string;
  readonly createdAt: Date;
  readonly note?: string | undefined;
  /** Of the pin's own file, for deleting it only while it is unchanged. */
  readonly etag: string;
}

/** What {@link Pins.verify} found. */
export interface PinCheck extends FileCheck {
  /** Every file of the version exists with its recorded size. */
  readonly ok: boolean;
  readonly version: number;
}
