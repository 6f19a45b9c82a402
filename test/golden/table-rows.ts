import { readFileSync } from 'node:fs';
import type { RecordBatch } from 'apache-arrow';
import {
  type AnyRow,
  type At,
  DeltaTable,
  predicateFromSql,
  type Snapshot,
} from '../../src/index.js';
import type { StructSchema } from '../support/canonical.js';
import type { Digest } from '../support/oracles.js';
import { canonicalRows, selectedColumns } from '../support/selected-columns.js';
import { failure, type Outcome, pass } from './outcome.js';

interface RowsOptions {
  readonly columns?: readonly string[] | undefined;
  /** A condition in SQL. */
  readonly where?: string | undefined;
  readonly out?: string | undefined;
}

/** Reads a table's rows at `at` into the canonical form; with `out` it is written there too. */
export async function readRows(
  path: string,
  { at = {}, ...options }: RowsOptions & { readonly at?: At } = {},
): Promise<Digest> {
  const table = await DeltaTable.open(path);
  return await snapshotRows(await table.snapshot(at), options);
}

/** As {@link readRows}, of a snapshot that is there already. */
export async function snapshotRows(
  snapshot: Snapshot<AnyRow>,
  { columns, where, out }: RowsOptions = {},
): Promise<Digest> {
  const selected = selectedColumns(snapshot.schema, columns);
  const rows = canonicalRows(selected);
  const scan = snapshot.scan({
    select: [...new Set(selected.map(({ name }) => name))],
    ...(where === undefined ? {} : { where: predicateFromSql(where) }),
  });
  for await (const batch of scan.batches()) {
    rows.add(batch as unknown as RecordBatch);
  }
  return rows.finish(out);
}

/** Passes when both canonical files hold the same rows of the same schema, but for the columns in `wrong`. */
export function compareFiles(ours: string, theirs: string, wrong: readonly string[] = []): Outcome {
  const [ourSchema = '', ...ourRows] = readCanonical(ours, wrong);
  const [theirSchema = '', ...theirRows] = readCanonical(theirs, wrong);
  if (ourSchema !== theirSchema) return failure(`schema ${ourSchema}, expected ${theirSchema}`);
  if (ourRows.length !== theirRows.length) {
    return failure(`${ourRows.length} rows, expected ${theirRows.length}`);
  }
  const index = ourRows.findIndex((row, at) => row !== theirRows[at]);
  return index < 0 ? pass : failure(`row ${ourRows[index]}, expected ${theirRows[index]}`);
}

function readCanonical(path: string, wrong: readonly string[]): string[] {
  const [schemaLine = '', ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const schema = JSON.parse(comparable(schemaLine)) as StructSchema;
  const kept = schema.fields.flatMap(({ name }, index) => (wrong.includes(name) ? [] : [index]));
  if (kept.length === schema.fields.length) return [comparable(schemaLine), ...rows];
  const cut = (values: readonly unknown[]): string =>
    JSON.stringify(kept.map((index) => values[index]));
  const cutRows = rows.map((row) => cut(JSON.parse(row) as unknown[])).toSorted();
  return [cut(schema.fields), ...cutRows];
}

/**
 * A schema line without what plain Parquet files cannot say: nullability, and the zone of INT96 timestamps, which the
 * peer gives as `timestamp_ntz`.
 */
function comparable(schemaLine: string): string {
  return schemaLine
    .replaceAll(/"(nullable|containsNull|valueContainsNull)":(true|false)/gu, '"$1":true')
    .replaceAll('"timestamp_ntz"', '"timestamp"');
}
