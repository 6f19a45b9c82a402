/** What a Parquet footer says, in the words the rest of Varve uses. */
import type { ThriftStruct } from './thrift.js';

/** How a leaf is stored, in the order of parquet.thrift's `Type`. */
export const PHYSICAL_TYPES = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
] as const;
export type PhysicalType = (typeof PHYSICAL_TYPES)[number];

export const REPETITIONS = ['required', 'optional', 'repeated'] as const;
export type Repetition = (typeof REPETITIONS)[number];

/** In the order of parquet.thrift's `CompressionCodec`. */
export const COMPRESSION_CODECS = [
  'UNCOMPRESSED',
  'SNAPPY',
  'GZIP',
  'LZO',
  'BROTLI',
  'LZ4',
  'ZSTD',
  'LZ4_RAW',
] as const;

export type TimeUnit = 'millis' | 'micros' | 'nanos';

/** What a column means: the logical type, or the older converted type put into the same words. */
export type LogicalType =
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'timestamp' | 'time'; readonly unit: TimeUnit; readonly isUtc: boolean }
  | { readonly kind: 'integer'; readonly bitWidth: number; readonly isSigned: boolean }
  | { readonly kind: PlainLogicalKind };

export type PlainLogicalKind =
  | 'string'
  | 'map'
  | 'list'
  | 'enum'
  | 'date'
  | 'null'
  | 'json'
  | 'bson'
  | 'uuid'
  | 'float16'
  | 'variant'
  | 'geometry'
  | 'geography'
  | 'interval'
  | 'unknown';

/** One node of the schema tree. The root is the message itself. */
export interface SchemaNode {
  /** The file's own (physical) name; may be empty, odd, or the same as a sibling's. */
  readonly name: string;
  readonly repetition: Repetition;
  readonly fieldId: number | undefined;
  readonly logicalType: LogicalType | undefined;
  /** Fields of a group; empty for a leaf. */
  readonly children: readonly SchemaNode[];
  /** The leaf's index in {@link ParquetFooter.leaves}; undefined for a group. */
  readonly leafIndex: number | undefined;
  /** The node's place in the footer's flat list of schema elements. */
  readonly elementIndex: number;
}

/** One leaf column: what a row group holds one chunk of. */
export interface LeafColumn {
  /** Names from below the root down to the leaf, with the groups of lists and maps. */
  readonly path: readonly string[];
  readonly physicalType: PhysicalType;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  readonly typeLength: number | undefined;
  readonly logicalType: LogicalType | undefined;
  readonly fieldId: number | undefined;
  readonly maxDefinitionLevel: number;
  /** Above 0 when the leaf lies under a list or map. */
  readonly maxRepetitionLevel: number;
}

/**
 * A chunk's statistics as raw bytes of the physical type. Only bounds whose order is defined are given: none for
 * INT96, none of the deprecated pair where its signed order is not the type's, none without a column order.
 */
export interface ChunkStatistics {
  readonly min: Uint8Array | undefined;
  readonly max: Uint8Array | undefined;
  /** Whether the writer says that the bound is a value of the column, not a shortened one. */
  readonly isMinExact: boolean;
  readonly isMaxExact: boolean;
  readonly nullCount: number | undefined;
}

/** One leaf's values in one row group. */
export interface ChunkInfo {
  /** First byte of the chunk, its dictionary page included. */
  readonly start: number;
  /** The byte after the chunk. */
  readonly end: number;
  /** The codec's name in parquet.thrift, or `CODEC_<number>` for one that we do not know. */
  readonly codec: string;
  /** Values and nulls; more than the rows under a list or map. */
  readonly numValues: number;
  readonly uncompressedBytes: number;
  readonly statistics: ChunkStatistics | undefined;
  /** Whether bounds of the values follow the order that the type defines. */
  readonly hasOrder: boolean;
  /** Why the chunk cannot be read at all: it is encrypted, or lies in another file. */
  readonly refusal: 'encrypted column' | 'external column file' | undefined;
  /** The chunk's `ColumnChunk` struct. */
  readonly raw: ThriftStruct;
}

export interface RowGroupInfo {
  readonly numRows: number;
  /** Uncompressed bytes of all chunks, as the writer says. */
  readonly totalByteSize: number;
  /** One for each of {@link ParquetFooter.leaves}, in that order. */
  readonly chunks: readonly ChunkInfo[];
  /** The `RowGroup` struct. */
  readonly raw: ThriftStruct;
}

export interface ParquetFooter {
  /** The object it was read from, for errors. */
  readonly key: string;
  readonly numRows: number;
  readonly schema: SchemaNode;
  readonly leaves: readonly LeafColumn[];
  readonly rowGroups: readonly RowGroupInfo[];
  readonly keyValue: ReadonlyMap<string, string>;
  readonly createdBy: string | undefined;
  /** The `FileMetaData` struct, with every field the writer put there. */
  readonly raw: ThriftStruct;
}
