/** What the calls of a table take beside their subject. */
import type { IsolationLevel } from '../log/isolation.js';
import type { StorageProvider } from '../storage/object-store.js';
import type { Where } from './expression/predicate-types.js';
import type { Commit } from './results.js';
import type { ColumnOverrides, TableSchema } from './row/row-types.js';
import type { ColumnsIn } from './row/table-types.js';
import type { Rows } from './rows.js';

/** How far a call has come. */
export interface Progress {
  /** `append`, `overwrite`, `scan`, ... */
  readonly operation: string;
  /** Rows done. */
  readonly rows: number;
  /** Rows in all, when they are known. */
  readonly totalRows?: number | undefined;
  /**
   * Bytes written; of a scan, the stored size of the row groups it has gone through; of an append that shares a commit,
   * the size of its rows in memory.
   */
  readonly bytes: number;
}

export interface CallOptions {
  /** Stops the call. It then rejects with `signal.reason`, and nothing was committed. */
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how far the call has come; must not throw. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Exactly-once writing: the table remembers the last sequence of each application. */
export interface Idempotency {
  /** Names the application; one writer at a time should use it. */
  readonly appId: string;
  /** Rises with every write: a safe integer from 0. */
  readonly sequence: number;
}

export interface WriteOptions extends CallOptions {
  /** Makes a repeated call a no-op: when the table has seen this sequence, the outcome is `already-applied`. */
  readonly idempotency?: Idempotency | undefined;
  /**
   * What the write is checked against others at: the table's `delta.isolationLevel` (Serializable unless it is set), or
   * stricter.
   */
  readonly isolation?: IsolationLevel | undefined;
}

export interface AppendOptions extends WriteOptions {
  /**
   * Shares a commit, and its data files, with other appends of this process that ask for it: all that come while an
   * earlier such commit is under way are in the next. Each is told its own version and rows, and fails alone when its
   * rows are bad; files and bytes in its metrics are those of the commit. The rows are held in memory until then, and a
   * change of the table's schema meanwhile that they still fit is no conflict.
   */
  readonly group?: boolean | undefined;
}

export interface WriterOptions extends CallOptions {
  /** Rows at which the buffer is committed. Default 131,072. */
  readonly maxRows?: number | undefined;
  /** Bytes, as Arrow, at which the buffer is committed. Default 32 MiB. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds that rows wait for a commit when the buffer does not fill. Default 10,000; at most 2,147,483,647. */
  readonly maxDelayMs?: number | undefined;
  /** Told of every commit, those in the background too; must not throw. */
  readonly onCommit?: ((commit: Commit) => void) | undefined;
}

export interface WriterAppendOptions {
  /** Makes a repeated append a no-op, also after a restart: the last sequence of a commit is kept with its rows. */
  readonly idempotency?: Idempotency | undefined;
  /** Stops the call as long as its rows are not buffered. */
  readonly signal?: AbortSignal | undefined;
}

/** How a table is reached. */
export interface OpenOptions {
  /** For URLs of other schemes than a local path or `file:`: one provider, or several. */
  readonly storage?: StorageProvider | readonly StorageProvider[] | undefined;
  /**
   * Roots outside the table's own below which its log may name files, as that of a shallow clone does; each reached as a
   * table is, through `storage`. None by default: whoever can write to a log could otherwise name any file that this
   * process can read. Symbolic links that lead out of a root on local disk are refused in each of them.
   */
  readonly allowedRoots?: readonly (string | URL)[] | undefined;
}

export interface OpenSchemaOptions<S extends TableSchema> extends OpenOptions, CallOptions {
  /** What the table must be: every column with its type and nullability. */
  readonly schema: S;
  /** Delta types of columns, instead of those a Standard Schema would give. */
  readonly columns?: ColumnOverrides | undefined;
}

interface CreateCommon extends OpenOptions, CallOptions {
  /** Table properties, `delta.*` and others. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
}

export interface CreateOptions<S extends TableSchema> extends CreateCommon {
  readonly schema: S;
  /** Columns that part the table's files into folders; of primitive types. */
  readonly partitionBy?: readonly ColumnsIn<S>[] | undefined;
  /** What to do when the table is there: fail, or open it after comparing schema and partition columns. */
  readonly ifExists?: 'error' | 'open' | undefined;
  /** Delta types of columns, instead of those a Standard Schema would give. */
  readonly columns?: ColumnOverrides | undefined;
}

export interface CreateRowsOptions<T extends object> extends CreateCommon {
  readonly rows: Rows<T>;
  readonly partitionBy?: readonly (keyof T & string)[] | undefined;
}

export interface OverwriteOptions<R> extends WriteOptions {
  /**
   * Replace only the rows for which this is true; the new rows must all meet it. A condition on partition columns
   * replaces whole files, any other rewrites the files it meets in part.
   */
  readonly where?: Where<R>;
  /** How often a conflict is answered by doing it again on the newest version; rows must be readable again. Default 3. */
  readonly attempts?: number | undefined;
  /**
   * What tells that a file which another commit added meanwhile holds no row to be replaced: its partition values
   * (default, and all that Delta Spark looks at), or its statistics, too. Those rule out more files, and are as safe as
   * their writer counted them right.
   */
  readonly conflicts?: 'partitions' | 'statistics' | undefined;
}

export interface AlterOptions extends CallOptions {
  /** How often a conflict is answered by doing it again on the newest version. Default 3. */
  readonly attempts?: number | undefined;
}

/** What an overwrite within a transaction takes; the rest is the transaction's. */
export interface TransactionOverwriteOptions<R>
  extends Pick<OverwriteOptions<R>, 'where' | 'conflicts' | 'onProgress'> {}

export interface TransactionOptions extends WriteOptions {
  /**
   * How often the function is run, each time on the newest version, when another commit was in the way: `attempts` in
   * all, and no more once `signal` is aborted: the call then ends as the run under way ends, with its Commit or with its
   * COMMIT_CONFLICT. The `signal` of the call itself stops a run, too. Once when absent.
   */
  readonly retry?:
    | { readonly attempts: number; readonly signal?: AbortSignal | undefined }
    | undefined;
}

export interface HistoryOptions extends CallOptions {
  /** How many of the newest; all when absent. */
  readonly limit?: number | undefined;
}

export interface CreatePinOptions extends CallOptions {
  /** The newest when absent. */
  readonly version?: number | undefined;
  readonly note?: string | undefined;
}
