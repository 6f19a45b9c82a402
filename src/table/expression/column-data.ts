/** A condition's columns in an Arrow batch. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import type { BoundColumn } from './bound.js';

/**
 * The column's data and, before it, those of the structs around it: Arrow children do not carry the nulls of their
 * parents, so each part of the chain is asked.
 *
 * @throws InternalError when it is not in the batch
 */
export function columnData(batch: RecordBatch, column: BoundColumn): readonly Data[] {
  const chain: Data[] = [];
  let fields = batch.schema.fields as readonly { readonly name: string }[];
  let children: readonly Data[] = batch.data.children;
  for (const name of column.path) {
    const at = fields.findIndex((field) => field.name === name);
    const data = children[at];
    if (data === undefined) {
      throw new InternalError({ message: `column ${column.path.join('.')} is not in the batch` });
    }
    chain.push(data);
    const type: DataType = data.type;
    if (DataType.isNull(type)) break;
    fields = DataType.isStruct(type) ? type.children : [];
    children = data.children;
  }
  return chain;
}

/** Sets `code` in each row that is null in `data`. */
export function markNulls(data: Data, code: number, out: Uint8Array): void {
  if (DataType.isNull(data.type)) {
    out.fill(code);
    return;
  }
  const bits = data.nullBitmap;
  if (bits === undefined || bits.length === 0 || data.nullCount === 0) return;
  const { offset } = data;
  for (let row = 0; row < out.length; ) {
    const at = offset + row;
    if ((at & 7) === 0 && bits[at >> 3] === 0xff) {
      // Eight rows without a null.
      row += 8;
      continue;
    }
    if ((((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 0) out[row] = code;
    row++;
  }
}
