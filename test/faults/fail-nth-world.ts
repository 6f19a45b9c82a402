/** Stores and disks of which one call, the Nth, does not go well. */
import { nextTurn } from '../../src/clock.js';
import type { LocalFs } from '../../src/storage/local-fs.js';
import { localStore } from '../../src/storage/local-store.js';
import {
  type Fault,
  faultStore,
  memoryStorage,
  type ObjectStore,
  type StorageProvider,
  seededEntropy,
} from '../../src/testing/index.js';
import { TABLE_URL } from './fail-nth-shapes.js';
import { DiskError, SimulatedDisk } from './simulated-disk.js';
import { virtualClock } from './virtual-clock.js';

/** How the Nth call goes wrong; after `for ever` no later call succeeds, after a crash none is answered. */
export const MODES = [
  'once',
  'for ever',
  'crash before',
  'crash after',
  'lost reply',
  'lost request',
  'late request',
  'torn',
  'torn, then crash',
] as const;
export type Mode = (typeof MODES)[number];

/** Which call goes wrong, counted from 0, and how. */
export interface Point {
  readonly at: number;
  readonly mode: Mode;
}

/** Counts the calls of one process, and says how each goes wrong. */
export class Injector {
  /** The name of every call so far. */
  readonly calls: string[] = [];
  /** Resolves when the process is dead and all that it had asked for is done. */
  readonly crashed: Promise<void>;
  #crash: () => void = () => undefined;
  #isArmed = true;
  #deletes = 0;
  #struckDelete = false;
  readonly #point: Point | undefined;

  constructor(point?: Point) {
    this.#point = point;
    this.crashed = new Promise((resolve) => {
      this.#crash = resolve;
    });
  }

