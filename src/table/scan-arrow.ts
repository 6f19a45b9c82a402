/** Arrow as it leaves Varve: apache-arrow's own classes, typed by shape so that no Arrow is in the published types. */

import { tableToIPC as encodeTable, type RecordBatch, Table } from 'apache-arrow';
import { arrowSchema } from '../log/schema/arrow-type.js';
import type { StructType } from '../log/schema/types.js';
import type { ArrowTable } from './arrow-shape.js';

/** A table of batches that have the Arrow schema of `schema`. */
export function tableOf(schema: StructType, batches: readonly RecordBatch[]): ArrowTable {
  return new Table(arrowSchema(schema), [...batches]);
}

/** An IPC stream of batches that have the Arrow schema of `schema`. */
export function tableToIPC(schema: StructType, batches: readonly RecordBatch[]): Uint8Array {
  return encodeTable(new Table(arrowSchema(schema), [...batches]), 'stream');
}
