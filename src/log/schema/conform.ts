/**
 * What a Parquet file holds, as the table's types: the one place that knows how differently writers
 * keep the same.
 */
import { type Data, RecordBatch, type Schema, Struct } from 'apache-arrow';
import { assert, CorruptDataError } from '../../errors.js';
import { makeColumn } from './arrow-data.js';
import { arrowSchema } from './arrow-type.js';
import { castColumn, topPlace } from './cast.js';
import { matchFields } from './cast-nested.js';
import type { CastRules, Misfit } from './cast-place.js';
import type { FileName } from './file-names.js';
import type { LegacyCalendar } from './legacy-calendar.js';
import type { DataType, StructType } from './types.js';

/** Which file is read, and what its footer says of it. */
export interface ConformFile {
  /** The file's key, for errors. */
  readonly key: string;
  /** What `legacyRebase` said of its footer. */
  readonly legacy?: LegacyCalendar | undefined;
  /** The name that a field has in the file, for tables that map columns. Default: its own. */
  readonly fileName?: FileName | undefined;
  /** The row of the file that the first row is, for errors. Default: 0. */
  readonly firstRow?: number | undefined;
}

/** The same, for one column. */
export interface ConformWhere extends ConformFile {
  /** The column's name in the table. */
  readonly column: string;
}

/**
 * A decoded Parquet column as a column of exactly the Arrow type of `target`. Nothing is copied
 * where the types agree.
 *
 * Read are: a missing column or field (nulls), integers and floats of other widths, decimals of any
 * physical form, timestamps of any unit and INT96 (as FixedSizeBinary(12), over all years), text
 * without its annotation, large, view and dictionary types, lists and maps under any inner names,
 * the old calendar of Spark. Digits of a timestamp beyond microseconds are floored. Fields of
 * structs match by name, exactly or else without case; what the table does not know is skipped. NOT
 * NULL is not checked, as in Spark; a null key of a map is refused.
 *
 * For a struct of which all wanted fields are missing from the file, decode any one of the others
 * with it: only a decoded struct tells which of its rows are null.
 *
 * @param data - the column as it was decoded, or `undefined` when the file has none
 * @param rows - the rows of the row group
 * @throws CorruptDataError that names file, column, both types and the row, when type or value do
 * not fit
 * @throws UnsupportedFeatureError for a type that Varve does not know, and for a timestamp before
 * 1900 in the old calendar of a time zone whose history is not known for certain
 * @throws LimitError when large offsets do not fit into 32 bits
 */
export function conformColumn(
  data: Data | undefined,
  target: DataType,
  rows: number,
  where: ConformWhere,
): Data {
  assert(data === undefined || data.length === rows, 'a decoded column has another length');
  const field = { name: where.column, type: target, nullable: true, metadata: {} };
  const place = topPlace(where.column, fileRules(where), where.firstRow ?? 0);
  return castColumn(data, field, rows, place);
}

/**
 * A decoded batch as a batch of exactly `arrowSchema(schema)`, each column as {@link conformColumn}
 * does it.
 */
export function conformBatch(
  batch: RecordBatch,
  schema: StructType,
  file: ConformFile,
): RecordBatch {
  const rules = fileRules(file);
  const names = batch.schema.fields.map(({ name }) => name);
  const found = matchFields(schema, names, rules, (name) => name);
  const children = schema.fields.map((field, at) => {
    const index = found[at];
    const data = index === undefined ? undefined : batch.data.children[index];
    return castColumn(data, field, batch.numRows, topPlace(field.name, rules, file.firstRow ?? 0));
  });
  return batchOf(arrowSchema(schema), children, batch.numRows);
}

/**
 * A batch from its columns, without the copying that apache-arrow does for columns of unequal
 * length.
 */
export function batchOf(schema: Schema, children: readonly Data[], rows: number): RecordBatch {
  const type = new Struct(schema.fields);
  return new RecordBatch(schema, makeColumn(type, rows, { children }) as Data<Struct>);
}

function fileRules({ key, legacy, fileName }: ConformFile): CastRules {
  return {
    source: 'file',
    legacy,
    fileName: fileName ?? ((field) => field.name),
    misfit: ({ column, row, expected, actual }: Misfit) =>
      new CorruptDataError({
        message: `the file does not fit the table's schema: expected ${expected}, found ${actual}`,
        key,
        field: column,
        position: row,
      }),
  };
}
