/** Files of one row group each, made by several threads, as one file. */
import { InternalError } from '../../errors.js';
import { PARQUET_MAGIC } from './footer.js';
import { encodeFooter, intField, longField, structField, structsField } from './footer-encode.js';
import {
  columnChunk,
  columnMetaData,
  fileMetaData,
  offsetIndex,
  pageLocation,
  rowGroup,
  statistics,
} from './footer-fields.js';
import type { ParquetFooter, RowGroupInfo } from './footer-types.js';
import { ThriftStruct, thriftType } from './thrift.js';
import { decodeThrift } from './thrift-decode.js';
import { encodeThrift } from './thrift-encode.js';

/** A whole Parquet file in memory. */
export interface ParquetPart {
  readonly bytes: Uint8Array;
  readonly footer: ParquetFooter;
  /** Leaves whose chunks lose their bounds. */
  readonly withoutBounds?: ReadonlySet<number> | undefined;
}

/** A file in pieces that follow each other. */
export interface MergedFile {
  readonly body: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly numRows: number;
}

/**
 * Puts the row groups of `parts` into one file, in order. Column data is not copied; the footer says where everything
 * lies in the new file: chunks and their pages, page indexes (at the end, as the format advises), bloom filters, each
 * row group's offset and ordinal. `ARROW:schema` is left out: another writer's idea of the schema may not rule.
 * @param parts - at least one, all of the same schema
 */
export function mergeParts(parts: readonly ParquetPart[]): MergedFile {
  const [first] = parts;
  if (first === undefined) throw new InternalError({ message: 'a file is merged of no parts' });
  const file = new Appender();
  file.append(PARQUET_MAGIC);
  const placed = parts.flatMap((part) => placeData(part, file));
  for (const chunk of placed.flatMap(({ chunks }) => chunks)) placeColumnIndex(chunk, file);
  for (const chunk of placed.flatMap(({ chunks }) => chunks)) placeOffsetIndex(chunk, file);
  const numRows = parts.reduce((sum, { footer }) => sum + footer.numRows, 0);
  const merged = first.footer.raw
    .without(fileMetaData.keyValueMetadata)
    .with(
      longField(fileMetaData.numRows, numRows),
      structsField(fileMetaData.rowGroups, placed.map(mergedRowGroup)),
    );
  file.append(encodeFooter(merged));
  return { body: file.pieces, sizeBytes: file.length, numRows };
}

class Appender {
  readonly pieces: Uint8Array[] = [];
  length = 0;

  /** Answers where the bytes begin in the file. */
  append(bytes: Uint8Array): number {
    const start = this.length;
    if (bytes.length > 0) this.pieces.push(bytes);
    this.length += bytes.length;
    return start;
  }
}

interface PlacedGroup {
  readonly group: RowGroupInfo;
  readonly shift: number;
  readonly chunks: readonly PlacedChunk[];
}

interface PlacedChunk {
  readonly part: ParquetPart;
  /** How far the chunk moved. */
  readonly shift: number;
  /** The `ColumnChunk`, rewritten as its parts find their places. */
  raw: ThriftStruct;
}

function placeData(part: ParquetPart, file: Appender): PlacedGroup[] {
  const start = PARQUET_MAGIC.length;
  const { rowGroups } = part.footer;
  const shift = file.append(part.bytes.subarray(start, dataEnd(part))) - start;
  return rowGroups.map((group) => ({
    group,
    shift,
    chunks: group.chunks.map(({ raw }, leaf) => ({
      part,
      shift,
      raw: movedChunk(part.withoutBounds?.has(leaf) === true ? unbounded(raw) : raw, shift),
    })),
  }));
}

/** Where chunks and bloom filters end: at the first page index, or at the last chunk when there is none. */
function dataEnd({ footer, bytes }: ParquetPart): number {
  const chunks = footer.rowGroups.flatMap((group) => group.chunks);
  const indexes = chunks.flatMap(({ raw }) =>
    [columnChunk.columnIndexOffset, columnChunk.offsetIndexOffset].flatMap(
      (id) => offsetOf(raw, id) ?? [],
    ),
  );
  const lastChunk = chunks.reduce((end, chunk) => Math.max(end, chunk.end), PARQUET_MAGIC.length);
  const end = indexes.reduce((least, offset) => Math.min(least, offset), bytes.length);
  return indexes.length === 0 ? lastChunk : end;
}

