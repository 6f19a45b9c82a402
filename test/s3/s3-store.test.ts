import type { ListObjectsV2Command, ListObjectsV2CommandInput, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { compareKeys } from '../../src/storage/key.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { PART_BYTES } from '../../src/storage/ranged-download.js';
import { s3Storage } from '../../src/storage/s3/index.js';
import { type ListedBucket, listBucket } from '../../src/storage/s3/s3-list.js';
import { evenParts } from '../../src/storage/s3/s3-upload.js';
import { describeObjectStore } from '../contract/object-store.js';
import { withDouble } from './with-double.js';

const double = withDouble();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const none = { metadata: {} };

async function keysOf(store: ObjectStore, prefix = '', startAfter?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, { startAfter })) keys.push(key);
  return keys;
}

describeObjectStore(
  'S3',
  async () => await Promise.resolve(double.storage().open(new URL(double.place().url))),
);

describe('S3', () => {
  it('lies below the URL, decoded once, in a scheme of either name', async () => {
    const { bucket, url } = double.place();
    const storage = double.storage();
    await storage.open(new URL(url)).put('k', bytes('x'));
    expect(bucket.get('lake/a table/k')?.bytes.toString()).toBe('x');
    const spelled = url.replace('s3:', 's3a:').replace(' ', '%20');
    expect((await storage.open(new URL(spelled)).get('k'))?.bytes).toEqual(bytes('x'));
    const root = storage.open(new URL(url.slice(0, url.indexOf('/', 5))));
    expect(await keysOf(root)).toEqual(['lake/a table/k']);
  });

  it('replaces whole, in parts of one size that are all gone when one fails', async () => {
    const { store, bucket } = double.store();
    const large = new Uint8Array(2 * PART_BYTES + 3).map((_, at) => (at * 31) & 255);
    const cut = [
      large.subarray(0, 5),
      large.subarray(5, PART_BYTES + 9),
      large.subarray(PART_BYTES + 9),
    ];
    const info = await store.put('large', cut);
    expect(info).toMatchObject({ key: 'large', sizeBytes: large.length });
    expect(info).toEqual(await store.head('large'));
    expect(info.etag).toMatch(/-3"$/u);
    double.server.revoke('VARVEDOUBLE');
    await expect(store.put('large', bytes('denied'))).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
    double.server.allow({ accessKeyId: 'VARVEDOUBLE', secretAccessKey: 'only/for+tests' });
    const stop = new AbortController();
    double.server.fault({ kind: 'hang', operation: 'UploadPart' });
    const uploading = store.put('large', new Uint8Array(large.length), { signal: stop.signal });
    const isHanging = (): boolean => double.server.requests.some(({ status }) => status === 0);
    while (!isHanging()) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new RangeError('enough'));
    await expect(uploading).rejects.toThrow('enough');
    expect(bucket.openUploads).toBe(0);
    expect(Buffer.compare((await store.get('large'))?.bytes ?? bytes(''), large)).toBe(0);
  });

  it.each([
    [[0, 1, 7], 4],
    [[4, 4, 4], 4],
    [[13], 5],
    [[1, 1, 1, 1, 1, 1, 1], 3],
    [[2, 9, 1], 20],
  ])('cuts bodies of %j into pieces of %i', (sizes, size) => {
    let next = 0;
    const body = sizes.map((length) => new Uint8Array(length).map(() => next++));
    const pieces = [...evenParts(body, size)];
    expect(pieces.flatMap((piece) => [...piece])).toEqual(body.flatMap((part) => [...part]));
    expect(pieces.slice(0, -1).every(({ length }) => length === size)).toBe(true);
  });

  it('reads large objects in parts at once, and of one object', async () => {
    const { store, bucket } = double.store();
    const large = Buffer.alloc(4 * PART_BYTES + 5).map((_, at) => (at * 7) & 255);
    bucket.put('lake/a table/large', Buffer.from(large), none);
    const from = double.server.requests.length;
    expect(Buffer.compare((await store.get('large'))?.bytes ?? bytes(''), large)).toBe(0);
    const asked = double.server.requests.slice(from).map(({ range }) => range);
    expect(asked).toHaveLength(5);
    expect(asked).toContain(undefined);
    expect(asked).toContain(`bytes=${4 * PART_BYTES}-${4 * PART_BYTES + 4}`);
    const middle = await store.get('large', { range: { start: 3, end: 2 * PART_BYTES } });
    const wanted = large.subarray(3, 2 * PART_BYTES);
    expect(Buffer.compare(middle?.bytes ?? bytes(''), wanted)).toBe(0);
    expect(double.server.requests.slice(from + 5).map(({ range }) => range)).toEqual([
      `bytes=3-${PART_BYTES + 2}`,
      `bytes=${PART_BYTES + 3}-${2 * PART_BYTES - 1}`,
    ]);
  });

  it('passes over what consoles and other engines put for folders', async () => {
    const { store, bucket } = double.store();
    for (const name of ['', '_delta_log/', 'a//b', 'a/../b', 'k']) {
      bucket.put(`lake/a table/${name}`, Buffer.from('x'), none);
    }
    expect(await keysOf(store)).toEqual(['k']);
  });

  it('sorts the listings of directory buckets, which have no order', async () => {
    const keys = ['p/10', 'p/2', 'p/\u{1f427}', 'p/\uffee', 'q', 'p/1'];
    const asked: ListObjectsV2CommandInput[] = [];
    const client = {
      send: async ({ input }: ListObjectsV2Command) => {
        asked.push(input);
        const { Prefix = '' } = input;
        const Contents = keys.flatMap((key) =>
          `t/${key}`.startsWith(Prefix) ? [{ Key: `t/${key}`, Size: 1, ETag: 'e' }] : [],
        );
        return await Promise.resolve({ Contents });
      },
    } as unknown as S3Client;
    const place = { bucket: 'fast--use1-az4--x-s3', prefix: 't/' };
    const abortSignal = new AbortController().signal;
    const listed: ListedBucket = { client, place, send: (request) => request({ abortSignal }) };
    const list = async (prefix: string, startAfter?: string): Promise<readonly string[]> => {
      const found: string[] = [];
      for await (const { key } of listBucket(listed, prefix, { startAfter })) found.push(key);
      return found;
    };
    expect(await list('')).toEqual(keys.toSorted(compareKeys));
    expect(await list('p/1', 'p/1')).toEqual(['p/10']);
    expect(asked.map(({ Prefix, StartAfter }) => [Prefix, StartAfter])).toEqual([
      ['t/', undefined],
      ['t/p/', undefined],
    ]);
  });

  it('refuses a bucket that lists in no order', async () => {
    const { store, bucket } = double.store();
    for (const key of ['a', 'b']) await store.put(key, bytes('x'));
    const list = bucket.list.bind(bucket);
    bucket.list = (...asked) => {
      const { objects } = list(...asked);
      return { objects: objects.toReversed(), isTruncated: false };
    };
    await expect(keysOf(store)).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE' });
  });

  it('copies without passing bytes through, never onto anything', async () => {
    const { store, bucket } = double.store();
    const key = "from +%/é🐧'()*!";
    await store.put(key, bytes('x'));
    const from = double.server.requests.length;
    expect(await store.copy?.(key, 'to')).toBe('created');
    expect(await store.copy?.(key, 'to')).toBe('exists');
    expect((await store.get('to'))?.bytes).toEqual(bytes('x'));
    await expect(store.copy?.('nope', 'other')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'object',
    });
    const names = double.server.requests.slice(from).map(({ operation }) => operation);
    expect(names.filter((name) => name === 'CopyObject')).toHaveLength(4);
    expect(names.filter((name) => name === 'GetObject')).toHaveLength(1);
    expect(bucket.list('', undefined, 10, 0).objects).toHaveLength(2);
  });

  it('is refused writes on a condition when the bucket is not there', async () => {
    const store = double.storage().open(new URL('s3://no-such-bucket/t'));
    expect(await store.get('k')).toBeUndefined();
    expect(await store.head('k')).toBeUndefined();
    expect(await keysOf(store)).toEqual([]);
    const refusal = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/make it first/u) };
    await expect(store.put('k', bytes('x'))).rejects.toMatchObject(refusal);
    await expect(store.putIfAbsent('k', bytes('x'))).rejects.toMatchObject(refusal);
  });
});

