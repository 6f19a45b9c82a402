/**
 * A second, strict reading of a log that shares no code with src but the decoder of Parquet pages. Bytes that were changed into another
 * legal log are another table, and no reader can tell: then what Varve makes of them must be what this makes of them.
 */

import type { Objects } from './overlay-store.js';
import { secondActions } from './second-checkpoint.js';
import { factsText, members, type TableFacts } from './table-answer.js';

type Json = Readonly<Record<string, unknown>>;

interface Folding {
  protocol: readonly unknown[] | undefined;
  metadata: readonly unknown[] | undefined;
  readonly transactions: Map<string, string>;
  readonly domains: Map<string, string>;
  /** By path and deletion vector. */
  readonly files: Map<string, readonly unknown[]>;
}

const COMMIT = /^_delta_log\/(\d{20})\.json$/u;
const CHECKPOINT = /^_delta_log\/(\d{20})\.checkpoint\.(?:[\w-]{36}\.)?(?:parquet|json)$/u;

/** The facts of the newest version. Throws when the log is not what the protocol says. */
export async function secondReading(objects: Objects): Promise<string> {
  const state: Folding = {
    protocol: undefined,
    metadata: undefined,
    transactions: new Map(),
    domains: new Map(),
    files: new Map(),
  };
  const checkpoint = [...objects.keys()].find((key) => CHECKPOINT.test(key));
  let version = -1;
  if (checkpoint !== undefined) {
    version = Number(CHECKPOINT.exec(checkpoint)?.[1]);
    await foldCheckpoint(state, objects, checkpoint);
  }
  const commits = [...objects.keys()].filter(
    (key) => Number(COMMIT.exec(key)?.[1] ?? -1) > version,
  );
  for (const key of commits.toSorted()) {
    version++;
    if (Number(COMMIT.exec(key)?.[1]) !== version) throw new Error('a gap');
    for (const [action, line] of linesOf(objects, key)) foldLine(state, action, line);
  }
  const { protocol, metadata, transactions, domains, files } = state;
  if (protocol === undefined || metadata === undefined) throw new Error('an incomplete log');
  const facts: TableFacts = {
    version,
    protocol,
    metadata,
    transactions: [...transactions],
    domains: [...domains],
    files: [...files.values()],
  };
  return factsText(facts);
}

async function foldCheckpoint(state: Folding, objects: Objects, key: string): Promise<void> {
  const actions = key.endsWith('.json')
    ? linesOf(objects, key).map(([action]) => action)
    : await secondActions(objects, key);
  for (const action of actions) {
    const { sidecar } = object(action);
    if (isThere(sidecar)) {
      const path = `_delta_log/_sidecars/${text(object(sidecar)['path'])}`;
      for (const file of await secondActions(objects, path)) foldLine(state, file, '');
    } else foldLine(state, action, JSON.stringify(action));
  }
}

function linesOf(objects: Objects, key: string): readonly (readonly [unknown, string])[] {
  const bytes = objects.get(key) ?? new Uint8Array();
  const whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const lines = whole.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Error('an empty commit');
  return lines.map((line) => [JSON.parse(line) as unknown, line]);
}

function foldLine(state: Folding, parsed: unknown, line: string): void {
  const { add, remove, metaData, protocol, txn, domainMetadata, cdc, commitInfo } = object(parsed);
  const present = [add, remove, metaData, protocol, txn, domainMetadata, cdc, commitInfo];
  if (present.filter((action) => action !== undefined && action !== null).length > 1) {
    throw new Error('two actions on a line');
  }
  if (isThere(commitInfo)) object(commitInfo);
  if (isThere(add)) foldAdd(state, object(add));
  if (isThere(remove)) foldRemove(state, object(remove));
  if (isThere(cdc)) checkFile(object(cdc));
  if (isThere(metaData)) state.metadata = metadataFacts(object(metaData));
  if (isThere(protocol)) state.protocol = protocolFacts(object(protocol));
  if (isThere(txn)) {
    const { appId, lastUpdated } = object(txn);
    maybe(integer, lastUpdated);
    state.transactions.set(text(appId), exactVersion(line, object(txn)['version']));
  }
  if (isThere(domainMetadata)) {
    const { domain, configuration, removed } = object(domainMetadata);
    if (typeof removed !== 'boolean') throw new Error('no boolean');
    if (removed) state.domains.delete(text(domain));
    else state.domains.set(text(domain), text(configuration));
    text(configuration);
  }
}

