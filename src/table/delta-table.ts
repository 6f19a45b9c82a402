/** A Delta table: the table of contents of everything one can do with it; each verb has a file of its own. */

import type { CommitAttempt } from '../errors.js';
import { addFeature, setProperties, unsetProperties } from './alter.js';
import { append } from './append.js';
import { tableChanges } from './changes.js';
import type { ChangesOptions, VersionChanges } from './changes-types.js';
import { createTable } from './create.js';
import { tableDetail } from './detail.js';
import { checkpointTable, cleanUpTableLog } from './maintenance.js';
import type { MetadataColumn } from './metadata-row.js';
import { openTable, tableExists } from './open.js';
import type {
  AlterOptions,
  AppendOptions,
  CallOptions,
  CreateOptions,
  CreateRowsOptions,
  HistoryOptions,
  OpenOptions,
  OpenSchemaOptions,
  OverwriteOptions,
  TransactionOptions,
  WriterOptions,
} from './options.js';
import { overwrite } from './overwrite.js';
import { Pins } from './pins.js';
import { resolveCommit } from './resolve-commit.js';
import type {
  CheckpointResult,
  Commit,
  CommitResolution,
  HistoryEntry,
  LogCleanUp,
  TableDetail,
} from './results.js';
import type { AnySchema, SchemaFor, TableSchema } from './row/row-types.js';
import type { ColumnsIn, NewRowIn, RowIn } from './row/table-types.js';
import type { Rows } from './rows.js';
import { lazyScan } from './scan.js';
import type { Scan, ScanOptions, Selected } from './scan-types.js';
import { snapshotAt } from './snapshot.js';
import type { At, Snapshot } from './snapshot-types.js';
import { tableHistory } from './table-history.js';
import type { TableHandle } from './table-state.js';
import { transaction } from './transaction.js';
import type { Transaction } from './transaction-handle.js';
import { Writer } from './writer.js';

/**
 * A table at a URL. The handle holds nothing open and may be shared; each call works on the newest version unless it
 * says otherwise. `S` is the type of its schema: as `DeltaTable<typeof penguins>` its rows and conditions are typed.
 */
export class DeltaTable<S extends TableSchema = AnySchema> {
  /** Absolute and canonical, without a trailing slash. */
  readonly url: string;
  /** Names for versions that are to be kept. */
  readonly pins: Pins;
  readonly #handle: TableHandle;

  /** @internal */
  constructor(handle: TableHandle) {
    this.#handle = handle;
    this.url = handle.state.url;
    this.pins = new Pins(handle.state);
  }

  /**
   * Makes a table whose schema is inferred from rows, by JavaScript type and never by value (number is double, bigint
   * long, Date timestamp), and writes the rows, all in one commit.
   *
   * @throws AlreadyExistsError when there is a table at `url`
   * @throws CommitStateUnknownError when the store never said whether the table was made. Create it again, at any time:
   * only one of the attempts can make version 0. Where that is an AlreadyExistsError, open the table and ask
   * {@link DeltaTable.resolveCommit} for the attempt of this error whether the rows are these
   * @throws SchemaMismatchError when rows disagree on a column's type
   */
  static create<T extends object>(
    url: string | URL,
    options: CreateRowsOptions<T>,
  ): Promise<DeltaTable<SchemaFor<T>>>;
  /**
   * Makes an empty table of the given schema: a literal of the protocol's type names, a Standard Schema (zod), or a
   * Delta StructType.
   *
   * @throws AlreadyExistsError when there is a table at `url`, unless `ifExists` is `open`
   * @throws CommitStateUnknownError when the store never said whether the table was made. Create it again with
   * `ifExists: 'open'`, at any time: only one of the attempts can make version 0, and that is then opened
   * @throws SchemaMismatchError when `ifExists` is `open` and the table's schema or partition columns differ
   * @throws InvalidArgumentError when the schema or an option cannot be used
   */
  static create<const S extends TableSchema>(
    url: string | URL,
    options: CreateOptions<S>,
  ): Promise<DeltaTable<S>>;
  static async create(
    url: string | URL,
    options: CreateRowsOptions<object> | CreateOptions<TableSchema>,
  ): Promise<unknown> {
    return new DeltaTable(await createTable(url, options));
  }

  /**
   * Opens the table at `url`; its columns are checked when they are used.
   *
   * @throws NotFoundError (kind `table`) when there is none
   * @throws UnsupportedFeatureError when reading it needs what this version does not have
   */
  static open(
    url: string | URL,
    options?: OpenOptions & { readonly schema?: undefined },
  ): Promise<DeltaTable>;
  /**
   * Opens the table at `url` as a table of `schema`.
   *
   * @throws SchemaMismatchError with every difference, when the table's schema is another
   */
  static open<const S extends TableSchema>(
    url: string | URL,
    options: OpenSchemaOptions<S>,
  ): Promise<DeltaTable<S>>;
  static async open(
    url: string | URL,
    options: OpenOptions | OpenSchemaOptions<TableSchema> = {},
  ): Promise<unknown> {
    return new DeltaTable(await openTable(url, options));
  }

