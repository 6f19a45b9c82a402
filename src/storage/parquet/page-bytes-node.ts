/** Node's zlib: CRC-32 in every supported version, zstd from 22.15. */

import * as zlib from 'node:zlib';
import { brotliDecompressSync, crc32 as crcOf, gunzipSync } from 'node:zlib';
import { InternalError } from '../../errors.js';

export function crc32(bytes: Uint8Array): number {
  return crcOf(bytes);
}

interface InflateOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

type Inflate = (bytes: Uint8Array, options: InflateOptions) => Uint8Array;

/** Not in every Node that we run on, so not among the names imported. */
const { zstdDecompressSync } = zlib as unknown as { readonly zstdDecompressSync?: Inflate };

const INFLATES: Readonly<Record<string, Inflate | undefined>> = {
  GZIP: gunzipSync,
  BROTLI: brotliDecompressSync,
  ZSTD: zstdDecompressSync,
};

export function canInflate(codec: string): boolean {
  return INFLATES[codec] !== undefined;
}

export function inflate(codec: string, bytes: Uint8Array, size: number): Uint8Array {
  const run = INFLATES[codec];
  if (run === undefined) throw new InternalError({ message: `zlib has no ${codec} here` });
  // In one piece: the default of 16 KiB makes many buffers and joins them.
  return run(bytes, { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size) });
}
