/** What a scan is going to read: a pure decision over a snapshot. */

import { physicalName } from '../log/schema/column-mapping.js';
import type { StructField, StructType } from '../log/schema/types.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { type BindOptions, bindPredicate } from './expression/bind.js';
import type { BoundPredicate } from './expression/bound.js';
import type { Predicate } from './expression/predicate-types.js';
import { checkTracked } from './metadata-columns.js';
import { type PlannedFile, PlannedFiles } from './planned-files.js';
import { columnsOf, findColumn, selectedSchema, widenedBy } from './scan-columns.js';
import type { RowFilter, ScanPlan } from './scan-types.js';

export interface PlannedScan {
  readonly snapshot: Snapshot;
  /** The columns that are given. */
  readonly output: StructType;
  /** The columns that are read: those, and what conditions look at. */
  readonly reading: StructType;
  readonly where: BoundPredicate | undefined;
  readonly rowFilter: RowFilter | undefined;
  readonly limit: number | undefined;
  readonly files: Iterable<PlannedFile>;
}

/** A scan of every file of a version in which the condition can be true. */
export interface VersionScan extends PlannedScan {
  readonly files: PlannedFiles;
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
 * @throws UnsupportedFeatureError for columns of row tracking that the table does not have
 */
export function planScan(snapshot: Snapshot, request: ScanRequest): VersionScan {
  const { schema } = snapshot;
  const output = selectedSchema(schema, request.select);
  checkTracked(snapshot, output);
  const where =
    request.where === undefined
      ? undefined
      : bindPredicate(request.where as Predicate, schema, physicalNames(snapshot));
  const { rowFilter, limit } = request;
  const filtered: readonly StructField[] =
    rowFilter?.columns.map((name) => findColumn(schema, name, 'rowFilter')) ?? [];
  const reading = widenedBy(output, [
    ...(where === undefined ? [] : columnsOf(schema, where)),
    ...filtered,
  ]);
  const files = new PlannedFiles(snapshot, where);
  return { snapshot, output, reading, where, rowFilter, limit, files };
}

/** How a condition is bound to find the table's columns in its statistics. */
export function physicalNames(snapshot: Snapshot): BindOptions {
  const mode = snapshot.columnMapping;
  return { physicalName: (field) => physicalName(field, mode) };
}

/** The plan in a caller's terms. */
export function publicPlan({ snapshot, files, reading }: VersionScan): ScanPlan {
  return {
    version: snapshot.version,
    files: Array.from(files, ({ file }) => file.key),
    bytes: files.sizeBytes,
    filesSkipped: snapshot.files.count - files.count,
    bytesSkipped: snapshot.files.sizeBytes - files.sizeBytes,
    columns: reading.fields.map(({ name }) => name),
  };
}
