/** What a row group may ask of us, by its footer alone. */
import { InternalError, LimitError } from '../../errors.js';
import { MAX_ROW_GROUP_BYTES, tooLarge, unsupported } from './decode-error.js';
import type { LeafColumn, ParquetFooter, PhysicalType, RowGroupInfo } from './footer-types.js';

/**
 * How many bytes in memory one byte of the file may stand for, in a row group of more than
 * {@link SMALL_ROW_GROUP_BYTES}: a few bytes can claim billions of rows.
 */
export const MAX_EXPANSION = 2000;

/** Row groups of fewer bytes in memory may expand as they like. */
export const SMALL_ROW_GROUP_BYTES: number = 256 * 1024 * 1024;

/** Refuses by name what cannot be decoded, and what would take memory out of proportion to its bytes. */
export function checkChunks(
  footer: ParquetFooter,
  group: RowGroupInfo,
  leaves: readonly number[],
): void {
  const { key } = footer;
  let bytes = 0;
  let decoded = 0;
  let stored = 0;
  for (const leaf of leaves) {
    const chunk = group.chunks[leaf];
    const column = footer.leaves[leaf];
    if (chunk === undefined || column === undefined) {
      throw new InternalError({ message: 'a leaf has no chunk' });
    }
    if (chunk.refusal !== undefined) throw unsupported(key, chunk.refusal);
    if (!DECODED_CODECS.has(chunk.codec)) throw unsupported(key, `codec ${chunk.codec}`);
    bytes += chunk.uncompressedBytes;
    decoded += Math.max(chunk.uncompressedBytes, chunk.numValues * valueBytes(column));
    stored += chunk.end - chunk.start;
  }
  if (bytes > MAX_ROW_GROUP_BYTES) throw tooLarge(key, bytes);
  if (decoded > SMALL_ROW_GROUP_BYTES && decoded > stored * MAX_EXPANSION) {
    throw new LimitError({
      message:
        `a row group of ${key} is ${decoded} bytes in memory and ${stored} in the file; ` +
        'rewrite the file with smaller row groups',
      limit: 'MAX_EXPANSION',
      value: Math.ceil(decoded / Math.max(1, stored)),
      max: MAX_EXPANSION,
    });
  }
}

/** What a value takes at least when it is decoded, nulls too. */
function valueBytes({ physicalType, typeLength }: LeafColumn): number {
  if (physicalType === 'FIXED_LEN_BYTE_ARRAY') return Math.max(1, typeLength ?? 1);
  return VALUE_BYTES[physicalType];
}

const DECODED_CODECS: ReadonlySet<string> = new Set([
  'UNCOMPRESSED',
  'SNAPPY',
  'GZIP',
  'BROTLI',
  'LZ4',
  'ZSTD',
  'LZ4_RAW',
]);

const VALUE_BYTES: Readonly<Record<PhysicalType, number>> = {
  BOOLEAN: 1 / 8,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
  FIXED_LEN_BYTE_ARRAY: 1,
};
