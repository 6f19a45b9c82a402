import { describe, expect, it } from 'vitest';
import { MAX_TRIES } from '../../src/storage/retries.js';
import { withDouble } from './with-double.js';

const double = withDouble();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function asked(from: number, operation?: string): number {
  const seen = double.server.requests.slice(from);
  return seen.filter((each) => operation === undefined || each.operation === operation).length;
}

describe('a put-if-absent in trouble', () => {
  it('passes on for how long the service wants to be left alone', async () => {
    const { store } = double.store();
    const told: number[] = [];
    const onRetryAfter = (askedMs: number): void => void told.push(askedMs);
    for (const retryAfter of [20, undefined]) {
      double.server.fault({ kind: 'unavailable-503', operation: 'PutObject', retryAfter });
      expect(await store.putIfAbsent('k', bytes('x'), { onRetryAfter })).toBe('unknown');
    }
    expect(told).toEqual([20_000]);
  });

  it.each(['lost-reply', 'lost-request', 'unavailable-503'] as const)(
    'is unknown after %s, and sent once',
    async (kind) => {
      const { store } = double.store();
      const from = double.server.requests.length;
      double.server.fault({ kind, operation: 'PutObject' });
      expect(await store.putIfAbsent('k', bytes('x'))).toBe('unknown');
      expect(asked(from)).toBe(1);
      const found = await store.get('k');
      expect(found?.bytes).toEqual(kind === 'lost-reply' ? bytes('x') : undefined);
    },
  );

  it('is sent again after a conflict that wrote nothing, and in the end given up', async () => {
    const { store } = double.store();
    const from = double.server.requests.length;
    double.server.fault({ kind: 'conflict-409', operation: 'PutObject', times: 2 });
    expect(await store.putIfAbsent('k', bytes('x'))).toBe('created');
    expect(asked(from)).toBe(3);
    double.server.fault({ kind: 'conflict-409', operation: 'PutObject', times: MAX_TRIES });
    await expect(store.putIfAbsent('n', bytes('x'))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect(await store.get('n')).toBeUndefined();
    double.server.fault({ kind: 'conflict-409', operation: 'PutObject' });
    double.server.fault({ kind: 'lost-reply', operation: 'PutObject' });
    expect(await store.putIfAbsent('n', bytes('x'))).toBe('unknown');
  });

  it('that is aborted was not sent, or settles', async () => {
    const { store } = double.store();
    const stop = new AbortController();
    const writing = store.putIfAbsent('k', bytes('x'), { signal: stop.signal });
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect(await writing).toBe('created');
  });
});

describe('a body that breaks off', () => {
  it('goes on where it broke, at every 64th of it', async () => {
    const { store } = double.store();
    const body = new Uint8Array(6400).map((_, at) => (at * 13) & 255);
    const { etag } = await store.put('k', body);
    for (let cut = 1; cut < 64; cut++) {
      const from = double.server.requests.length;
      double.server.fault({ kind: 'reset-body', operation: 'GetObject', share: cut / 64 });
      expect((await store.get('k', { ifMatch: etag }))?.bytes).toEqual(body);
      const ranges = double.server.requests.slice(from).map(({ range }) => range);
      expect(ranges).toEqual([undefined, `bytes=${cut * 100}-6399`]);
    }
  });

  it('is not put together of two objects', async () => {
    const { store, bucket } = double.store();
    const { etag } = await store.put('k', bytes('old contents'));
    const replaceAfterReset = (): void => {
      double.server.fault({ kind: 'reset-body', operation: 'GetObject' });
      const get = bucket.get.bind(bucket);
      bucket.get = (key) => {
        bucket.get = get;
        queueMicrotask(() => bucket.put(key, Buffer.from('new, as long'), { metadata: {} }));
        return get(key);
      };
    };
    replaceAfterReset();
    await expect(store.get('k', { ifMatch: etag })).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      key: 'k',
    });
    await store.put('k', bytes('old contents'));
    replaceAfterReset();
    expect((await store.get('k'))?.bytes).toEqual(bytes('new, as long'));
  });

  it('ends as none when the object was deleted meanwhile', async () => {
    const { store, bucket } = double.store();
    await store.put('k', bytes('0123456789'));
    double.server.fault({ kind: 'reset-body', operation: 'GetObject' });
    const get = bucket.get.bind(bucket);
    bucket.get = (key) => {
      bucket.get = get;
      queueMicrotask(() => bucket.delete(key));
      return get(key);
    };
    expect(await store.get('k')).toBeUndefined();
  });
});

describe('a service in trouble', () => {
  it('is asked again, later, for everything that may be repeated', async () => {
    const { store } = double.store();
    await store.put('k', bytes('x'));
    const once = async (run: () => Promise<unknown>): Promise<void> => {
      double.server.fault({ kind: 'unavailable-503', retryAfter: 0 });
      await run();
    };
    await once(async () => expect((await store.get('k'))?.bytes).toEqual(bytes('x')));
    await once(async () => expect((await store.head('k'))?.sizeBytes).toBe(1));
    await once(async () => expect((await store.put('n', bytes('x'))).key).toBe('n'));
    await once(async () => expect(await store.delete('n')).toBe('deleted'));
    await once(async () => {
      const keys: string[] = [];
      for await (const { key } of store.list('')) keys.push(key);
      expect(keys).toEqual(['k']);
    });
  });

  it('is told by its own time when to be asked again', async () => {
    const { store } = double.store();
    double.server.fault({ kind: 'unavailable-503', retryAfter: 40, times: 2 });
    await expect(store.get('k')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      retryAfterMs: 40_000,
    });
  });

  it('gets less than a fifth more requests when each tenth fails', async () => {
    const { store } = double.store();
    const part = 8 * 1024 * 1024;
    const large = new Uint8Array(5 * part);
    const plain = double.server.requests.length;
    const work = async (): Promise<void> => {
      for (let at = 0; at < 20; at++) {
        await store.put(`k${at}`, bytes('x'));
        expect((await store.get(`k${at}`))?.bytes).toEqual(bytes('x'));
        expect(await store.delete(`k${at}`)).toBe('deleted');
      }
      await store.put('large', large);
      expect((await store.get('large'))?.bytes).toHaveLength(large.length);
    };
    await work();
    const count = double.server.requests.length - plain;
    double.server.fault({ kind: 'unavailable-503', every: 10, times: 1000, retryAfter: 0 });
    await work();
    const troubled = double.server.requests.length - plain - count;
    expect(troubled).toBeGreaterThan(count);
    expect(troubled).toBeLessThan(1.2 * count);
  });

  it('keeps an upload whose last answer was lost', async () => {
    const { store, bucket } = double.store();
    const large = new Uint8Array(8 * 1024 * 1024 + 1).fill(1);
    double.server.fault({ kind: 'lost-reply', operation: 'CompleteMultipartUpload' });
    const info = await store.put('large', large);
    expect(info).toEqual(await store.head('large'));
    expect(bucket.openUploads).toBe(0);
  });

  it('that has no newest objects in its listing gives the others, in order', async () => {
    const { store } = double.store();
    for (const key of ['b', 'a', 'c']) await store.put(key, bytes('x'));
    double.server.fault({ kind: 'stale-list' });
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    expect(keys).toEqual(['a', 'b']);
  });
});
