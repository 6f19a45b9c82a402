/** What the change feed is asked and what it gives. */
import type { ArrowBatch } from './arrow-shape.js';
import type { CallOptions } from './options.js';

/** Which versions' changes. */
export interface ChangesOptions extends CallOptions {
  /**
   * The first version whose changes are given. To go on where a feed was left: the last version that was worked off,
   * plus one. To begin behind an instant: `(await table.snapshot({ timestamp })).version + 1`.
   */
  readonly from: number;
  /** The last version whose changes are given; the newest when the feed is begun, or with `follow` no end. */
  readonly to?: number | undefined;
  /** Wait for versions that are not committed yet, looking once a second. */
  readonly follow?: boolean | undefined;
}

/** What became of a row: an update is two changes, the row before and the row after. */
export type ChangeType = 'insert' | 'delete' | 'update_preimage' | 'update_postimage';

/** One changed row. */
export interface Change<R> {
  readonly type: ChangeType;
  readonly row: R;
}

/** What one version changed, whole: nothing is read before `rows` or `batches` is iterated, each time anew. Both may be taken out of it. */
export interface VersionChanges<R> {
  readonly version: number;
  /** When the version was committed. */
  readonly timestamp: Date;
  /** The changed rows, in the order of {@link VersionChanges.batches}. */
  readonly rows: () => AsyncIterableIterator<Change<R>>;
  /**
   * The changed rows as Arrow batches: the table's columns, then `_change_type` (string), `_commit_version` (long) and
   * `_commit_timestamp` (timestamp). First what was taken away (`delete`, `update_preimage`), then what was brought
   * (`insert`, `update_postimage`), so that whoever applies them one by one ends with the version's rows; each in
   * canonical order: files by the UTF-8 bytes of their paths, rows by their place in the file.
   */
  readonly batches: () => AsyncIterableIterator<ArrowBatch>;
}
