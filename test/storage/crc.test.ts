import { crc32 as zlibCrc32 } from 'node:zlib';
import { CRC32C } from '@google-cloud/storage';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32cText } from '../../src/storage/gcs/crc32c.js';
import { crc32 } from '../../src/storage/parquet/crc32.js';

const check = new TextEncoder().encode('123456789');

it('gives the check values of both polynomials', () => {
  expect(crc32(check)).toBe(0xcbf4_3926);
  expect(crc32cText(check)).toBe('4waSgw==');
  expect(crc32cText(new Uint8Array(0))).toBe('AAAAAA==');
});

it('gives for any bytes, in any pieces, what Google’s own client does', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (parts) => {
      const theirs = new CRC32C();
      for (const part of parts) theirs.update(Buffer.from(part));
      expect(crc32cText(parts)).toBe(theirs.toString());
    }),
    { seed: 6 },
  );
});

// Node 20 has none before 20.15, and its types know it not at all.
it.skipIf(typeof zlibCrc32 !== 'function')('gives for any bytes what zlib does', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(crc32(bytes)).toBe(zlibCrc32(bytes));
    }),
    { seed: 6 },
  );
});
