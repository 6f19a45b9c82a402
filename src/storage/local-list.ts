/** Lists the files below a folder as the keys of a store: in order, and touching only what can be part of the answer. */
import { isVarveError } from '../errors.js';
import { checkPrefix, compareKeys } from './key.js';
import { type FileStat, isAbsence, type LocalFs } from './local-fs.js';
import type { ListOptions, ObjectInfo } from './object-store.js';

/** How many files are asked about at the same time. */
const STATS_AT_ONCE = 64;

/** What a listing needs of the store. */
export interface ListedStore {
  readonly fs: LocalFs;
  /** The path of a key, or of the folder of a key that ends in `/` or is empty. */
  pathOf(key: string): string;
  describe(key: string, stat: FileStat): ObjectInfo;
  /** Rejects when a symbolic link leads `path` out of the store. */
  contain(path: string): Promise<void>;
  /** Whether a name is the store's own, such as a file that is being written. */
  isHidden(name: string): boolean;
}

interface Wanted {
  readonly prefix: string;
  readonly startAfter: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Every file whose key begins with `prefix`, by the UTF-8 bytes of the keys. Folders reached through a symbolic link
 * are not walked, and links that lead nowhere or out of the store are no objects of it.
 */
export async function* listFiles(
  store: ListedStore,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo> {
  checkPrefix(prefix);
  const { startAfter, signal } = options;
  signal?.throwIfAborted();
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  try {
    await store.contain(store.pathOf(folder));
  } catch (error) {
    if (isAbsence(error)) return;
    throw error;
  }
  yield* walk(store, folder, { prefix, startAfter, signal });
}

interface Candidate {
  /** Of a folder it ends in `/`, which puts the folder where its files belong among the names beside it. */
  readonly key: string;
  readonly isLink: boolean;
}

async function* walk(
  store: ListedStore,
  folder: string,
  wanted: Wanted,
): AsyncGenerator<ObjectInfo> {
  const candidates = await readFolder(store, folder, wanted);
  for (let i = 0; i < candidates.length; ) {
    wanted.signal?.throwIfAborted();
    const next = candidates[i];
    if (next?.key.endsWith('/') === true) {
      yield* walk(store, next.key, wanted);
      i++;
      continue;
    }
    const files = takeFiles(candidates, i);
    i += files.length;
    for (const info of await Promise.all(files.map((file) => describe(store, file)))) {
      if (info === undefined) continue;
      wanted.signal?.throwIfAborted();
      yield info;
    }
  }
}

async function readFolder(
  store: ListedStore,
  folder: string,
  wanted: Wanted,
): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = [];
  try {
    for (const entry of await store.fs.readdir(store.pathOf(folder))) {
      if (store.isHidden(entry.name)) continue;
      const isFolder = entry.isDirectory();
      const isLink = entry.isSymbolicLink();
      if (!isFolder && !isLink && !entry.isFile()) continue;
      const key = `${folder}${entry.name}${isFolder ? '/' : ''}`;
      if (isFolder ? mayHold(key, wanted) : isWanted(key, wanted)) candidates.push({ key, isLink });
    }
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
  return candidates.sort((a, b) => compareKeys(a.key, b.key));
}

function isWanted(key: string, { prefix, startAfter }: Wanted): boolean {
  if (!key.startsWith(prefix)) return false;
  return startAfter === undefined || compareKeys(key, startAfter) > 0;
}

/** Whether a key that begins with `folder` can be wanted. */
function mayHold(folder: string, { prefix, startAfter }: Wanted): boolean {
  if (!folder.startsWith(prefix) && !prefix.startsWith(folder)) return false;
  if (startAfter === undefined || startAfter.startsWith(folder)) return true;
  return compareKeys(folder, startAfter) > 0;
}

function takeFiles(candidates: readonly Candidate[], from: number): readonly Candidate[] {
  let end = from;
  while (end - from < STATS_AT_ONCE && candidates[end]?.key.endsWith('/') === false) end++;
  return candidates.slice(from, end);
}

async function describe(store: ListedStore, file: Candidate): Promise<ObjectInfo | undefined> {
  const path = store.pathOf(file.key);
  try {
    if (file.isLink) await store.contain(path);
    const stat = await (file.isLink ? store.fs.stat(path) : store.fs.lstat(path));
    return stat.isFile() ? store.describe(file.key, stat) : undefined;
  } catch (error) {
    // It was deleted since the folder was read, or it is a link to where this store has nothing.
    if (isAbsence(error) || (file.isLink && isVarveError(error, 'ACCESS_DENIED'))) return undefined;
    throw error;
  }
}
