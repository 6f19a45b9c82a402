/** A batch parted by its partition columns. */
import type { RecordBatch } from 'apache-arrow';
import { formatPartitionValue } from '../log/partition-value.js';
import type { PrimitiveName, StructField } from '../log/schema/types.js';
import { type ScalarReader, scalarReader } from './row/scalar-column.js';
import { selectColumns, takeRows } from './row/take.js';

/** The rows of one partition, without the partition columns, which a data file does not hold. */
export interface PartitionBatch {
  /** The partition's values as the log writes them, by column, in the table's order. */
  readonly values: readonly (readonly [column: string, text: string | null])[];
  /** The same for equal values, different for any other. */
  readonly id: string;
  readonly batch: RecordBatch;
}

/** Parts `batch` into the partitions its rows belong to, in the order of their first rows. */
export function splitByPartition(
  batch: RecordBatch,
  partitionFields: readonly StructField[],
  dataColumns: readonly string[],
): readonly PartitionBatch[] {
  const data = selectColumns(batch, dataColumns);
  if (partitionFields.length === 0) return [{ values: [], id: '', batch: data }];
  const texts = partitionFields.map((field) => textReader(batch, field));
  const groups = new Map<string, number[]>();
  for (let row = 0; row < batch.numRows; row++) {
    const id = JSON.stringify(texts.map((text) => text(row)));
    const rows = groups.get(id);
    if (rows === undefined) groups.set(id, [row]);
    else rows.push(row);
  }
  return [...groups].map(([id, rows]) => {
    const [first = 0] = rows;
    const values = partitionFields.map(
      (field, at) => [field.name, texts[at]?.(first) ?? null] as const,
    );
    if (rows.length === batch.numRows) return { values, id, batch: data };
    return { values, id, batch: takeRows(data, Uint32Array.from(rows)) };
  });
}

/** Texts of one column, each distinct value formatted once. */
function textReader(batch: RecordBatch, field: StructField): (row: number) => string | null {
  const at = batch.schema.fields.findIndex((column) => column.name === field.name);
  const column = batch.data.children[at];
  if (column === undefined) return () => null;
  const type = field.type as PrimitiveName;
  const read: ScalarReader = scalarReader(column, type);
  const known = new Map<unknown, string | null>();
  return (row) => {
    const value = read(row);
    if (value instanceof Uint8Array) return formatPartitionValue(value, type);
    // Object.is tells -0 from 0, a Map does not, and the log keeps the sign.
    const key = Object.is(value, -0) ? '-0' : value;
    const seen = known.get(key);
    if (seen !== undefined || known.has(key)) return seen ?? null;
    const text = formatPartitionValue(value, type);
    known.set(key, text);
    return text;
  };
}
