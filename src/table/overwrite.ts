/** Replaces the whole table, or the rows that meet a condition (Spark's `replaceWhere`). */

import type { RecordBatch } from 'apache-arrow';
import { z } from 'zod';
import { InvalidArgumentError, SchemaMismatchError, UnsupportedFeatureError } from '../errors.js';
import { reconcileKey } from '../log/action-path.js';
import type { AddFile } from '../log/actions.js';
import type { ReadSet } from '../log/conflict.js';
import { removeOf } from '../log/remove-file.js';
import { tableProperties } from '../log/table-properties.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { checkOptions, writeOptions } from './call-options.js';
import { commitWrite, type PlannedWrite } from './commit-write.js';
import { bindPredicate } from './expression/bind.js';
import type { BoundPredicate } from './expression/bound.js';
import { selectRows } from './expression/evaluate.js';
import { mayMatch } from './expression/prune.js';
import { toSqlText } from './expression/sql-text.js';
import { addEntry, FactsReader } from './file-facts.js';
import { inputBatches, isRereadable } from './input.js';
import type { CallOptions, OverwriteOptions } from './options.js';
import { NO_METRICS } from './outcome.js';
import { planReplacement, type Replacement, survivingBatches } from './replacement.js';
import type { Commit } from './results.js';
import { DEFAULT_ATTEMPTS, withAttempts } from './retry.js';
import { physicalNames } from './scan-plan.js';
import type { TableState } from './table-state.js';
import { writeDescription } from './write-description.js';
import { discardFiles, fileTarget, type WrittenFiles, writeFiles } from './write-files.js';

const optionsOf = z.strictObject({
  ...writeOptions,
  where: z.unknown().optional(),
  attempts: z.number().int().min(1).optional(),
  conflicts: z.enum(['partitions', 'statistics']).optional(),
});

/** Replaces rows in one commit; see {@link DeltaTable.overwrite}. */
export async function overwrite<R>(
  state: TableState,
  rows: unknown,
  options: OverwriteOptions<R>,
): Promise<Commit> {
  const checked = checkOptions('overwrite', optionsOf, options);
  checkWhere(options);
  const canRepeat = isRereadable(rows);
  const attempts = canRepeat ? (checked.attempts ?? DEFAULT_ATTEMPTS) : 1;
  return await withAttempts(
    attempts,
    async () =>
      await commitWrite(state, options, {
        plan: async (base) => await planOverwrite(state, base, rows, options),
        advice: canRepeat ? 'overwrite again' : 'overwrite again, with rows that can be read again',
      }),
  );
}

/** `where: undefined` is a mistake of the caller's, never "the whole table". */
export function checkWhere(options: { readonly where?: unknown }): void {
  if (!('where' in options) || options.where !== undefined) return;
  throw new InvalidArgumentError({
    message: 'overwrite: where is undefined; leave it out to replace the whole table',
    option: 'where',
    expected: 'a condition',
  });
}

/**
 * Writes the rows, and those that stay of the files the condition meets in part, into data files of the table that
 * `base` is.
 */
export async function planOverwrite<R>(
  state: TableState,
  base: Snapshot,
  rows: unknown,
  options: Pick<OverwriteOptions<R>, 'where' | 'conflicts'> & CallOptions,
): Promise<PlannedWrite> {
  const { signal } = options;
  const where =
    options.where === undefined
      ? undefined
      : bindPredicate(options.where, base.schema, physicalNames(base));
  checkRemovable(base);
  const replaced = await planReplacement(base, where, signal);
  checkCopies(base, replaced);
  const { written, copied, removed } = await rewrite(
    { state, base, rows, where, replaced },
    options,
  );
  const nowMs = state.environment.clock.now();
  return {
    actions: [
      ...removed.map((add) => ({ kind: 'remove', remove: removeOf(add, nowMs) }) as const),
      ...written.adds.map((add) => ({ kind: 'add', add }) as const),
    ],
    reads: readSet(base, replaced, where, options.conflicts === 'statistics'),
    described: writeDescription({
      mode: 'Overwrite',
      partitionColumns: base.metadata.partitionColumns,
      written,
      removed,
      predicate: options.where === undefined ? undefined : toSqlText(options.where),
      losesRowIds: copied > 0,
    }),
    keys: written.keys,
    metrics: {
      ...NO_METRICS,
      rowsAdded: written.rows - copied,
      rowsRemoved: replaced.rows,
      filesAdded: written.adds.length,
      filesRemoved: removed.length,
      bytesAdded: written.bytes,
    },
  };
}

