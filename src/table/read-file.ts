/** One data file to batches of the table's own types, row group by row group. */
import type { Data, RecordBatch } from 'apache-arrow';
import { CorruptDataError, isVarveError } from '../errors.js';
import type { AddFile } from '../log/actions.js';
import { FileWindows } from '../log/deletion-vector/file-windows.js';
import { readDeletionVector } from '../log/deletion-vector/read-deletion-vector.js';
import type { RowBitmap } from '../log/deletion-vector/row-bitmap.js';
import { parsePartitionValue } from '../log/partition-value.js';
import { arrowSchema } from '../log/schema/arrow-type.js';
import { type ColumnMappingMode, physicalName } from '../log/schema/column-mapping.js';
import { batchOf, conformBatch } from '../log/schema/conform.js';
import { type FileName, fileNames } from '../log/schema/file-names.js';
import { legacyRebase } from '../log/schema/legacy-calendar.js';
import type { Scalar } from '../log/schema/scalar.js';
import type { PrimitiveName, StructField, StructType } from '../log/schema/types.js';
import type { LogContext, Snapshot } from '../log/table-snapshot.js';
import { decodeRowGroup } from '../storage/parquet/decode.js';
import { readFooter } from '../storage/parquet/footer.js';
import type { ParquetFooter } from '../storage/parquet/footer-types.js';
import { countRows, type RowRange } from '../storage/parquet/row-ranges.js';
import { type ParquetSource, storeSource } from '../storage/parquet/source.js';
import type { DataFile } from './data-files.js';
import { dataGone } from './data-gone.js';
import {
  isTracked,
  materializedField,
  metadataColumn,
  metadataValues,
  WholeAdds,
} from './metadata-columns.js';
import { constantColumn } from './row/scalar-column.js';

/** What is read of every file of a scan. */
export interface FileReading {
  readonly snapshot: Snapshot;
  /** Where the files are. */
  readonly log: LogContext;
  /** The columns wanted, in the order they are given. */
  readonly schema: StructType;
  /** Those of them that are in the files, and the columns from which row ids come. */
  readonly stored: StructType;
  /** Where row ids are kept for rows that were moved, by the column that is wanted. */
  readonly materialized: ReadonlyMap<StructField, StructField>;
  /** Files of deletion vectors that were begun. */
  readonly windows: FileWindows;
  /** Whole actions, of which row ids are a part; undefined when nobody asks. */
  readonly adds: WholeAdds | undefined;
}

/** What follows from the columns wanted, for every file alike. */
export function fileReading(
  snapshot: Snapshot,
  schema: StructType,
  log: LogContext = snapshot.log,
): FileReading {
  const partitionColumns = new Set(snapshot.metadata.partitionColumns);
  const materialized = new Map<StructField, StructField>();
  for (const field of schema.fields) {
    const stored = materializedField(snapshot, field);
    if (stored !== undefined) materialized.set(field, stored);
  }
  const fields = schema.fields.filter(
    (field) => metadataColumn(field) === undefined && !partitionColumns.has(field.name),
  );
  return {
    snapshot,
    log,
    schema,
    stored: { type: 'struct', fields: [...fields, ...materialized.values()] },
    materialized,
    windows: new FileWindows(log.store),
    adds: schema.fields.some(isTracked) ? new WholeAdds() : undefined,
  };
}

/** A data file whose footer and deletion vector have been read. */
export interface OpenedFile {
  readonly reading: FileReading;
  readonly file: DataFile;
  readonly source: ParquetSource;
  readonly footer: ParquetFooter;
  readonly deleted: RowBitmap | undefined;
  readonly only: RowBitmap | undefined;
  /** Undefined when no row ids are wanted. */
  readonly add: AddFile | undefined;
}

/** A file to open. */
export interface FileToRead {
  readonly file: DataFile;
  /** Exactly these rows are wanted, instead of those that its deletion vector leaves. */
  readonly only?: RowBitmap | undefined;
}

/**
 * Reads a file's footer, and its deletion vector when that counts.
 *
 * @throws DataGoneError when the file or its deletion vector is not there; CorruptDataError when it is no Parquet file,
 * or the deletion vector is damaged or names rows that the file does not have
 */
export async function openFile(
  reading: FileReading,
  { file, only }: FileToRead,
  signal: AbortSignal,
): Promise<OpenedFile> {
  const { snapshot, log } = reading;
  const source = storeSource(log.store, file.key, { sizeBytes: file.sizeBytes });
  const [footer, deleted, add] = await Promise.all([
    orGone(snapshot, readFooter(source, { signal })),
    only === undefined ? deletedRows(reading, file, signal) : undefined,
    reading.adds?.of(file.entry, signal),
  ]);
  checkRows(only ?? deleted, footer);
  return { reading, file, source, footer, deleted, only, add };
}

