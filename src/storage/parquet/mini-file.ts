/**
 * One row group's wanted chunks as a whole small Parquet file of their own, which parquet-wasm can decode.
 *
 * Its footer says only what decoding needs: no statistics, page indexes or bloom filters (their offsets would be
 * wrong) and no `ARROW:schema` (it describes the whole file, and would overrule the schema written here).
 */
import { unfilledBytes } from '#page-bytes';
import { InternalError } from '../../errors.js';
import type { ByteRange } from '../object-store.js';
import { PARQUET_MAGIC } from './footer.js';
import { encodeFooter, intField, longField, structField, structsField } from './footer-encode.js';
import {
  columnChunk,
  columnMetaData,
  fileMetaData,
  rowGroup,
  schemaElement,
} from './footer-fields.js';
import {
  type ChunkInfo,
  type LeafColumn,
  type ParquetFooter,
  PHYSICAL_TYPES,
  REPETITIONS,
  type Repetition,
  type RowGroupInfo,
  type SchemaNode,
} from './footer-types.js';
import { type ChunkSpan, countValues, type PageBytes, type PageCount } from './page-walk.js';
import type { ChunkPlan } from './part-plan.js';
import { type ThriftField, ThriftStruct, type ThriftValue, thriftType } from './thrift.js';

/** Bytes of an INT96: nanoseconds of the day (8, little-endian), then the Julian day (4). */
export const INT96_BYTES = 12;

/** One leaf's chunk, or its dictionary and some of its pages. */
export interface MiniChunk {
  /** Index into the footer's leaves. */
  readonly leaf: number;
  readonly chunk: ChunkInfo;
  /** Where its bytes lie in the file, ascending; the dictionary page, if there is one, begins the first. */
  readonly pieces: readonly ByteRange[];
  /** Where the first data page lies in the file; anything before it is the dictionary. */
  readonly dataPosition: number;
  /** Values and nulls in these pages. */
  readonly numValues: number;
  /** Whether it is all of the chunk, so that the footer's counts of pages hold. */
  readonly isWhole: boolean;
}

/** What a small file holds. */
export interface MiniFilePlan {
  readonly footer: ParquetFooter;
  readonly numRows: number;
  /** Ascending by leaf; none when there are no rows. */
  readonly chunks: readonly MiniChunk[];
  /** Indexes into the footer's leaves, ascending, at least one. */
  readonly leaves: readonly number[];
}

/** A small file and what its pages are to be held against. */
export interface MiniFile {
  /** Owns its buffer. */
  readonly file: Uint8Array;
  readonly chunks: readonly ChunkSpan[];
}

/**
 * A chunk, or what is fetched of it.
 * @param numRows - rows that its bytes hold
 * @param pieces - the bytes of the plan's ranges, when they have been read
 * @returns undefined when only the bytes can say how many values they hold: pages of a list or map
 * @throws PageFaultError when the pages of a list or map cannot be counted
 */
export function miniChunk(
  { footer, group }: { readonly footer: ParquetFooter; readonly group: RowGroupInfo },
  { leaf, ranges, dataPosition, isWhole }: ChunkPlan,
  { numRows, pieces }: { readonly numRows: number; readonly pieces?: readonly PageBytes[] },
): MiniChunk | undefined {
  const chunk = at(group.chunks, leaf);
  const { path, maxRepetitionLevel } = at(footer.leaves, leaf);
  const inPages = (): number | undefined =>
    maxRepetitionLevel === 0 ? numRows : pieces && countValues(pieces, path.join('.'));
  const numValues = isWhole ? chunk.numValues : inPages();
  if (numValues === undefined) return undefined;
  return {
    leaf,
    chunk,
    pieces: ranges,
    dataPosition: dataPosition ?? offsetOf(metadataOf(chunk), columnMetaData.dataPageOffset),
    numValues,
    isWhole,
  };
}

/** A small file that is whole but for the bytes of its chunks: each goes to where its span says. */
export function emptyMiniFile(plan: MiniFilePlan): MiniFile {
  let offset = PARQUET_MAGIC.length;
  const spans: ChunkSpan[] = [];
  for (const chunk of plan.chunks) {
    const span = spanOf(plan, chunk, offset);
    spans.push(span);
    offset = span.end;
  }
  const footer = encodeFooter(miniFooter(plan, spans));
  const file = unfilledBytes(offset + footer.length);
  file.set(PARQUET_MAGIC);
  file.set(footer, offset);
  return { file, chunks: spans };
}

