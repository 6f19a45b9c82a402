/** The file system calls that the local store makes, and what their failures mean. */
import {
  AccessDeniedError,
  InvalidArgumentError,
  StorageUnavailableError,
  UnsupportedFeatureError,
} from '../errors.js';

/** What a name leads to, as `stat` with `bigint` tells it. */
export interface FileStat {
  readonly ino: bigint;
  readonly dev: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

/** One name in a folder. */
export interface FolderEntry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** Node's calls on paths and descriptors, each as a promise: the seam at which tests make a disk fail. */
export interface LocalFs {
  /** For reading; never waits (named pipes), and never follows a link in the last name where the system can tell. */
  openForReading(path: string): Promise<number>;
  /** A folder, to flush it. */
  openFolder(path: string): Promise<number>;
  /** For writing; fails when the name is taken. */
  create(path: string): Promise<number>;
  close(fd: number): Promise<void>;
  fstat(fd: number): Promise<FileStat>;
  stat(path: string): Promise<FileStat>;
  lstat(path: string): Promise<FileStat>;
  /** Reads up to the length of `into` at `position`; how many bytes were read, 0 at the end. */
  read(fd: number, into: Uint8Array, position: number): Promise<number>;
  /** How many bytes of `bytes` were written at `position`. */
  write(fd: number, bytes: Uint8Array, position: number): Promise<number>;
  fsync(fd: number): Promise<void>;
  link(path: string, target: string): Promise<void>;
  rename(path: string, target: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string): Promise<void>;
  readdir(path: string): Promise<readonly FolderEntry[]>;
  realpath(path: string): Promise<string>;
}

/** `ENOENT`, but neither Node's own `ERR_...` nor a code of Varve. */
const ERRNO = /^E[A-Z0-9]+$/u;

/** The system's name of a failure, such as `ENOENT`; undefined for anything else that was thrown. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && ERRNO.test(error.code) ? error.code : undefined;
}

const ABSENT = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'];

/**
 * Whether a path leads nowhere: no such name, a file where a folder should be, a name no disk can hold, or links in a
 * ring.
 */
export function isAbsence(error: unknown): boolean {
  return ABSENT.includes(errnoOf(error) ?? '');
}

const NO_HARD_LINKS = [
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
  // Windows, on FAT and exFAT.
  'EISDIR',
  'EMLINK',
];

/** Whether a failure of `link` says that the file system has no hard links. */
export function meansNoHardLinks(error: unknown): boolean {
  return NO_HARD_LINKS.includes(errnoOf(error) ?? '');
}

/** The refusal of a file system without hard links: nothing else creates a file whole, and only if absent. */
export function hardLinksRefused(root: string, cause: unknown): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `the file system of ${root} has no hard links, without which a commit cannot be atomic`,
    features: ['hard links'],
    side: 'write',
    remedy: 'put the table on a local disk such as ext4, xfs, APFS or NTFS, or in an object store',
    cause,
  });
}

/** A failure of the file system as Varve's own error; what is no failure of the file system is given back as it is. */
export function localFailure(error: unknown, operation: string, key: string): unknown {
  const code = errnoOf(error);
  switch (code) {
    case undefined:
      return error;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AccessDeniedError({
        message: `the file system refused to ${operation} (${code})`,
        key,
        operation,
        cause: error,
      });
    case 'ENAMETOOLONG':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENOTEMPTY':
      return new InvalidArgumentError({
        message: `${JSON.stringify(key)} cannot be a file here (${code})`,
        option: 'key',
        expected: 'names the file system can hold, and no file and folder of the same name',
        cause: error,
      });
    default:
      return new StorageUnavailableError({
        message: `the file system failed to ${operation} (${code})`,
        key,
        operation,
        cause: error,
      });
  }
}