  /**
   * Whether there is a table at `url`.
   *
   * @throws UnsupportedFeatureError, CorruptDataError when there is one that cannot be read
   */
  static exists(url: string | URL, options: OpenOptions = {}): Promise<boolean> {
    return tableExists(url, options);
  }

  /**
   * The table as it was at a version, an instant or a pin, or as it is now. A snapshot never changes.
   *
   * @throws NotFoundError (kind `version` or `pin`) with what there is instead; kind `table` when the table is gone, or
   * the pin is another table's
   * @throws InvalidArgumentError when `at` does not say which version
   * @throws UnsupportedFeatureError, CorruptDataError when the version cannot be read
   */
  snapshot(at: At = {}, options: CallOptions = {}): Promise<Snapshot<RowIn<S>>> {
    return snapshotAt<RowIn<S>>(this.#handle, at, options);
  }

  /** The rows of the newest version when the scan is run; see {@link Snapshot.scan}. */
  scan<const K extends ColumnsIn<S> | MetadataColumn = ColumnsIn<S>>(
    options: ScanOptions<RowIn<S>, K> = {},
  ): Scan<Selected<RowIn<S>, K>> {
    return lazyScan(this.#handle, undefined, options);
  }

  /**
   * Adds rows in one commit, however many. Never conflicts with another append, but for one with the same `appId`.
   *
   * @throws SchemaMismatchError with the row and column of the first value that does not fit; nothing is committed
   * @throws InvalidArgumentError when an option is wrong, or the isolation weaker than the table's
   * @throws UnsupportedFeatureError when the table is one that Varve cannot write
   * @throws CommitConflictError when another commit changed the table's schema or protocol meanwhile
   * @throws CommitStateUnknownError when the store never said whether the commit landed
   */
  append(rows: Rows<NewRowIn<S>>, options: AppendOptions = {}): Promise<Commit> {
    return append(this.#handle.state, rows, options);
  }

  /**
   * A writer that buffers many small appends and commits them together. Nothing is read before its first call.
   *
   * @throws InvalidArgumentError when an option is wrong
   */
  writer(options: WriterOptions = {}): Writer<NewRowIn<S>> {
    return new Writer(this.#handle.state, options);
  }

  /**
   * Replaces the whole table, or with `where` the rows for which it is true, by `rows`, in one commit.
   *
   * @throws SchemaMismatchError when a row does not fit the table, or does not meet `where`
   * @throws InvalidArgumentError when an option is wrong, the isolation weaker than the table's, or the table append-only
   * @throws UnsupportedFeatureError when the table is one that Varve cannot write, or rows of a file would have to be
   * copied and it keeps a change data feed
   * @throws CommitConflictError when another commit changed what was replaced; rows that can be read again are tried
   * again `attempts` times before
   * @throws CommitStateUnknownError when the store never said whether the commit landed
   */
  overwrite(rows: Rows<NewRowIn<S>>, options: OverwriteOptions<RowIn<S>> = {}): Promise<Commit> {
    return overwrite(this.#handle.state, rows, options);
  }

  /**
   * Sets table properties in one commit (Delta's `ALTER TABLE SET TBLPROPERTIES`), and adds to the protocol the features
   * that they need. `delta.feature.<name>: 'supported'` adds a feature by itself. PROTOCOL.md "Table Features".
   *
   * `delta.enableRowTracking` takes more commits: the feature first, then ids for the files that are there, none of
   * which changes a row.
   *
   * @throws InvalidArgumentError for a name or a value that Delta does not have; before anything is read
   * @throws UnsupportedFeatureError when the table would become one that Varve cannot write
   * @throws CommitConflictError when another commit changed the metadata or the protocol each time
   * @throws CommitStateUnknownError when the store never said whether the commit landed
   */
  setProperties(
    properties: Readonly<Record<string, string>>,
    options: AlterOptions = {},
  ): Promise<Commit> {
    return setProperties(this.#handle.state, properties, options);
  }

  /**
   * Takes table properties back in one commit (`ALTER TABLE UNSET TBLPROPERTIES`). The protocol goes on supporting the
   * features that they had turned on.
   *
   * @throws InvalidArgumentError for a property that is not set
   * @throws CommitConflictError, CommitStateUnknownError as {@link DeltaTable.setProperties}
   */
  unsetProperties(names: readonly string[], options: AlterOptions = {}): Promise<Commit> {
    return unsetProperties(this.#handle.state, names, options);
  }

  /**
   * Adds a table feature, with those that it requires, to what the protocol supports; what turns it on is a property.
   * PROTOCOL.md "Table Features".
   *
   * @throws InvalidArgumentError for a name that is no feature's
   * @throws UnsupportedFeatureError for a feature that Varve cannot write
   * @throws CommitConflictError, CommitStateUnknownError as {@link DeltaTable.setProperties}
   */
  addFeature(name: string, options: AlterOptions = {}): Promise<Commit> {
    return addFeature(this.#handle.state, name, options);
  }

  /**
   * Runs `work` and commits everything it wrote as one version, or nothing of it: when it throws, its files are deleted
   * and its error is thrown on. Each write sees those before it. What was read is what the newest version held when the
   * function began, and a commit of others that changes it meanwhile is a conflict; then the function is run again, on
   * the newest version, as often as `retry` says, so it should do nothing else that matters. Writes that it did not
   * await are waited for, and one of them that fails ends the transaction.
   *
   * The outcome is `already-applied`, and the function not run, when the table has the sequence of `idempotency`.
   *
   * @throws CommitConflictError when another commit was in the way the last time
   * @throws CommitStateUnknownError when the store never said whether the commit landed; its files are kept
   * @throws UnsupportedFeatureError when the writes cannot be one commit
   */
  transaction(
    work: (tx: Transaction<S>) => Promise<unknown>,
    options: TransactionOptions = {},
  ): Promise<Commit> {
    return transaction(this.#handle, work, options);
  }

  /**
   * What each version from `from` on changed, one whole version at a time, those that changed no rows among them; with
   * `follow` also what is committed from now on, until the loop is left or `signal` is aborted, which rejects with its
   * reason. PROTOCOL.md "Change Data Feed".
   *
   * Rows have the columns and types of the version at the end of the range: `to`, or the newest when the iteration
   * begins; a version that is committed later has its own. Columns are followed through renames; those that were
   * dropped by then are left out, those that came later are null before. An iteration holds the actions of one version
   * and reads files a little ahead; each version's rows may be read later, or not at all.
   *
   * Errors come at the version that they are about, after the versions before it:
   *
   * @throws NotFoundError (kind `changes`) when a version of the range is gone from the log, with the range that is left
   * in `available`, or was committed while `delta.enableChangeDataFeed` was not true
   * @throws SchemaMismatchError when a version cannot be read with the schema of the end
   * @throws DataGoneError when a data file of a version is gone
   * @throws InvalidArgumentError when an option is wrong; at once
   */
  changes(options: ChangesOptions): AsyncIterable<VersionChanges<RowIn<S>>> {
    return tableChanges(this.#handle, options);
  }

  /**
   * What the table is at its newest version: names, times, columns, size, properties, protocol and features.
   *
   * @throws CorruptDataError when its clustering columns are no columns of it
   */
  detail(options: CallOptions = {}): Promise<TableDetail> {
    return tableDetail(this.#handle.state, options);
  }

  /**
   * What was committed, newest first, as far back as the log reaches.
   *
   * @throws CorruptDataError when a commit is damaged
   */
  history(options: HistoryOptions = {}): Promise<readonly HistoryEntry[]> {
    return tableHistory(this.#handle.state, options);
  }

  /**
   * Whether a commit that ended with COMMIT_STATE_UNKNOWN landed after all: `committed`, `lost` to another that has its
   * version, `unknown` while the version is not there and may yet land, `expired` when the log has gone beyond it and no
   * longer has it. May be asked at any time, after a restart and by another process.
   *
   * @throws CorruptDataError when the version is there and is no commit
   * @throws StorageUnavailableError, AccessDeniedError of the store; then nothing new is known
   */
  resolveCommit(attempt: CommitAttempt, options: CallOptions = {}): Promise<CommitResolution> {
    return resolveCommit(this.#handle.state, attempt, options);
  }

  /**
   * Writes a checkpoint of the newest version, if it has none; writes do so by themselves when one is due. Of the kind
   * that the table asks for. PROTOCOL.md "Checkpoints".
   *
   * @throws UnsupportedFeatureError when this version may not write the table
   * @throws StorageUnavailableError, AccessDeniedError of the store; the table is as good as before
   */
  checkpoint(options: CallOptions = {}): Promise<CheckpointResult> {
    return checkpointTable(this.#handle.state, options);
  }

  /**
   * Removes from the log what no version within `delta.logRetentionDuration` (at least a day) and no pin needs; writes
   * do so by themselves after a checkpoint, unless `delta.enableExpiredLogCleanup` is false. No row of those versions
   * changes, and no data file is deleted. What is older can no longer be opened. PROTOCOL.md "Metadata Cleanup".
   *
   * @throws UnsupportedFeatureError when this version may not write the table
   * @throws CorruptDataError when a pin cannot be read; nothing was deleted
   * @throws StorageUnavailableError, AccessDeniedError of the store; part may have been deleted, and no harm is done
   */
  cleanUpLog(options: CallOptions = {}): Promise<LogCleanUp> {
    return cleanUpTableLog(this.#handle.state, options);
  }
}
