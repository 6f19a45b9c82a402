/** Small Parquet files, field by field, that ask for more than they are. */
import { type ThriftField, ThriftStruct, thriftType } from '../../src/storage/parquet/thrift.js';
import { encodeThrift } from '../../src/storage/parquet/thrift-encode.js';
import { joined } from './mutate-bytes.js';

export const INT32 = 1;
export const BYTE_ARRAY = 6;
export const UNCOMPRESSED = 0;
export const SNAPPY = 1;
export const GZIP = 2;
export const BROTLI = 4;
export const ZSTD = 6;
export const PLAIN = 0;
export const RLE_DICTIONARY = 8;

/** One page: what its header says, and what follows it. */
export interface BombPage {
  readonly body: Uint8Array;
  readonly uncompressedBytes: number;
  readonly numValues: number;
  readonly encoding: number;
  readonly isDictionary?: boolean;
}

/** One row group of one column `x`, as its footer says. */
export interface BombFile {
  readonly type: number;
  readonly isOptional?: boolean;
  readonly codec: number;
  readonly numRows: number;
  readonly pages: readonly BombPage[];
}

export function bombFile({
  type,
  isOptional = false,
  codec,
  numRows,
  pages,
}: BombFile): Uint8Array {
  const magic = new TextEncoder().encode('PAR1');
  const bodies = pages.flatMap((page) => [encodeThrift(pageHeader(page)), page.body]);
  const data = joined(magic, ...bodies);
  const dictionaryBytes =
    pages[0]?.isDictionary === true ? (bodies[0]?.length ?? 0) + (bodies[1]?.length ?? 0) : 0;
  const uncompressed = pages.reduce((sum, page) => sum + page.uncompressedBytes, 0);
  const meta = struct(
    int(1, type),
    list(2, thriftType.i32, [...new Set(pages.map(({ encoding }) => encoding)), 3]),
    list(3, thriftType.binary, [text('x')]),
    int(4, codec),
    long(5, numRows),
    long(6, uncompressed),
    long(7, data.length - 4),
    long(9, 4 + dictionaryBytes),
    ...(dictionaryBytes > 0 ? [long(11, 4)] : []),
  );
  const chunk = struct(long(2, 4), nested(3, meta));
  const group = struct(
    list(1, thriftType.struct, [chunk]),
    long(2, uncompressed),
    long(3, numRows),
  );
  const leaf = struct(int(1, type), int(3, isOptional ? 1 : 0), binary(4, 'x'));
  return withFooter(data, fileMetaData([leaf], numRows, [group]));
}

/** A file of many columns and no rows. */
export function wideFile(columns: number): Uint8Array {
  const leaf = struct(int(1, INT32), int(3, 1), binary(4, 'x'));
  const leaves = Array.from({ length: columns }, () => leaf);
  return withFooter(new TextEncoder().encode('PAR1'), fileMetaData(leaves, 0, []));
}

/** Groups in groups, and a column in the last. */
export function deepFile(depth: number): Uint8Array {
  const group = struct(int(3, 1), binary(4, 'g'), int(5, 1));
  const leaf = struct(int(1, INT32), int(3, 1), binary(4, 'x'));
  const elements = [...Array.from({ length: depth }, () => group), leaf];
  const data = new TextEncoder().encode('PAR1');
  return withFooter(data, fileMetaData(elements, 0, [], 1));
}

function fileMetaData(
  elements: readonly ThriftStruct[],
  numRows: number,
  groups: readonly ThriftStruct[],
  children: number = elements.length,
): ThriftStruct {
  const root = struct(binary(4, 'schema'), int(5, children));
  return struct(
    int(1, 1),
    list(2, thriftType.struct, [root, ...elements]),
    long(3, numRows),
    list(4, thriftType.struct, groups),
  );
}

function withFooter(data: Uint8Array, footer: ThriftStruct): Uint8Array {
  const bytes = encodeThrift(footer);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length, true);
  return joined(data, bytes, length, new TextEncoder().encode('PAR1'));
}

function pageHeader({
  body,
  uncompressedBytes,
  numValues,
  encoding,
  isDictionary,
}: BombPage): ThriftStruct {
  const sizes = [int(2, uncompressedBytes), int(3, body.length)];
  return isDictionary === true
    ? struct(int(1, 2), ...sizes, nested(7, struct(int(1, numValues), int(2, PLAIN))))
    : struct(
        int(1, 0),
        ...sizes,
        nested(5, struct(int(1, numValues), int(2, encoding), int(3, 3), int(4, 3))),
      );
}

/** A run of one level or index: the hybrid encoding's varint of twice the count, then the value. */
export function run(count: number, value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = count * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      break;
    }
    bytes.push((rest % 128) + 128);
  }
  return Uint8Array.from([...bytes, value]);
}

/** A number of 32 bits, little-endian. */
export function little(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
}

/** A zstd frame of so many zero bytes, as blocks of one repeated byte. */
export function zstdZeros(size: number): Uint8Array {
  const BLOCK = 128 * 1024;
  // One segment, whose size is said in eight bytes.
  const head = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0);
  const content = new Uint8Array(8);
  new DataView(content.buffer).setBigUint64(0, BigInt(size), true);
  const blocks: Uint8Array[] = [];
  for (let left = size; left > 0; left -= BLOCK) {
    const length = Math.min(left, BLOCK);
    const header = (length << 3) | 2 | (left <= BLOCK ? 1 : 0);
    blocks.push(Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16, 0));
  }
  return joined(head, content, ...blocks);
}

function struct(...fields: readonly ThriftField[]): ThriftStruct {
  return new ThriftStruct(fields);
}

const int = (id: number, value: number): ThriftField => ({ id, type: thriftType.i32, value });
const long = (id: number, value: number): ThriftField => ({
  id,
  type: thriftType.i64,
  value: BigInt(value),
});
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const binary = (id: number, value: string): ThriftField => ({
  id,
  type: thriftType.binary,
  value: text(value),
});
const nested = (id: number, value: ThriftStruct): ThriftField => ({
  id,
  type: thriftType.struct,
  value,
});
const list = (
  id: number,
  elementType: number,
  values: readonly (number | Uint8Array | ThriftStruct)[],
): ThriftField => ({
  id,
  type: thriftType.list,
  value: { kind: 'list', elementType, values },
});
