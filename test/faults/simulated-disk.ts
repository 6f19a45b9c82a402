/** A disk in memory, with the calls that the local store makes of one: fast, and every call can be told, or fail. */
import type { FileStat, FolderEntry, LocalFs } from '../../src/storage/local-fs.js';

/** A file or a folder. */
export type Inode = FileInode | FolderInode;

export interface FileInode {
  readonly ino: number;
  readonly kind: 'file';
  bytes: Uint8Array;
  modifiedNs: bigint;
}

export interface FolderInode {
  readonly ino: number;
  readonly kind: 'folder';
  readonly entries: Map<string, Inode>;
}

/** One change of the disk, by inode numbers, so that it can be made again elsewhere. */
export type DiskEvent =
  | { readonly kind: 'new'; readonly ino: number; readonly is: 'file' | 'folder' }
  | {
      readonly kind: 'write';
      readonly ino: number;
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'name'; readonly folder: number; readonly name: string; readonly ino: number }
  | { readonly kind: 'unname'; readonly folder: number; readonly name: string }
  | {
      readonly kind: 'rename';
      readonly folder: number;
      readonly name: string;
      readonly to: string;
      readonly ino: number;
    }
  | { readonly kind: 'sync'; readonly ino: number };

/** A failure as Node gives it. */
export class DiskError extends Error {
  readonly code: string;
  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

/** The number of the root folder. */
export const ROOT_INO = 1;

export class SimulatedDisk implements LocalFs {
  readonly root: FolderInode;
  readonly #open = new Map<number, Inode>();
  readonly #now: () => number;
  readonly #notify: (event: DiskEvent) => void;
  #lastIno: number;
  #lastFd = 2;
  #changes = 0n;

  /**
   * @param notify - is told of every change, and every flush, in order
   * @param before - what is on the disk already
   */
  constructor(
    now: () => number,
    notify: (event: DiskEvent) => void = () => undefined,
    before?: { readonly root: FolderInode; readonly lastIno: number },
  ) {
    this.#now = now;
    this.#notify = notify;
    this.root = before?.root ?? { ino: ROOT_INO, kind: 'folder', entries: new Map() };
    this.#lastIno = before?.lastIno ?? ROOT_INO;
  }

  /** How many descriptors are open. */
  get openCount(): number {
    return this.#open.size;
  }

  async openForReading(path: string): Promise<number> {
    return this.#openInode(this.#find(path));
  }

  async openFolder(path: string): Promise<number> {
    return this.#openInode(this.#find(path));
  }

  async create(path: string): Promise<number> {
    const { folder, name } = this.#parent(path);
    if (folder.entries.has(name)) throw new DiskError('EEXIST', path);
    const inode: FileInode = {
      ino: ++this.#lastIno,
      kind: 'file',
      bytes: new Uint8Array(),
      modifiedNs: this.#tick(),
    };
    this.#notify({ kind: 'new', ino: inode.ino, is: 'file' });
    this.#name(folder, name, inode);
    return this.#openInode(inode);
  }

  async close(fd: number): Promise<void> {
    this.#inode(fd);
    this.#open.delete(fd);
  }

