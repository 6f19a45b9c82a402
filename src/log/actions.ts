/** The actions of the transaction log, as PROTOCOL.md section "Actions" defines them. */
import type { Json } from './json.js';

/** String keys to string or null; a Map, because a column may be named `__proto__`. */
export type StringMap = ReadonlyMap<string, string | null>;

/** PROTOCOL.md "Change Metadata". */
export interface Metadata {
  readonly id: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly format: { readonly provider: string; readonly options: StringMap };
  /** The schema's JSON text, as it was read. */
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: StringMap;
  readonly createdTime?: number | undefined;
}

/** PROTOCOL.md "Protocol Evolution". Feature lists are present exactly when the version is 3 (reader) or 7 (writer). */
export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[] | undefined;
  readonly writerFeatures?: readonly string[] | undefined;
}

/** PROTOCOL.md "Deletion Vectors". Copied byte for byte whenever a file is added or removed again. */
export interface DeletionVectorDescriptor {
  readonly storageType: string;
  readonly pathOrInlineDv: string;
  readonly offset?: number | undefined;
  readonly sizeInBytes: number;
  readonly cardinality: number;
}

/** PROTOCOL.md "Add File and Remove File". `path` is URI-encoded exactly as it was read. */
export interface AddFile {
  readonly path: string;
  readonly partitionValues: StringMap;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modificationTime: number;
  readonly dataChange: boolean;
  /** JSON text; absent when there is none. */
  readonly stats?: string | undefined;
  readonly tags?: StringMap | undefined;
  readonly deletionVector?: DeletionVectorDescriptor | undefined;
  readonly baseRowId?: bigint | undefined;
  readonly defaultRowCommitVersion?: bigint | undefined;
  readonly clusteringProvider?: string | undefined;
}

export interface RemoveFile {
  readonly path: string;
  /** Milliseconds since 1970; without it the tombstone has already expired. */
  readonly deletionTimestamp?: number | undefined;
  readonly dataChange: boolean;
  readonly extendedFileMetadata?: boolean | undefined;
  readonly partitionValues?: StringMap | undefined;
  readonly size?: number | undefined;
  readonly stats?: string | undefined;
  readonly tags?: StringMap | undefined;
  readonly deletionVector?: DeletionVectorDescriptor | undefined;
  readonly baseRowId?: bigint | undefined;
  readonly defaultRowCommitVersion?: bigint | undefined;
}

/** PROTOCOL.md "Add CDC File". */
export interface AddCdcFile {
  readonly path: string;
  readonly partitionValues: StringMap;
  readonly size: number;
  readonly tags?: StringMap | undefined;
}

/** PROTOCOL.md "Transaction Identifiers". `version` is the application's own sequence. */
export interface SetTransaction {
  readonly appId: string;
  readonly version: bigint;
  readonly lastUpdated?: number | undefined;
}

/** PROTOCOL.md "Domain Metadata". */
export interface DomainMetadata {
  readonly domain: string;
  readonly configuration: string;
  readonly removed: boolean;
}

/** PROTOCOL.md "Commit Provenance Information": any JSON. The named fields are those Varve itself looks at. */
export interface CommitInfo {
  readonly [field: string]: Json | undefined;
}

/** PROTOCOL.md "Checkpoint Metadata": only in checkpoints of the v2 spec, exactly once. */
export interface CheckpointMetadata {
  readonly version: number;
}

/** PROTOCOL.md "Sidecar File Information": a file that holds adds and removes of a v2 checkpoint. */
export interface Sidecar {
  /** URI-encoded; relative to `_delta_log/_sidecars`, or absolute. */
  readonly path: string;
  readonly sizeInBytes: number;
  /** When it was made, milliseconds since 1970. */
  readonly modificationTime?: number | undefined;
}

/** One line of a commit or of a JSON checkpoint: exactly one of the fields is present; `unknown` holds what the protocol says to ignore. */
export type Action =
  | { readonly kind: 'add'; readonly add: AddFile }
  | { readonly kind: 'remove'; readonly remove: RemoveFile }
  | { readonly kind: 'cdc'; readonly cdc: AddCdcFile }
  | { readonly kind: 'metaData'; readonly metaData: Metadata }
  | { readonly kind: 'protocol'; readonly protocol: Protocol }
  | { readonly kind: 'txn'; readonly txn: SetTransaction }
  | { readonly kind: 'domainMetadata'; readonly domainMetadata: DomainMetadata }
  | {
      readonly kind: 'checkpointMetadata';
      readonly checkpointMetadata: CheckpointMetadata;
    }
  | { readonly kind: 'sidecar'; readonly sidecar: Sidecar }
  | { readonly kind: 'commitInfo'; readonly commitInfo: CommitInfo }
  | { readonly kind: 'unknown'; readonly name: string };
