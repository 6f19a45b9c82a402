/**
 * What a scan tells of a row beside its columns: its file, its place there, its identity over the versions. PROTOCOL.md
 * "Reader Requirements for Row Tracking"; the names are Spark's.
 */
import { type Data, makeData } from 'apache-arrow';
import { CorruptDataError, UnsupportedFeatureError } from '../errors.js';
import type { AddFile } from '../log/actions.js';
import type { TableRoots } from '../log/file-key.js';
import type { CompleteFileColumns, FileColumns, FileEntry } from '../log/file-list.js';
import {
  hasRowIds,
  MATERIALIZED_COMMIT_VERSION,
  MATERIALIZED_ROW_ID,
} from '../log/row-tracking.js';
import { arrowType } from '../log/schema/arrow-type.js';
import type { PrimitiveName, StructField, StructType } from '../log/schema/types.js';
import type { Snapshot } from '../log/table-snapshot.js';
import type { RowRange } from '../storage/parquet/row-ranges.js';
import type { DataFile } from './data-files.js';
import type { MetadataColumn } from './metadata-row.js';
import { constantColumn } from './row/scalar-column.js';

const field = (name: MetadataColumn, type: PrimitiveName): readonly [string, StructField] => [
  name,
  { name, type, nullable: false, metadata: {} },
];
const FIELDS: ReadonlyMap<string, StructField> = new Map([
  field('_metadata.file_path', 'string'),
  field('_metadata.file_name', 'string'),
  field('_metadata.file_size', 'long'),
  field('_metadata.file_modification_time', 'timestamp'),
  field('_metadata.row_index', 'long'),
  field('_metadata.row_id', 'long'),
  field('_metadata.row_commit_version', 'long'),
]);
/** Told apart by identity: the table may have a column of the same name. */
const NAMES: ReadonlyMap<StructField, MetadataColumn> = new Map(
  [...FIELDS].map(([name, own]) => [own, name as MetadataColumn]),
);

/** The field of a metadata column; undefined when there is none of that name. */
export function metadataField(name: string): StructField | undefined {
  return FIELDS.get(name);
}

/** Which metadata column a field is; undefined for a column of the table. */
export function metadataColumn(own: StructField): MetadataColumn | undefined {
  return NAMES.get(own);
}

/** Whether a field is one that row tracking gives. */
export function isTracked(own: StructField): boolean {
  const column = metadataColumn(own);
  return column !== undefined && MATERIALIZED[column] !== undefined;
}

/** The whole `add` of files, of which the columns of a log that was opened hold a part: read once for each block. */
export class WholeAdds {
  readonly #blocks = new Map<FileColumns, Promise<CompleteFileColumns>>();

  async of({ columns, row }: FileEntry, signal: AbortSignal): Promise<AddFile> {
    let complete = this.#blocks.get(columns);
    if (complete === undefined) {
      complete = columns.complete(signal);
      this.#blocks.set(columns, complete);
    }
    return (await complete).add(row);
  }
}

const MATERIALIZED: Partial<Record<MetadataColumn, string>> = {
  '_metadata.row_id': MATERIALIZED_ROW_ID,
  '_metadata.row_commit_version': MATERIALIZED_COMMIT_VERSION,
};

/**
 * Refuses columns of row tracking in a table where they mean nothing.
 *
 * @throws UnsupportedFeatureError when the table does not track rows
 */
export function checkTracked({ configuration }: Snapshot, { fields }: StructType): void {
  const wanted = fields.find(isTracked);
  if (wanted === undefined) return;
  if (hasRowIds({ configuration })) return;
  throw new UnsupportedFeatureError({
    message: `the table does not track rows (delta.enableRowTracking), so it has no ${wanted.name}`,
    features: ['rowTracking'],
    side: 'read',
    remedy: 'select other columns, or set delta.enableRowTracking to true with table.setProperties',
  });
}

/**
 * The column of the data files that holds the values of a metadata column for rows that were carried over from other
 * files; undefined when there is none.
 */
