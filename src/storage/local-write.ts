/** How a file comes to be on local disk: written aside, flushed, then given its name in one step. */
import type { Entropy } from '../clock.js';
import { InvalidArgumentError } from '../errors.js';
import type { LocalFolders } from './local-folders.js';
import {
  errnoOf,
  type FileStat,
  hardLinksRefused,
  isAbsence,
  type LocalFs,
  meansNoHardLinks,
} from './local-fs.js';
import { type Body, bodyParts, type PutOutcome } from './object-store.js';

/** Bytes handed to the system at once, between which a call can be aborted. */
const WRITE_BYTES = 64 * 1024 * 1024;

const TEMPORARY = /^\.tmp-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

/** Whether a name is of a file that is being written, or was when its process died. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** A key's place on disk. */
export interface Place {
  readonly key: string;
  readonly path: string;
  readonly folder: string;
  readonly name: string;
}

interface Staged {
  readonly path: string;
  readonly stat: FileStat;
}

export interface WriterOptions {
  readonly fs: LocalFs;
  readonly folders: LocalFolders;
  readonly entropy: Entropy;
  readonly root: string;
  readonly join: (folder: string, name: string) => string;
}

/** Writes files whole. Failures are thrown as the system gives them, except where they decide an outcome. */
export class LocalWriter {
  readonly #options: WriterOptions;
  /** By folder the name that was flushed last. */
  readonly #flushed = new Map<string, string>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** See `ObjectStore.putIfAbsent`; `link` is the arbiter, for it never replaces and shows the whole file at once. */
  async create(
    place: Place,
    body: Body,
    {
      after,
      signal,
    }: { readonly after?: Place | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<PutOutcome> {
    const staged = await this.#stage(place, body, signal);
    try {
      signal?.throwIfAborted();
      if (after !== undefined) await this.makeSure(after);
      const outcome = await this.#link(staged, place);
      if (outcome === 'created') this.#flushed.set(place.folder, place.name);
      // The name may be that of a file that was deleted since.
      if (outcome === 'unknown') this.#flushed.delete(place.folder);
      return outcome;
    } finally {
      await this.#discard(staged.path);
    }
  }

  /** See `ObjectStore.put`; what the new file is. */
  async replace(place: Place, body: Body, signal: AbortSignal | undefined): Promise<FileStat> {
    const { fs, folders } = this.#options;
    const staged = await this.#stage(place, body, signal);
    try {
      signal?.throwIfAborted();
      await this.dropChecksum(place);
      await fs.rename(staged.path, place.path);
    } catch (error) {
      await this.#discard(staged.path);
      throw error;
    }
    await folders.sync(place.folder);
    return staged.stat;
  }

  /** See `ObjectStore.copy`: a second name for the same file. */
  async copy(from: Place, to: Place): Promise<PutOutcome> {
    const { fs, folders } = this.#options;
    await folders.contain(from.folder, 'copy', from.key);
    const fd = await fs.openForReading(from.path);
    try {
      // Whoever wrote the file may not have flushed it, and `created` promises that it is durable.
      await fs.fsync(fd);
      const stat = await fs.fstat(fd);
      await folders.make(to.folder, to.key);
      return await this.#link({ path: from.path, stat }, to);
    } finally {
      await fs.close(fd);
    }
  }

  /**
   * Removes the checksum that Hadoop keeps beside a file: it describes the old bytes, and Spark refuses, or waits long
   * for, a file whose checksum does not fit.
   */
  async dropChecksum(place: Place): Promise<void> {
    const { fs, join } = this.#options;
    try {
      await fs.unlink(join(place.folder, `.${place.name}.crc`));
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  }

  /** Flushes the name of a file that somebody else may have made a moment ago; of one's own it was. */
  async makeSure({ folder, name }: Place): Promise<void> {
    if (this.#flushed.get(folder) === name) return;
    await this.#options.folders.sync(folder);
    this.#flushed.set(folder, name);
  }

  async #stage(place: Place, body: Body, signal: AbortSignal | undefined): Promise<Staged> {
    try {
      return await this.#writeAside(place, body, signal);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // A folder was deleted after it was last seen; nothing has been written, so it is safe to begin anew.
      this.#options.folders.forget();
      return await this.#writeAside(place, body, signal);
    }
  }

  async #writeAside(place: Place, body: Body, signal: AbortSignal | undefined): Promise<Staged> {
    const { fs, folders, join, entropy } = this.#options;
    await folders.make(place.folder, place.key);
    signal?.throwIfAborted();
    const path = join(place.folder, `.tmp-${entropy.uuid()}`);
    const fd = await fs.create(path);
    try {
      let stat: FileStat;
      try {
        await this.#writeAll(fd, body, signal);
        await fs.fsync(fd);
        stat = await fs.fstat(fd);
      } finally {
        await fs.close(fd);
      }
      return { path, stat };
    } catch (error) {
      await this.#discard(path);
      throw error;
    }
  }

  async #writeAll(fd: number, body: Body, signal: AbortSignal | undefined): Promise<void> {
    let position = 0;
    for (const part of bodyParts(body)) {
      for (let offset = 0; offset < part.length; ) {
        signal?.throwIfAborted();
        const chunk = part.subarray(offset, offset + WRITE_BYTES);
        const written = await this.#options.fs.write(fd, chunk, position);
        offset += written;
        position += written;
      }
    }
  }

  async #link(staged: Staged, place: Place): Promise<PutOutcome> {
    const { fs, folders, root } = this.#options;
    try {
      await fs.link(staged.path, place.path);
    } catch (error) {
      if (meansNoHardLinks(error)) throw hardLinksRefused(root, error);
      // A server that answers late, or a disk that fails, may have made the link: only the name itself can tell.
      if (errnoOf(error) !== 'EEXIST') return 'unknown';
      const outcome = await this.#whoseIs(staged, place);
      if (outcome !== 'created') return outcome;
    }
    try {
      await folders.sync(place.folder);
      return 'created';
    } catch {
      // The name is there, but nobody knows whether it survives a power failure.
      return 'unknown';
    }
  }

  /** Over NFS a link is sent again when its answer is lost, and then finds the name that it made itself. */
  async #whoseIs(staged: Staged, place: Place): Promise<PutOutcome> {
    let stat: FileStat;
    try {
      stat = await this.#options.fs.lstat(place.path);
    } catch (error) {
      return isAbsence(error) ? 'exists' : 'unknown';
    }
    if (stat.ino === staged.stat.ino && stat.dev === staged.stat.dev) return 'created';
    if (stat.isFile() || stat.isSymbolicLink()) return 'exists';
    throw new InvalidArgumentError({
      message: `${JSON.stringify(place.key)} is a folder here`,
      option: 'key',
    });
  }

  /** A temporary file that stays does no harm: it is hidden, and cleaned up with the log. */
  async #discard(path: string): Promise<void> {
    await this.#options.fs.unlink(path).catch(() => undefined);
  }
}