/**
 * Puts the chunks' bytes where they belong.
 * @param bytes - of every piece of every chunk, in order; those that were read into the file are left as they are
 */
export function fillMiniFile({ file, chunks }: MiniFile, bytes: readonly Uint8Array[]): void {
  for (const [index, { start }] of chunks.flatMap(({ pieces }) => pieces).entries()) {
    const piece = at(bytes, index);
    const isThere = piece.buffer === file.buffer && piece.byteOffset === file.byteOffset + start;
    if (!isThere) file.set(piece, start);
  }
}

function spanOf(
  { footer, numRows }: MiniFilePlan,
  { leaf, chunk, pieces, numValues, isWhole }: MiniChunk,
  start: number,
): ChunkSpan {
  const { path, maxDefinitionLevel, maxRepetitionLevel } = at(footer.leaves, leaf);
  const meta = metadataOf(chunk);
  let end = start;
  const placed = pieces.map(({ start: position, end: behind }) => {
    const piece = { start: end, position };
    end += behind - position;
    return piece;
  });
  return {
    start,
    end,
    pieces: placed,
    column: path.join('.'),
    codec: chunk.codec,
    numValues,
    uncompressedBytes: chunk.uncompressedBytes,
    numRows,
    maxDefinitionLevel,
    maxRepetitionLevel,
    encodings: listOf(meta, columnMetaData.encodings).filter((code) => typeof code === 'number'),
    pageCounts: isWhole ? pageCountsOf(meta) : undefined,
  };
}

/** How many data pages have which encoding, where the footer says so. */
function pageCountsOf(meta: ThriftStruct): PageCount[] | undefined {
  if (meta.field(columnMetaData.encodingStats) === undefined) return undefined;
  const counts = new Map<number, number>();
  for (const item of listOf(meta, columnMetaData.encodingStats)) {
    if (!(item instanceof ThriftStruct)) return undefined;
    const [type, encoding, pages] = [1, 2, 3].map((id) => item.field(id)?.value);
    if (typeof encoding !== 'number' || typeof pages !== 'number') return undefined;
    if (type === DICTIONARY_PAGE) continue;
    // The two names of dictionary encoding are one.
    const known = encoding === PLAIN_DICTIONARY ? RLE_DICTIONARY : encoding;
    counts.set(known, (counts.get(known) ?? 0) + pages);
  }
  return [...counts].map(([encoding, pages]) => ({ encoding, pages }));
}

const DICTIONARY_PAGE = 2;
const PLAIN_DICTIONARY = 2;
const RLE_DICTIONARY = 8;

function listOf(meta: ThriftStruct, id: number): readonly ThriftValue[] {
  const list = meta.field(id)?.value;
  return typeof list === 'object' && 'kind' in list && list.kind === 'list' ? list.values : [];
}

function miniFooter(plan: MiniFilePlan, spans: readonly ChunkSpan[]): ThriftStruct {
  const { footer, numRows } = plan;
  const elements = prunedElements(footer, new Set(plan.leaves));
  const groups = plan.chunks.length === 0 ? [] : [miniRowGroup(plan, spans)];
  return footer.raw
    .only(fileMetaData.version, fileMetaData.createdBy)
    .with(
      structsField(fileMetaData.schema, elements),
      longField(fileMetaData.numRows, groups.length === 0 ? 0 : numRows),
      structsField(fileMetaData.rowGroups, groups),
    );
}

/** The schema elements of the wanted leaves and of the groups above them. */
function prunedElements(footer: ParquetFooter, wanted: ReadonlySet<number>): ThriftStruct[] {
  const list = footer.raw.field(fileMetaData.schema)?.value;
  if (typeof list !== 'object' || !('kind' in list) || list.kind !== 'list') {
    throw new InternalError({ message: 'a decoded footer has no schema' });
  }
  const visit = (node: SchemaNode, parent?: SchemaNode): ThriftStruct[] => {
    const element = at(list.values, node.elementIndex);
    if (!(element instanceof ThriftStruct)) {
      throw new InternalError({ message: 'a decoded schema element is no struct' });
    }
    if (node.leafIndex !== undefined) {
      if (!wanted.has(node.leafIndex)) return [];
      return [leafElement(element, at(footer.leaves, node.leafIndex))];
    }
    const children = node.children
      .map((child) => visit(child, node))
      .filter((elements) => elements.length > 0);
    if (children.length === 0 && node !== footer.schema) return [];
    const group = element.with(intField(schemaElement.numChildren, children.length));
    const members = children.flat();
    return isListOfLists(node, parent) ? [...inOwnGroup(group), ...members] : [group, ...members];
  };
  return visit(footer.schema);
}

