/** What the log says of a file without opening it: partition values and statistics, as a condition asks for them. */
import { CorruptDataError } from '../errors.js';
import type { AddFile } from '../log/actions.js';
import { ActionColumns, FileEntry } from '../log/file-list.js';
import { parseFileStats } from '../log/file-stats.js';
import { parsePartitionValue } from '../log/partition-value.js';
import type { PrimitiveName } from '../log/schema/types.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { readFooter } from '../storage/parquet/footer.js';
import { storeSource } from '../storage/parquet/source.js';
import type { DataFile } from './data-files.js';
import type { BoundPredicate } from './expression/bound.js';
import { type FileFacts, wantedStats } from './expression/prune.js';

/** Tells, of any file of the table, what decides whether the condition can be true in it. */
export function factsReader(
  snapshot: Snapshot,
  where: BoundPredicate,
): (entry: FileEntry) => FileFacts {
  const wanted = wantedStats(where);
  const partitioned = new Map(
    snapshot.schema.fields
      .filter(({ name }) => snapshot.metadata.partitionColumns.includes(name))
      .map(({ name, type }) => [name, type as PrimitiveName]),
  );
  return (entry) => ({
    partition: ({ name }) => {
      const type = partitioned.get(name);
      if (type === undefined) return undefined;
      const place = { key: entry.path, column: name };
      return parsePartitionValue(entry.partitionValue(name) ?? null, type, place);
    },
    stats: parseFileStats(entry.stats, wanted),
  });
}

/** A file that a commit adds, as an entry of its own. */
export function addEntry(add: AddFile): FileEntry {
  return new FileEntry(new ActionColumns([add]), 0);
}

/**
 * How many rows of a file its deletion vector leaves: by its statistics, else by its footer.
 *
 * @throws CorruptDataError when the deletion vector removes more rows than there are
 */
export async function recordCount(
  snapshot: Snapshot,
  file: DataFile,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { stats, deletionVector } = file.entry;
  const stored =
    parseFileStats(stats, [])?.numRecords ?? (await storedRows(snapshot, file, signal));
  const left = stored - (deletionVector?.cardinality ?? 0);
  if (left >= 0) return left;
  throw new CorruptDataError({
    message: `the deletion vector of a file removes more rows than the ${stored} it has`,
    key: file.key,
    field: 'deletionVector',
  });
}

async function storedRows(
  snapshot: Snapshot,
  file: DataFile,
  signal: AbortSignal | undefined,
): Promise<number> {
  const source = storeSource(snapshot.log.store, file.key, { sizeBytes: file.sizeBytes });
  return (await readFooter(source, signal === undefined ? {} : { signal })).numRows;
}
