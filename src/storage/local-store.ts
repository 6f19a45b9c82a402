/** Objects as files below a folder of this machine. The only store that uses Node: bundles for elsewhere leave it out. */
import * as nodeFs from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Entropy, systemEntropy } from '../clock.js';
import { CorruptDataError, InvalidArgumentError, NotFoundError } from '../errors.js';
import { checkKey, checkPrefix } from './key.js';
import { LocalFolders } from './local-folders.js';
import { errnoOf, type FileStat, isAbsence, type LocalFs, localFailure } from './local-fs.js';
import { listFiles } from './local-list.js';
import { isTemporary, LocalWriter, type Place } from './local-write.js';
import type {
  Body,
  CallContext,
  DeleteOptions,
  DeleteOutcome,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutIfAbsentOptions,
  PutOutcome,
  StoredObject,
} from './object-store.js';
import { checkRange } from './range.js';

const isWindows = sep === '\\';

export interface LocalStoreOptions {
  /** Names temporary files. */
  readonly entropy?: Entropy | undefined;
  /** The disk; Node's own when not given. */
  readonly fs?: LocalFs | undefined;
}

/** The path that a `file:` URL means. Throws what Node throws when it means none on this machine. */
export function filePath(url: URL): string {
  return fileURLToPath(url);
}

/** The absolute URL of a path, which may be relative to the working directory. */
export function fileUrl(path: string): URL {
  return pathToFileURL(resolve(path));
}

/**
 * A store of the files below `root`, which is made by the first write. Durable: files, their names and new folders are
 * flushed before a write is answered. Nothing is held open between calls.
 */
export function localStore(root: string, options: LocalStoreOptions = {}): ObjectStore {
  return new LocalStore(resolve(root), options.fs ?? diskFs, options.entropy ?? systemEntropy);
}

/** Bytes read at once, between which a call can be aborted. */
const READ_BYTES = 64 * 1024 * 1024;

class LocalStore implements ObjectStore {
  readonly #root: string;
  readonly #fs: LocalFs;
  readonly #folders: LocalFolders;
  readonly #writer: LocalWriter;

