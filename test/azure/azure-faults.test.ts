import { createServer } from 'node:http';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, it } from 'vitest';
import { type Clock, systemEntropy } from '../../src/clock.js';
import { AzureStore } from '../../src/storage/azure/azure-store.js';
import { azureStorage } from '../../src/storage/azure/index.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { Retries } from '../../src/storage/retries.js';
import { describeWithAzurite } from '../support/azurite.js';

const body = new Uint8Array([1]);

describeWithAzurite('Azure Blob Storage', (azurite) => {
  const open = (container: string): ObjectStore =>
    azureStorage({ connectionString: azurite.connectionString() }).open(
      new URL(`az://${container}/lake/table`),
    );

  it('replaces whole: two uploads of one key in blocks never mix', async () => {
    const container = await azurite.container();
    const size = 20 * 1024 * 1024;
    for (let round = 0; round < 3; round++) {
      const puts = [1, 2].map(
        async (fill) => await open(container).put('large', new Uint8Array(size).fill(fill)),
      );
      await Promise.all(puts);
      const bytes = (await open(container).get('large'))?.bytes ?? body;
      expect(bytes).toHaveLength(size);
      expect(new Set(bytes).size).toBe(1);
    }
  });

  it('refuses keys whose backslash would lead elsewhere', async () => {
    const container = await azurite.container();
    const store = open(container);
    for (const key of ['a\\b', '..\\..\\escaped', 'x\\..\\..\\y']) {
      const refusal = { code: 'INVALID_ARGUMENT', option: 'key' };
      await expect(store.put(key, body)).rejects.toMatchObject(refusal);
      await expect(store.putIfAbsent(key, body)).rejects.toMatchObject(refusal);
      await expect(store.get(key)).rejects.toMatchObject(refusal);
      await expect(store.delete(key)).rejects.toMatchObject(refusal);
    }
    const service = BlobServiceClient.fromConnectionString(azurite.connectionString());
    const blobs = await service.getContainerClient(container).listBlobsFlat().next();
    expect(blobs.done).toBe(true);
    expect(() =>
      azureStorage({ sasToken: 'sv=1', account: 'acme' }).open(new URL('az://lake/a%5C..%5Cb')),
    ).toThrow('backslash');
  });

  it('starts a listing in the middle, also where orders differ', async () => {
    const store = open(await azurite.container());
    const keys = ['p/1', 'p/2', 'p/\uffee', 'p/\u{1f427}', 'p/\u{1f427}/x', 'q'];
    for (const key of keys) await store.put(key, body);
    for (const [at, startAfter] of keys.entries()) {
      const seen: string[] = [];
      for await (const { key } of store.list('', { startAfter })) seen.push(key);
      expect(seen).toEqual(keys.slice(at + 1));
    }
  });

  it('stops a listing between two objects of a page', async () => {
    const store = open(await azurite.container());
    for (const key of ['a', 'b', 'c']) await store.put(key, body);
    const stop = new AbortController();
    const seen: string[] = [];
    const listing = async (): Promise<void> => {
      for await (const { key } of store.list('', { signal: stop.signal })) {
        seen.push(key);
        stop.abort(new RangeError('enough'));
      }
    };
    await expect(listing()).rejects.toThrow('enough');
    expect(seen).toEqual(['a']);
  });
});

describe('a service that is in trouble', () => {
  /** Each wait is over at once. */
  const hurried: Clock = { now: () => 0, sleep: async () => await Promise.resolve() };

  it('that never answers leaves a put-if-absent unknown, and the rest unavailable', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const service = new BlobServiceClient(`http://127.0.0.1:${port}/acme`, undefined, {
      retryOptions: { maxTries: 1 },
    });
    const times = { clock: hurried, entropy: systemEntropy };
    const context = { ...times, retries: new Retries(times) };
    const store = new AzureStore(service.getContainerClient('lake'), '', context);
    expect(await store.putIfAbsent('k', body)).toBe('unknown');
    const unavailable = { code: 'STORAGE_UNAVAILABLE' };
    await expect(store.get('k')).rejects.toMatchObject(unavailable);
    await expect(store.head('k')).rejects.toMatchObject(unavailable);
    await expect(store.put('k', body)).rejects.toMatchObject(unavailable);
    await expect(store.delete('k')).rejects.toMatchObject(unavailable);
    server.closeAllConnections();
    server.close();
  });

  it('that cannot be reached has certainly done nothing', async () => {
    const connectionString =
      'DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=AAAA;' +
      'BlobEndpoint=http://127.0.0.1:1/acme;';
    const store = azureStorage({ connectionString }).open(new URL('az://lake/t'));
    await expect(store.putIfAbsent('k', body)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      key: 'k',
    });
  });

  it('is not asked when the credential gives no token', async () => {
    const cause = new Error('no token');
    const credential = { getToken: async () => await Promise.reject(cause) };
    const store = azureStorage({ credential, account: 'acme' }).open(new URL('az://lake/t'));
    const denied = { code: 'ACCESS_DENIED', cause };
    await expect(store.putIfAbsent('k', body)).rejects.toMatchObject(denied);
    await expect(store.get('k')).rejects.toMatchObject(denied);
  });
});
