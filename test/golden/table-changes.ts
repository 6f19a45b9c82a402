import type { RecordBatch } from 'apache-arrow';
import { DeltaTable } from '../../src/index.js';
import { CanonicalRows, type StructSchema } from '../support/canonical.js';
import type { Digest } from '../support/oracles.js';

/** What the peers add to the columns of a table; they leave out the time, which is that of a file. */
const ADDED: StructSchema['fields'] = [
  { name: '_change_type', type: 'string', nullable: true },
  { name: '_commit_version', type: 'long', nullable: true },
];

/** Reads a table's changes into the canonical form, with the schema at the end of the range. */
export async function readChanges(
  path: string,
  range: { readonly from: number; readonly to?: number },
  out?: string,
): Promise<Digest> {
  const table = await DeltaTable.open(path);
  const end = await table.snapshot(range.to === undefined ? {} : { version: range.to });
  const schema: StructSchema = { ...end.schema, fields: [...end.schema.fields, ...ADDED] };
  const rows = new CanonicalRows(schema);
  for await (const version of table.changes(range)) {
    for await (const batch of version.batches()) rows.add(batch as unknown as RecordBatch);
  }
  return rows.finish(out);
}
