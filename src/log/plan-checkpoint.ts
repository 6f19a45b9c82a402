/** What a checkpoint of a version will hold, decided without reading or writing. PROTOCOL.md "Checkpoints". */

import type {
  CheckpointMetadata,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
  Sidecar,
  StringMap,
} from './actions.js';
import { type AddLayout, addLayout } from './add-layout.js';
import { impliedFeatures } from './protocol.js';
import { protocolLists } from './protocol-shape.js';
import type { StructType } from './schema/types.js';
import { type CompressionCodec, tableProperties } from './table-properties.js';

/** The state that is to be written down. */
export interface CheckpointInput {
  readonly version: number;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  readonly schema: StructType;
  /** Without those that have expired. */
  readonly transactions: Iterable<SetTransaction>;
  readonly domains: readonly DomainMetadata[];
}

export interface CheckpointPlan {
  readonly version: number;
  /** `v2`: a file named by a UUID, with the files of the table in sidecars. */
  readonly kind: 'classic' | 'v2';
  readonly codec: CompressionCodec;
  readonly layout: AddLayout;
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
  | { readonly column: 'domainMetadata'; readonly value: DomainMetadata }
  | { readonly column: 'checkpointMetadata'; readonly value: CheckpointMetadata }
  | { readonly column: 'sidecar'; readonly value: Sidecar };

const CODEC_PROPERTY = 'delta.parquet.compression.codec';

/**
 * Plans a checkpoint.
 * @param nowMs - decides which tombstones have expired
 * @throws InvalidArgumentError for a property that is not understood
 */
export function planCheckpoint(input: CheckpointInput, nowMs: number): CheckpointPlan {
  const { configuration } = input.metadata;
  const properties = tableProperties(configuration);
  const isV2 =
    properties.checkpointPolicy === 'v2' &&
    impliedFeatures(input.protocol).includes('v2Checkpoint');
  const oldestMs = nowMs - properties.deletedFileRetentionMs;
  return {
    version: input.version,
    kind: isV2 ? 'v2' : 'classic',
    layout: addLayout(input),
    codec: codecOf(configuration),
    few: [
      { column: 'protocol', value: protocolLists(input.protocol) },
      { column: 'metaData', value: input.metadata },
      ...(isV2
        ? [{ column: 'checkpointMetadata', value: { version: input.version } } as const]
        : []),
      ...Array.from(input.transactions, (value) => ({ column: 'txn', value }) as const),
      ...Array.from(input.domains, (value) => ({ column: 'domainMetadata', value }) as const),
    ],
    keepsTombstone: ({ deletionTimestamp = -Infinity }) => deletionTimestamp > oldestMs,
  };
}

/** Snappy where the table does not say otherwise: every reader of a log opens every checkpoint whole. */
function codecOf(configuration: StringMap): CompressionCodec {
  const isSet = (configuration.get(CODEC_PROPERTY) ?? undefined) !== undefined;
  return isSet ? tableProperties(configuration).compressionCodec : 'snappy';
}
