/** What a scan is going to read: a pure decision over a snapshot. */

import type { RowBitmap } from '../log/deletion-vector/row-bitmap.js';
import type { StructField, StructType } from '../log/schema/types.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { type DataFile, dataFiles } from './data-files.js';
import { bindPredicate } from './expression/bind.js';
import type { BoundPredicate } from './expression/bound.js';
import type { Predicate } from './expression/predicate-types.js';
import { mayMatch, mustMatch } from './expression/prune.js';
import { factsReader } from './file-facts.js';
import { columnsOf, findColumn, selectedSchema, widenedBy } from './scan-columns.js';
import type { RowFilter, ScanPlan } from './scan-types.js';

/** A file that is read, and whether the condition holds for every row of it, so that it need not be asked. */
export interface PlannedFile {
  readonly file: DataFile;
  readonly allMatch: boolean;
  /** Exactly these rows of the file are read, instead of those that its deletion vector leaves. */
  readonly only?: RowBitmap | undefined;
}

export interface PlannedScan {
  readonly snapshot: Snapshot;
  /** The columns that are given. */
  readonly output: StructType;
  /** The columns that are read: those, and what conditions look at. */
  readonly reading: StructType;
  readonly where: BoundPredicate | undefined;
  readonly rowFilter: RowFilter | undefined;
  readonly limit: number | undefined;
  readonly files: readonly PlannedFile[];
  readonly skipped: number;
  readonly skippedBytes: number;
}

interface ScanRequest {
  readonly where?: unknown;
  readonly select?: readonly string[] | undefined;
  readonly limit?: number | undefined;
  readonly rowFilter?: RowFilter | undefined;
}

/**
 * Binds the request to the snapshot's schema and leaves out every file in which no row can match.
 *
 * @throws InvalidArgumentError when a column is not the table's, or a value cannot be compared with its column
 */
export function planScan(snapshot: Snapshot, request: ScanRequest): PlannedScan {
  const { schema } = snapshot;
  const output = selectedSchema(schema, request.select);
  const where =
    request.where === undefined ? undefined : bindPredicate(request.where as Predicate, schema);
  const { rowFilter, limit } = request;
  const filtered: readonly StructField[] =
    rowFilter?.columns.map((name) => findColumn(schema, name, 'rowFilter')) ?? [];
  const reading = widenedBy(output, [
    ...(where === undefined ? [] : columnsOf(schema, where)),
    ...filtered,
  ]);
  const files: PlannedFile[] = [];
  let skipped = 0;
  let skippedBytes = 0;
  const factsOf = where === undefined ? undefined : factsReader(snapshot, where);
  for (const file of dataFiles(snapshot)) {
    const facts = factsOf?.(file.entry);
    if (where !== undefined && facts !== undefined && !mayMatch(where, facts)) {
      skipped++;
      skippedBytes += file.sizeBytes;
      continue;
    }
    const allMatch = where === undefined || facts === undefined || mustMatch(where, facts);
    files.push({ file, allMatch });
  }
  return { snapshot, output, reading, where, rowFilter, limit, files, skipped, skippedBytes };
}

/** The plan in a caller's terms. */
export function publicPlan(plan: PlannedScan): ScanPlan {
  return {
    version: plan.snapshot.version,
    files: plan.files.map(({ file }) => file.key),
    bytes: plan.files.reduce((sum, { file }) => sum + file.sizeBytes, 0),
    filesSkipped: plan.skipped,
    bytesSkipped: plan.skippedBytes,
    columns: plan.reading.fields.map(({ name }) => name),
  };
}
