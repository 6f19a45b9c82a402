import { crc32 as zlibCrc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../../src/storage/parquet/crc32.js';

describe('crc32', () => {
  it("is zlib's at every length and place", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(9), (bytes, from) => {
        const part = bytes.subarray(from);
        expect(crc32(part)).toBe(zlibCrc32(part));
      }),
      { seed: 32 },
    );
  });
});
