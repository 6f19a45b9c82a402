import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.js';
import { httpStore } from '../../src/storage/http-store.js';
import { memoryStore } from '../../src/storage/memory-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { type HttpFiles, type Manners, serveFiles } from '../support/http-files.js';

const TEXT = 'a varve is a layer of a year';
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function served(
  manners: Manners = {},
): Promise<{ files: HttpFiles; store: ObjectStore; inner: ObjectStore }> {
  const inner = memoryStore();
  await inner.put('a/one two+%25ü.txt', new TextEncoder().encode(TEXT));
  await inner.put('empty', new Uint8Array(0));
  const files = await serveFiles(inner, manners);
  closing.push(async () => await files.close());
  return { files, store: httpStore(new URL(files.url), systemClock), inner };
}

const KEY = 'a/one two+%25ü.txt';
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

async function failure(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'no error',
    (error: unknown) => error,
  );
}

describe.each<[string, Manners]>([
  ['ranges', {}],
  ['no ranges', { ranges: false }],
  ['no etags', { etags: false }],
])('a server with %s', (_name, manners) => {
  it.each([
    [undefined, TEXT],
    [{ start: 2, end: 7 }, 'varve'],
    [{ start: 0, end: 1 }, 'a'],
    [{ start: 20, end: 9_999 }, TEXT.slice(20)],
    [{ start: 9_999, end: 10_000 }, ''],
    [{ start: 5, end: 5 }, ''],
  ])('gives %j', async (range, expected) => {
    const { store } = await served(manners);
    const object = await store.get(KEY, { range });
    expect(textOf(object?.bytes)).toBe(expected);
    expect(object?.info).toMatchObject({ key: KEY, sizeBytes: TEXT.length });
    expect(object?.info).toEqual(await store.head(KEY));
  });

  it('tells absent from empty', async () => {
    const { store } = await served(manners);
    expect(await store.get('nothing')).toBeUndefined();
    expect(await store.head('nothing')).toBeUndefined();
    expect((await store.head('empty'))?.sizeBytes).toBe(0);
    expect((await store.get('empty'))?.bytes).toHaveLength(0);
    expect((await store.get('empty', { range: { start: 0, end: 9 } }))?.bytes).toHaveLength(0);
  });

  it('sees that an object was replaced', async () => {
    const { store, inner } = await served(manners);
    const info = await store.head(KEY);
    expect(textOf((await store.get(KEY, { ifMatch: info?.etag }))?.bytes)).toBe(TEXT);
    await inner.put(KEY, new TextEncoder().encode('something else'));
    const error = await failure(
      store.get(KEY, { ifMatch: info?.etag, range: { start: 0, end: 4 } }),
    );
    expect(error).toMatchObject({ code: 'CORRUPT_DATA', key: KEY });
  });
});

