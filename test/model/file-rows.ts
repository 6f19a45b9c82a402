/** The rows of a data file, read without any code of src. */
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';

/** `op:slot` of each row, in the file's order; 0 where there is no slot. */
export function fileRows(bytes: Uint8Array): readonly string[] {
  const table = tableFromIPC(readParquet(bytes).intoIPCStream());
  const ops = table.getChild('op');
  const slots = table.getChild('slot');
  return Array.from({ length: table.numRows }, (_, row) =>
    rowText(String(ops?.get(row)), slots === null ? '0' : String(slots.get(row))),
  );
}

export function rowText(op: string, slot: string): string {
  return `${op}:${slot}`;
}
