/**
 * How much a zstd stream can expand to, from its block headers alone: a decoder that trusts the stream would take that
 * memory before it noticed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878
 */

/** A block never expands to more. */
const MAX_BLOCK_BYTES = 128 * 1024;

const MAGIC = 0xfd2fb528;

/** The largest output of a stream of frames; undefined when the bytes are no such stream. */
export function zstdBound(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  let bound = 0;
  while (offset < bytes.length) {
    if (offset + 8 > bytes.length) return undefined;
    const magic = view.getUint32(offset, true);
    if (magic >>> 4 === 0x184d2a5) {
      offset += 8 + view.getUint32(offset + 4, true);
      continue;
    }
    if (magic !== MAGIC) return undefined;
    const frame = frameBound(view, offset + 4);
    if (frame === undefined) return undefined;
    bound += frame.bound;
    offset = frame.end;
  }
  return offset === bytes.length ? bound : undefined;
}

interface FrameBound {
  readonly bound: number;
  readonly end: number;
}

function frameBound(view: DataView, start: number): FrameBound | undefined {
  const descriptor = view.getUint8(start);
  const isSingleSegment = (descriptor & 32) !== 0;
  const contentFlag = descriptor >> 6;
  const contentBytes = contentFlag === 0 ? Number(isSingleSegment) : 1 << contentFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const hasChecksum = (descriptor & 4) !== 0;
  let offset = start + 1 + Number(!isSingleSegment) + dictionaryBytes + contentBytes;
  let bound = 0;
  for (;;) {
    if (offset + 3 > view.byteLength) return undefined;
    const header = view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16);
    const size = header >> 3;
    const type = (header >> 1) & 3;
    if (type === 3) return undefined;
    // A raw block is its size, a run of one byte says its size; what a compressed one holds is not said.
    bound += type === 2 ? MAX_BLOCK_BYTES : size;
    offset += 3 + (type === 1 ? 1 : size);
    if ((header & 1) !== 0) break;
  }
  const end = offset + (hasChecksum ? 4 : 0);
  return end > view.byteLength ? undefined : { bound, end };
}
