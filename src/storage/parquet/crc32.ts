/** CRC-32 as zlib and gzip have it: what Parquet pages and deletion vectors carry. */
import { type Crc, crcOf } from '../crc.js';

/** The checksum of the bytes, as an unsigned number. */
export const crc32: Crc = crcOf(0xedb8_8320);
