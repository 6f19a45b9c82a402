/**
 * A small file with the pages decompressed by the host, where it can: zlib stops at the size that a page says, and
 * parquet-wasm goes on for as long as gzip or brotli gives bytes.
 */
import { canInflate, inflate } from '#page-bytes';
import { InternalError } from '../../errors.js';
import { PARQUET_MAGIC } from './footer.js';
import { encodeFooter, intField, longField, structField, structsField } from './footer-encode.js';
import {
  columnChunk,
  columnMetaData,
  fileMetaData,
  pageHeader,
  rowGroup,
} from './footer-fields.js';
import { type ChunkSpan, failPage, isData, type PageSpan } from './page-walk.js';
import { ThriftStruct } from './thrift.js';
import { decodeThrift } from './thrift-decode.js';
import { encodeThrift } from './thrift-encode.js';

/** A chunk and its pages as they were found. */
export interface WalkedChunk {
  readonly chunk: ChunkSpan;
  readonly pages: readonly PageSpan[];
}

/**
 * The same file with pages that are not compressed, where the host can do it; else the file itself.
 * @param walked - every chunk of the file's only row group, in order
 * @throws PageFaultError when a page does not decompress to what it says
 */
export function expandPages(file: Uint8Array, walked: readonly WalkedChunk[]): Uint8Array {
  if (!walked.some(({ chunk }) => canInflate(chunk.codec))) return file;
  const pieces: Uint8Array[] = [PARQUET_MAGIC];
  let offset = PARQUET_MAGIC.length;
  const places = walked.map(({ chunk, pages }) => {
    const start = offset;
    let dataStart: number | undefined;
    for (const page of pages) {
      if (isData(page.header)) dataStart ??= offset;
      for (const piece of canInflate(chunk.codec)
        ? expanded(file, page, chunk)
        : [raw(file, page)]) {
        pieces.push(piece);
        offset += piece.length;
      }
    }
    return { chunk, start, dataStart: dataStart ?? offset, end: offset };
  });
  pieces.push(footerOf(file, places));
  return joined(pieces);
}

function raw(file: Uint8Array, { start, end }: PageSpan): Uint8Array {
  return file.subarray(start, end);
}

/** The page's header, its levels where they stand apart, and its bytes. */
function expanded(file: Uint8Array, page: PageSpan, chunk: ChunkSpan): Uint8Array[] {
  const { header, start, bodyStart, end } = page;
  const { levelBytes, uncompressedBytes } = header;
  const size = uncompressedBytes - levelBytes;
  if (!header.isCompressed) return [raw(file, page)];
  const levels = file.subarray(bodyStart, bodyStart + levelBytes);
  // Nothing has a compressed form as well, of some bytes, or of none.
  const body =
    size === 0
      ? new Uint8Array(0)
      : inflated(file.subarray(bodyStart + levelBytes, end), size, chunk.codec);
  if (body?.length !== size) {
    return failPage(chunk, start, `its bytes do not decompress to the ${size} that it says`);
  }
  const { compressedPageSize, crc } = pageHeader;
  const rewritten = header.raw.without(crc).with(intField(compressedPageSize, uncompressedBytes));
  return [encodeThrift(rewritten), levels, body];
}

function inflated(bytes: Uint8Array, size: number, codec: string): Uint8Array | undefined {
  try {
    return inflate(codec, bytes, size);
  } catch {
    return undefined;
  }
}

interface Place {
  readonly chunk: ChunkSpan;
  readonly start: number;
  readonly dataStart: number;
  readonly end: number;
}

/** The file's footer with its chunks at their new places. */
function footerOf(file: Uint8Array, places: readonly Place[]): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = file.length - 8;
  const footer = decodeThrift(file.subarray(end - view.getUint32(end, true), end), '').value;
  const [group] = structs(footer, fileMetaData.rowGroups);
  if (group === undefined) throw new InternalError({ message: 'a small file has no row group' });
  const chunks = structs(group, rowGroup.columns).map((chunk, index) => {
    const place = places[index];
    const meta = chunk.field(columnChunk.metaData)?.value;
    if (place === undefined || !(meta instanceof ThriftStruct)) {
      throw new InternalError({ message: 'a small file has other chunks than were walked' });
    }
    return chunk.with(structField(columnChunk.metaData, movedTo(meta, place)));
  });
  const moved = group.with(structsField(rowGroup.columns, chunks));
  return encodeFooter(footer.with(structsField(fileMetaData.rowGroups, [moved])));
}

function movedTo(meta: ThriftStruct, { chunk, start, dataStart, end }: Place): ThriftStruct {
  const { codec, dataPageOffset, dictionaryPageOffset, totalCompressedSize } = columnMetaData;
  const moved = meta
    .without(dictionaryPageOffset)
    .with(longField(dataPageOffset, dataStart), longField(totalCompressedSize, end - start));
  const named = dataStart > start ? moved.with(longField(dictionaryPageOffset, start)) : moved;
  return canInflate(chunk.codec) ? named.with(intField(codec, UNCOMPRESSED)) : named;
}

const UNCOMPRESSED = 0;

function structs(holder: ThriftStruct, id: number): ThriftStruct[] {
  const list = holder.field(id)?.value;
  if (typeof list !== 'object' || !('kind' in list) || list.kind !== 'list') return [];
  return list.values.filter((item) => item instanceof ThriftStruct);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
