/** Hosts without zlib: decompression is left to parquet-wasm. */
import { InternalError } from '../../errors.js';
import { crc32 as crcOf } from './crc32.js';

export function crc32(bytes: Uint8Array): number {
  return crcOf(bytes);
}

export function canInflate(_codec: string): boolean {
  return false;
}

export function inflate(codec: string): Uint8Array {
  throw new InternalError({ message: `this host does not decompress ${codec}` });
}

export function unfilledBytes(length: number): Uint8Array {
  return new Uint8Array(length);
}
