/** The folders of a local store: made durably, and never left through a symbolic link. */
import { AccessDeniedError } from '../errors.js';
import { errnoOf, type LocalFs } from './local-fs.js';

/** How many folders are remembered; then all are forgotten and looked at anew. */
const MAX_REMEMBERED_FOLDERS = 4096;

export interface FoldersOptions {
  readonly fs: LocalFs;
  /** The store's root, absolute. */
  readonly root: string;
  readonly separator: string;
  readonly parentOf: (path: string) => string;
  /** Whether a folder can be opened and flushed; on Windows it cannot. */
  readonly canSyncFolders: boolean;
}

/**
 * Knows which folders below the root are there, flushed and contained, so that a write costs the two flushes that
 * cannot be saved. What it remembers may be wrong after a folder was deleted: the caller then says so and asks again.
 */
export class LocalFolders {
  readonly #options: FoldersOptions;
  readonly #made = new Map<string, Promise<void>>();
  readonly #contained = new Map<string, Promise<void>>();

  constructor(options: FoldersOptions) {
    this.#options = options;
  }

  /**
   * Makes `folder` and what is missing above it, and flushes every folder that got a new name. A folder that was there
   * may have been made by somebody else a moment ago: below the root its name is flushed too, once.
   */
  async make(folder: string, key: string): Promise<void> {
    await once(this.#made, folder, () => this.#make(folder, key));
  }

  /** Forgets what is known: a folder has gone. */
  forget(): void {
    this.#made.clear();
    this.#contained.clear();
  }

  /**
   * Refuses a folder that symbolic links lead out of the root, for such a table reads and writes what is not its own.
   * A folder that does not exist is left to whoever opens it.
   */
  async contain(folder: string, operation: string, key: string): Promise<void> {
    if (folder === this.#options.root) return;
    await once(this.#contained, folder, () => this.containPath(folder, operation, key));
  }

  /** Like {@link contain}, for a file, and not remembered. */
  async containPath(path: string, operation: string, key: string): Promise<void> {
    const { fs, root, separator } = this.#options;
    const [realRoot, real] = await Promise.all([fs.realpath(root), fs.realpath(path)]);
    const inside = realRoot.endsWith(separator) ? realRoot : `${realRoot}${separator}`;
    if (real.startsWith(inside)) return;
    throw new AccessDeniedError({
      message: `a symbolic link leads out of ${root}; a table's files must lie below its root`,
      key,
      operation,
    });
  }

  /** Makes the names in `folder` survive a power failure. */
  async sync(folder: string): Promise<void> {
    const { fs, canSyncFolders } = this.#options;
    if (!canSyncFolders) return;
    const fd = await fs.openFolder(folder);
    try {
      await fs.fsync(fd);
    } finally {
      await fs.close(fd);
    }
  }

  async #make(folder: string, key: string): Promise<void> {
    const { root, separator, parentOf } = this.#options;
    const parent = parentOf(folder);
    const isBelowRoot = folder.startsWith(root.endsWith(separator) ? root : `${root}${separator}`);
    if (isBelowRoot) await this.make(parent, key);
    const isNew = await this.#mkdir(folder, key);
    if (isNew || isBelowRoot) await this.sync(parent);
    if (!isNew) await this.contain(folder, 'write', key);
  }

  /** Whether it made the folder; false when it was there. */
  async #mkdir(folder: string, key: string): Promise<boolean> {
    const parent = this.#options.parentOf(folder);
    try {
      return await this.#mkdirOnce(folder);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || parent === folder) throw error;
      await this.make(parent, key);
      return await this.#mkdirOnce(folder);
    }
  }

  async #mkdirOnce(folder: string): Promise<boolean> {
    try {
      await this.#options.fs.mkdir(folder);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      throw error;
    }
  }
}

/** Does `work` for `name` once, also when asked twice at the same time; what failed is asked again. */
async function once(
  done: Map<string, Promise<void>>,
  name: string,
  work: () => Promise<void>,
): Promise<void> {
  const known = done.get(name);
  if (known !== undefined) {
    await known;
    return;
  }
  if (done.size >= MAX_REMEMBERED_FOLDERS) done.clear();
  const doing = work();
  done.set(name, doing);
  try {
    await doing;
  } catch (error) {
    if (done.get(name) === doing) done.delete(name);
    throw error;
  }
}
