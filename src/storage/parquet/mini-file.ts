/**
 * One row group's wanted chunks as a whole small Parquet file of their own, which parquet-wasm can decode.
 *
 * Its footer says only what decoding needs: no statistics, page indexes or bloom filters (their offsets would be
 * wrong) and no `ARROW:schema` (it describes the whole file, and would overrule the schema written here).
 */
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
  type LeafColumn,
  type ParquetFooter,
  PHYSICAL_TYPES,
  type RowGroupInfo,
  type SchemaNode,
} from './footer-types.js';
import { ThriftStruct } from './thrift.js';

/** Bytes of an INT96: nanoseconds of the day (8, little-endian), then the Julian day (4). */
export const INT96_BYTES = 12;

/** Which leaves of which row group. */
export interface MiniFilePlan {
  readonly footer: ParquetFooter;
  readonly group: RowGroupInfo;
  /** Indexes into the footer's leaves, ascending, at least one. */
  readonly leaves: readonly number[];
}

/** Where the chunks of these leaves lie in the file: one range for each, or none when the row group has no rows. */
export function chunkRanges(group: RowGroupInfo, leaves: readonly number[]): ByteRange[] {
  // Without rows only the schema is decoded, which is in the footer.
  if (group.numRows === 0) return [];
  return leaves.map((leaf) => {
    const { start, end } = at(group.chunks, leaf);
    return { start, end };
  });
}

/**
 * Builds the small file.
 * @param chunks - the bytes of the leaves' {@link chunkRanges}; copied
 * @returns bytes that own their buffer
 */
export function buildMiniFile(plan: MiniFilePlan, chunks: readonly Uint8Array[]): Uint8Array {
  const starts: number[] = [];
  let offset = PARQUET_MAGIC.length;
  for (const chunk of chunks) {
    starts.push(offset);
    offset += chunk.length;
  }
  const footer = encodeFooter(miniFooter(plan, starts));
  const file = new Uint8Array(offset + footer.length);
  file.set(PARQUET_MAGIC);
  for (const [index, chunk] of chunks.entries()) file.set(chunk, at(starts, index));
  file.set(footer, offset);
  return file;
}

function miniFooter(plan: MiniFilePlan, starts: readonly number[]): ThriftStruct {
  const { footer, group } = plan;
  const elements = prunedElements(footer, new Set(plan.leaves));
  const groups = group.numRows === 0 ? [] : [miniRowGroup(plan, starts)];
  return footer.raw
    .only(fileMetaData.version, fileMetaData.createdBy)
    .with(
      structsField(fileMetaData.schema, elements),
      longField(fileMetaData.numRows, group.numRows),
      structsField(fileMetaData.rowGroups, groups),
    );
}

/** The schema elements of the wanted leaves and of the groups above them. */
function prunedElements(footer: ParquetFooter, wanted: ReadonlySet<number>): ThriftStruct[] {
  const list = footer.raw.field(fileMetaData.schema)?.value;
  if (typeof list !== 'object' || !('kind' in list) || list.kind !== 'list') {
    throw new InternalError({ message: 'a decoded footer has no schema' });
  }
  const visit = (node: SchemaNode): ThriftStruct[] => {
    const element = at(list.values, node.elementIndex);
    if (!(element instanceof ThriftStruct)) {
      throw new InternalError({ message: 'a decoded schema element is no struct' });
    }
    if (node.leafIndex !== undefined) {
      if (!wanted.has(node.leafIndex)) return [];
      return [leafElement(element, at(footer.leaves, node.leafIndex))];
    }
    const children = node.children.map(visit).filter((elements) => elements.length > 0);
    if (children.length === 0 && node !== footer.schema) return [];
    const group = element.with(intField(schemaElement.numChildren, children.length));
    return [group, ...children.flat()];
  };
  return visit(footer.schema);
}

/** INT96 is declared as 12 plain bytes: decoded as a timestamp it would wrap outside 1677 to 2262. */
function leafElement(element: ThriftStruct, leaf: LeafColumn): ThriftStruct {
  if (leaf.physicalType !== 'INT96') return element;
  const { convertedType, logicalType, typeLength, type } = schemaElement;
  return element
    .without(convertedType, logicalType)
    .with(intField(type, FIXED_LEN_BYTE_ARRAY), intField(typeLength, INT96_BYTES));
}

function miniRowGroup(plan: MiniFilePlan, starts: readonly number[]): ThriftStruct {
  const { footer, group, leaves } = plan;
  const chunks = leaves.map((leaf, index) =>
    miniChunk(plan, { leaf: at(footer.leaves, leaf), index: leaf, start: at(starts, index) }),
  );
  const bytes = leaves.reduce((sum, leaf) => sum + at(group.chunks, leaf).uncompressedBytes, 0);
  return new ThriftStruct([
    structsField(rowGroup.columns, chunks),
    longField(rowGroup.totalByteSize, bytes),
    longField(rowGroup.numRows, group.numRows),
  ]);
}

interface ChunkPlace {
  readonly leaf: LeafColumn;
  readonly index: number;
  /** Where the chunk begins in the small file. */
  readonly start: number;
}

function miniChunk({ group }: MiniFilePlan, { leaf, index, start }: ChunkPlace): ThriftStruct {
  const chunk = at(group.chunks, index);
  const original = chunk.raw.field(columnChunk.metaData)?.value;
  if (!(original instanceof ThriftStruct)) {
    throw new InternalError({ message: 'a chunk that can be read has no metadata' });
  }
  const { dataPageOffset, dictionaryPageOffset, type } = columnMetaData;
  const moved = start - chunk.start;
  let meta = original
    .only(...DECODED_FIELDS)
    .with(longField(dataPageOffset, offsetOf(original, dataPageOffset) + moved));
  const dictionary = offsetOf(original, dictionaryPageOffset);
  if (dictionary >= chunk.start && dictionary > 0) {
    meta = meta.with(longField(dictionaryPageOffset, dictionary + moved));
  }
  if (leaf.physicalType === 'INT96') meta = meta.with(intField(type, FIXED_LEN_BYTE_ARRAY));
  return new ThriftStruct([
    longField(columnChunk.fileOffset, 0),
    structField(columnChunk.metaData, meta),
  ]);
}

const FIXED_LEN_BYTE_ARRAY = PHYSICAL_TYPES.indexOf('FIXED_LEN_BYTE_ARRAY');

const DECODED_FIELDS = [
  columnMetaData.type,
  columnMetaData.encodings,
  columnMetaData.pathInSchema,
  columnMetaData.codec,
  columnMetaData.numValues,
  columnMetaData.totalUncompressedSize,
  columnMetaData.totalCompressedSize,
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