  constructor(root: string, fs: LocalFs, entropy: Entropy) {
    this.#root = root;
    this.#fs = fs;
    const folders = new LocalFolders({
      fs,
      root,
      separator: sep,
      parentOf: dirname,
      canSyncFolders: !isWindows,
    });
    this.#folders = folders;
    this.#writer = new LocalWriter({ fs, folders, entropy, root, join });
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | undefined> {
    const place = this.#place(key);
    checkRange(options.range);
    return await this.#run('get', key, options, async () => {
      const fd = await this.#open(place);
      if (fd === undefined) return undefined;
      try {
        const stat = await this.#fs.fstat(fd);
        if (!stat.isFile()) return undefined;
        if (options.durable === true) await this.#writer.makeSure(place);
        return await this.#read(fd, describe(key, stat), options);
      } finally {
        await this.#fs.close(fd);
      }
    });
  }

  async head(key: string, options: CallContext = {}): Promise<ObjectInfo | undefined> {
    const place = this.#place(key);
    return await this.#run('head', key, options, async () => {
      const stat = await this.#stat(place, 'head');
      return stat === undefined ? undefined : describe(key, stat);
    });
  }

  async putIfAbsent(
    key: string,
    body: Body,
    options: PutIfAbsentOptions = {},
  ): Promise<PutOutcome> {
    const place = this.#newPlace(key);
    const after = options.after === undefined ? undefined : this.#place(options.after);
    return await this.#run('putIfAbsent', key, options, () =>
      this.#writer.create(place, body, { after, signal: options.signal }),
    );
  }

  async put(key: string, body: Body, options: CallContext = {}): Promise<ObjectInfo> {
    const place = this.#newPlace(key);
    return await this.#run('put', key, options, async () =>
      describe(key, await this.#writer.replace(place, body, options.signal)),
    );
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const store = {
      fs: this.#fs,
      pathOf: (key: string) => join(this.#root, key),
      describe,
      contain: async (path: string) => {
        if (resolve(path) === this.#root) return;
        await this.#folders.containPath(path, 'list', prefix);
      },
      isHidden: isTemporary,
    };
    try {
      yield* listFiles(store, prefix, options);
    } catch (error) {
      throw options.signal?.aborted === true ? error : localFailure(error, 'list', prefix);
    }
  }

  async delete(key: string, options: DeleteOptions = {}): Promise<DeleteOutcome> {
    const place = this.#place(key);
    return await this.#run('delete', key, options, async () => {
      const stat = await this.#stat(place, 'delete');
      if (stat === undefined) return 'absent';
      if (options.ifMatch !== undefined && options.ifMatch !== etagOf(stat)) return 'changed';
      options.signal?.throwIfAborted();
      try {
        await this.#fs.unlink(place.path);
      } catch (error) {
        if (isAbsence(error)) return 'absent';
        throw error;
      }
      await this.#writer.dropChecksum(place);
      return 'deleted';
    });
  }

  async copy(from: string, to: string, options: CallContext = {}): Promise<PutOutcome> {
    const source = this.#place(from);
    const target = this.#newPlace(to);
    return await this.#run('copy', to, options, async () => {
      if ((await this.#stat(source, 'copy')) === undefined) {
        throw new NotFoundError({
          message: 'there is no object to copy',
          kind: 'object',
          thing: from,
        });
      }
      options.signal?.throwIfAborted();
      return await this.#writer.copy(source, target);
    });
  }

  async exclusively(key: string, work: () => Promise<void>): Promise<boolean> {
    const place = this.#newPlace(key);
    const release = await this.#run('exclusively', key, {}, async () => {
      await this.#folders.make(place.folder, key);
      return await takeLock(place.path);
    });
    if (release === undefined) return false;
    try {
      await work();
    } finally {
      await release();
    }
    return true;
  }

  async sweep(prefix: string, beforeMs: number, options: CallContext = {}): Promise<number> {
    checkPrefix(prefix);
    const folder = join(this.#root, prefix);
    return await this.#run('sweep', prefix, options, async () => {
      let swept = 0;
      for (const { name } of await this.#readFolder(folder, prefix)) {
        if (!isTemporary(name)) continue;
        options.signal?.throwIfAborted();
        if (await this.#sweepFile(join(folder, name), beforeMs)) swept++;
      }
      return swept;
    });
  }

  async #readFolder(folder: string, prefix: string): Promise<readonly { readonly name: string }[]> {
    try {
      await this.#folders.contain(folder, 'sweep', prefix);
      return await this.#fs.readdir(folder);
    } catch (error) {
      if (isAbsence(error)) return [];
      throw error;
    }
  }

  async #sweepFile(path: string, beforeMs: number): Promise<boolean> {
    try {
      const stat = await this.#fs.lstat(path);
      if (!stat.isFile() || Number(stat.mtimeNs / 1_000_000n) >= beforeMs) return false;
      await this.#fs.unlink(path);
      return true;
    } catch (error) {
      if (isAbsence(error)) return false;
      throw error;
    }
  }

  async #read(fd: number, info: ObjectInfo, options: GetOptions): Promise<StoredObject> {
    const { key, sizeBytes } = info;
    const { ifMatch, range, into: given, signal } = options;
    if (ifMatch !== undefined && ifMatch !== info.etag) throw replaced(key);
    const start = Math.min(range?.start ?? 0, sizeBytes);
    const end = Math.min(range?.end ?? sizeBytes, sizeBytes);
    const bytes = given?.length === end - start ? given : new Uint8Array(end - start);
    for (let done = 0; done < bytes.length; ) {
      signal?.throwIfAborted();
      const into = bytes.subarray(done, done + READ_BYTES);
      const read = await this.#fs.read(fd, into, start + done);
      // Only somebody who changes files in place can make one shorter while it is open.
      if (read === 0) throw replaced(key);
      done += read;
    }
    return { bytes, info };
  }

  async #open(place: Place): Promise<number | undefined> {
    try {
      await this.#folders.contain(place.folder, 'get', place.key);
      return await this.#openContained(place);
    } catch (error) {
      if (isAbsence(error) || errnoOf(error) === 'EISDIR') return undefined;
      throw error;
    }
  }

  async #openContained(place: Place): Promise<number> {
    try {
      return await this.#fs.openForReading(place.path);
    } catch (error) {
      if (errnoOf(error) !== 'ELOOP') throw error;
      await this.#folders.containPath(place.path, 'get', place.key);
      return await this.#fs.openForReading(await this.#fs.realpath(place.path));
    }
  }

  async #stat(place: Place, operation: string): Promise<FileStat | undefined> {
    try {
      await this.#folders.contain(place.folder, operation, place.key);
      let stat = await this.#fs.lstat(place.path);
      if (stat.isSymbolicLink()) {
        await this.#folders.containPath(place.path, operation, place.key);
        stat = await this.#fs.stat(place.path);
      }
      return stat.isFile() ? stat : undefined;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  async #run<T>(
    operation: string,
    key: string,
    { signal }: CallContext,
    work: () => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      throw signal?.aborted === true && error === signal.reason
        ? error
        : localFailure(error, operation, key);
    }
  }

  #place(key: string): Place {
    checkKey(key);
    if (isWindows) checkWindowsKey(key);
    const path = join(this.#root, key);
    return { key, path, folder: dirname(path), name: key.slice(key.lastIndexOf('/') + 1) };
  }

  #newPlace(key: string): Place {
    const place = this.#place(key);
    if (!isTemporary(place.name)) return place;
    throw new InvalidArgumentError({
      message: `${JSON.stringify(key)} is named like a temporary file of the store`,
      option: 'key',
    });
  }
}

