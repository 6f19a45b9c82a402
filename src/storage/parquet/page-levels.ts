/**
 * The levels of a second-version data page, which stand before its values and are never compressed: their lengths are
 * in the header alone, and a wrong one makes other levels and values of the same bytes.
 *
 * @see https://github.com/apache/parquet-format/blob/master/Encodings.md "RLE/Bit-Packing Hybrid"
 */

/** The bytes of one kind of level of a page. */
export interface LevelRun {
  readonly bytes: Uint8Array;
  readonly numValues: number;
  readonly maxLevel: number;
}

/** Whether the bytes are runs of exactly the page's levels: as many as it has values, none left over, none too high. */
export function areLevels({ bytes, numValues, maxLevel }: LevelRun): boolean {
  if (maxLevel === 0) return bytes.length === 0;
  const bitWidth = 32 - Math.clz32(maxLevel);
  let at = 0;
  let levels = 0;
  while (at < bytes.length) {
    // Only the last run may hold more than is wanted: eight levels are packed together.
    if (levels >= numValues) return false;
    const { value: header, next } = varint(bytes, at);
    const count = Math.floor(header / 2);
    if (header % 2 === 1) {
      at = next + count * bitWidth;
      levels += count * 8;
    } else {
      const level = bitWidth > 8 ? (bytes[next] ?? 0) + (bytes[next + 1] ?? 0) * 256 : bytes[next];
      if (level === undefined || level > maxLevel) return false;
      at = next + (bitWidth > 8 ? 2 : 1);
      levels += count;
    }
  }
  return at === bytes.length && levels >= numValues;
}

/** A varint of up to 32 bits; of bytes that end too early the next place lies behind their end. */
function varint(
  bytes: Uint8Array,
  start: number,
): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[start + index] ?? 0;
    value += (byte & 127) * 128 ** index;
    if (byte < 128) return { value, next: start + index + 1 };
  }
  return { value: 0, next: bytes.length + 1 };
}
