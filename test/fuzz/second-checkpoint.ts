/**
 * The actions of a Parquet checkpoint or sidecar as parquet-wasm reads it, by its own reader of footers. It does not look
 * at the checksums of pages, so they are verified here first: what they show must not pass for another legal file.
 */
import { crc32 } from 'node:zlib';
import { type DataType, Type, tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm/esm';
import { prepareWasm } from '#parquet-host';
import { decodeThrift } from '../../src/storage/parquet/thrift-decode.js';
import { pagesOf } from './file-answer.js';
import type { Objects } from './overlay-store.js';

/** Each as the JSON it would be in a commit. Throws when parquet-wasm does not read the file, or a checksum is wrong. */
export async function secondActions(objects: Objects, key: string): Promise<readonly unknown[]> {
  const file = objects.get(key);
  if (file === undefined) throw new Error(`no ${key}`);
  checkPages(file);
  await prepareWasm();
  const table = tableFromIPC(readParquet(file).intoIPCStream());
  return Array.from({ length: table.numRows }, (_, row) =>
    Object.fromEntries(
      table.schema.fields.map(({ name, type }) => [
        name,
        plain(type, table.getChild(name)?.get(row)),
      ]),
    ),
  );
}

const CRC = 4;

function checkPages(file: Uint8Array): void {
  for (const { header, body, hasCrc } of pagesOf(file)) {
    const stored = decodeThrift(file.subarray(header.start, header.end), 'page').value.field(CRC);
    if (!hasCrc || Number(stored?.value) !== (crc32(file.subarray(body.start, body.end)) | 0)) {
      throw new Error('a page without its checksum');
    }
  }
}

function plain(type: DataType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
  const children = type.children;
  if (type.typeId === Type.Struct) {
    const struct = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(
      children.map((child) => [child.name, plain(child.type, struct[child.name])]),
    );
  }
  if (type.typeId === Type.Map) {
    return Object.fromEntries(value as Iterable<[string, string | null]>);
  }
  if (type.typeId === Type.List) return [...(value as Iterable<unknown>)];
  return value;
}