  next(name: string): Mode | undefined {
    const at = this.calls.length;
    this.calls.push(name);
    const point = this.#point;
    if (point === undefined || !this.#isArmed || at < point.at) return undefined;
    this.#struckDelete ||= at === point.at && this.#deletes > 0;
    const isCrash = point.mode.includes('crash');
    if (at > point.at) {
      if (isCrash) return 'crash before';
      return point.mode === 'for ever' ? point.mode : undefined;
    }
    if (isCrash) void settled().then(this.#crash);
    return point.mode;
  }

  /** Whether the call that went wrong was made to delete an object. */
  get struckDelete(): boolean {
    return this.#struckDelete;
  }

  /** `store`, with its deletes known as such. */
  watchDeletes(store: ObjectStore): ObjectStore {
    return {
      ...store,
      delete: async (key, options) => {
        this.#deletes++;
        try {
          return await store.delete(key, options);
        } finally {
          this.#deletes--;
        }
      },
    };
  }

  /** From now on every call goes well. */
  disarm(): void {
    this.#isArmed = false;
  }
}

/** Enough turns for what is under way in memory to come to its end. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

/** Where tables lie; every process that opens it has a provider of its own. */
export interface World {
  process(injector: Injector): StorageProvider;
  /** Past all faults. */
  readonly store: ObjectStore;
  /** Lets time pass, for the store and for processes that come later. */
  age(ms: number): void;
  /** Descriptors that somebody forgot; always 0 where there are none. */
  openCount(): number;
}

/** What a store holds, by key. */
export type Objects = ReadonlyMap<string, Uint8Array>;

/** A world that begins with these objects below `url`, a table's when not given. */
export type OpenWorld = (objects: Objects, url?: string) => Promise<World>;

/** Which modes are worth a point at a call of this name. */
export type Modes = (name: string) => readonly Mode[];

const READING: readonly Mode[] = ['once', 'for ever', 'crash before'];
const CHANGING: readonly Mode[] = [...READING, 'crash after', 'lost reply'];

export const storeModes: Modes = (name) => {
  if (name === 'list') return [...READING, 'torn'];
  if (name === 'get' || name === 'head') return READING;
  return name === 'putIfAbsent' ? [...CHANGING, 'lost request', 'late request'] : CHANGING;
};

const FAULTS: Readonly<Record<Mode, Fault>> = {
  once: 'fail',
  'for ever': 'fail',
  'crash before': 'crash-before',
  'crash after': 'crash-after',
  'lost reply': 'lost-reply',
  'lost request': 'lost-request',
  'late request': 'late-request',
  torn: 'torn',
  'torn, then crash': 'crash-before',
};

/** Objects below `url`, a table's when not given, in memory, whose store's calls fail. */
export async function memoryWorld(objects: Objects, url: string = TABLE_URL): Promise<World> {
  const clock = virtualClock();
  const lake = memoryStorage({ clock });
  const store = lake.open(new URL(url));
  for (const [key, bytes] of objects) await store.put(key, bytes);
  let processes = 0;
  return {
    store,
    age: (ms) => clock.age(ms),
    openCount: () => 0,
    process: (injector) => ({
      schemes: lake.schemes,
      clock: virtualClock(clock.agedMs()),
      entropy: seededEntropy(++processes),
      open: (at) =>
        injector.watchDeletes(
          faultStore(lake.open(at), ({ operation }) => {
            const mode = injector.next(operation);
            return mode === undefined ? undefined : FAULTS[mode];
          }),
        ),
    }),
  };
}

const FS_CHANGES: ReadonlySet<string> = new Set([
  'create',
  'write',
  'fsync',
  'link',
  'rename',
  'unlink',
  'mkdir',
]);

export const diskModes: Modes = (name) => {
  if (name === 'write') return [...CHANGING, 'torn', 'torn, then crash'];
  // Whoever makes a file and is not told its descriptor cannot close it; no system does that.
  if (name === 'create') return [...READING, 'crash after'];
  return FS_CHANGES.has(name) ? CHANGING : READING;
};

/** The same on a disk, whose file system's calls fail. */
export async function diskWorld(objects: Objects, url: string = TABLE_URL): Promise<World> {
  const clock = virtualClock();
  const disk = new SimulatedDisk(() => clock.now());
  const temporaryNames = seededEntropy(0);
  let processes = 0;
  const open = (fs: LocalFs, at: URL): ObjectStore =>
    withoutLock(localStore(`/disk/${at.host}${at.pathname}`, { fs, entropy: temporaryNames }));
  const store = open(disk, new URL(url));
  for (const [key, bytes] of objects) await store.put(key, bytes);
  return {
    store,
    age: (ms) => clock.age(ms),
    openCount: () => disk.openCount,
    process: (injector) => ({
      schemes: ['memory'],
      clock: virtualClock(clock.agedMs()),
      entropy: seededEntropy(++processes),
      open: (at) => injector.watchDeletes(open(faultyFs(disk, injector), at)),
    }),
  };
}

/** The lock is of the real disk; that all holds without it is what these sweeps show anyway. */
export function withoutLock(store: ObjectStore): ObjectStore {
  return {
    get: (key, options) => store.get(key, options),
    head: (key, options) => store.head(key, options),
    put: (key, body, options) => store.put(key, body, options),
    putIfAbsent: (key, body, options) => store.putIfAbsent(key, body, options),
    delete: (key, options) => store.delete(key, options),
    list: (prefix, options) => store.list(prefix, options),
  };
}

function faultyFs(disk: LocalFs, injector: Injector): LocalFs {
  const call = async <T>(name: string, run: () => Promise<T>, half?: () => Promise<T>) => {
    const mode = injector.next(name);
    switch (mode) {
      case undefined:
        return await run();
      case 'crash after':
        await run();
        return await never();
      case 'crash before':
        return await never();
      case 'torn, then crash':
        await half?.();
        return await never();
      case 'torn':
        await half?.();
        throw new DiskError('ENOSPC', name);
      case 'lost reply':
        await run();
        throw new DiskError('EIO', name);
      case 'once':
      case 'for ever':
      case 'lost request':
      case 'late request':
        // A descriptor is gone whatever close says of it.
        if (name === 'close') await run();
        throw new DiskError(mode === 'for ever' ? 'ENOSPC' : 'EIO', name);
    }
  };
  return {
    openForReading: (path) => call('openForReading', () => disk.openForReading(path)),
    openFolder: (path) => call('openFolder', () => disk.openFolder(path)),
    create: (path) => call('create', () => disk.create(path)),
    close: (fd) => call('close', () => disk.close(fd)),
    fstat: (fd) => call('fstat', () => disk.fstat(fd)),
    stat: (path) => call('stat', () => disk.stat(path)),
    lstat: (path) => call('lstat', () => disk.lstat(path)),
    read: (fd, into, position) => call('read', () => disk.read(fd, into, position)),
    write: (fd, bytes, position) =>
      call(
        'write',
        () => disk.write(fd, bytes, position),
        () => disk.write(fd, bytes.subarray(0, Math.floor(bytes.length / 2)), position),
      ),
    fsync: (fd) => call('fsync', () => disk.fsync(fd)),
    link: (path, target) => call('link', () => disk.link(path, target)),
    rename: (path, target) => call('rename', () => disk.rename(path, target)),
    unlink: (path) => call('unlink', () => disk.unlink(path)),
    mkdir: (path) => call('mkdir', () => disk.mkdir(path)),
    readdir: (path) => call('readdir', () => disk.readdir(path)),
    realpath: (path) => call('realpath', () => disk.realpath(path)),
  };
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
