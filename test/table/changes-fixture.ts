/** A table with a change feed in memory, and its changes in short. */
import {
  type AnyRow,
  DeltaTable,
  type ObjectStore,
  type StorageProvider,
} from '../../src/index.js';
import { encodeCommit, parseCommit } from '../../src/log/action-codec.js';
import type { Action, Metadata } from '../../src/log/actions.js';
import { commitKey } from '../../src/log/log-path.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

export const schema = { id: 'long not null', city: 'string' } as const;
export const LOCATION = 'memory://lake/t';
export const FEED = { 'delta.enableChangeDataFeed': 'true' };

export async function table(
  storage: StorageProvider = memoryStorage(),
  properties: object = FEED,
): Promise<DeltaTable<typeof schema>> {
  return await DeltaTable.create(LOCATION, {
    schema,
    partitionBy: ['city'],
    properties: properties as Record<string, string>,
    storage,
  });
}

export const row = (id: number, city = 'Bonn'): { id: bigint; city: string } => ({
  id: BigInt(id),
  city,
});

/** Every version's changes in short: `+1` brought, `-1` taken away. */
export async function short(
  changes: ReturnType<DeltaTable['changes']>,
): Promise<[number, string[]][]> {
  const versions: [number, string[]][] = [];
  for await (const { version, rows } of changes) versions.push([version, await shortRows(rows())]);
  return versions;
}

export async function shortRows(
  rows: AsyncIterable<{ type: string; row: unknown }>,
): Promise<string[]> {
  const signs: Record<string, string> = {
    insert: '+',
    delete: '-',
    update_preimage: '<',
    update_postimage: '>',
  };
  const texts: string[] = [];
  for await (const { type, row: changed } of rows) {
    texts.push(`${signs[type]}${String((changed as AnyRow)['id'])}`);
  }
  return texts;
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The store of the table, to look at and write to behind its back. */
export const storeOf = (storage: StorageProvider): ObjectStore => storage.open(new URL(LOCATION));

export async function readCommit(store: ObjectStore, version: number): Promise<Action[]> {
  const object = await store.get(commitKey(version));
  return object === undefined ? [] : parseCommit(object.bytes, commitKey(version));
}

/** Commits other metadata than that of the first version. */
export async function commitMetadata(
  store: ObjectStore,
  version: number,
  over: Partial<Metadata>,
  more: readonly Action[] = [],
): Promise<void> {
  const first = (await readCommit(store, 0)).find((action) => action.kind === 'metaData');
  if (first?.kind !== 'metaData') throw new TypeError('no metadata');
  const metaData = { ...first.metaData, ...over };
  await store.put(commitKey(version), encodeCommit([{ kind: 'metaData', metaData }, ...more]));
}

/** The schema's JSON with other fields. */
export function schemaString(...fields: readonly (readonly [string, string, boolean?])[]): string {
  return JSON.stringify({
    type: 'struct',
    fields: fields.map(([name, type, nullable = true]) => ({ name, type, nullable, metadata: {} })),
  });
}