describe('httpStore', () => {
  it('sends no credentials and asks for nothing compressed', async () => {
    const { store, files } = await served();
    await store.get(KEY);
    const [request] = files.requests;
    expect(request?.path).toBe(KEY);
    expect(request?.headers).toMatchObject({ 'accept-encoding': 'identity' });
    expect(request?.headers).not.toHaveProperty('authorization');
    expect(request?.headers).not.toHaveProperty('cookie');
  });

  it.each([
    [401, { code: 'ACCESS_DENIED', key: KEY }],
    [403, { code: 'ACCESS_DENIED', key: KEY }],
    [400, { code: 'ACCESS_DENIED' }],
    [429, { code: 'STORAGE_UNAVAILABLE', retryAfterMs: 2000 }],
    [503, { code: 'STORAGE_UNAVAILABLE', retryAfterMs: 2000 }],
  ])('takes status %i as it is meant', async (status, expected) => {
    const { store } = await served({
      answer: (_request, response) => {
        response.writeHead(status, { 'retry-after': '2' }).end();
        return true;
      },
    });
    expect(await failure(store.get(KEY))).toMatchObject(expected);
  });

  it.each<[string, Manners['answer']]>([
    [
      'a body that ends early',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '28' });
        response.write('a varve');
        response.destroy();
        return true;
      },
    ],
    [
      'another range',
      (_request, response) => {
        response.writeHead(206, { 'content-range': 'bytes 0-4/28', 'content-length': '5' });
        response.end('a var');
        return true;
      },
    ],
    [
      'a part that is too short',
      (_request, response) => {
        response.writeHead(206, { 'content-range': 'bytes 2-6/28', 'content-length': '2' });
        response.end('va');
        return true;
      },
    ],
  ])('never gives %s as bytes', async (_name, answer) => {
    const { store } = await served(answer === undefined ? {} : { answer });
    const error = await failure(store.get(KEY, { range: { start: 2, end: 7 } }));
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', key: KEY });
  });

  it('is STORAGE_UNAVAILABLE when nobody answers', async () => {
    const { store, files } = await served();
    await files.close();
    expect(await failure(store.get(KEY))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  it.each([
    ['answers', () => undefined],
    [
      'ends its answer',
      (response: ServerResponse) => response.writeHead(200, { 'content-length': 9 }).write('a'),
    ],
  ])('is STORAGE_UNAVAILABLE when a server never %s', async (_what, answer) => {
    const server = createServer((_request, response) => void answer(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    // Waits go by a hundred times as fast.
    const clock: Clock = {
      now: () => systemClock.now(),
      sleep: async (ms, signal) => await systemClock.sleep(ms / 100, signal),
    };
    const { port } = server.address() as AddressInfo;
    const store = httpStore(new URL(`http://127.0.0.1:${port}`), clock);
    const late = { code: 'STORAGE_UNAVAILABLE', message: expect.stringContaining('in time') };
    expect(await failure(store.get('a'))).toMatchObject(late);
  });

  it('stops with the reason of its signal', async () => {
    const { store } = await served({ answer: () => true });
    const stop = new AbortController();
    const reading = failure(store.get(KEY, { signal: stop.signal }));
    setTimeout(() => stop.abort(new RangeError('enough')), 20);
    expect(await reading).toEqual(new RangeError('enough'));
  });

  it('reads no more of a whole than the range wants', async () => {
    let written = 0;
    const { store } = await served({
      answer: (_request, response) => {
        response.writeHead(200, { 'content-length': String(2 ** 40) });
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536))) written += 65_536;
        };
        response.on('drain', more);
        more();
        return true;
      },
    });
    const object = await store.get(KEY, { range: { start: 10, end: 100_000 } });
    expect(object?.bytes).toHaveLength(99_990);
    expect(object?.info.sizeBytes).toBe(2 ** 40);
    expect(written).toBeLessThan(2 ** 24);
  });

  it('reads a whole that the server compresses anyway, and parts of it', async () => {
    const { store } = await served({
      answer: (_request, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(TEXT));
        return true;
      },
    });
    expect(textOf((await store.get(KEY))?.bytes)).toBe(TEXT);
    expect(textOf((await store.get(KEY, { range: { start: 2, end: 7 } }))?.bytes)).toBe('varve');
  });

  it('follows a redirect on the same host and to no other', async () => {
    const stranger: string[] = [];
    const other = createServer((request, response) => {
      stranger.push(request.url ?? '');
      response.end(TEXT);
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    closing.push(async () => await new Promise((resolve) => other.close(() => resolve())));
    const { port } = other.address() as AddressInfo;
    let target = '';
    const { store } = await served({
      answer: ({ path }, response) => {
        if (path !== 'moved') return false;
        response.writeHead(302, { location: target }).end();
        return true;
      },
    });
    target = `/${KEY.split('/').map(encodeURIComponent).join('/')}`;
    expect(textOf((await store.get('moved'))?.bytes)).toBe(TEXT);
    for (target of [
      `http://127.0.0.1:${port}/x`,
      'http://localhost/x',
      '/moved',
      'file:///etc/passwd',
    ]) {
      const error = await failure(store.get('moved'));
      expect(error).toMatchObject({ code: 'UNSUPPORTED_FEATURE', features: ['redirects'] });
    }
    expect(stranger).toEqual([]);
  });

  it('refuses to list and to write, by name, and asks nothing', async () => {
    const { store, files } = await served();
    const listing = async (): Promise<void> => {
      for await (const _info of store.list('')) break;
    };
    const bytes = new Uint8Array(1);
    expect(await failure(listing())).toMatchObject({ code: 'UNSUPPORTED_FEATURE', side: 'read' });
    for (const work of [store.put('x', bytes), store.putIfAbsent('x', bytes), store.delete('x')]) {
      expect(await failure(work)).toMatchObject({ code: 'UNSUPPORTED_FEATURE', side: 'write' });
    }
    expect(files.requests).toEqual([]);
  });

  it.each(['../x', '/x', 'a//b', ''])('refuses the key %j', async (key) => {
    const { store, files } = await served();
    expect(await failure(store.get(key))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(files.requests).toEqual([]);
  });
});
