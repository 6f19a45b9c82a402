/** Whether runs of bytes are UTF-8. */

/** Bytes decoded in one go; it bounds the text that the check makes and throws away. */
const CHUNK_BYTES = 1 << 20;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Whether every one of the first `length` values, which lie between neighbouring offsets of
 * `values`, is UTF-8 by itself: neither a broken byte, nor a surrogate, nor a character cut in two
 * by an offset.
 */
export function allUtf8(values: Uint8Array, offsets: Int32Array, length: number): boolean {
  const start = offsets[0] ?? 0;
  const end = offsets[length] ?? 0;
  if (isAscii(values, start, end)) return true;
  let from = 0;
  while (from < length) {
    let to = from + 1;
    const begin = offsets[from] ?? 0;
    while (to < length && (offsets[to + 1] ?? 0) - begin <= CHUNK_BYTES) to++;
    if (!isUtf8(values.subarray(begin, offsets[to] ?? 0))) return false;
    for (let index = from; index < to; index++) {
      const at = offsets[index] ?? 0;
      // As a whole it is UTF-8, so it only matters that no value begins in the middle of a
      // character.
      if (at < end && ((values[at] ?? 0) & 0xc0) === 0x80) return false;
    }
    from = to;
  }
  return true;
}

/** Whether the bytes are UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    // The decoder has no other way to say no.
    return false;
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  const first = Math.min(end, start + (-(bytes.byteOffset + start) & 3));
  const last = first + ((end - first) & ~3);
  let seen = 0;
  for (let at = start; at < first; at++) seen |= bytes[at] ?? 0;
  if (last > first) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + first, (last - first) >> 2);
    let bits = 0;
    for (let index = 0; index < words.length; index++) bits |= words[index] ?? 0;
    if ((bits & 0x80808080) !== 0) return false;
  }
  for (let at = last; at < end; at++) seen |= bytes[at] ?? 0;
  return (seen & 0x80) === 0;
}
