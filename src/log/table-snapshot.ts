/** What is known of a table at one version. */
import type { Clock } from '../clock.js';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.js';
import type {
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
  StringMap,
} from './actions.js';
import type { CheckpointContent } from './checkpoint-content.js';
import { readTombstones } from './checkpoint-reader.js';
import type { FileList } from './file-list.js';
import { columnMapping } from './protocol.js';
import { activeTransactions, type CompleteState } from './replay.js';
import type { ColumnMappingMode } from './schema/column-mapping.js';
import type { StructType } from './schema/types.js';
import { tableProperties } from './table-properties.js';

/** Where a table's log is. */
export interface LogContext {
  /** Keys are relative to the table's root. */
  readonly store: ObjectStore;
  /** The table's root: absolute, canonical, without a trailing slash. */
  readonly url: string;
  /** Other roots below which its files may lie, spelled like `url`; the store reads there too. */
  readonly allowedRoots?: readonly string[] | undefined;
  readonly clock: Clock;
}

/** The object that stands for a version in the log: as long as it is there unchanged, so is the table. */
export interface Anchor {
  readonly key: string;
  /** Undefined when it is not known; then it is never taken for unchanged. */
  readonly etag: string | undefined;
}

/** The checkpoint a snapshot was read from; what was not read of it is read from there when it is wanted. */
export interface CheckpointBase {
  readonly version: number;
  readonly content: CheckpointContent;
  /** Its first file. */
  readonly file: ObjectInfo;
}

/** What a snapshot is made of. */
export interface SnapshotParts {
  readonly log: LogContext;
  readonly state: CompleteState;
  readonly schema: StructType;
  readonly timestampMs: number;
  /** When its commit was stored, by the store's clock; of a checkpoint whose commit is gone, that. */
  readonly storeMs: number;
  /** The time that its commit carries, where the table keeps it; undefined when the commit carries none. */
  readonly ownTimeMs: number | undefined;
  readonly anchor: Anchor;
  readonly base: CheckpointBase | undefined;
  /** When it was made: transactions that had expired by then do not count. */
  readonly madeMs: number;
}

/**
 * A table at one version. Immutable, and holds nothing open; snapshots of one table that follow each other share what
 * did not change, so `protocol` and `metadata` are the same objects as long as no commit replaced them.
 */
export class Snapshot {
  readonly version: number;
  /**
   * When the version was committed, milliseconds since 1970: the commit's own time where the table keeps it, else the
   * time of its file, made to increase with the versions that were read; of a checkpoint whose commit is gone, its own.
   */
  readonly timestampMs: number;
  /**
   * When its commit was stored, milliseconds since 1970, by the store's clock: no machine's, so it is what a machine
   * holds its own clock against.
   */
  readonly storeMs: number;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  readonly schema: StructType;
  readonly files: FileList;
  /** By domain; removed ones are not in it. */
  readonly domains: ReadonlyMap<string, DomainMetadata>;
  /** Where it was read from, and where its files are. */
  readonly log: LogContext;
  readonly parts: SnapshotParts;
  #transactions: ReadonlyMap<string, SetTransaction> | undefined;

  constructor(parts: SnapshotParts) {
    const { state } = parts;
    this.parts = parts;
    this.log = parts.log;
    this.version = state.version;
    this.timestampMs = parts.timestampMs;
    this.storeMs = parts.storeMs;
    this.protocol = state.protocol;
    this.metadata = state.metadata;
    this.schema = parts.schema;
    this.files = state.files;
    this.domains = state.domains;
  }

  /** The table's root: absolute, canonical, without a trailing slash. */
  get url(): string {
    return this.log.url;
  }

  /** Logical names. */
  get partitionColumns(): readonly string[] {
    return this.metadata.partitionColumns;
  }

  get configuration(): StringMap {
    return this.metadata.configuration;
  }

  /** How its columns are called in files, statistics and partition values. */
  get columnMapping(): ColumnMappingMode {
    return columnMapping(this.protocol, this.metadata);
  }

  /** The version of the checkpoint it was read from; undefined when it was read from version 0. */
  get checkpointVersion(): number | undefined {
    return this.parts.base?.version;
  }

  /** The last of each application, less those that had expired when the snapshot was made. */
  get transactions(): ReadonlyMap<string, SetTransaction> {
    this.#transactions ??= this.transactionsAt(this.parts.madeMs);
    return this.#transactions;
  }

  /** The last of each application, less those that have expired at `nowMs`. */
  transactionsAt(nowMs: number): ReadonlyMap<string, SetTransaction> {
    return activeTransactions(
      this.parts.state.transactions,
      tableProperties(this.configuration).setTransactionRetentionMs,
      nowMs,
    );
  }

  /** Every tombstone in the log, expired ones too: of the checkpoint first, then of the commits behind it. */
  async *tombstones(signal?: AbortSignal): AsyncIterableIterator<RemoveFile> {
    const { state, base } = this.parts;
    if (base !== undefined) {
      for await (const remove of readTombstones(base.content.parts, signal)) {
        if (!state.files.overrides(remove)) yield remove;
      }
    }
    yield* state.files.tombstones();
  }
}
