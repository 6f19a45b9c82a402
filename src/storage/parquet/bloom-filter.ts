/**
 * Split-block Bloom filters: whether a value may be in a chunk.
 *
 * @see https://github.com/apache/parquet-format/blob/master/BloomFilter.md
 */
import xxhash from 'xxhash-wasm';
import { isVarveError } from '../../errors.js';
import { columnMetaData } from './footer-fields.js';
import type { ParquetFooter } from './footer-types.js';
import type { ParquetSource } from './source.js';
import { ThriftStruct } from './thrift.js';
import { decodeThrift } from './thrift-decode.js';

/** Filters of more bytes are not read: the chunk itself is about as large. */
export const MAX_BLOOM_FILTER_BYTES: number = 128 * 1024 * 1024;

/** Answers for one chunk. */
export interface BloomFilter {
  /**
   * False only when no value of the chunk has these bytes: the value as its physical type is stored plainly, without
   * the length of a BYTE_ARRAY.
   */
  mayContain(value: Uint8Array): boolean;
}

/** A header of Thrift's smallest fields takes under 20 bytes. */
const HEADER_READ_BYTES = 64;

/**
 * Reads a chunk's filter: one request where the footer says how long it is, else two.
 * @returns undefined when there is none, or none that can be read
 */
export async function readBloomFilter(
  source: ParquetSource,
  footer: ParquetFooter,
  { rowGroup, leaf }: { readonly rowGroup: number; readonly leaf: number },
  signal?: AbortSignal,
): Promise<BloomFilter | undefined> {
  const chunk = footer.rowGroups[rowGroup]?.chunks[leaf];
  const meta = chunk?.raw.field(3)?.value;
  if (chunk?.refusal !== undefined || !(meta instanceof ThriftStruct)) return undefined;
  const start = Number(meta.field(columnMetaData.bloomFilterOffset)?.value ?? 0);
  const said = meta.field(columnMetaData.bloomFilterLength)?.value;
  const length = typeof said === 'number' ? said : HEADER_READ_BYTES;
  const end = Math.min(source.sizeBytes, start + length);
  if (start <= 0 || length <= 0 || start >= end || length > MAX_BLOOM_FILTER_BYTES)
    return undefined;
  const bytes = await source.read({ start, end }, signal);
  const header = decodeHeader(bytes);
  if (header === undefined) return undefined;
  const bitsEnd = start + header.length + header.numBytes;
  if (bitsEnd > source.sizeBytes) return undefined;
  const bits =
    bitsEnd <= end
      ? bytes.subarray(header.length, header.length + header.numBytes)
      : await source.read({ start: start + header.length, end: bitsEnd }, signal);
  const hasher = await xxhash();
  const view = new DataView(bits.buffer, bits.byteOffset, bits.byteLength);
  return { mayContain: (value) => isSet(view, hasher.h64Raw(value)) };
}

interface Header {
  readonly length: number;
  readonly numBytes: number;
}

/** Of the only algorithm, hash and compression that there are; else undefined. */
function decodeHeader(bytes: Uint8Array): Header | undefined {
  try {
    const { value, length } = decodeThrift(bytes, 'a Bloom filter', 64);
    const numBytes = value.field(1)?.value;
    const isKnown = [2, 3, 4].every((id) => {
      const union = value.field(id)?.value;
      return union instanceof ThriftStruct && union.field(1) !== undefined;
    });
    if (!isKnown || typeof numBytes !== 'number') return undefined;
    const isWhole = numBytes > 0 && numBytes % BLOCK_BYTES === 0;
    return isWhole && numBytes <= MAX_BLOOM_FILTER_BYTES ? { length, numBytes } : undefined;
  } catch (error) {
    // A damaged filter is as good as none: it only says what can be left unread.
    if (isVarveError(error, 'CORRUPT_DATA', 'LIMIT')) return undefined;
    throw error;
  }
}

const BLOCK_BYTES = 32;

/** One odd multiplier for each of a block's eight words. */
const SALTS = [
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
] as const;

function isSet(bits: DataView, hash: bigint): boolean {
  const blocks = BigInt(bits.byteLength / BLOCK_BYTES);
  const block = Number(((hash >> 32n) * blocks) >> 32n);
  const low = Number(hash & 0xffffffffn);
  return SALTS.every((salt, word) => {
    const bit = Math.imul(low, salt) >>> 27;
    return ((bits.getUint32(block * BLOCK_BYTES + word * 4, true) >>> bit) & 1) === 1;
  });
}
