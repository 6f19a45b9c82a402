/** Row groups and column chunks of a footer: where their bytes lie, and what their statistics may be used for. */
import {
  columnChunk,
  columnMetaData,
  rowGroup,
  statistics as statisticsField,
} from './footer-fields.js';
import {
  type ChunkInfo,
  type ChunkStatistics,
  COMPRESSION_CODECS,
  type LeafColumn,
  PHYSICAL_TYPES,
  type RowGroupInfo,
} from './footer-types.js';
import type { ThriftView } from './thrift-view.js';

/** What a row group is checked against. */
export interface RowGroupContext {
  readonly leaves: readonly LeafColumn[];
  /** The footer's column orders, one a leaf, or none at all. */
  readonly orders: readonly ThriftView[];
  /** No chunk reaches beyond it. */
  readonly footerStart: number;
}

/** @throws CorruptDataError when chunks are missing or lie outside the file */
export function decodeRowGroupInfo(group: ThriftView, context: RowGroupContext): RowGroupInfo {
  const chunks = group.structs(rowGroup.columns, 'RowGroup.columns');
  if (chunks.length !== context.leaves.length) {
    group.fail('a row group has not one chunk for each column', 'RowGroup.columns');
  }
  return {
    numRows: group.count(rowGroup.numRows, 'RowGroup.num_rows'),
    totalByteSize: group.count(rowGroup.totalByteSize, 'RowGroup.total_byte_size'),
    chunks: context.leaves.map((leaf, index) => {
      const chunk = chunks[index];
      if (chunk === undefined) return group.fail('a chunk is missing', 'RowGroup.columns');
      return decodeChunk(chunk, leaf, isOrdered(context.orders[index]), context.footerStart);
    }),
    raw: group.struct,
  };
}

function decodeChunk(
  chunk: ThriftView,
  leaf: LeafColumn,
  ordered: boolean,
  footerStart: number,
): ChunkInfo {
  const meta = chunk.optionalStruct(columnChunk.metaData, 'ColumnChunk.meta_data');
  const refusal = refusalOf(chunk);
  if (meta === undefined) {
    // An encrypted column may keep its metadata encrypted too.
    if (refusal === undefined) chunk.fail('a chunk has no metadata', 'ColumnChunk.meta_data');
    const nothing = { start: 0, end: 0, numValues: 0, uncompressedBytes: 0 };
    return {
      ...nothing,
      codec: 'UNCOMPRESSED',
      statistics: undefined,
      refusal,
      hasOrder: false,
      raw: chunk.struct,
    };
  }
  checkColumn(meta, leaf);
  const start = chunkStart(meta);
  const end = start + meta.count(columnMetaData.totalCompressedSize, 'total_compressed_size');
  if (refusal === undefined && end > footerStart) {
    meta.fail('a chunk reaches beyond the data', 'total_compressed_size');
  }
  const codec = meta.int(columnMetaData.codec, 'ColumnMetaData.codec');
  const given = meta.optionalStruct(columnMetaData.statistics, 'ColumnMetaData.statistics');
  return {
    start,
    end,
    codec: COMPRESSION_CODECS[codec] ?? `CODEC_${codec}`,
    numValues: meta.count(columnMetaData.numValues, 'ColumnMetaData.num_values'),
    uncompressedBytes: meta.count(columnMetaData.totalUncompressedSize, 'total_uncompressed_size'),
    statistics: given && decodeStatistics(given, leaf, ordered),
    hasOrder: ordered && hasOrder(leaf),
    refusal,
    raw: chunk.struct,
  };
}

/** The footer says each column's name and type twice: where the two differ, one of them is damaged. */
function checkColumn(meta: ThriftView, leaf: LeafColumn): void {
  const type = meta.int(columnMetaData.type, 'ColumnMetaData.type');
  if (PHYSICAL_TYPES[type] !== leaf.physicalType) {
    meta.fail("a chunk is not of its column's type", 'ColumnMetaData.type');
  }
  const path = meta.texts(columnMetaData.pathInSchema, 'ColumnMetaData.path_in_schema');
  const isSame =
    path.length === leaf.path.length && path.every((name, at) => name === leaf.path[at]);
  if (!isSame) meta.fail('a chunk is of another column', 'ColumnMetaData.path_in_schema');
}

function refusalOf(chunk: ThriftView): ChunkInfo['refusal'] {
  if (chunk.has(columnChunk.cryptoMetadata)) return 'encrypted column';
  const path = chunk.optionalBytes(columnChunk.filePath, 'ColumnChunk.file_path');
  return path !== undefined && path.length > 0 ? 'external column file' : undefined;
}

function chunkStart(meta: ThriftView): number {
  const data = meta.count(columnMetaData.dataPageOffset, 'data_page_offset');
  const dictionary = meta.optionalCount(
    columnMetaData.dictionaryPageOffset,
    'dictionary_page_offset',
  );
  // Some writers put 0 there when a chunk has no dictionary.
  return dictionary !== undefined && dictionary > 0 && dictionary < data ? dictionary : data;
}

/** Whether the bounds follow the order that the type defines: parquet.thrift's `TypeDefinedOrder`. */
function isOrdered(order: ThriftView | undefined): boolean {
  return order?.struct.fields[0]?.id === 1;
}

function decodeStatistics(given: ThriftView, leaf: LeafColumn, ordered: boolean): ChunkStatistics {
  const defined = ordered && hasOrder(leaf);
  const useOld = hasSignedOrder(leaf);
  const bound = (value: number, old: number, name: string): Uint8Array | undefined =>
    (defined ? given.optionalBytes(value, name) : undefined) ??
    (useOld ? given.optionalBytes(old, name) : undefined);
  return {
    min: bound(statisticsField.minValue, statisticsField.min, 'Statistics.min'),
    max: bound(statisticsField.maxValue, statisticsField.max, 'Statistics.max'),
    isMinExact: given.optionalBool(statisticsField.isMinValueExact, 'is_min_value_exact') ?? false,
    isMaxExact: given.optionalBool(statisticsField.isMaxValueExact, 'is_max_value_exact') ?? false,
    nullCount: given.optionalCount(statisticsField.nullCount, 'Statistics.null_count'),
  };
}

function hasOrder({ physicalType, logicalType }: LeafColumn): boolean {
  return physicalType !== 'INT96' && logicalType?.kind !== 'interval';
}

/** The deprecated bounds were compared as signed numbers; for bytes and unsigned numbers they mean nothing. */
function hasSignedOrder({ physicalType, logicalType }: LeafColumn): boolean {
  if (logicalType?.kind === 'integer' && !logicalType.isSigned) return false;
  return ['INT32', 'INT64', 'FLOAT', 'DOUBLE'].includes(physicalType);
}
