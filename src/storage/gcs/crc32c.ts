/** CRC-32C (Castagnoli), in the form that Google Cloud Storage says it. */
import { type Crc, crcOf } from '../crc.js';
import { type Body, bodyParts } from '../object-store.js';

const crc32c: Crc = crcOf(0x82f6_3b78);

/** The checksum of a body: four bytes, the highest first, as base64. */
export function crc32cText(body: Body): string {
  const sum = bodyParts(body).reduce((before, part) => crc32c(part, before), 0);
  return btoa(String.fromCharCode(sum >>> 24, (sum >>> 16) & 255, (sum >>> 8) & 255, sum & 255));
}