/** An append-only table keeps every row. @see PROTOCOL.md "Append-only Tables" */
function checkRemovable({ metadata, url }: Snapshot): void {
  if (!tableProperties(metadata.configuration).appendOnly) return;
  throw new InvalidArgumentError({
    message: `the table at ${url} is append-only (delta.appendOnly), so nothing in it can be replaced`,
    option: 'overwrite',
    expected: 'append, or a table without delta.appendOnly',
  });
}

/** Rows that are copied would show up as changes in the change feed unless change files are written for the others. */
function checkCopies({ metadata }: Snapshot, { partly }: Replacement): void {
  if (partly.length === 0 || !tableProperties(metadata.configuration).enableChangeDataFeed) return;
  throw new UnsupportedFeatureError({
    message:
      'the condition meets files in part and the table has a change feed, whose files varve does not write',
    features: ['changeDataFeed'],
    side: 'write',
    remedy: 'overwrite by a condition on partition columns, or turn delta.enableChangeDataFeed off',
  });
}

interface Write {
  readonly state: TableState;
  readonly base: Snapshot;
  readonly rows: unknown;
  readonly where: BoundPredicate | undefined;
  readonly replaced: Replacement;
}

interface Rewritten {
  readonly written: WrittenFiles;
  /** Rows that were there before and were written again. */
  readonly copied: number;
  readonly removed: readonly AddFile[];
}

async function rewrite(write: Write, options: CallOptions): Promise<Rewritten> {
  const { state, base, replaced } = write;
  const counter = { copied: 0 };
  const target = fileTarget(state, base, 'overwrite');
  const written = await writeFiles(target, newContent(write, options.signal, counter), options);
  try {
    const files = [...replaced.whole, ...replaced.partly.map(({ file }) => file)];
    const removed = await Promise.all(files.map(({ entry }) => entry.add(options.signal)));
    return { written, copied: counter.copied, removed };
  } catch (error) {
    await discardFiles(state.log.store, written.keys);
    throw error;
  }
}

async function* newContent(
  { base, rows, where, replaced }: Write,
  signal: AbortSignal | undefined,
  counter: { copied: number },
): AsyncGenerator<RecordBatch, void, undefined> {
  let seen = 0;
  for await (const batch of inputBatches(rows, base.schema, signal)) {
    if (where !== undefined) checkMeets(batch, where, seen);
    seen += batch.numRows;
    yield batch;
  }
  if (where === undefined) return;
  for await (const batch of survivingBatches(base, replaced, where, signal)) {
    counter.copied += batch.numRows;
    yield batch;
  }
}

/** A row that does not meet the condition would not be replaced by the same call made again. */
function checkMeets(batch: RecordBatch, where: BoundPredicate, before: number): void {
  const met = selectRows(where, batch);
  if (met.length === batch.numRows) return;
  let row = 0;
  while (met[row] === row) row++;
  throw new SchemaMismatchError({
    message: 'a new row does not meet the condition of the overwrite; nothing was committed',
    row: before + row,
    expected: 'rows for which where is true',
  });
}

/**
 * A file of another commit is in the way when it may hold rows that are replaced. By default only its partition values
 * say so, as in Delta Spark, where one that adds to an unpartitioned table always is.
 */
function readSet(
  base: Snapshot,
  replaced: Replacement,
  where: BoundPredicate | undefined,
  byStatistics: boolean,
): ReadSet {
  const files = [...replaced.whole, ...replaced.partly.map(({ file }) => file)];
  const read = new Set(files.map(({ entry }) => reconcileKey(entry.path, base.url)));
  const reads = { files: read, appIds: new Set<string>() };
  if (where === undefined) return { ...reads, wholeTable: true, matches: () => true };
  const reader = new FactsReader(base, where);
  const known = (add: AddFile): AddFile => (byStatistics ? add : { ...add, stats: undefined });
  return { ...reads, matches: (add) => mayMatch(where, reader.of(addEntry(known(add)))) };
}
