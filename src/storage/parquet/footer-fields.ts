/** Field ids of parquet.thrift's structs, as far as Varve reads or rewrites them. */

export const fileMetaData = {
  version: 1,
  schema: 2,
  numRows: 3,
  rowGroups: 4,
  keyValueMetadata: 5,
  createdBy: 6,
  columnOrders: 7,
  encryptionAlgorithm: 8,
} as const;

export const keyValue = { key: 1, value: 2 } as const;

export const schemaElement = {
  type: 1,
  typeLength: 2,
  repetitionType: 3,
  name: 4,
  numChildren: 5,
  convertedType: 6,
  scale: 7,
  precision: 8,
  fieldId: 9,
  logicalType: 10,
} as const;

export const rowGroup = {
  columns: 1,
  totalByteSize: 2,
  numRows: 3,
  sortingColumns: 4,
  fileOffset: 5,
  totalCompressedSize: 6,
  ordinal: 7,
} as const;

export const columnChunk = {
  filePath: 1,
  fileOffset: 2,
  metaData: 3,
  offsetIndexOffset: 4,
  offsetIndexLength: 5,
  columnIndexOffset: 6,
  columnIndexLength: 7,
  cryptoMetadata: 8,
} as const;

export const columnMetaData = {
  type: 1,
  encodings: 2,
  pathInSchema: 3,
  codec: 4,
  numValues: 5,
  totalUncompressedSize: 6,
  totalCompressedSize: 7,
  dataPageOffset: 9,
  indexPageOffset: 10,
  dictionaryPageOffset: 11,
  statistics: 12,
  encodingStats: 13,
  bloomFilterOffset: 14,
  bloomFilterLength: 15,
} as const;

export const pageEncodingStats = { pageType: 1, encoding: 2, count: 3 } as const;

export const statistics = {
  max: 1,
  min: 2,
  nullCount: 3,
  maxValue: 5,
  minValue: 6,
  isMaxValueExact: 7,
  isMinValueExact: 8,
} as const;

export const offsetIndex = { pageLocations: 1 } as const;

export const pageLocation = { offset: 1, compressedPageSize: 2, firstRowIndex: 3 } as const;

export const columnIndex = {
  nullPages: 1,
  minValues: 2,
  maxValues: 3,
  boundaryOrder: 4,
  nullCounts: 5,
} as const;

export const pageHeader = {
  type: 1,
  uncompressedPageSize: 2,
  compressedPageSize: 3,
  crc: 4,
  dataPageHeader: 5,
  dictionaryPageHeader: 7,
  dataPageHeaderV2: 8,
} as const;
