/** What a checkpoint of a version will hold, decided without reading or writing. PROTOCOL.md "Checkpoints". */
import { UnsupportedFeatureError } from '../errors.js';
import type {
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
  StringMap,
} from './actions.js';
import { READER_FEATURES_VERSION, WRITER_FEATURES_VERSION } from './protocol-shape.js';
import { type CompressionCodec, tableProperties } from './table-properties.js';

/** The state that is to be written down. */
export interface CheckpointInput {
  readonly version: number;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  /** Without those that have expired. */
  readonly transactions: Iterable<SetTransaction>;
  readonly domains: Iterable<DomainMetadata>;
}

export interface CheckpointPlan {
  readonly version: number;
  readonly codec: CompressionCodec;
  /** The rows that are neither adds nor removes, one action each. */
  readonly few: readonly FewRow[];
  /** Whether a tombstone still protects a file, so that it must be in the checkpoint. */
  keepsTombstone(remove: RemoveFile): boolean;
}

/** One row: the column and its value. */
export type FewRow =
  | { readonly column: 'protocol'; readonly value: Protocol }
  | { readonly column: 'metaData'; readonly value: Metadata }
  | { readonly column: 'txn'; readonly value: SetTransaction }
  | { readonly column: 'domainMetadata'; readonly value: DomainMetadata };

const CODEC_PROPERTY = 'delta.parquet.compression.codec';

/**
 * Plans a checkpoint.
 * @param nowMs - decides which tombstones have expired
 * @throws UnsupportedFeatureError when the table wants its statistics as a struct, which is not written yet: a
 * checkpoint without them would break the table's own rule
 * @throws InvalidArgumentError for a property that is not understood
 */
export function planCheckpoint(input: CheckpointInput, nowMs: number): CheckpointPlan {
  const { configuration } = input.metadata;
  const properties = tableProperties(configuration);
  if (!properties.checkpointWriteStatsAsJson) {
    throw refused('delta.checkpoint.writeStatsAsJson=false');
  }
  if (properties.checkpointWriteStatsAsStruct === true) {
    throw refused('delta.checkpoint.writeStatsAsStruct=true');
  }
  const oldestMs = nowMs - properties.deletedFileRetentionMs;
  return {
    version: input.version,
    codec: codecOf(configuration),
    few: [
      { column: 'protocol', value: withLists(input.protocol) },
      { column: 'metaData', value: input.metadata },
      ...Array.from(input.transactions, (value) => ({ column: 'txn', value }) as const),
      ...Array.from(input.domains, (value) => ({ column: 'domainMetadata', value }) as const),
    ],
    keepsTombstone: ({ deletionTimestamp = 0 }) => deletionTimestamp > oldestMs,
  };
}

/** Snappy where the table does not say otherwise: every reader of a log opens every checkpoint whole. */
function codecOf(configuration: StringMap): CompressionCodec {
  const isSet = (configuration.get(CODEC_PROPERTY) ?? undefined) !== undefined;
  return isSet ? tableProperties(configuration).compressionCodec : 'snappy';
}

/** Feature lists are in a checkpoint exactly when the versions ask for them. */
function withLists(protocol: Protocol): Protocol {
  const { minReaderVersion, minWriterVersion, readerFeatures = [], writerFeatures = [] } = protocol;
  return {
    minReaderVersion,
    minWriterVersion,
    readerFeatures: minReaderVersion === READER_FEATURES_VERSION ? readerFeatures : undefined,
    writerFeatures: minWriterVersion === WRITER_FEATURES_VERSION ? writerFeatures : undefined,
  };
}

function refused(property: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `varve cannot write the checkpoint that ${property} asks for`,
    features: [property],
    side: 'write',
    remedy: 'let another engine write checkpoints of this table, or unset the property',
  });
}