/** A chunk that says of its values only how many are null, and of its pages only where they are. */
function unbounded(raw: ThriftStruct): ThriftStruct {
  const meta = metaDataOf(raw);
  const counts = meta.field(columnMetaData.statistics)?.value;
  const chunk = raw.without(columnChunk.columnIndexOffset, columnChunk.columnIndexLength);
  if (!(counts instanceof ThriftStruct)) return chunk;
  const left = counts.only(statistics.nullCount);
  const bare = meta.with(structField(columnMetaData.statistics, left));
  return chunk.with(structField(columnChunk.metaData, bare));
}

function metaDataOf(raw: ThriftStruct): ThriftStruct {
  const meta = raw.field(columnChunk.metaData)?.value;
  if (meta instanceof ThriftStruct) return meta;
  throw new InternalError({ message: 'an encoded chunk has no metadata' });
}

function movedChunk(raw: ThriftStruct, shift: number): ThriftStruct {
  const moved = moveOffsets(metaDataOf(raw), shift, [
    columnMetaData.dataPageOffset,
    columnMetaData.indexPageOffset,
    columnMetaData.dictionaryPageOffset,
    columnMetaData.bloomFilterOffset,
  ]);
  const chunk = raw.with(structField(columnChunk.metaData, moved));
  // The field is deprecated, and 0 when it is not used.
  const isUsed = (offsetOf(raw, columnChunk.fileOffset) ?? 0) > 0;
  return isUsed ? moveOffsets(chunk, shift, [columnChunk.fileOffset]) : chunk;
}

function moveOffsets(struct: ThriftStruct, shift: number, ids: readonly number[]): ThriftStruct {
  const moved = ids.flatMap((id) => {
    const offset = offsetOf(struct, id);
    return offset === undefined ? [] : [longField(id, offset + shift)];
  });
  return struct.with(...moved);
}

/** A column index speaks of values only, so its bytes stay as they are. */
function placeColumnIndex(chunk: PlacedChunk, file: Appender): void {
  const bytes = indexBytes(chunk, columnChunk.columnIndexOffset, columnChunk.columnIndexLength);
  if (bytes === undefined) return;
  const start = file.append(bytes);
  chunk.raw = chunk.raw.with(longField(columnChunk.columnIndexOffset, start));
}

/** An offset index addresses pages from the beginning of the file. */
function placeOffsetIndex(chunk: PlacedChunk, file: Appender): void {
  const bytes = indexBytes(chunk, columnChunk.offsetIndexOffset, columnChunk.offsetIndexLength);
  if (bytes === undefined) return;
  const index = decodeThrift(bytes, chunk.part.footer.key).value;
  const pages = index.field(offsetIndex.pageLocations)?.value;
  if (typeof pages !== 'object' || !('kind' in pages) || pages.kind !== 'list') {
    throw new InternalError({ message: 'an encoded offset index has no pages' });
  }
  const moved = pages.values.map((page) => {
    if (!(page instanceof ThriftStruct))
      throw new InternalError({ message: 'a page is no struct' });
    return moveOffsets(page, chunk.shift, [pageLocation.offset]);
  });
  const rewritten = encodeThrift(index.with(structsField(offsetIndex.pageLocations, moved)));
  const start = file.append(rewritten);
  chunk.raw = chunk.raw.with(
    longField(columnChunk.offsetIndexOffset, start),
    intField(columnChunk.offsetIndexLength, rewritten.length),
  );
}

function indexBytes(
  { part, raw }: PlacedChunk,
  offsetId: number,
  lengthId: number,
): Uint8Array | undefined {
  const start = offsetOf(raw, offsetId);
  const length = raw.field(lengthId)?.value;
  if (start === undefined || typeof length !== 'number') return undefined;
  return part.bytes.subarray(start, start + length);
}

/** Ordinals are 16 bits; a file of more row groups has none. */
const MAX_ORDINAL = 0x7fff;

function mergedRowGroup({ group, shift, chunks }: PlacedGroup, ordinal: number): ThriftStruct {
  const starts = group.chunks.map(({ start }) => start + shift);
  const merged = group.raw.without(rowGroup.ordinal).with(
    structsField(
      rowGroup.columns,
      chunks.map(({ raw }) => raw),
    ),
    longField(rowGroup.fileOffset, Math.min(...starts)),
    longField(
      rowGroup.totalCompressedSize,
      group.chunks.reduce((sum, { start, end }) => sum + end - start, 0),
    ),
  );
  if (ordinal > MAX_ORDINAL) return merged;
  return merged.with({ id: rowGroup.ordinal, type: thriftType.i16, value: ordinal });
}

function offsetOf(struct: ThriftStruct, id: number): number | undefined {
  const value = struct.field(id)?.value;
  return typeof value === 'bigint' ? Number(value) : undefined;
}
