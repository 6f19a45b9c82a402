/** One line of a commit into an action: checks by hand, because a log holds millions of them. */
import { CorruptDataError } from '../errors.js';
import type {
  Action,
  AddCdcFile,
  AddFile,
  CheckpointMetadata,
  DeletionVectorDescriptor,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
  Sidecar,
  StringMap,
} from './actions.js';
import { isJsonObject, type Json, parseJson } from './json.js';
import { protocolProblem } from './protocol-shape.js';

/** A line of a commit, and where it lies for the error and for a second, exact look. */
export interface CommitLine {
  readonly key: string;
  readonly text: string;
  /** The byte offset of the line; computed only when it is asked for. */
  readonly position: number;
}

/**
 * The schema of metadata that has none. The protocol requires one, but tables made through Delta's
 * low-level transactions lack it, and Spark takes them for tables without columns.
 */
export const NO_COLUMNS: string = '{"type":"struct","fields":[]}';

/**
 * Decodes one line. Fields the protocol does not know are ignored, and so is an action of a name it
 * does not know; a field it does know must have its type. `null` is the same as absent.
 * @throws CorruptDataError with the offset of the line and the dotted name of the field
 */
export function decodeLine(line: CommitLine): Action {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.text);
  } catch {
    parseJson(line.text, line);
    throw damaged(line, undefined, 'a line of the log is not json');
  }
  if (!isObject(parsed)) throw damaged(line, undefined, 'a line of the log is not a json object');
  let found: Action | undefined;
  let unknown = '';
  for (const name in parsed) {
    const body = parsed[name];
    if (body === null || body === undefined) continue;
    const decode = DECODERS.get(name);
    if (decode === undefined) {
      unknown = name;
      continue;
    }
    if (found !== undefined) throw damaged(line, name, 'a line of the log holds two actions');
    if (!isObject(body)) throw damaged(line, name, 'an action is not a json object');
    found = decode(body, line);
  }
  return found ?? { kind: 'unknown', name: unknown };
}

type Raw = Readonly<Record<string, unknown>>;

const DECODERS: ReadonlyMap<string, (raw: Raw, line: CommitLine) => Action> = new Map([
  ['add', (raw: Raw, line: CommitLine): Action => ({ kind: 'add', add: addFile(raw, line) })],
  ['remove', (raw, line): Action => ({ kind: 'remove', remove: removeFile(raw, line) })],
  ['cdc', (raw, line): Action => ({ kind: 'cdc', cdc: cdcFile(raw, line) })],
  ['metaData', (raw, line): Action => ({ kind: 'metaData', metaData: metadata(raw, line) })],
  ['protocol', (raw, line): Action => ({ kind: 'protocol', protocol: protocol(raw, line) })],
  ['txn', (raw, line): Action => ({ kind: 'txn', txn: transaction(raw, line) })],
  [
    'domainMetadata',
    (raw, line): Action => ({ kind: 'domainMetadata', domainMetadata: domain(raw, line) }),
  ],
  [
    'checkpointMetadata',
    (raw, line): Action => ({
      kind: 'checkpointMetadata',
      checkpointMetadata: checkpointMetadata(raw, line),
    }),
  ],
  ['sidecar', (raw, line): Action => ({ kind: 'sidecar', sidecar: sidecar(raw, line) })],
  ['commitInfo', (_raw, line): Action => ({ kind: 'commitInfo', commitInfo: commitInfo(line) })],
]);

function addFile(raw: Raw, line: CommitLine): AddFile {
  return {
    path: string(raw['path'], 'add.path', line),
    partitionValues: stringMap(raw['partitionValues'], 'add.partitionValues', line),
    size: count(raw['size'], 'add.size', line),
    modificationTime: integer(raw['modificationTime'], 'add.modificationTime', line),
    dataChange: boolean(raw['dataChange'], 'add.dataChange', line),
    stats: optional(string, raw['stats'], 'add.stats', line),
    tags: optional(stringMap, raw['tags'], 'add.tags', line),
    deletionVector: optional(vector, raw['deletionVector'], 'add.deletionVector', line),
    baseRowId: optional(long, raw['baseRowId'], 'add.baseRowId', line),
    defaultRowCommitVersion: optional(
      long,
      raw['defaultRowCommitVersion'],
      'add.defaultRowCommitVersion',
      line,
    ),
    clusteringProvider: optional(string, raw['clusteringProvider'], 'add.clusteringProvider', line),
  };
}

