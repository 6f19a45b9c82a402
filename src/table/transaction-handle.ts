/** What a transaction's function works with. */
import { z } from 'zod';
import { InvalidArgumentError } from '../errors.js';
import { planProperties } from './alter.js';
import { callOptions, checkOptions } from './call-options.js';
import { bindPredicate } from './expression/bind.js';
import { inputBatches } from './input.js';
import type { MetadataColumn } from './metadata-row.js';
import type { CallOptions, TransactionOverwriteOptions } from './options.js';
import { checkWhere, planOverwrite } from './overwrite.js';
import { planAppend } from './plan-append.js';
import type { CommitMetrics } from './results.js';
import type { AnySchema, TableSchema } from './row/row-types.js';
import type { ColumnsIn, NewRowIn, RowIn } from './row/table-types.js';
import type { Rows } from './rows.js';
import { checkScan, lazyScan } from './scan.js';
import { physicalNames } from './scan-plan.js';
import { scanReads } from './scan-reads.js';
import type { Scan, ScanOptions, Selected } from './scan-types.js';
import { publicSnapshot } from './snapshot.js';
import type { Snapshot } from './snapshot-types.js';
import type { StagedWrites } from './staged-writes.js';
import type { TableHandle } from './table-state.js';

const appendOptionsOf = z.strictObject({ onProgress: callOptions.onProgress });
const overwriteOptionsOf = z.strictObject({
  onProgress: callOptions.onProgress,
  where: z.unknown().optional(),
  conflicts: z.enum(['partitions', 'statistics']).optional(),
});

/**
 * The writes of one commit. Each sees those before it, and nothing that others commit meanwhile; nobody else sees any of
 * them before the commit. What is read counts: when another commit changes it first, this one is in conflict with it.
 */
export class Transaction<S extends TableSchema = AnySchema> {
  /** The version that it began at. */
  readonly version: number;
  readonly #handle: TableHandle;
  readonly #staged: StagedWrites;
  readonly #options: CallOptions;

  /** @internal */
  constructor(handle: TableHandle, staged: StagedWrites, options: CallOptions) {
    this.#handle = handle;
    this.#staged = staged;
    this.#options = options;
    this.version = staged.base.version;
  }

  /**
   * Adds rows.
   *
   * @throws SchemaMismatchError with the row and column of the first value that does not fit; then nothing was added
   * @throws InvalidArgumentError for other options, which are the transaction's, and when the transaction is over
   */
  async append(
    rows: Rows<NewRowIn<S>>,
    options: Pick<CallOptions, 'onProgress'> = {},
  ): Promise<CommitMetrics> {
    checkOptions('append', appendOptionsOf, options);
    const { state } = this.#handle;
    const all = { ...this.#options, ...options };
    return await this.#staged.stage(async (on) => {
      const batches = inputBatches(rows, on.schema, all.signal);
      return await planAppend(state, on, batches, all);
    });
  }

  /**
   * Replaces the whole table, or with `where` the rows for which it is true, those of earlier writes of the transaction
   * too.
   *
   * @throws SchemaMismatchError when a row does not fit the table, or does not meet `where`; then nothing was replaced
   * @throws InvalidArgumentError for a wrong option, on an append-only table, and when the transaction is over
   * @throws UnsupportedFeatureError when rows of a file would have to be copied and the table keeps a change data feed
   */
  async overwrite(
    rows: Rows<NewRowIn<S>>,
    options: TransactionOverwriteOptions<RowIn<S>> = {},
  ): Promise<CommitMetrics> {
    checkOptions('overwrite', overwriteOptionsOf, options);
    checkWhere(options);
    const { state } = this.#handle;
    const all = { ...this.#options, ...options };
    return await this.#staged.stage(async (on) => await planOverwrite(state, on, rows, all));
  }

  /**
   * Sets table properties, as {@link DeltaTable.setProperties} does; the writes after it obey them.
   *
   * @throws InvalidArgumentError for a name or a value that Delta does not have, and for `delta.enableRowTracking`, which
   * takes several commits; and when the transaction is over
   * @throws UnsupportedFeatureError when the table would become one that Varve cannot write
   */
  async setProperties(properties: Readonly<Record<string, string>>): Promise<void> {
    const { state } = this.#handle;
    await this.#staged.stage((on) => Promise.resolve(planProperties(state, on, properties)));
  }

  /**
   * The rows as the writes that were awaited leave them. What it may read by its condition counts as read, whether or
   * not it is iterated.
   *
   * @throws InvalidArgumentError for row ids and row commit versions after a write: rows get theirs with the commit; and
   * for a condition that does not fit the table, at once; when the transaction is over
   */
  scan<const K extends ColumnsIn<S> | MetadataColumn = ColumnsIn<S>>(
    options: ScanOptions<RowIn<S>, K> = {},
  ): Scan<Selected<RowIn<S>, K>> {
    checkScan(options);
    const snapshot = this.#staged.current();
    if (snapshot !== this.#staged.base) refuseRowIds(options.select);
    const scan = lazyScan<RowIn<S>, Selected<RowIn<S>, K>>(this.#handle, snapshot, {
      signal: this.#options.signal,
      ...options,
    });
    const where =
      options.where === undefined
        ? undefined
        : bindPredicate(options.where, snapshot.schema, physicalNames(snapshot));
    this.#staged.read(scanReads(snapshot, where));
    return scan;
  }

  /**
   * The table as the writes that were awaited leave it; its `version` is none of the table's yet. The whole table counts
   * as read: a scan with a condition is in the way of fewer others.
   *
   * @throws InvalidArgumentError when the transaction is over
   */
  snapshot(): Snapshot<RowIn<S>> {
    const snapshot = this.#staged.current();
    this.#staged.read(scanReads(snapshot, undefined));
    return publicSnapshot<RowIn<S>>(this.#handle, snapshot);
  }
}

const WITH_THE_COMMIT: readonly string[] = ['_metadata.row_id', '_metadata.row_commit_version'];

function refuseRowIds(select: readonly string[] | undefined): void {
  const column = select?.find((name) => WITH_THE_COMMIT.includes(name));
  if (column === undefined) return;
  throw new InvalidArgumentError({
    message: `the rows that a transaction has written have no ${column} before it is committed`,
    option: 'select',
    expected: 'other columns, or a scan before the first write',
  });
}