export function materializedField(snapshot: Snapshot, own: StructField): StructField | undefined {
  const column = metadataColumn(own);
  const property = column && MATERIALIZED[column];
  const name = property && snapshot.configuration.get(property);
  return name ? { name, type: 'long', nullable: true, metadata: {} } : undefined;
}

/** Rows of one row group of a file. */
export interface RowsOfFile {
  readonly roots: TableRoots;
  readonly file: DataFile;
  /** Undefined when no row ids are wanted. */
  readonly add: AddFile | undefined;
  /** The place of the row group's first row in the whole file. */
  readonly firstRow: number;
  /** Which rows they are, counted from that one. */
  readonly ranges: readonly RowRange[];
  /** How many. */
  readonly rows: number;
  /** What the file holds for it itself. */
  readonly materialized: Data | undefined;
}

/**
 * A metadata column of some rows of a file.
 *
 * @throws CorruptDataError when the table tracks rows and the log has no ids for the file
 */
export function metadataValues(column: MetadataColumn, place: RowsOfFile): Data {
  const { roots, file, add, firstRow, rows } = place;
  const { entry, key, sizeBytes } = file;
  switch (column) {
    case '_metadata.file_path':
      return constantColumn(sparkUrl(roots, key), 'string', rows);
    case '_metadata.file_name':
      return constantColumn(key.slice(key.lastIndexOf('/') + 1), 'string', rows);
    case '_metadata.file_size':
      return constantColumn(BigInt(sizeBytes), 'long', rows);
    case '_metadata.file_modification_time':
      return constantColumn(BigInt(entry.modificationTime) * 1000n, 'timestamp', rows);
    case '_metadata.row_index':
      return longs(place, BigInt(firstRow), 1n);
    case '_metadata.row_id':
      return longs(place, tracked(add?.baseRowId, column, key) + BigInt(firstRow), 1n);
    case '_metadata.row_commit_version':
      return longs(place, tracked(add?.defaultRowCommitVersion, column, key), 0n);
  }
}

function tracked(value: bigint | undefined, column: MetadataColumn, key: string): bigint {
  if (value !== undefined) return value;
  throw new CorruptDataError({
    message: 'the table tracks rows, and the log has no ids for a file; turn row tracking on again',
    key,
    field: column,
  });
}

/** The values that the file holds, and where it holds none those that begin with `first` at the row group's first. */
function longs({ ranges, rows, materialized }: RowsOfFile, first: bigint, step: bigint): Data {
  const values = new BigInt64Array(rows);
  let at = 0;
  for (const { start, end } of ranges) {
    let next = first + BigInt(start) * step;
    for (let row = start; row < end; row++, next += step) values[at++] = next;
  }
  if (materialized !== undefined && materialized.nullCount < rows) {
    const stored = materialized.values as BigInt64Array;
    for (let row = 0; row < rows; row++) {
      if (materialized.getValid(row)) values[row] = stored[row] ?? 0n;
    }
  }
  return makeData({ type: arrowType('long'), length: rows, nullCount: 0, data: values } as never);
}

/** What Java's URI class leaves as it is in a path, beside everything beyond ASCII. */
const QUOTED = /[^\w!$&'()*+,\-./:;=@~\u0080-\u{10ffff}]/gu;

/** A file's URL as Hadoop spells it: without an empty authority, and with characters beyond ASCII as they are. */
function sparkUrl({ url, allowedRoots = [] }: TableRoots, key: string): string {
  const other = allowedRoots.find((allowed) => key.startsWith(`${allowed}/`));
  const below = other === undefined ? key : key.slice(other.length + 1);
  const [, scheme = '', authority = '', path = ''] =
    /^([^:]+:)\/\/([^/]*)(.*)$/su.exec(other ?? url) ?? [];
  const quoted = `${decodeURIComponent(path)}/${below}`.replaceAll(QUOTED, (character) =>
    encodeURIComponent(character),
  );
  return `${scheme}${authority === '' ? '' : `//${authority}`}${quoted}`;
}
