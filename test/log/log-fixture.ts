/** A table's log made by hand, in memory, with a clock that stands still until it is moved. */
import type { Clock } from '../../src/clock.js';
import { encodeCommit } from '../../src/log/action-codec.js';
import type { Action, AddFile, Metadata, Protocol, RemoveFile } from '../../src/log/actions.js';
import { commitKey } from '../../src/log/log-path.js';
import type { LogContext } from '../../src/log/table-snapshot.js';
import { memoryStore } from '../../src/storage/memory-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';

export const TABLE_ID = 'f2a8a5f6-0b0c-4f43-9d0e-0d2c1d4a7b11';

export const PROTOCOL: Protocol = { minReaderVersion: 1, minWriterVersion: 2 };

const SCHEMA =
  '{"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}},' +
  '{"name":"day","type":"string","nullable":true,"metadata":{}}]}';

export function metadata(over: Partial<Metadata> = {}): Metadata {
  return {
    id: TABLE_ID,
    name: undefined,
    description: undefined,
    format: { provider: 'parquet', options: new Map() },
    schemaString: SCHEMA,
    partitionColumns: ['day'],
    configuration: new Map(),
    createdTime: 1,
    ...over,
  };
}

export function add(path: string, over: Partial<AddFile> = {}): Action {
  return { kind: 'add', add: addFile(path, over) };
}

export function addFile(path: string, over: Partial<AddFile> = {}): AddFile {
  return {
    path,
    partitionValues: new Map([['day', 'monday']]),
    size: 10,
    modificationTime: 5,
    dataChange: true,
    stats: '{"numRecords":3}',
    ...over,
  };
}

export function remove(path: string, over: Partial<RemoveFile> = {}): Action {
  return { kind: 'remove', remove: { path, deletionTimestamp: 1_000, dataChange: true, ...over } };
}

export const CREATE: readonly Action[] = [
  { kind: 'protocol', protocol: PROTOCOL },
  { kind: 'metaData', metaData: metadata() },
];

/** Counts what is asked of the store. */
export interface Requests {
  gets: string[];
  lists: number;
}

export class LogFixture {
  nowMs = 1_000_000;
  readonly requests: Requests = { gets: [], lists: 0 };
  readonly store: ObjectStore;
  readonly log: LogContext;

  constructor(url = 'memory://lake/table') {
    const clock: Clock = { now: () => this.nowMs, sleep: () => Promise.resolve() };
    const inner = memoryStore({ clock });
    this.store = {
      get: (key, options) => {
        this.requests.gets.push(key);
        return inner.get(key, options);
      },
      head: (key, options) => inner.head(key, options),
      putIfAbsent: (key, body, options) => inner.putIfAbsent(key, body, options),
      put: (key, body, options) => inner.put(key, body, options),
      list: (prefix, options) => {
        this.requests.lists++;
        return inner.list(prefix, options);
      },
      delete: (key, options) => inner.delete(key, options),
    };
    this.log = { store: this.store, url, clock };
  }

  /** Writes one commit, a second after the last. */
  async commit(version: number, actions: readonly Action[]): Promise<void> {
    this.nowMs += 1_000;
    await this.store.put(commitKey(version), encodeCommit(actions));
  }

  async put(key: string, text: string | Uint8Array): Promise<void> {
    await this.store.put(key, typeof text === 'string' ? new TextEncoder().encode(text) : text);
  }

  forgetRequests(): void {
    this.requests.gets = [];
    this.requests.lists = 0;
  }
}
