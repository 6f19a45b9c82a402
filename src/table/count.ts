/** How many rows a version, a file or a scan has, read only where the log cannot tell. */

import { CorruptDataError } from '../errors.js';
import type { FileEntry } from '../log/file-list.js';
import { statsTable } from '../log/stats-table.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { readFooter } from '../storage/parquet/footer.js';
import { storeSource } from '../storage/parquet/source.js';
import { type DataFile, fileOf } from './data-files.js';
import type { CallOptions } from './options.js';
import type { PlannedFile } from './planned-files.js';
import { scanBatches } from './scan-batches.js';
import type { ScanMeter } from './scan-meter.js';
import type { PlannedScan, VersionScan } from './scan-plan.js';

/** The rows of a version when the log knows of every file how many it has, else undefined. Nothing is read. */
export function rowCount(snapshot: Snapshot): number | undefined {
  let rows = 0;
  for (const { columns, live } of snapshot.files.blocks()) {
    for (let row = 0; row < columns.length; row++) {
      if (live.has(row)) rows += knownRows({ columns, row }) ?? Number.NaN;
    }
  }
  return Number.isSafeInteger(rows) ? rows : undefined;
}

/** Rows of a file that are not deleted, as the log has it; undefined when it does not say. */
function knownRows(place: Place): number | undefined {
  const stored = storedRows(place);
  if (stored === undefined) return undefined;
  const rows = stored - (place.columns.deletionVector(place.row)?.cardinality ?? 0);
  return rows >= 0 ? rows : undefined;
}

type Place = Pick<FileEntry, 'columns' | 'row'>;

/**
 * Counts files whose rows all match by their statistics, or by their footers where there are none, and reads the
 * condition's columns of the others. Exact either way.
 */
export async function countRows(
  plan: VersionScan,
  options: CallOptions,
  meter: ScanMeter,
): Promise<number> {
  const { snapshot, limit = Number.POSITIVE_INFINITY } = plan;
  if (plan.rowFilter !== undefined) {
    return Math.min(await countRead(plan, plan.files, { options, meter }), limit);
  }
  const withoutCount: FileEntry[] = [];
  let areWhole = true;
  let count = 0;
  for (const entry of plan.files.entries()) {
    if (!plan.files.allMatch(entry)) {
      areWhole = false;
      continue;
    }
    const rows = knownRows(entry);
    if (rows === undefined) withoutCount.push(entry);
    else count += rows;
  }
  for (const entry of withoutCount) {
    if (count >= limit) return limit;
    count += await recordCount(snapshot, fileOf(entry, snapshot.log), options.signal);
  }
  if (count >= limit || areWhole) return Math.min(count, limit);
  return Math.min(count + (await countRead(plan, inPart(plan.files), { options, meter })), limit);
}

function* inPart(files: Iterable<PlannedFile>): Generator<PlannedFile> {
  for (const file of files) if (!file.allMatch) yield file;
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
  signal?.throwIfAborted();
  const stored = storedRows(file.entry) ?? (await footerRows(snapshot, file, signal));
  const left = stored - (file.entry.deletionVector?.cardinality ?? 0);
  if (left >= 0) return left;
  throw new CorruptDataError({
    message: `the deletion vector of a file removes more rows than the ${stored} it has`,
    key: file.key,
    field: 'deletionVector',
  });
}

function storedRows({ columns, row }: Place): number | undefined {
  const rows = statsTable(columns).numRecords[row] ?? Number.NaN;
  return Number.isNaN(rows) ? undefined : rows;
}

async function footerRows(
  snapshot: Snapshot,
  { key, sizeBytes }: DataFile,
  signal: AbortSignal | undefined,
): Promise<number> {
  const source = storeSource(snapshot.log.store, key, { sizeBytes });
  return (await readFooter(source, signal === undefined ? {} : { signal })).numRows;
}

async function countRead(
  plan: PlannedScan,
  files: Iterable<PlannedFile>,
  { options, meter }: { readonly options: CallOptions; readonly meter: ScanMeter },
): Promise<number> {
  const nothing = { type: 'struct', fields: [] } as const;
  const needed = new Set([
    ...(plan.where?.columns.map(({ name }) => name) ?? []),
    ...(plan.rowFilter?.columns ?? []),
  ]);
  const fields = plan.reading.fields.filter(({ name }) => needed.has(name));
  const counted = { ...plan, files, output: nothing, reading: { ...plan.reading, fields } };
  let count = 0;
  for await (const batch of scanBatches(counted, options, meter)) count += batch.numRows;
  return count;
}
