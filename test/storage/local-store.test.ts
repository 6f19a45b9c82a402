import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isVarveError } from '../../src/errors.js';
import type { LocalFs } from '../../src/storage/local-fs.js';
import { diskFs, localStore } from '../../src/storage/local-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';

const body = new TextEncoder().encode('body');
const isRoot = process.getuid?.() === 0;

type Call = readonly [name: keyof LocalFs, ...paths: string[]];

class Errno extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`${code}: planted`);
    this.code = code;
  }
}

/** The disk, with every call written down by the last part of its paths, and any of them failing on request. */
function watched(): { fs: LocalFs; calls: Call[]; fail: Map<keyof LocalFs, string> } {
  const calls: Call[] = [];
  const fail = new Map<keyof LocalFs, string>();
  const fs: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(diskFs) as [keyof LocalFs, Function][]) {
    fs[name] = async (...args: unknown[]): Promise<unknown> => {
      const paths = args.filter((arg) => typeof arg === 'string').map((path) => basename(path));
      calls.push([name, ...paths.map((path) => (path.startsWith('.tmp-') ? 'TEMP' : path))]);
      const code = fail.get(name);
      if (code !== undefined) throw new Errno(code);
      return await call(...args);
    };
  }
  return { fs: fs as unknown as LocalFs, calls, fail };
}