function removeFile(raw: Raw, line: CommitLine): RemoveFile {
  const field = <T>(decode: Decode<T>, name: string): T | undefined =>
    optional(decode, raw[name], `remove.${name}`, line);
  return {
    path: string(raw['path'], 'remove.path', line),
    deletionTimestamp: field(integer, 'deletionTimestamp'),
    dataChange: boolean(raw['dataChange'], 'remove.dataChange', line),
    extendedFileMetadata: field(boolean, 'extendedFileMetadata'),
    partitionValues: field(stringMap, 'partitionValues'),
    size: field(count, 'size'),
    stats: field(string, 'stats'),
    tags: field(stringMap, 'tags'),
    deletionVector: field(vector, 'deletionVector'),
    baseRowId: field(long, 'baseRowId'),
    defaultRowCommitVersion: field(long, 'defaultRowCommitVersion'),
  };
}

function cdcFile(raw: Raw, line: CommitLine): AddCdcFile {
  return {
    path: string(raw['path'], 'cdc.path', line),
    partitionValues: stringMap(raw['partitionValues'], 'cdc.partitionValues', line),
    size: count(raw['size'], 'cdc.size', line),
    tags: optional(stringMap, raw['tags'], 'cdc.tags', line),
  };
}

function vector(value: unknown, name: string, line: CommitLine): DeletionVectorDescriptor {
  const raw = object(value, name, line);
  return {
    storageType: string(raw['storageType'], `${name}.storageType`, line),
    pathOrInlineDv: string(raw['pathOrInlineDv'], `${name}.pathOrInlineDv`, line),
    offset: optional(count, raw['offset'], `${name}.offset`, line),
    sizeInBytes: count(raw['sizeInBytes'], `${name}.sizeInBytes`, line),
    cardinality: count(raw['cardinality'], `${name}.cardinality`, line),
  };
}

function metadata(raw: Raw, line: CommitLine): Metadata {
  const format = object(raw['format'], 'metaData.format', line);
  return {
    id: string(raw['id'], 'metaData.id', line),
    name: optional(string, raw['name'], 'metaData.name', line),
    description: optional(string, raw['description'], 'metaData.description', line),
    format: {
      provider: string(format['provider'], 'metaData.format.provider', line),
      options:
        optional(stringMap, format['options'], 'metaData.format.options', line) ?? NO_STRINGS,
    },
    schemaString:
      optional(string, raw['schemaString'], 'metaData.schemaString', line) ?? NO_COLUMNS,
    partitionColumns: strings(raw['partitionColumns'], 'metaData.partitionColumns', line),
    configuration:
      optional(stringMap, raw['configuration'], 'metaData.configuration', line) ?? NO_STRINGS,
    createdTime: optional(integer, raw['createdTime'], 'metaData.createdTime', line),
  };
}

function protocol(raw: Raw, line: CommitLine): Protocol {
  const decoded: Protocol = {
    minReaderVersion: count(raw['minReaderVersion'], 'protocol.minReaderVersion', line),
    minWriterVersion: count(raw['minWriterVersion'], 'protocol.minWriterVersion', line),
    readerFeatures: optional(strings, raw['readerFeatures'], 'protocol.readerFeatures', line),
    writerFeatures: optional(strings, raw['writerFeatures'], 'protocol.writerFeatures', line),
  };
  const problem = protocolProblem(decoded);
  if (problem !== undefined) throw damaged(line, `protocol.${problem.field}`, problem.message);
  return decoded;
}