  async fstat(fd: number): Promise<FileStat> {
    return statOf(this.#inode(fd));
  }

  async stat(path: string): Promise<FileStat> {
    return statOf(this.#find(path));
  }

  async lstat(path: string): Promise<FileStat> {
    return statOf(this.#find(path));
  }

  async read(fd: number, into: Uint8Array, position: number): Promise<number> {
    const part = this.#file(fd).bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  async write(fd: number, bytes: Uint8Array, position: number): Promise<number> {
    const inode = this.#file(fd);
    inode.bytes = overwritten(inode.bytes, bytes, position);
    inode.modifiedNs = this.#tick();
    this.#notify({ kind: 'write', ino: inode.ino, at: position, bytes: bytes.slice() });
    return bytes.length;
  }

  async fsync(fd: number): Promise<void> {
    this.#notify({ kind: 'sync', ino: this.#inode(fd).ino });
  }

  async link(path: string, target: string): Promise<void> {
    const inode = this.#find(path);
    const { folder, name } = this.#parent(target);
    if (folder.entries.has(name)) throw new DiskError('EEXIST', target);
    this.#name(folder, name, inode);
  }

  /** Within one folder, which is all that the local store asks for. */
  async rename(path: string, target: string): Promise<void> {
    const inode = this.#find(path);
    const from = this.#parent(path);
    const to = this.#parent(target);
    if (from.folder !== to.folder) throw new DiskError('EXDEV', target);
    if (to.folder.entries.get(to.name)?.kind === 'folder') throw new DiskError('EISDIR', target);
    from.folder.entries.delete(from.name);
    to.folder.entries.set(to.name, inode);
    const { ino } = inode;
    this.#notify({ kind: 'rename', folder: to.folder.ino, name: from.name, to: to.name, ino });
  }

  async unlink(path: string): Promise<void> {
    if (this.#find(path).kind === 'folder') throw new DiskError('EISDIR', path);
    const { folder, name } = this.#parent(path);
    folder.entries.delete(name);
    this.#notify({ kind: 'unname', folder: folder.ino, name });
  }

  async mkdir(path: string): Promise<void> {
    const { folder, name } = this.#parent(path);
    if (folder.entries.has(name)) throw new DiskError('EEXIST', path);
    const inode: FolderInode = { ino: ++this.#lastIno, kind: 'folder', entries: new Map() };
    this.#notify({ kind: 'new', ino: inode.ino, is: 'folder' });
    this.#name(folder, name, inode);
  }

  async readdir(path: string): Promise<readonly FolderEntry[]> {
    const inode = this.#find(path);
    if (inode.kind !== 'folder') throw new DiskError('ENOTDIR', path);
    return [...inode.entries].map(([name, { kind }]) => ({
      name,
      isFile: () => kind === 'file',
      isDirectory: () => kind === 'folder',
      isSymbolicLink: () => false,
    }));
  }

  async realpath(path: string): Promise<string> {
    this.#find(path);
    return path;
  }

  #name(folder: FolderInode, name: string, inode: Inode): void {
    folder.entries.set(name, inode);
    this.#notify({ kind: 'name', folder: folder.ino, name, ino: inode.ino });
  }

  #find(path: string): Inode {
    let inode: Inode = this.root;
    for (const name of namesOf(path)) {
      if (inode.kind !== 'folder') throw new DiskError('ENOTDIR', path);
      const next: Inode | undefined = inode.entries.get(name);
      if (next === undefined) throw new DiskError('ENOENT', path);
      inode = next;
    }
    return inode;
  }

  #parent(path: string): { readonly folder: FolderInode; readonly name: string } {
    const names = namesOf(path);
    const name = names.pop();
    const folder = this.#find(`/${names.join('/')}`);
    if (folder.kind !== 'folder') throw new DiskError('ENOTDIR', path);
    if (name === undefined) throw new DiskError('EEXIST', path);
    return { folder, name };
  }

  #openInode(inode: Inode): number {
    const fd = ++this.#lastFd;
    this.#open.set(fd, inode);
    return fd;
  }

  #inode(fd: number): Inode {
    const inode = this.#open.get(fd);
    if (inode === undefined) throw new DiskError('EBADF', String(fd));
    return inode;
  }

  #file(fd: number): FileInode {
    const inode = this.#inode(fd);
    if (inode.kind !== 'file') throw new DiskError('EISDIR', String(fd));
    return inode;
  }

  #tick(): bigint {
    return BigInt(Math.floor(this.#now())) * 1_000_000n + (this.#changes++ % 1_000_000n);
  }
}

/** Bytes after a write at `at`; a gap before it is filled with zeros, as a disk does. */
export function overwritten(before: Uint8Array, bytes: Uint8Array, at: number): Uint8Array {
  const after = new Uint8Array(Math.max(before.length, at + bytes.length));
  after.set(before);
  after.set(bytes, at);
  return after;
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

function statOf(inode: Inode): FileStat {
  const isFile = inode.kind === 'file';
  return {
    ino: BigInt(inode.ino),
    dev: 1n,
    size: isFile ? BigInt(inode.bytes.length) : 0n,
    mtimeNs: isFile ? inode.modifiedNs : 0n,
    isFile: () => isFile,
    isSymbolicLink: () => false,
  };
}