describe('a service that ignores conditions', () => {
  const ignoring = withDouble({ ignoresConditions: true });

  it('is refused before the first commit, and read', async () => {
    const { bucket, url } = ignoring.place();
    const store = ignoring.storage().open(new URL(url));
    await store.put('k', bytes('x'));
    expect((await store.get('k'))?.bytes).toEqual(bytes('x'));
    await expect(store.putIfAbsent('_delta_log/0.json', bytes('x'))).rejects.toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      features: ['conditional writes'],
    });
    expect(bucket.list('', undefined, 10, 0).objects.map(({ key }) => key)).toEqual([
      'lake/a table/k',
    ]);
  });
});

describe('a service that ignores the conditions of copies', () => {
  const ignoring = withDouble({ ignoresConditions: 'of copies' });

  it('is not asked for any: their bytes pass through', async () => {
    const store = ignoring.storage().open(new URL(ignoring.place().url));
    await store.put('from', bytes('x'));
    await store.put('to', bytes('kept'));
    const from = ignoring.server.requests.length;
    expect(await store.copy?.('from', 'to')).toBe('exists');
    expect(await store.copy?.('from', 'new')).toBe('created');
    expect((await store.get('to'))?.bytes).toEqual(bytes('kept'));
    expect((await store.get('new'))?.bytes).toEqual(bytes('x'));
    const names = ignoring.server.requests.slice(from).map(({ operation }) => operation);
    expect(names.filter((name) => name === 'CopyObject')).toHaveLength(1);
    await expect(store.copy?.('nope', 'other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await keysOf(store)).toEqual(['from', 'new', 'to']);
  });
});

describe('S3 URLs', () => {
  const storage = s3Storage({
    region: 'x',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });

  it.each([
    's3://lake',
    's3://lake/',
    's3a://lake/a/b',
    's3://Lake_1.x/a%20b+c',
    's3://fast--use1-az4--x-s3/t',
  ])('%s is a place', (url) => {
    expect(() => storage.open(new URL(url))).not.toThrow();
  });

  it.each([
    ['s3:///a', /cannot be the name of a bucket/u],
    ['s3://ab/a', /cannot be the name of a bucket/u],
    ['s3://evil.example%2F/a', /cannot be the name of a bucket/u],
    ['s3://a..b/a', /cannot be the name of a bucket/u],
    ['s3://arn%3Aaws%3As3/a', /cannot be the name of a bucket/u],
    ['s3://user@lake/a', /no place in S3/u],
    ['s3://lake:9000/a', /no place in S3/u],
    ['https://lake.s3.amazonaws.com/a', /no place in S3/u],
    ['s3://lake/a/%2e%2e%2fb', /segment/u],
    ['s3://lake/a%00', /NUL/u],
    ['s3://lake/%ff', /no place in S3/u],
  ])('%s is refused before anything is sent', (url, message) => {
    expect(() => storage.open(new URL(url))).toThrow(message);
  });
});