/** The rows of a row group that are wanted, counted from its first; undefined when that is every one. */
export function wantedRows(
  { footer, deleted, only }: OpenedFile,
  rowGroup: number,
): Uint32Array | undefined {
  const first = firstRowOf(footer, rowGroup);
  const behind = first + (footer.rowGroups[rowGroup]?.numRows ?? 0);
  return only?.indexesOf(first, behind) ?? deleted?.indexesWithout(first, behind);
}

/**
 * Decodes one row group: every wanted column, in the table's types; partition columns from the log.
 * @param ranges - the rows wanted, counted from the row group's first; all when undefined
 */
export async function readRowGroup(
  opened: OpenedFile,
  rowGroup: number,
  signal: AbortSignal,
  ranges?: readonly RowRange[],
): Promise<RecordBatch> {
  const { reading, file, source, footer, add } = opened;
  const { schema, snapshot, stored, materialized } = reading;
  const mode = snapshot.columnMapping;
  const fileName = fileNames(stored, footer, mode);
  const leaves = leavesOf(footer, stored.fields, fileName);
  const decoding = decodeRowGroup(source, footer, rowGroup, { leaves, ranges, signal });
  const decoded = await orGone(snapshot, decoding);
  const wanted = ranges ?? [{ start: 0, end: footer.rowGroups[rowGroup]?.numRows ?? 0 }];
  const rows = countRows(wanted);
  const firstRow = firstRowOf(footer, rowGroup);
  const conformed = conformBatch(decoded, stored, {
    key: file.key,
    legacy: legacyRebase(footer.keyValue),
    fileName,
    firstRow: firstRow + (wanted[0]?.start ?? 0),
  });
  const columns = new Map(stored.fields.map((field, at) => [field, conformed.data.children[at]]));
  const children = schema.fields.map((field) => {
    const column = metadataColumn(field);
    if (column === undefined) {
      return columns.get(field) ?? partitionColumn(file, field, { mode, rows });
    }
    const moved = materialized.get(field);
    return metadataValues(column, {
      roots: snapshot.log,
      file,
      add,
      firstRow,
      ranges: wanted,
      rows,
      materialized: moved && columns.get(moved),
    });
  });
  return batchOf(arrowSchema(schema), children, rows);
}

/** What `read` gives. @throws DataGoneError where it throws NotFoundError */
export async function orGone<T>(snapshot: Snapshot, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (isVarveError(error, 'NOT_FOUND')) throw dataGone(snapshot.version, [error.thing]);
    throw error;
  }
}

async function deletedRows(
  { snapshot, log, windows }: FileReading,
  { entry }: DataFile,
  signal: AbortSignal,
): Promise<RowBitmap | undefined> {
  const { deletionVector } = entry;
  if (deletionVector === undefined) return undefined;
  return await orGone(snapshot, readDeletionVector(log, deletionVector, { signal, windows }));
}

/** A deletion vector that names rows beyond the file's end is another file's. */
function checkRows(rows: RowBitmap | undefined, { key, numRows }: ParquetFooter): void {
  const last = rows?.last;
  if (last === undefined || last < numRows) return;
  throw new CorruptDataError({
    message: `the deletion vector of ${key} names a row that the file, of ${numRows} rows, does not have`,
    key,
    position: last,
    field: 'deletionVector',
  });
}

/** The leaves of the wanted columns, matched as conforming matches them: by exact name, else without case. */
function leavesOf(
  footer: ParquetFooter,
  wanted: readonly StructField[],
  fileName: FileName,
): readonly number[] {
  const names = new Set(footer.schema.children.map((child) => child.name));
  const exact = new Set<string>();
  const folded = new Set<string>();
  for (const field of wanted) {
    const name = fileName(field);
    if (name === undefined) continue;
    if (names.has(name)) exact.add(name);
    else folded.add(name.toLowerCase());
  }
  return footer.leaves.flatMap(({ path: [top = ''] }, index) =>
    exact.has(top) || folded.has(top.toLowerCase()) ? [index] : [],
  );
}

/** What a row group takes up in its file, all columns together. */
export function storedBytes({ footer }: OpenedFile, rowGroup: number): number {
  const chunks = footer.rowGroups[rowGroup]?.chunks ?? [];
  return chunks.reduce((sum, { start, end }) => sum + end - start, 0);
}

function firstRowOf(footer: ParquetFooter, rowGroup: number): number {
  return footer.rowGroups.slice(0, rowGroup).reduce((sum, { numRows }) => sum + numRows, 0);
}

function partitionColumn(
  file: DataFile,
  field: StructField,
  { mode, rows }: { readonly mode: ColumnMappingMode; readonly rows: number },
): Data {
  const type = field.type as PrimitiveName;
  return constantColumn(partitionScalar(file, field, mode), type, rows);
}

/** The value of a partition column for every row of a file. */
function partitionScalar(file: DataFile, field: StructField, mode: ColumnMappingMode): Scalar {
  const text = file.entry.partitionValue(physicalName(field, mode)) ?? null;
  const place = { key: file.key, column: field.name };
  return parsePartitionValue(text, field.type as PrimitiveName, place);
}
