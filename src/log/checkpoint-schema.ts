/** The columns of a classic checkpoint, PROTOCOL.md "Checkpoint Schema": what is looked for, and what is written. */
import type { ArrayType, DataType, MapType, StructField, StructType } from './schema/types.js';

const TEXTS: ArrayType = { type: 'array', elementType: 'string', containsNull: true };
const TEXT_MAP: MapType = {
  type: 'map',
  keyType: 'string',
  valueType: 'string',
  valueContainsNull: true,
};

export const DELETION_VECTOR: StructType = struct({
  storageType: 'string',
  pathOrInlineDv: 'string',
  offset: 'integer',
  sizeInBytes: 'integer',
  cardinality: 'long',
});

/** What a scan needs of `add`: loaded when the table is opened. */
export const SCANNED_ADD: StructType = struct({
  path: 'string',
  partitionValues: TEXT_MAP,
  size: 'long',
  modificationTime: 'long',
  deletionVector: DELETION_VECTOR,
  stats: 'string',
});

/** The part of it that may be decoded later. */
export const STATS_OF_ADD: StructType = struct({ stats: 'string' });

/** What only a copy of the action needs: loaded when somebody asks for it. */
export const REST_OF_ADD: StructType = struct({
  tags: TEXT_MAP,
  baseRowId: 'long',
  defaultRowCommitVersion: 'long',
  clusteringProvider: 'string',
});

export const ADD: StructType = struct({
  path: 'string',
  partitionValues: TEXT_MAP,
  size: 'long',
  modificationTime: 'long',
  dataChange: 'boolean',
  tags: TEXT_MAP,
  deletionVector: DELETION_VECTOR,
  baseRowId: 'long',
  defaultRowCommitVersion: 'long',
  clusteringProvider: 'string',
  stats: 'string',
});

/** A tombstone: without the statistics and tags that a `remove` of a commit has. */
export const REMOVE: StructType = struct({
  path: 'string',
  deletionTimestamp: 'long',
  dataChange: 'boolean',
  extendedFileMetadata: 'boolean',
  partitionValues: TEXT_MAP,
  size: 'long',
  deletionVector: DELETION_VECTOR,
  baseRowId: 'long',
  defaultRowCommitVersion: 'long',
});

export const METADATA: StructType = struct({
  id: 'string',
  name: 'string',
  description: 'string',
  format: struct({ provider: 'string', options: TEXT_MAP }),
  schemaString: 'string',
  partitionColumns: TEXTS,
  configuration: TEXT_MAP,
  createdTime: 'long',
});

export const PROTOCOL: StructType = struct({
  minReaderVersion: 'integer',
  minWriterVersion: 'integer',
  readerFeatures: TEXTS,
  writerFeatures: TEXTS,
});

export const TRANSACTION: StructType = struct({
  appId: 'string',
  version: 'long',
  lastUpdated: 'long',
});

export const DOMAIN_METADATA: StructType = struct({
  domain: 'string',
  configuration: 'string',
  removed: 'boolean',
});

export const CHECKPOINT_METADATA: StructType = struct({ version: 'long' });

export const SIDECAR: StructType = struct({ path: 'string', sizeInBytes: 'long' });

/** The whole checkpoint, in the order Spark writes it. */
export const CHECKPOINT: StructType = struct({
  txn: TRANSACTION,
  add: ADD,
  remove: REMOVE,
  metaData: METADATA,
  protocol: PROTOCOL,
  domainMetadata: DOMAIN_METADATA,
});

/** The file of a v2 checkpoint that names the others. */
export const V2_TOP: StructType = struct({
  ...Object.fromEntries(CHECKPOINT.fields.map(({ name, type }) => [name, type])),
  checkpointMetadata: struct({ version: 'long', tags: TEXT_MAP }),
  sidecar: struct({
    path: 'string',
    sizeInBytes: 'long',
    modificationTime: 'long',
    tags: TEXT_MAP,
  }),
});

/** A sidecar of a v2 checkpoint. */
export const SIDECAR_FILE: StructType = struct({ add: ADD, remove: REMOVE });

/** Columns of `add` that hold what other columns hold in another form; made anew by whoever writes them. */
export const PARSED_COLUMNS: ReadonlySet<string> = new Set([
  'stats_parsed',
  'partitionValues_parsed',
]);

/** A struct whose fields are all nullable: in every row all actions but one are null. */
export function struct(fields: Readonly<Record<string, DataType>>): StructType {
  return {
    type: 'struct',
    fields: Object.entries(fields).map(([name, type]) => field(name, type)),
  };
}

/** A nullable field without metadata. */
export function field(name: string, type: DataType): StructField {
  return { name, type, nullable: true, metadata: {} };
}
