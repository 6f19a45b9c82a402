/** The few rows of a checkpoint that are not files, and its tombstones, as actions. */
import type {
  CheckpointMetadata,
  DeletionVectorDescriptor,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
  Sidecar,
} from './actions.js';
import { NO_COLUMNS } from './decode-action.js';
import type { StructColumn } from './struct-column.js';

const NO_ENTRIES = new Map<string, string | null>();

export function protocolAt(column: StructColumn, row: number): Protocol {
  const minReaderVersion = column.int(row, 'minReaderVersion');
  const minWriterVersion = column.int(row, 'minWriterVersion');
  return {
    minReaderVersion: column.required(minReaderVersion, row, 'minReaderVersion'),
    minWriterVersion: column.required(minWriterVersion, row, 'minWriterVersion'),
    readerFeatures:
      minReaderVersion === 3 ? (column.texts(row, 'readerFeatures') ?? []) : undefined,
    writerFeatures:
      minWriterVersion === 7 ? (column.texts(row, 'writerFeatures') ?? []) : undefined,
  };
}

export function metadataAt(column: StructColumn, row: number): Metadata {
  const format = column.struct(row, 'format');
  return {
    id: column.required(column.text(row, 'id'), row, 'id'),
    name: column.text(row, 'name'),
    description: column.text(row, 'description'),
    format: {
      provider: format?.text(row, 'provider') ?? 'parquet',
      options: format?.map(row, 'options') ?? NO_ENTRIES,
    },
    schemaString: column.text(row, 'schemaString') ?? NO_COLUMNS,
    partitionColumns: column.texts(row, 'partitionColumns') ?? [],
    configuration: column.map(row, 'configuration') ?? NO_ENTRIES,
    createdTime: column.number(row, 'createdTime'),
  };
}

export function transactionAt(column: StructColumn, row: number): SetTransaction {
  return {
    appId: column.required(column.text(row, 'appId'), row, 'appId'),
    version: column.required(column.long(row, 'version'), row, 'version'),
    lastUpdated: column.number(row, 'lastUpdated'),
  };
}

export function domainAt(column: StructColumn, row: number): DomainMetadata {
  return {
    domain: column.required(column.text(row, 'domain'), row, 'domain'),
    configuration: column.text(row, 'configuration') ?? '',
    removed: column.flag(row, 'removed') ?? false,
  };
}

export function checkpointMetadataAt(column: StructColumn, row: number): CheckpointMetadata {
  return { version: column.required(column.number(row, 'version'), row, 'version') };
}

export function sidecarAt(column: StructColumn, row: number): Sidecar {
  return {
    path: column.required(column.text(row, 'path'), row, 'path'),
    sizeInBytes: column.required(column.number(row, 'sizeInBytes'), row, 'sizeInBytes'),
  };
}

export function tombstoneAt(column: StructColumn, row: number): RemoveFile {
  const vector = column.struct(row, 'deletionVector');
  return {
    path: column.required(column.text(row, 'path'), row, 'path'),
    deletionTimestamp: column.number(row, 'deletionTimestamp'),
    dataChange: column.flag(row, 'dataChange') ?? false,
    extendedFileMetadata: column.flag(row, 'extendedFileMetadata'),
    partitionValues: column.map(row, 'partitionValues'),
    size: column.number(row, 'size'),
    deletionVector: vector === undefined ? undefined : deletionVectorAt(vector, row),
    baseRowId: column.long(row, 'baseRowId'),
    defaultRowCommitVersion: column.long(row, 'defaultRowCommitVersion'),
  };
}

export function deletionVectorAt(column: StructColumn, row: number): DeletionVectorDescriptor {
  return {
    storageType: column.required(column.text(row, 'storageType'), row, 'storageType'),
    pathOrInlineDv: column.required(column.text(row, 'pathOrInlineDv'), row, 'pathOrInlineDv'),
    offset: column.int(row, 'offset'),
    sizeInBytes: column.required(column.int(row, 'sizeInBytes'), row, 'sizeInBytes'),
    cardinality: column.required(column.number(row, 'cardinality'), row, 'cardinality'),
  };
}