function foldAdd(state: Folding, add: Json): void {
  const { path, size, partitionValues } = add;
  checkFile(add);
  if (typeof add['dataChange'] !== 'boolean') throw new Error('no boolean');
  integer(add['modificationTime']);
  maybe(text, add['stats']);
  maybe(strings, add['tags']);
  const vector = maybe(vectorFacts, add['deletionVector']) ?? null;
  const values = strings(partitionValues);
  state.files.set(keyOf(path, vector), [path, size, members(Object.entries(values)), vector]);
}

function foldRemove(state: Folding, remove: Json): void {
  if (typeof remove['dataChange'] !== 'boolean') throw new Error('no boolean');
  maybe(integer, remove['deletionTimestamp']);
  maybe(strings, remove['partitionValues']);
  maybe(strings, remove['tags']);
  maybe(text, remove['stats']);
  maybe(count, remove['size']);
  const vector = maybe(vectorFacts, remove['deletionVector']) ?? null;
  state.files.delete(keyOf(text(remove['path']), vector));
}

function keyOf(path: unknown, vector: readonly unknown[] | null): string {
  // The spellings that edits of these logs reach: an absolute path, and dot segments.
  let spelled = text(path);
  if (/^[/.]|\/[./]|\/$|^[a-z][a-z0-9+.-]*:/iu.test(spelled)) {
    const isAbsolute = /^[/]|^[a-z][a-z0-9+.-]*:/iu.test(spelled);
    const dotless: string[] = [];
    for (const segment of spelled.split('/')) {
      if (segment === '' || segment === '.') continue;
      if (segment === '..' && dotless.length > 0 && dotless.at(-1) !== '..') dotless.pop();
      else dotless.push(segment);
    }
    spelled = `${isAbsolute ? 'absolute ' : ''}${dotless.join('/')}`;
  }
  return JSON.stringify([spelled, vector?.slice(0, 3) ?? null]);
}

function vectorFacts(value: unknown): readonly unknown[] {
  const { storageType, pathOrInlineDv, offset, sizeInBytes, cardinality } = object(value);
  return [
    text(storageType),
    text(pathOrInlineDv),
    maybe(count, offset) ?? null,
    count(sizeInBytes),
    count(cardinality),
  ];
}

function checkFile({ path, size, partitionValues }: Json): void {
  text(path);
  count(size);
  strings(partitionValues);
}

function metadataFacts(raw: Json): readonly unknown[] {
  const { id, schemaString, partitionColumns, configuration } = raw;
  text(object(raw['format'])['provider']);
  return [
    text(id),
    maybe(text, schemaString) ?? '{"type":"struct","fields":[]}',
    list(partitionColumns),
    members(Object.entries(maybe(strings, configuration) ?? {})),
  ];
}

function protocolFacts(raw: Json): readonly unknown[] {
  return [
    count(raw['minReaderVersion']),
    count(raw['minWriterVersion']),
    maybe(list, raw['readerFeatures'])?.toSorted() ?? null,
    maybe(list, raw['writerFeatures'])?.toSorted() ?? null,
  ];
}

/** A txn's version may be any 64-bit integer: its digits are taken from the line where JavaScript has rounded them. */
function exactVersion(line: string, parsed: unknown): string {
  if (Number.isSafeInteger(parsed)) return String(parsed);
  const digits = /"version":(-?\d+)[,}]/u.exec(line)?.[1];
  if (digits === undefined) throw new Error('no integer');
  return digits;
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null;

function maybe<T>(read: (value: unknown) => T, value: unknown): T | undefined {
  return isThere(value) ? read(value) : undefined;
}

function object(value: unknown): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new Error('no object');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error('no text');
}

function integer(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw new Error('no integer');
}

function count(value: unknown): number {
  if (integer(value) >= 0) return value as number;
  throw new Error('no count');
}

function list(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(text);
  throw new Error('no list');
}

function strings(value: unknown): Readonly<Record<string, string | null>> {
  const raw = object(value);
  for (const item of Object.values(raw)) if (item !== null) text(item);
  return raw as Readonly<Record<string, string | null>>;
}
