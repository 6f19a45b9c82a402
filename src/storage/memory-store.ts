/** Objects in this process's memory: for tests, for trying things out, and the reference of the contract. */
import { type Clock, systemClock } from '../clock.js';
import { CorruptDataError, InvalidArgumentError, NotFoundError } from '../errors.js';
import { checkKey, checkPrefix, compareKeys } from './key.js';
import {
  type Body,
  type CallContext,
  type DeleteOptions,
  type DeleteOutcome,
  type GetOptions,
  joinBody,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutOutcome,
  type StorageProvider,
  type StoredObject,
} from './object-store.js';
import { checkRange } from './range.js';

export interface MemoryStorageOptions {
  /** Dates the objects; the machine's own when not given. */
  readonly clock?: Clock | undefined;
}

/**
 * Stores for `memory:` URLs. The data belong to the provider: two tables opened through it see each other, below a
 * common URL too, and two providers never share anything. When the provider goes, so do the data.
 */
export function memoryStorage(options: MemoryStorageOptions = {}): StorageProvider {
  const tree = new MemoryTree(options.clock ?? systemClock);
  return { schemes: ['memory'], open: (url) => new MemoryStore(tree, prefixOf(url)) };
}

/** A store of its own, with nothing in it. */
export function memoryStore(options: MemoryStorageOptions = {}): ObjectStore {
  return new MemoryStore(new MemoryTree(options.clock ?? systemClock), '');
}

/** `memory://lake/table` is the prefix `lake/table/`, decoded. */
function prefixOf(url: URL): string {
  let path: string;
  try {
    path = decodeURIComponent(`${url.host}${url.pathname}`).replace(/^\/+|\/+$/gu, '');
  } catch (cause) {
    throw new InvalidArgumentError({
      message: 'the URL has a "%" that begins no escape',
      option: 'url',
      cause,
    });
  }
  if (path === '') return '';
  checkKey(path);
  return `${path}/`;
}

/** Keys are listed in pages of this many, and what changes between two pages is seen, as in any remote store. */
const PAGE_KEYS = 1000;

interface Entry {
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
  readonly etag: string;
}

class MemoryTree {
  readonly entries = new Map<string, Entry>();
  /** Keys under which somebody does maintenance. */
  readonly held = new Set<string>();
  readonly #clock: Clock;
  #sorted: readonly string[] | undefined;
  #writes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(key: string, bytes: Uint8Array): Entry {
    if (!this.entries.has(key)) this.#sorted = undefined;
    const entry = { bytes, modifiedMs: Math.floor(this.#clock.now()), etag: `"${++this.#writes}"` };
    this.entries.set(key, entry);
    return entry;
  }

  delete(key: string): void {
    this.entries.delete(key);
    this.#sorted = undefined;
  }

  /** Up to a page of keys that begin with `prefix`, from `from` on, or after it. */
  page(prefix: string, from: string, inclusive: boolean): readonly string[] {
    this.#sorted ??= [...this.entries.keys()].toSorted(compareKeys);
    const first = this.#firstIndex(this.#sorted, from, inclusive);
    const page: string[] = [];
    for (let i = first; page.length < PAGE_KEYS; i++) {
      const key = this.#sorted[i];
      if (key === undefined || !key.startsWith(prefix)) break;
      page.push(key);
    }
    return page;
  }

  #firstIndex(sorted: readonly string[], from: string, inclusive: boolean): number {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareKeys(sorted[middle] ?? '', from);
      if (order < 0 || (order === 0 && !inclusive)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

class MemoryStore implements ObjectStore {
  readonly #tree: MemoryTree;
  readonly #prefix: string;

  constructor(tree: MemoryTree, prefix: string) {
    this.#tree = tree;
    this.#prefix = prefix;
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | undefined> {
    const entry = this.#find(key, options);
    const { ifMatch } = options;
    const range = checkRange(options.range);
    if (entry === undefined) return undefined;
    if (ifMatch !== undefined && ifMatch !== entry.etag) {
      throw new CorruptDataError({ message: 'the object was replaced while it was read', key });
    }
    const bytes = entry.bytes.slice(range?.start, range?.end);
    return { bytes, info: describe(key, entry) };
  }

  async head(key: string, options: CallContext = {}): Promise<ObjectInfo | undefined> {
    const entry = this.#find(key, options);
    return entry === undefined ? undefined : describe(key, entry);
  }

  async putIfAbsent(key: string, body: Body, options: CallContext = {}): Promise<PutOutcome> {
    if (this.#find(key, options) !== undefined) return 'exists';
    this.#tree.set(this.#prefix + key, joinBody(body).slice());
    return 'created';
  }

  async put(key: string, body: Body, options: CallContext = {}): Promise<ObjectInfo> {
    this.#find(key, options);
    return describe(key, this.#tree.set(this.#prefix + key, joinBody(body).slice()));
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix);
    const { signal, startAfter } = options;
    const whole = this.#prefix + prefix;
    let from = whole;
    let inclusive = true;
    if (startAfter !== undefined && compareKeys(this.#prefix + startAfter, whole) >= 0) {
      from = this.#prefix + startAfter;
      inclusive = false;
    }
    for (;;) {
      signal?.throwIfAborted();
      const page = this.#tree.page(whole, from, inclusive);
      for (const key of page) {
        const entry = this.#tree.entries.get(key);
        if (entry !== undefined) yield describe(key.slice(this.#prefix.length), entry);
        signal?.throwIfAborted();
      }
      if (page.length < PAGE_KEYS) return;
      from = page.at(-1) ?? from;
      inclusive = false;
    }
  }

  async delete(key: string, options: DeleteOptions = {}): Promise<DeleteOutcome> {
    const entry = this.#find(key, options);
    if (entry === undefined) return 'absent';
    if (options.ifMatch !== undefined && options.ifMatch !== entry.etag) return 'changed';
    this.#tree.delete(this.#prefix + key);
    return 'deleted';
  }

  async copy(from: string, to: string, options: CallContext = {}): Promise<PutOutcome> {
    const entry = this.#find(from, options);
    if (entry === undefined) {
      throw new NotFoundError({
        message: 'there is no object to copy',
        kind: 'object',
        thing: from,
      });
    }
    if (this.#find(to, options) !== undefined) return 'exists';
    this.#tree.set(this.#prefix + to, entry.bytes);
    return 'created';
  }

  async exclusively(key: string, work: () => Promise<void>): Promise<boolean> {
    checkKey(key);
    const { held } = this.#tree;
    const whole = this.#prefix + key;
    if (held.has(whole)) return false;
    held.add(whole);
    try {
      await work();
    } finally {
      held.delete(whole);
    }
    return true;
  }

  #find(key: string, options: CallContext): Entry | undefined {
    checkKey(key);
    options.signal?.throwIfAborted();
    return this.#tree.entries.get(this.#prefix + key);
  }
}

function describe(key: string, entry: Entry): ObjectInfo {
  const { bytes, modifiedMs, etag } = entry;
  return { key, sizeBytes: bytes.length, modifiedMs, etag };
}