describe('localStore', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'varve-local-'));
  });
  afterEach(() => {
    chmodSync(root, 0o755);
    rmSync(root, { recursive: true });
  });

  const names = (folder = ''): string[] => readdirSync(join(root, folder)).toSorted();
  const thrown = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => undefined,
      (error: unknown) => error,
    );

  describe('durability', () => {
    it('flushes the file, then links it, then flushes its folder, and answers only then', async () => {
      const { fs, calls } = watched();
      const store = localStore(root, { fs });
      await store.putIfAbsent('log/0.json', body);
      calls.length = 0;
      expect(await store.putIfAbsent('log/1.json', body)).toBe('created');
      const order = calls.filter(([name]) => !['fstat', 'close', 'unlink'].includes(name));
      expect(order).toEqual([
        ['create', 'TEMP'],
        ['write'],
        ['fsync'],
        ['link', 'TEMP', '1.json'],
        ['openFolder', 'log'],
        ['fsync'],
      ]);
      expect(names('log')).toEqual(['0.json', '1.json']);
    });

    it('flushes every folder that got a new name, from the first one that was there', async () => {
      const { fs, calls } = watched();
      await localStore(join(root, 'lake', 'table'), { fs }).put('p=1/q=2/file', body);
      const flushed = calls.filter(([name]) => name === 'openFolder').map(([, path]) => path);
      expect(flushed).toHaveLength(5);
      expect(new Set(flushed)).toEqual(new Set([basename(root), 'lake', 'table', 'p=1', 'q=2']));
    });

    it('flushes the name of a folder that it finds, once, for its maker may not have', async () => {
      mkdirSync(join(root, 'log'));
      const { fs, calls } = watched();
      const store = localStore(root, { fs });
      for (const key of ['log/1', 'log/2', 'log/3']) await store.putIfAbsent(key, body);
      const flushed = calls.filter(([name]) => name === 'openFolder').map(([, path]) => path);
      expect(flushed).toEqual([basename(root), 'log', 'log', 'log']);
    });

    it('flushes the name of what a file follows, unless it made and flushed that itself', async () => {
      const { fs, calls } = watched();
      const mine = localStore(root, { fs });
      const theirs = localStore(root);
      await mine.putIfAbsent('log/0', body);
      await mine.putIfAbsent('log/1', body, { after: 'log/0' });
      await theirs.putIfAbsent('log/2', body, { after: 'log/1' });
      calls.length = 0;
      const order = (): readonly string[] =>
        calls.flatMap(([name]) => (['link', 'openFolder'].includes(name) ? [name] : []));
      expect(await mine.putIfAbsent('log/3', body, { after: 'log/2' })).toBe('created');
      expect(order()).toEqual(['openFolder', 'link', 'openFolder']);
      calls.length = 0;
      expect(await mine.putIfAbsent('log/4', body, { after: 'log/3' })).toBe('created');
      expect(order()).toEqual(['link', 'openFolder']);
    });

    it('makes nothing when what a file follows cannot be flushed', async () => {
      const { fs, fail } = watched();
      const store = localStore(root, { fs });
      await localStore(root).putIfAbsent('log/0', body);
      await store.put('log/other', body);
      fail.set('openFolder', 'EIO');
      const refused = store.putIfAbsent('log/1', body, { after: 'log/0' });
      await expect(refused).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', key: 'log/1' });
      expect(names('log')).toEqual(['0', 'other']);
    });

    it('says that a file is durable only once its name was flushed', async () => {
      const { fs, calls, fail } = watched();
      const store = localStore(root, { fs });
      await localStore(root).putIfAbsent('log/0', body);
      const flushes = (): number => calls.filter(([name]) => name === 'openFolder').length;
      expect(await store.get('log/0')).toBeDefined();
      expect(flushes()).toBe(0);
      fail.set('openFolder', 'EIO');
      const unsure = store.get('log/0', { durable: true });
      await expect(unsure).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', key: 'log/0' });
      fail.clear();
      expect((await store.get('log/0', { durable: true }))?.bytes).toEqual(body);
      expect(flushes()).toBe(2);
      expect(await store.get('log/0', { durable: true })).toBeDefined();
      expect(flushes()).toBe(2);
    });

    it('flushes a name again that it could not flush, though a file of that name was before', async () => {
      const { fs, fail } = watched();
      const store = localStore(root, { fs });
      await store.putIfAbsent('log/0', body);
      await store.delete('log/0');
      fail.set('openFolder', 'EIO');
      expect(await store.putIfAbsent('log/0', body)).toBe('unknown');
      const unsure = store.get('log/0', { durable: true });
      await expect(unsure).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    });

    it('costs two flushes a file', async () => {
      const { fs, calls } = watched();
      const store = localStore(root, { fs });
      await store.put('first', body);
      calls.length = 0;
      await store.put('second', body);
      expect(calls.filter(([name]) => name === 'fsync')).toHaveLength(2);
    });

    it('goes on when its folders were deleted', async () => {
      const store = localStore(join(root, 'table'));
      await store.put('a/b/1', body);
      rmSync(join(root, 'table', 'a'), { recursive: true });
      expect(await store.putIfAbsent('a/b/2', body)).toBe('created');
      rmSync(join(root, 'table'), { recursive: true });
      await store.put('a/c/3', body);
      rmSync(join(root, 'table'), { recursive: true });
      expect(await store.putIfAbsent('a/b/4', body)).toBe('created');
      expect(names('table/a/b')).toEqual(['4']);
    });
  });

  describe('faults of putIfAbsent', () => {
    const outcomeOf = async (name: keyof LocalFs, code: string): Promise<unknown> => {
      const { fs, fail } = watched();
      const store = localStore(root, { fs });
      await store.put('log/0', body);
      fail.set(name, code);
      const outcome = await store.putIfAbsent('log/1', body).catch((error: unknown) => error);
      fail.clear();
      return outcome;
    };

    it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EISDIR', 'EMLINK'])(
      'refuses a file system without hard links (%s) by name',
      async (code) => {
        const error = await outcomeOf('link', code);
        expect(error).toMatchObject({
          code: 'UNSUPPORTED_FEATURE',
          features: ['hard links'],
          side: 'write',
        });
        expect(names('log')).toEqual(['0']);
      },
    );

    it.each(['EIO', 'ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'ESTALE', 'ETIMEDOUT', 'ENOENT'])(
      'does not know what came of a link that failed with %s',
      async (code) => {
        expect(await outcomeOf('link', code)).toBe('unknown');
        expect(names('log')).toEqual(['0']);
      },
    );

    it('does not know whether a file is durable when its folder cannot be flushed', async () => {
      expect(await outcomeOf('openFolder', 'EIO')).toBe('unknown');
      expect(names('log')).toEqual(['0', '1']);
    });

    it.each([
      ['create', 'ENOSPC', 'STORAGE_UNAVAILABLE'],
      ['create', 'EMFILE', 'STORAGE_UNAVAILABLE'],
      ['create', 'EACCES', 'ACCESS_DENIED'],
      ['create', 'EROFS', 'ACCESS_DENIED'],
      ['write', 'ENOSPC', 'STORAGE_UNAVAILABLE'],
      ['write', 'EFBIG', 'STORAGE_UNAVAILABLE'],
      ['fsync', 'EIO', 'STORAGE_UNAVAILABLE'],
      ['close', 'EIO', 'STORAGE_UNAVAILABLE'],
    ] as const)('fails for certain when %s fails with %s', async (name, errno, code) => {
      const { fs, fail } = watched();
      const store = localStore(root, { fs });
      await store.put('log/0', body);
      fail.set(name, errno);
      const error = await thrown(store.putIfAbsent('log/1', body));
      expect(error).toMatchObject({ code, key: 'log/1', operation: 'putIfAbsent' });
      expect((error as Error).cause).toMatchObject({ code: errno });
      fail.clear();
      expect(names('log')).toEqual(['0']);
      expect(await store.putIfAbsent('log/1', body)).toBe('created');
    });

    it('knows its own file when a link is answered twice, as over NFS', async () => {
      const { fs } = watched();
      const twice: LocalFs = {
        ...fs,
        link: async (path, target) => {
          await fs.link(path, target);
          await fs.link(path, target);
        },
      };
      const store = localStore(root, { fs: twice });
      expect(await store.putIfAbsent('log/1', body)).toBe('created');
      expect(await store.putIfAbsent('log/1', body)).toBe('exists');
      expect(names('log')).toEqual(['1']);
    });

    it('leaves no temporary file, also when it loses or is aborted', async () => {
      const { fs } = watched();
      const controller = new AbortController();
      const aborting: LocalFs = {
        ...fs,
        fsync: async (fd) => {
          await fs.fsync(fd);
          controller.abort(new RangeError('enough'));
        },
      };
      await localStore(root).put('log/0', body);
      const store = localStore(root, { fs: aborting });
      const { signal } = controller;
      await expect(store.putIfAbsent('log/1', body, { signal })).rejects.toThrow('enough');
      expect(await store.putIfAbsent('log/0', body)).toBe('exists');
      expect(names('log')).toEqual(['0']);
    });

    it('no longer listens to an abort when the link was made', async () => {
      const { fs } = watched();
      const controller = new AbortController();
      const store = localStore(root, {
        fs: {
          ...fs,
          link: async (path, target) => {
            await fs.link(path, target);
            controller.abort();
          },
        },
      });
      const { signal } = controller;
      expect(await store.putIfAbsent('log/1', body, { signal })).toBe('created');
    });

    it('refuses a key that is a folder', async () => {
      const store = localStore(root);
      await store.put('a/b', body);
      await expect(store.putIfAbsent('a', body)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await expect(store.put('a', body)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(store.put('a/b/c', body)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(store.put('x'.repeat(300), body)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      expect(await store.get('x'.repeat(300))).toBeUndefined();
    });
  });

  describe('faults of put', () => {
    it.each(['create', 'write', 'fsync', 'rename'] as const)(
      'keeps the old object when %s fails',
      async (name) => {
        const { fs, fail } = watched();
        const store = localStore(root, { fs });
        await store.put('key', new TextEncoder().encode('old'));
        fail.set(name, 'EIO');
        await expect(store.put('key', body)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
        fail.clear();
        expect(readFileSync(join(root, 'key'), 'utf8')).toBe('old');
        expect(names()).toEqual(['key']);
      },
    );

    it('removes the checksum that Hadoop left beside a file that it replaces or deletes', async () => {
      writeFileSync(join(root, '_last_checkpoint'), 'old');
      writeFileSync(join(root, '._last_checkpoint.crc'), 'crc of old');
      writeFileSync(join(root, 'other'), 'x');
      writeFileSync(join(root, '.other.crc'), 'crc');
      const { fs, calls } = watched();
      const store = localStore(root, { fs });
      await store.put('_last_checkpoint', body);
      expect(names()).toEqual(['.other.crc', '_last_checkpoint', 'other']);
      const steps = calls.filter(([name]) => name === 'unlink' || name === 'rename');
      expect(steps[0]).toEqual(['unlink', '._last_checkpoint.crc']);
      await store.delete('other');
      expect(names()).toEqual(['_last_checkpoint']);
    });
  });

  describe('reading', () => {
    it.skipIf(isRoot)('is denied what the user may not read or write', async () => {
      const store = localStore(root);
      await store.put('log/1', body);
      chmodSync(join(root, 'log', '1'), 0o000);
      await expect(store.get('log/1')).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
      chmodSync(join(root, 'log'), 0o555);
      await expect(store.putIfAbsent('log/2', body)).rejects.toMatchObject({
        code: 'ACCESS_DENIED',
      });
      await expect(store.delete('log/1')).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
      chmodSync(join(root, 'log'), 0o755);
    });

    it.each(['openForReading', 'fstat', 'read'] as const)(
      'says so, and leaves nothing open, when %s fails',
      async (name) => {
        const { fs, fail, calls } = watched();
        const store = localStore(root, { fs });
        await store.put('key', body);
        calls.length = 0;
        fail.set(name, 'EIO');
        await expect(store.get('key')).rejects.toMatchObject({
          code: 'STORAGE_UNAVAILABLE',
          operation: 'get',
          key: 'key',
        });
        const opened = calls.filter(([call]) => call === 'openForReading').length;
        const closed = calls.filter(([call]) => call === 'close').length;
        expect(closed).toBe(name === 'openForReading' ? 0 : opened);
      },
    );

    it('reads into the memory it is given, when that is as long as the answer', async () => {
      const store = localStore(root);
      await store.put('key', new Uint8Array([1, 2, 3, 4]));
      const into = new Uint8Array(2);
      expect((await store.get('key', { range: { start: 1, end: 3 }, into }))?.bytes).toBe(into);
      expect([...into]).toEqual([2, 3]);
      const short = await store.get('key', { range: { start: 3, end: 5 }, into });
      expect([...(short?.bytes ?? [])]).toEqual([4]);
      expect([...into]).toEqual([2, 3]);
    });

    it('never gives a short read when a file is cut while it is open', async () => {
      const { fs } = watched();
      const store = localStore(root, {
        fs: {
          ...fs,
          read: async (fd, into, position) => {
            writeFileSync(join(root, 'key'), '');
            return await fs.read(fd, into, position);
          },
        },
      });
      await store.put('key', body);
      await expect(store.get('key')).rejects.toMatchObject({ code: 'CORRUPT_DATA', key: 'key' });
    });

    it('has etags that a file made anew does not share', async () => {
      const store = localStore(root);
      await store.putIfAbsent('log/0', body);
      const before = await store.head('log/0');
      rmSync(join(root, 'log', '0'));
      await store.putIfAbsent('log/0', body);
      expect((await store.head('log/0'))?.etag).not.toBe(before?.etag);
      const { ino, size, mtimeNs } = statSync(join(root, 'log', '0'), { bigint: true });
      expect((await store.head('log/0'))?.etag).toBe(`${ino}-${size}-${mtimeNs}`);
    });
  });

  describe('listing', () => {
    const listed = async (store: ObjectStore, prefix: string, startAfter?: string) => {
      const keys: string[] = [];
      for await (const { key } of store.list(prefix, { startAfter })) keys.push(key);
      return keys;
    };

    it('hides files that are being written', async () => {
      const store = localStore(root);
      await store.put('log/1', body);
      writeFileSync(join(root, 'log', '.tmp-0f8fad5b-d9cb-469f-a165-70867728950e'), 'x');
      writeFileSync(join(root, 'log', '.tmp-mine'), 'x');
      expect(await listed(store, '')).toEqual(['log/.tmp-mine', 'log/1']);
      await expect(
        store.put('log/.tmp-0f8fad5b-d9cb-469f-a165-70867728950e', body),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('skips files that vanish, and folders', async () => {
      const { fs } = watched();
      const store = localStore(root, {
        fs: {
          ...fs,
          lstat: async (path) => {
            rmSync(join(root, 'log', '2'), { force: true });
            return await fs.lstat(path);
          },
        },
      });
      for (const key of ['log/1', 'log/3']) writeFileSync(join(mkLog(), key.slice(4)), 'x');
      writeFileSync(join(root, 'log', '2'), 'x');
      mkdirSync(join(root, 'log', 'empty'));
      expect(await listed(store, 'log/')).toEqual(['log/1', 'log/3']);
    });

    it('looks neither into folders nor at files that cannot be part of the answer', async () => {
      const setUp = localStore(root);
      const keys = ['a/1', 'b/1', 'log/1', 'log/2', 'log/3', 'log/deep/4', 'log-2/1', 'z'];
      for (const key of keys) await setUp.put(key, body);
      const { fs, calls } = watched();
      const store = localStore(root, { fs });
      expect(await listed(store, 'log/', 'log/2')).toEqual(['log/3', 'log/deep/4']);
      expect(calls.filter(([name]) => name === 'readdir')).toEqual([
        ['readdir', 'log'],
        ['readdir', 'deep'],
      ]);
      expect(calls.filter(([name]) => name === 'lstat')).toEqual([
        ['lstat', '3'],
        ['lstat', '4'],
      ]);
      calls.length = 0;
      expect(await listed(store, '', 'log/3')).toEqual(['log/deep/4', 'z']);
      expect(calls.filter(([name]) => name === 'readdir')).toEqual([
        ['readdir', basename(root)],
        ['readdir', 'log'],
        ['readdir', 'deep'],
      ]);
    });

    it('says so when a folder cannot be read', async () => {
      const { fs, fail } = watched();
      const store = localStore(root, { fs });
      await store.put('log/1', body);
      fail.set('readdir', 'EIO');
      await expect(listed(store, 'log/')).rejects.toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
        operation: 'list',
      });
    });

    function mkLog(): string {
      mkdirSync(join(root, 'log'), { recursive: true });
      return join(root, 'log');
    }
  });

  describe('containment', () => {
    let outside: string;
    beforeEach(() => {
      outside = mkdtempSync(join(tmpdir(), 'varve-outside-'));
      writeFileSync(join(outside, 'secret'), 'secret');
    });
    afterEach(() => rmSync(outside, { recursive: true }));

    it('follows no link out of the root, to read or to write', async () => {
      symlinkSync(outside, join(root, 'folder'));
      symlinkSync(join(outside, 'secret'), join(root, 'file'));
      const store = localStore(root);
      const denied = (error: unknown): boolean => isVarveError(error, 'ACCESS_DENIED');
      for (const key of ['folder/secret', 'file']) {
        expect(await thrown(store.get(key))).toSatisfy(denied);
        expect(await thrown(store.head(key))).toSatisfy(denied);
        expect(await thrown(store.delete(key))).toSatisfy(denied);
        expect(await thrown(store.copy?.(key, 'copy') ?? Promise.resolve())).toSatisfy(denied);
      }
      expect(await thrown(store.put('folder/new', body))).toSatisfy(denied);
      expect(await thrown(store.put('folder/deep/new', body))).toSatisfy(denied);
      expect(await thrown(store.putIfAbsent('folder/new', body))).toSatisfy(denied);
      expect(readdirSync(outside)).toEqual(['secret']);
      const keys: string[] = [];
      for await (const { key } of store.list('')) keys.push(key);
      expect(keys).toEqual([]);
      await expect(async () => {
        for await (const { key } of store.list('folder/')) keys.push(key);
      }).rejects.toSatisfy(denied);
      expect(keys).toEqual([]);
    });

    it('replaces a link by put, and never writes through it', async () => {
      symlinkSync(join(outside, 'secret'), join(root, 'file'));
      const store = localStore(root);
      expect(await store.putIfAbsent('file', body)).toBe('exists');
      await store.put('file', body);
      expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
      expect(readFileSync(join(root, 'file'), 'utf8')).toBe('body');
    });

    it('follows links that stay below the root, and a root that is a link', async () => {
      const linked = join(outside, 'root');
      symlinkSync(root, linked);
      const store = localStore(linked);
      await store.put('real/1', body);
      symlinkSync(join(root, 'real', '1'), join(root, 'alias'));
      symlinkSync(join(root, 'real'), join(root, 'folder'));
      symlinkSync(join(root, 'nowhere'), join(root, 'broken'));
      symlinkSync(join(root, 'loop'), join(root, 'loop'));
      expect((await store.get('alias'))?.bytes).toEqual(body);
      expect((await store.get('folder/1'))?.bytes).toEqual(body);
      expect((await store.head('alias'))?.sizeBytes).toBe(4);
      expect(await store.get('broken')).toBeUndefined();
      expect(await store.head('broken')).toBeUndefined();
      const keys: string[] = [];
      for await (const { key } of store.list('')) keys.push(key);
      expect(keys).toEqual(['alias', 'real/1']);
    });
  });

  it('gives way to a process that is at the same maintenance', async () => {
    const store = localStore(root);
    const other = localStore(root);
    let isSeen = false;
    const elected = await store.exclusively?.('_varve/locks/clean', async () => {
      isSeen = existsSync(join(root, '_varve', 'locks', 'clean'));
      expect(await other.exclusively?.('_varve/locks/clean', async () => undefined)).toBe(false);
    });
    expect([elected, isSeen]).toEqual([true, true]);
    expect(names('_varve/locks')).toEqual([]);
  });

  it('sweeps what writers that died left in a folder, once it is old', async () => {
    const store = localStore(root);
    await store.put('log/1.json', body);
    await store.put('log/deep/2.json', body);
    const left = (name: string, days: number): void => {
      writeFileSync(join(root, 'log', name), 'half');
      const seconds = days * 86_400;
      utimesSync(join(root, 'log', name), seconds, seconds);
    };
    const uuid = (digit: string): string => `.tmp-${digit.repeat(8)}-0000-4000-8000-000000000000`;
    left(uuid('a'), 1);
    left(uuid('b'), 3);
    left('.other.crc', 1);
    left(`deep/${uuid('c')}`, 1);
    expect(await store.sweep?.('log/', 2 * 86_400_000)).toBe(1);
    expect(names('log').toSorted()).toEqual(['.other.crc', uuid('b'), '1.json', 'deep']);
    expect(await store.sweep?.('nowhere/', 2 * 86_400_000)).toBe(0);
  });

  it('copies by a hard link', async () => {
    const store = localStore(root);
    await store.put('a', body);
    expect(await store.copy?.('a', 'deep/b')).toBe('created');
    const [a, b] = ['a', 'deep/b'].map((key) => statSync(join(root, key)));
    expect(a?.ino).toBe(b?.ino);
    await store.put('a', new TextEncoder().encode('new'));
    expect(readFileSync(join(root, 'deep', 'b'), 'utf8')).toBe('body');
  });
});
