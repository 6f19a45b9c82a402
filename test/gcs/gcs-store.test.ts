import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { gcsStorage } from '../../src/storage/gcs/index.js';
import type { ObjectStore, StorageProvider } from '../../src/storage/object-store.js';
import { describeObjectStore } from '../contract/object-store.js';
import { type GcsDouble, startGcsDouble } from './gcs-double.js';

const encoder = new TextEncoder();
const schema = { id: 'long', part: 'string' } as const;

let double: GcsDouble;
let count = 0;
beforeAll(async () => {
  double = await startGcsDouble();
});
afterAll(async () => await double.close());
beforeEach(() => double.faults.script([]));

function newBucket(): string {
  const name = `bucket-${count++}`;
  double.bucket(name);
  return name;
}

function provider(): StorageProvider {
  const auth = { getAccessToken: async () => await Promise.resolve(double.token) };
  return gcsStorage({ auth, endpoint: double.endpoint });
}

function open(path = 'lake/table'): ObjectStore {
  return provider().open(new URL(`gs://${newBucket()}/${path}`));
}

describeObjectStore('google cloud storage', async () => await Promise.resolve(open()));

describe('a table on google cloud storage', () => {
  it('is created, appended to, overwritten and read at every version', async () => {
    const url = `gs://${newBucket()}/lake/orders of ünïts`;
    const storage = provider();
    const table = await DeltaTable.create(url, { schema, partitionBy: ['part'], storage });
    await table.append([
      { id: 1, part: 'a/b=c' },
      { id: 2, part: 'ü 100%' },
    ]);
    await table.overwrite([{ id: 3, part: 'ü 100%' }], { where: eq('part', 'ü 100%') });
    const again = await DeltaTable.open(url, { storage: provider() });
    const ids = async (version: number): Promise<readonly number[]> => {
      const snapshot = await again.snapshot({ version });
      return (await snapshot.scan().toArray())
        .map(({ id }) => Number(id))
        .toSorted((a, b) => a - b);
    };
    expect(await ids(0)).toEqual([]);
    expect(await ids(1)).toEqual([1, 2]);
    expect(await ids(2)).toEqual([1, 3]);
    const history = await again.history();
    expect(history.map(({ operation }) => operation)).toEqual(['WRITE', 'WRITE', 'CREATE TABLE']);
  });

  it('settles a commit whose answer was lost, exactly once', async () => {
    const url = `gs://${newBucket()}/t`;
    const storage = provider();
    const table = await DeltaTable.create(url, { schema, storage });
    double.faults.script([
      { fault: 'lost-reply', operations: ['putIfAbsent'], key: '00000000000000000001.json' },
    ]);
    const before = double.requests.length;
    expect(await table.append([{ id: 1, part: 'a' }])).toMatchObject({
      version: 1,
      outcome: 'committed',
    });
    const requests = double.requests.slice(before);
    const puts = requests.filter(({ operation }) => operation === 'putIfAbsent');
    expect(puts.filter(({ fault }) => fault === 'lost-reply')).toHaveLength(1);
    expect(puts.filter(({ key }) => key.endsWith('1.json'))).toHaveLength(1);
    const again = await DeltaTable.open(url, { storage });
    expect((await again.snapshot()).version).toBe(1);
    expect(await again.scan().toArray()).toEqual([{ id: 1n, part: 'a' }]);
  });

  it.each(['lost-request', 'unavailable-503', 'timeout-408', 'internal-500'] as const)(
    'commits once when the put of the commit meets %s',
    async (fault) => {
      const url = `gs://${newBucket()}/t`;
      const storage = provider();
      const table = await DeltaTable.create(url, { schema, storage });
      double.faults.script([{ fault, operations: ['putIfAbsent'], key: '1.json', times: 2 }]);
      const commit = await table.append([{ id: 1, part: 'a' }]);
      expect(commit).toMatchObject({ version: 1, outcome: 'committed' });
      expect(await table.scan().toArray()).toHaveLength(1);
    },
  );
});