function describe(key: string, stat: FileStat): ObjectInfo {
  return {
    key,
    sizeBytes: Number(stat.size),
    modifiedMs: Number(stat.mtimeNs / 1_000_000n),
    etag: etagOf(stat),
  };
}

function etagOf({ ino, size, mtimeNs }: FileStat): string {
  return `${ino}-${size}-${mtimeNs}`;
}

function replaced(key: string): CorruptDataError {
  return new CorruptDataError({ message: 'the object was replaced while it was read', key });
}

/** Windows gives these characters and endings a meaning, or drops them, so that two keys would be one file. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const WINDOWS_REFUSES = /[\\:*?"<>|\u0001-\u001f]|[. ](\/|$)/u;

function checkWindowsKey(key: string): void {
  if (!WINDOWS_REFUSES.test(key)) return;
  throw new InvalidArgumentError({
    message: `${JSON.stringify(key)} cannot be a file on Windows`,
    option: 'key',
  });
}

/** The lock as a function that gives it back; undefined while another process, or this one, has it. */
async function takeLock(path: string): Promise<(() => Promise<void>) | undefined> {
  // Loaded on first use: it installs handlers of this process's exit and signals.
  const { lock } = await import('proper-lockfile');
  let isCompromised = false;
  try {
    const release = await lock(path, {
      lockfilePath: path,
      realpath: false,
      // By default a lost lock throws out of a timer, which would end the process.
      onCompromised: () => {
        isCompromised = true;
      },
    });
    return async () => {
      // A lock that cannot be given back grows stale and is then taken over.
      if (!isCompromised) await release().catch(() => undefined);
    };
  } catch (error) {
    if (errnoOf(error) === 'ELOCKED') return undefined;
    throw error;
  }
}

const { constants } = nodeFs;
/** On Windows neither flag exists, and neither a named pipe nor, for most users, a symbolic link. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

const open = promisify(nodeFs.open);
const stat = promisify(nodeFs.stat);
const lstat = promisify(nodeFs.lstat);
const fstat = promisify(nodeFs.fstat);
const read = promisify(nodeFs.read);
const write = promisify(nodeFs.write);
const readdir = promisify(nodeFs.readdir);

/** Plain descriptors, not FileHandles: a small read costs half as much. */
export const diskFs: LocalFs = {
  openForReading: (path) => open(path, READ_FLAGS),
  openFolder: (path) => open(path, constants.O_RDONLY),
  create: (path) => open(path, CREATE_FLAGS),
  close: promisify(nodeFs.close),
  fstat: (fd) => fstat(fd, { bigint: true }),
  stat: (path) => stat(path, { bigint: true }),
  lstat: (path) => lstat(path, { bigint: true }),
  read: async (fd, into, position) => (await read(fd, into, 0, into.length, position)).bytesRead,
  write: async (fd, bytes, position) =>
    (await write(fd, bytes, 0, bytes.length, position)).bytesWritten,
  fsync: promisify(nodeFs.fsync),
  link: promisify(nodeFs.link),
  rename: promisify(nodeFs.rename),
  unlink: promisify(nodeFs.unlink),
  mkdir: promisify(nodeFs.mkdir),
  readdir: (path) => readdir(path, { withFileTypes: true }),
  realpath: promisify(nodeFs.realpath.native),
};
