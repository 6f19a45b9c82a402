/**
 * A second reading of a whole Parquet file: parquet-wasm's own, with its own reader of footers. A footer has no checksum,
 * so one that was changed into another legal footer is another file: then Varve's rows must be these.
 */
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm/esm';
import { prepareWasm } from '#parquet-host';
import { batchText } from './arrow-text.js';
import { FILE } from './bases.js';
import type { Objects } from './overlay-store.js';

/** Throws when parquet-wasm does not read it. */
export async function secondFileReading(objects: Objects): Promise<string> {
  await prepareWasm();
  const table = tableFromIPC(readParquet(objects.get(FILE) ?? new Uint8Array()).intoIPCStream());
  const lines: string[] = [];
  for (const batch of table.batches) {
    const { columns, rows } = batchText(batch);
    if (lines.length === 0) lines.push(columns);
    lines.push(...rows);
  }
  return lines.join('\n');
}
