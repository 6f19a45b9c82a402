/** Arrow data as text, from the buffers themselves: what lies under a null is not looked at, nothing is rounded. */
import { type Data, type RecordBatch, Type } from 'apache-arrow';

/** The columns, then a line a row. */
export function batchText(batch: RecordBatch): {
  readonly columns: string;
  readonly rows: string[];
} {
  const columns = batch.schema.fields
    .map(({ name, type }) => `${name}: ${String(type)}`)
    .join(', ');
  const rows: string[] = [];
  for (let row = 0; row < batch.numRows; row++) {
    rows.push(batch.data.children.map((child) => valueText(child, row)).join('|'));
  }
  return { columns, rows };
}

function valueText(data: Data, row: number): string {
  if (!data.getValid(row)) return 'null';
  const { offset, valueOffsets, children } = data;
  const values = data.values as Uint8Array;
  switch (data.typeId) {
    case Type.Null:
      return 'null';
    case Type.Bool: {
      const bit = offset + row;
      return String(((values[bit >> 3] ?? 0) >> (bit & 7)) & 1);
    }
    case Type.Utf8:
    case Type.Binary:
    case Type.LargeUtf8:
    case Type.LargeBinary:
      return latin1(values.subarray(Number(valueOffsets[row]), Number(valueOffsets[row + 1])));
    case Type.List:
    case Type.Map: {
      const items: string[] = [];
      const end = Number(valueOffsets[row + 1]);
      for (let at = Number(valueOffsets[row]); at < end; at++)
        items.push(childText(children[0], at));
      return `[${items.join(',')}]`;
    }
    case Type.Struct:
      return `{${children.map((child) => childText(child, row)).join(',')}}`;
    default: {
      const width = values.length / Math.max(1, data.length);
      return [...values.subarray(row * width, (row + 1) * width)].join(' ');
    }
  }
}

function childText(child: Data | undefined, row: number): string {
  return child === undefined ? 'none' : valueText(child, row);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