function transaction(raw: Raw, line: CommitLine): SetTransaction {
  return {
    appId: string(raw['appId'], 'txn.appId', line),
    version: long(raw['version'], 'txn.version', line),
    lastUpdated: optional(integer, raw['lastUpdated'], 'txn.lastUpdated', line),
  };
}

function domain(raw: Raw, line: CommitLine): DomainMetadata {
  return {
    domain: string(raw['domain'], 'domainMetadata.domain', line),
    configuration: string(raw['configuration'], 'domainMetadata.configuration', line),
    removed: boolean(raw['removed'], 'domainMetadata.removed', line),
  };
}

function checkpointMetadata(raw: Raw, line: CommitLine): CheckpointMetadata {
  return { version: count(raw['version'], 'checkpointMetadata.version', line) };
}

function sidecar(raw: Raw, line: CommitLine): Sidecar {
  return {
    path: string(raw['path'], 'sidecar.path', line),
    sizeInBytes: count(raw['sizeInBytes'], 'sidecar.sizeInBytes', line),
  };
}

/** Read again without loss: it may hold any JSON, and is copied to users as it is. */
function commitInfo(line: CommitLine): { readonly [field: string]: Json | undefined } {
  const exact = exactField(line, ['commitInfo']);
  if (!isJsonObject(exact)) throw wrongType(line, 'commitInfo', 'an object');
  return exact;
}

type Decode<T> = (value: unknown, name: string, line: CommitLine) => T;

function optional<T>(
  decode: Decode<T>,
  value: unknown,
  name: string,
  line: CommitLine,
): T | undefined {
  return value === undefined || value === null ? undefined : decode(value, name, line);
}

function string(value: unknown, name: string, line: CommitLine): string {
  if (typeof value !== 'string') throw wrongType(line, name, 'a string');
  return value;
}

function boolean(value: unknown, name: string, line: CommitLine): boolean {
  if (typeof value !== 'boolean') throw wrongType(line, name, 'a boolean');
  return value;
}

function integer(value: unknown, name: string, line: CommitLine): number {
  if (!Number.isSafeInteger(value)) throw wrongType(line, name, 'an integer below 2^53');
  return value as number;
}

function count(value: unknown, name: string, line: CommitLine): number {
  const number = integer(value, name, line);
  if (number < 0) throw wrongType(line, name, 'a count from 0');
  return number;
}

const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;

function long(value: unknown, name: string, line: CommitLine): bigint {
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  const exact = typeof value === 'number' ? exactField(line, name.split('.')) : undefined;
  if (typeof exact !== 'bigint' || exact < MIN_LONG || exact > MAX_LONG) {
    throw wrongType(line, name, 'a 64-bit integer');
  }
  return exact;
}

function object(value: unknown, name: string, line: CommitLine): Raw {
  if (!isObject(value)) throw wrongType(line, name, 'an object');
  return value;
}

function strings(value: unknown, name: string, line: CommitLine): readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw wrongType(line, name, 'an array of strings');
  }
  return value;
}

const NO_STRINGS: StringMap = new Map();

function stringMap(value: unknown, name: string, line: CommitLine): StringMap {
  const raw = object(value, name, line);
  let map: Map<string, string | null> | undefined;
  for (const key in raw) {
    const text = raw[key];
    if (typeof text !== 'string' && text !== null) {
      throw wrongType(line, `${name}.${key}`, 'a string or null');
    }
    map ??= new Map();
    map.set(key, text);
  }
  return map ?? NO_STRINGS;
}

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function exactField(line: CommitLine, path: readonly string[]): Json | undefined {
  let value: Json | undefined = parseJson(line.text, line);
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

function wrongType(line: CommitLine, field: string, expected: string): CorruptDataError {
  return damaged(line, field, `a field of the log is missing or is not ${expected}`);
}

function damaged(line: CommitLine, field: string | undefined, message: string): CorruptDataError {
  return new CorruptDataError({ message, key: line.key, position: line.position, field });
}
