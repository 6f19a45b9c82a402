/** One action into a line of a commit. */
import { assert, InternalError } from '../errors.js';
import type {
  Action,
  AddCdcFile,
  AddFile,
  DeletionVectorDescriptor,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
  StringMap,
} from './actions.js';
import { formatJson } from './json.js';

/**
 * The JSON of one action, without a newline: fields in the order Spark writes them, absent ones
 * left out.
 * @throws InternalError for an action of unknown kind, or a size or time that is no safe integer
 */
export function encodeAction(action: Action): string {
  switch (action.kind) {
    case 'add':
      return `{"add":${encodeAdd(action.add)}}`;
    case 'remove':
      return `{"remove":${encodeRemove(action.remove)}}`;
    case 'cdc':
      return `{"cdc":${encodeCdc(action.cdc)}}`;
    case 'metaData':
      return `{"metaData":${encodeMetadata(action.metaData)}}`;
    case 'protocol':
      return `{"protocol":${encodeProtocol(action.protocol)}}`;
    case 'txn':
      return `{"txn":${encodeTransaction(action.txn)}}`;
    case 'domainMetadata':
      return `{"domainMetadata":${encodeDomain(action.domainMetadata)}}`;
    case 'commitInfo':
      return `{"commitInfo":${formatJson(action.commitInfo)}}`;
    case 'checkpointMetadata':
    case 'sidecar':
      throw new InternalError({ message: `${action.kind} belongs in checkpoints, not in commits` });
    case 'unknown':
      throw new InternalError({ message: `an action of unknown kind has no json: ${action.name}` });
  }
}

function encodeAdd(add: AddFile): string {
  return object(
    field('path', string(add.path)),
    field('partitionValues', stringMap(add.partitionValues)),
    field('size', integer(add.size)),
    field('modificationTime', integer(add.modificationTime)),
    field('dataChange', String(add.dataChange)),
    field('stats', string(add.stats)),
    field('tags', stringMap(add.tags)),
    field('deletionVector', encodeVector(add.deletionVector)),
    field('baseRowId', long(add.baseRowId)),
    field('defaultRowCommitVersion', long(add.defaultRowCommitVersion)),
    field('clusteringProvider', string(add.clusteringProvider)),
  );
}

function encodeRemove(remove: RemoveFile): string {
  return object(
    field('path', string(remove.path)),
    field('deletionTimestamp', integer(remove.deletionTimestamp)),
    field('dataChange', String(remove.dataChange)),
    field('extendedFileMetadata', boolean(remove.extendedFileMetadata)),
    field('partitionValues', stringMap(remove.partitionValues)),
    field('size', integer(remove.size)),
    field('tags', stringMap(remove.tags)),
    field('deletionVector', encodeVector(remove.deletionVector)),
    field('baseRowId', long(remove.baseRowId)),
    field('defaultRowCommitVersion', long(remove.defaultRowCommitVersion)),
    field('stats', string(remove.stats)),
  );
}

/** `dataChange` is always false: the rows of the table are in its other files. */
function encodeCdc(cdc: AddCdcFile): string {
  return object(
    field('path', string(cdc.path)),
    field('partitionValues', stringMap(cdc.partitionValues)),
    field('size', integer(cdc.size)),
    field('tags', stringMap(cdc.tags)),
    field('dataChange', 'false'),
  );
}

/** The JSON of what a `metaData` action holds. */
export function encodeMetadata(metadata: Metadata): string {
  const { format } = metadata;
  return object(
    field('id', string(metadata.id)),
    field('name', string(metadata.name)),
    field('description', string(metadata.description)),
    field(
      'format',
      object(
        field('provider', string(format.provider)),
        field('options', stringMap(format.options)),
      ),
    ),
    field('schemaString', string(metadata.schemaString)),
    field('partitionColumns', formatJson(metadata.partitionColumns)),
    field('configuration', stringMap(metadata.configuration)),
    field('createdTime', integer(metadata.createdTime)),
  );
}

/** The JSON of what a `protocol` action holds. */
export function encodeProtocol(protocol: Protocol): string {
  const { readerFeatures, writerFeatures } = protocol;
  return object(
    field('minReaderVersion', integer(protocol.minReaderVersion)),
    field('minWriterVersion', integer(protocol.minWriterVersion)),
    field('readerFeatures', readerFeatures && formatJson(readerFeatures)),
    field('writerFeatures', writerFeatures && formatJson(writerFeatures)),
  );
}

/** The JSON of what a `txn` action holds. */
export function encodeTransaction(txn: SetTransaction): string {
  return object(
    field('appId', string(txn.appId)),
    field('version', long(txn.version)),
    field('lastUpdated', integer(txn.lastUpdated)),
  );
}

/** The JSON of what a `domainMetadata` action holds. */
export function encodeDomain(domain: DomainMetadata): string {
  return object(
    field('domain', string(domain.domain)),
    field('configuration', string(domain.configuration)),
    field('removed', String(domain.removed)),
  );
}

function encodeVector(vector: DeletionVectorDescriptor | undefined): string | undefined {
  if (vector === undefined) return undefined;
  return object(
    field('storageType', string(vector.storageType)),
    field('pathOrInlineDv', string(vector.pathOrInlineDv)),
    field('offset', integer(vector.offset)),
    field('sizeInBytes', integer(vector.sizeInBytes)),
    field('cardinality', integer(vector.cardinality)),
  );
}

/** A field's text behind a comma, or nothing. */
function field(name: string, json: string | undefined): string {
  return json === undefined ? '' : `,"${name}":${json}`;
}

function object(...fields: readonly string[]): string {
  return `{${fields.join('').slice(1)}}`;
}

function string(value: string | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function boolean(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function integer(value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  assert(Number.isSafeInteger(value), 'a number of an action is a safe integer');
  return String(value);
}

function long(value: bigint | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function stringMap(map: StringMap | undefined): string | undefined {
  if (map === undefined) return undefined;
  let members = '';
  for (const [name, value] of map) {
    members += `,${JSON.stringify(name)}:${value === null ? 'null' : JSON.stringify(value)}`;
  }
  return `{${members.slice(1)}}`;
}
