/** What a snapshot is asked and what it tells. */
import type { Protocol } from '../log/actions.js';
import type { StructType } from '../log/schema/types.js';
import type { MetadataColumn } from './metadata-row.js';
import type { CallOptions } from './options.js';
import type { FileCheck } from './results.js';
import type { Scan, ScanOptions, Selected } from './scan-types.js';

/** Which version: a number, the one that was the newest at an instant (a Date, or text with a zone), or a pin's. */
export type At =
  | { readonly version: number }
  | { readonly timestamp: Date | string }
  | { readonly pin: string }
  | { readonly version?: undefined; readonly timestamp?: undefined; readonly pin?: undefined };

/** One active data file. */
export interface TableFile {
  /** The decoded path, relative to the table. */
  readonly path: string;
  readonly sizeBytes: number;
  /** By the names of the schema, as text. */
  readonly partitionValues: ReadonlyMap<string, string | null>;
  /** The statistics as the log has them: JSON text. */
  readonly stats: string | undefined;
  /** Names the file's deletion vector; undefined when it has none. */
  readonly deletionVectorId: string | undefined;
}

/** A table at one version. It never changes, holds nothing open, and reads no data before it is asked for rows. */
export interface Snapshot<R> {
  readonly version: number;
  /** When the version was committed. */
  readonly timestamp: Date;
  /** The table's id: the same for every version, another for a table made anew. */
  readonly tableId: string;
  /** Absolute and canonical. */
  readonly url: string;
  /** The protocol's schema. */
  readonly schema: StructType;
  readonly partitionColumns: readonly string[];
  readonly properties: ReadonlyMap<string, string | null>;
  readonly protocol: Protocol;
  /** The configuration text of each metadata domain, by its name; those of the protocol (`delta.…`) among them. */
  readonly domains: ReadonlyMap<string, string>;
  /**
   * The last sequence of each application that writes with transaction identifiers, by its `appId`; those that had
   * expired when the snapshot was read (`delta.setTransactionRetentionDuration`) are left out. Reading it throws a
   * LimitError for a sequence beyond 2^53.
   */
  readonly transactions: ReadonlyMap<string, number>;
  /** Active data files. */
  readonly numFiles: number;
  /** Bytes of all active data files. */
  readonly sizeBytes: number;
  /** How many rows there are, when the log knows it of every file; else undefined, and `scan().count()` finds out. */
  readonly rowCount: number | undefined;
  /**
   * The rows of this version, in canonical order: files by the UTF-8 bytes of their paths, rows by their place in the
   * file. Nothing is read before the scan is iterated or asked.
   */
  scan<const K extends (keyof R & string) | MetadataColumn = keyof R & string>(
    options?: ScanOptions<R, K>,
  ): Scan<Selected<R, K>>;
  /** The active data files in canonical order. */
  files(): readonly TableFile[];
  /**
   * Looks at every data file of the version, and at the files of its deletion vectors: whether it is there, and a data
   * file of the size that the log says.
   */
  checkFiles(options?: CallOptions): Promise<FileCheck>;
}
