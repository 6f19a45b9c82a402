/** Rows and columns picked out of Arrow batches: what a filter keeps, what goes to one partition, what is selected. */
import { type RecordBatch, Schema } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import { batchOf } from '../../log/schema/conform.js';
import { takeRows as takeColumn } from '../../log/take-rows.js';

/** The rows of `batch` at `rows`, in that order, as a batch that shares no buffer with it. */
export function takeRows(batch: RecordBatch, rows: Uint32Array): RecordBatch {
  const children = batch.data.children.map((column) => takeColumn(column, rows));
  return batchOf(batch.schema, children, rows.length);
}

/** Only the columns named, in that order; each shared, not copied. */
export function selectColumns(batch: RecordBatch, names: readonly string[]): RecordBatch {
  const picked = names.map((name) => {
    const at = batch.schema.fields.findIndex((field) => field.name === name);
    const field = batch.schema.fields[at];
    const column = batch.data.children[at];
    if (field === undefined || column === undefined) {
      throw new InternalError({ message: `column ${name} is not in the batch` });
    }
    return { field, column };
  });
  return batchOf(
    new Schema(picked.map(({ field }) => field)),
    picked.map(({ column }) => column),
    batch.numRows,
  );
}
