/** Node's zlib and its buffers. Not its zstd: page by page it takes longer than WebAssembly does. */
import { Buffer } from 'node:buffer';
import { brotliDecompressSync, crc32 as crcOf, gunzipSync } from 'node:zlib';
import { InternalError } from '../../errors.js';

export function crc32(bytes: Uint8Array): number {
  return crcOf(bytes);
}

interface InflateOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

const INFLATES: Readonly<
  Record<string, ((bytes: Uint8Array, options: InflateOptions) => Uint8Array) | undefined>
> = { GZIP: gunzipSync, BROTLI: brotliDecompressSync };

export function canInflate(codec: string): boolean {
  return INFLATES[codec] !== undefined;
}

export function inflate(codec: string, bytes: Uint8Array, size: number): Uint8Array {
  const run = INFLATES[codec];
  if (run === undefined) throw new InternalError({ message: `zlib has no ${codec} here` });
  // In one piece: the default of 16 KiB makes many buffers and joins them.
  return run(bytes, { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size) });
}

export function unfilledBytes(length: number): Uint8Array {
  return length === 0 ? new Uint8Array(0) : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