describe('objects of google cloud storage', () => {
  it('keep no timer that would hold the process, whether they are there or not', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const store = open();
    await store.put('k', encoder.encode('x'));
    const before = timers();
    expect(await store.get('absent')).toBeUndefined();
    expect(await store.get('absent', { range: { start: 5, end: 9 } })).toBeUndefined();
    expect((await store.get('k', { range: { start: 5, end: 9 } }))?.bytes).toHaveLength(0);
    // One that was there before, of another test, may have ended.
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('copies within the bucket, in as many calls as it takes, and never replaces', async () => {
    const small = await startGcsDouble({ rewriteBytes: 1000, tokens: [] });
    small.bucket('small');
    const storage = gcsStorage({ anonymous: true, endpoint: small.endpoint });
    const store = storage.open(new URL('gs://small/t'));
    const bytes = new Uint8Array(2500).fill(7);
    await store.put('from', bytes);
    expect(await store.copy?.('from', 'to/ü')).toBe('created');
    expect((await store.get('to/ü'))?.bytes).toEqual(bytes);
    expect(small.requests.filter(({ operation }) => operation === 'copy')).toHaveLength(3);
    expect(await store.copy?.('from', 'to/ü')).toBe('exists');
    await expect(store.copy?.('nowhere', 'x')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      thing: 'nowhere',
    });
    small.faults.script([{ fault: 'lost-reply', operations: ['copy'] }]);
    expect(await store.copy?.('to/ü', 'again')).toBe('unknown');
    await small.close();
  });

  it('passes over the folders that the console makes', async () => {
    const bucket = newBucket();
    const store = provider().open(new URL(`gs://${bucket}/t`));
    const held = double.bucket(bucket);
    const always = { ifGenerationMatch: null, ifGenerationNotMatch: null };
    for (const name of ['t/', 't/folder/', 't/folder/k', 'tt/other']) {
      held.put(name, Buffer.from('x'), always);
    }
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    expect(keys).toEqual(['folder/k']);
  });

  it('refuses names that the service does not take, before anything is sent', async () => {
    const store = open('prefix');
    await store.putIfAbsent('proves the bucket', encoder.encode('x'));
    const before = double.requests.length;
    for (const key of ['line\nbreak', 'carriage\rreturn', 'ü'.repeat(510)]) {
      const wrong = { code: 'INVALID_ARGUMENT', option: 'key' };
      await expect(store.get(key)).rejects.toMatchObject(wrong);
      await expect(store.putIfAbsent(key, encoder.encode('x'))).rejects.toMatchObject(wrong);
    }
    expect(double.requests).toHaveLength(before);
    await store.put('ü'.repeat(508), encoder.encode('x'));
  });

  it('answers absence in a bucket that is not there, and says so to who writes', async () => {
    const store = provider().open(new URL('gs://no-such-bucket/t'));
    expect(await store.get('k')).toBeUndefined();
    for await (const info of store.list('')) expect(info).toBeUndefined();
    const missing = { code: 'INVALID_ARGUMENT', option: 'url' };
    await expect(store.put('k', encoder.encode('x'))).rejects.toMatchObject(missing);
    await expect(store.putIfAbsent('k', encoder.encode('x'))).rejects.toMatchObject(missing);
  });

  it('knows an etag of elsewhere for one that no object here has', async () => {
    const store = open();
    await store.put('k', encoder.encode('x'));
    for (const ifMatch of ['"quoted"', '0', '']) {
      await expect(store.get('k', { ifMatch })).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
      expect(await store.delete('k', { ifMatch })).toBe('changed');
      expect(await store.get('gone', { ifMatch })).toBeUndefined();
      expect(await store.delete('gone', { ifMatch })).toBe('absent');
    }
  });
});

describe('gcs URLs', () => {
  const storage = gcsStorage({ anonymous: true });

  it.each(['gs://lake/a/b', 'gcs://lake/a/b', 'gs://my_lake.example.org', 'gs://lake/a%20b/ü'])(
    '%s is a place',
    (url) => {
      expect(() => storage.open(new URL(url))).not.toThrow();
    },
  );

  it.each([
    ['gs://UPPER/a', /cannot be one/u],
    ['gs://x/a', /cannot be one/u],
    ['gs://-lake/a', /cannot be one/u],
    ['gs://user@lake/a', /no place/u],
    ['gs://lake/a/%2e%2e%2fb', /segment/u],
    ['gs://lake/a//b', /empty/u],
    ['gs://lake/%ff', /no place/u],
    ['https://storage.googleapis.com/lake/a', /no place/u],
  ])('%s is refused before anything is sent', (url, message) => {
    expect(() => storage.open(new URL(url))).toThrow(message);
  });

  it('ask for a provider where none is given', async () => {
    await expect(DeltaTable.open('gs://lake/a')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'storage',
    });
  });
});
