/** The rows of one append, checked and encoded, that wait for a commit which they may share with others. */
import type { RecordBatch } from 'apache-arrow';
import { checkWritable } from '../log/protocol.js';
import { arrowBatches } from '../log/schema/arrow-input.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { arrowBytes } from '../storage/parquet/arrow-batch.js';
import { inputBatches } from './input.js';
import type { Idempotency } from './options.js';

export interface StagedRows {
  readonly batches: readonly RecordBatch[];
  readonly rows: number;
  /** Bytes they take in Arrow. */
  readonly sizeBytes: number;
  /** The schema that they were checked against, as the log spells it. */
  readonly schemaString: string;
  readonly idempotency: Idempotency | undefined;
}

export interface StageOptions {
  readonly idempotency?: Idempotency | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads every row of the input into memory.
 *
 * @throws SchemaMismatchError with the row's index and the column, at the first value that does not fit
 * @throws UnsupportedFeatureError when the table cannot be written
 */
export async function stageRows(
  input: unknown,
  base: Snapshot,
  { idempotency, signal }: StageOptions,
): Promise<StagedRows> {
  checkWritable(base.protocol, base.metadata, base.schema);
  const batches: RecordBatch[] = [];
  for await (const batch of inputBatches(input, base.schema, signal)) batches.push(batch);
  return staged(batches, base, idempotency);
}

/**
 * The same rows for the schema of `base`, which may be another than they were checked against.
 *
 * @throws SchemaMismatchError when they do not fit it
 */
export async function restageRows(rows: StagedRows, base: Snapshot): Promise<StagedRows> {
  if (rows.schemaString === base.metadata.schemaString) return rows;
  const batches: RecordBatch[] = [];
  if (rows.batches.length > 0) {
    for await (const batch of arrowBatches(rows.batches, base.schema)) batches.push(batch);
  }
  return staged(batches, base, rows.idempotency);
}

function staged(
  batches: readonly RecordBatch[],
  base: Snapshot,
  idempotency: Idempotency | undefined,
): StagedRows {
  return {
    batches,
    rows: batches.reduce((sum, batch) => sum + batch.numRows, 0),
    sizeBytes: batches.reduce((sum, batch) => sum + arrowBytes(batch.data), 0),
    schemaString: base.metadata.schemaString,
    idempotency,
  };
}