/**
 * Whether a list's elements, themselves lists or maps, are the repeated group of the list, as old Spark and Hive
 * write it, without a group of their own.
 */
function isListOfLists({ repetition, logicalType }: SchemaNode, parent?: SchemaNode): boolean {
  const isNested = logicalType?.kind === 'list' || logicalType?.kind === 'map';
  return parent?.logicalType?.kind === 'list' && repetition === 'repeated' && isNested;
}

/** The decoder knows such elements only in a group of their own; a required one takes no level. */
function inOwnGroup(element: ThriftStruct): readonly ThriftStruct[] {
  const { numChildren, name, repetitionType } = schemaElement;
  const repetition = (of: Repetition): ThriftField =>
    intField(repetitionType, REPETITIONS.indexOf(of));
  const group = new ThriftStruct([
    repetition('repeated'),
    // Under some other names the group would be taken for a struct.
    { id: name, type: thriftType.binary, value: new TextEncoder().encode('list') },
    intField(numChildren, 1),
  ]);
  return [group, element.with(repetition('required'))];
}

/** INT96 is declared as 12 plain bytes: decoded as a timestamp it would wrap outside 1677 to 2262. */
function leafElement(element: ThriftStruct, leaf: LeafColumn): ThriftStruct {
  if (leaf.physicalType !== 'INT96') return element;
  const { convertedType, logicalType, typeLength, type } = schemaElement;
  return element
    .without(convertedType, logicalType)
    .with(intField(type, FIXED_LEN_BYTE_ARRAY), intField(typeLength, INT96_BYTES));
}

function miniRowGroup(plan: MiniFilePlan, spans: readonly ChunkSpan[]): ThriftStruct {
  const { footer, numRows } = plan;
  const chunks = plan.chunks.map((chunk, index) =>
    rawChunk(at(footer.leaves, chunk.leaf), chunk, at(spans, index)),
  );
  const bytes = plan.chunks.reduce((sum, { chunk }) => sum + chunk.uncompressedBytes, 0);
  return new ThriftStruct([
    structsField(rowGroup.columns, chunks),
    longField(rowGroup.totalByteSize, bytes),
    longField(rowGroup.numRows, numRows),
  ]);
}

function rawChunk(leaf: LeafColumn, mini: MiniChunk, { start, end }: ChunkSpan): ThriftStruct {
  const { chunk, dataPosition, numValues } = mini;
  const { dataPageOffset, dictionaryPageOffset, type, totalCompressedSize } = columnMetaData;
  const first = mini.pieces[0]?.start ?? chunk.start;
  const hasDictionary = first < dataPosition;
  const dictionaryBytes = hasDictionary ? dataPosition - first : 0;
  let meta = metadataOf(chunk)
    .only(...DECODED_FIELDS)
    .with(
      longField(dataPageOffset, start + dictionaryBytes),
      longField(totalCompressedSize, end - start),
      longField(columnMetaData.numValues, numValues),
    );
  if (hasDictionary) meta = meta.with(longField(dictionaryPageOffset, start));
  if (leaf.physicalType === 'INT96') meta = meta.with(intField(type, FIXED_LEN_BYTE_ARRAY));
  return new ThriftStruct([
    longField(columnChunk.fileOffset, 0),
    structField(columnChunk.metaData, meta),
  ]);
}

function metadataOf({ raw }: ChunkInfo): ThriftStruct {
  const meta = raw.field(columnChunk.metaData)?.value;
  if (meta instanceof ThriftStruct) return meta;
  throw new InternalError({ message: 'a chunk that can be read has no metadata' });
}

const FIXED_LEN_BYTE_ARRAY = PHYSICAL_TYPES.indexOf('FIXED_LEN_BYTE_ARRAY');

const DECODED_FIELDS = [
  columnMetaData.type,
  columnMetaData.encodings,
  columnMetaData.pathInSchema,
  columnMetaData.codec,
  columnMetaData.totalUncompressedSize,
] as const;

function offsetOf(meta: ThriftStruct, id: number): number {
  const value = meta.field(id)?.value;
  return typeof value === 'bigint' ? Number(value) : 0;
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new InternalError({ message: 'a column index is out of range' });
  return item;
}
