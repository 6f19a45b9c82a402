import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';
import { describe, expect, it } from 'vitest';
import { azureStorage } from '../../src/storage/azure/index.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { type Azurite, describeWithAzurite } from '../support/azurite.js';
import {
  type AzureProxy,
  azureProxy,
  type ProxiedRequest,
  type ProxyFault,
} from './azure-proxy.js';

const MIB = 1024 * 1024;
const body = new Uint8Array([1, 2, 3]);
const large = new Uint8Array(20 * MIB).map((_, at) => (at * 31) & 255);
const busy: ProxyFault = { status: 503, code: 'ServerBusy' };

const isBlock = ({ method, path }: ProxiedRequest): boolean =>
  method === 'PUT' && path.includes('comp=block&');
const isBlockList = ({ method, path }: ProxiedRequest): boolean =>
  method === 'PUT' && path.includes('comp=blocklist');

/** Meets the first `times` requests that `isMeant` is true for. */
function first(
  times: number,
  isMeant: (request: ProxiedRequest) => boolean,
  fault: ProxyFault,
): (request: ProxiedRequest) => ProxyFault | undefined {
  let left = times;
  return (request) => (isMeant(request) && left-- > 0 ? fault : undefined);
}

interface Proxied {
  readonly proxy: AzureProxy;
  readonly store: ObjectStore;
}

async function through(azurite: Azurite): Promise<Proxied> {
  const container = await azurite.container();
  const proxy = await azureProxy(azurite.port);
  const connectionString = azurite.connectionString(proxy.port);
  return {
    proxy,
    store: azureStorage({ connectionString }).open(new URL(`az://${container}/t`)),
  };
}

describeWithAzurite('large blobs of Azure', (azurite) => {
  const open = async (): Promise<Proxied> => await through(azurite);

  it('are read in parts of one blob, at once', async () => {
    const { proxy, store } = await open();
    const { etag } = await store.put('k', large);
    const before = proxy.requests.length;
    expect(Buffer.compare((await store.get('k'))?.bytes ?? body, large)).toBe(0);
    const gets = proxy.requests.slice(before);
    expect(gets).toHaveLength(3);
    expect(gets.slice(1).every(({ headers }) => headers['if-match'] === etag)).toBe(true);
    const range = { start: 1, end: 17 * MIB };
    const part = await store.get('k', { range });
    expect(Buffer.compare(part?.bytes ?? body, large.subarray(1, 17 * MIB))).toBe(0);
    proxy.close();
  });

  it('go on where a download was cut', async () => {
    const { proxy, store } = await open();
    await store.put('k', large);
    proxy.fault = first(3, ({ method }) => method === 'GET', 'cut');
    const object = await store.get('k');
    expect(Buffer.compare(object?.bytes ?? body, large)).toBe(0);
    expect(object?.info).toEqual(await store.head('k'));
    proxy.close();
  });

  it.each<[string, ProxyFault]>([
    ['refused', busy],
    ['lost', 'lose'],
  ])('are sent again by the block that was %s, and by no more', async (_how, fault) => {
    const { proxy, store } = await open();
    proxy.fault = first(1, isBlock, fault);
    await store.put('k', large);
    expect(proxy.requests.filter(isBlock)).toHaveLength(4);
    expect(Buffer.compare((await store.get('k'))?.bytes ?? body, large)).toBe(0);
    proxy.close();
  });

  it('are there when the answer to their last request was lost', async () => {
    const { proxy, store } = await open();
    proxy.fault = first(1, isBlockList, 'lose');
    await store.put('k', large);
    expect(proxy.requests.filter(isBlockList)).toHaveLength(2);
    expect(Buffer.compare((await store.get('k'))?.bytes ?? body, large)).toBe(0);
    proxy.close();
  });

  it('that cannot be sent leave the old blob, and begin no block after the failure', async () => {
    const { proxy, store } = await open();
    await store.put('k', body);
    proxy.fault = (request) =>
      isBlock(request) ? { status: 403, code: 'AuthorizationPermissionMismatch' } : undefined;
    await expect(store.put('k', new Uint8Array(80 * MIB))).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
    expect(proxy.requests.filter(isBlock)).toHaveLength(4);
    expect(proxy.requests.filter(isBlockList)).toHaveLength(0);
    expect((await store.get('k'))?.bytes).toEqual(body);
    proxy.close();
  });

  it('cost less than a fifth more requests when a tenth of them fails', async () => {
    const { proxy, store } = await open();
    const work = async (): Promise<number> => {
      const before = proxy.requests.length;
      for (let at = 0; at < 20; at++) {
        await store.put(`k/${at}`, body);
        await store.get(`k/${at}`);
        await store.head(`k/${at}`);
      }
      await store.put('large', large);
      await store.get('large');
      for await (const { key } of store.list('k/')) await store.delete(key);
      return proxy.requests.length - before;
    };
    const plain = await work();
    let count = 0;
    proxy.fault = () => (count++ % 10 === 9 ? { ...busy, retryAfter: 0 } : undefined);
    const failing = await work();
    expect(failing).toBeGreaterThan(plain);
    expect(failing / plain).toBeLessThan(1.2);
    proxy.close();
  });
});

describeWithAzurite('Azure Blob Storage', (azurite) => {
  it('passes on for how long it wants to be left alone by a put-if-absent', async () => {
    const { proxy, store } = await through(azurite);
    const told: number[] = [];
    const onRetryAfter = (askedMs: number): void => void told.push(askedMs);
    for (const retryAfter of [20, undefined]) {
      const fault = retryAfter === undefined ? busy : { ...busy, retryAfter };
      proxy.fault = first(1, () => true, fault);
      expect(await store.putIfAbsent('k', body, { onRetryAfter })).toBe('unknown');
    }
    expect(told).toEqual([20_000]);
    proxy.close();
  });

  it('lists no folders of accounts with a hierarchical namespace', async () => {
    const container = await azurite.container();
    const connectionString = azurite.connectionString();
    const client = BlobServiceClient.fromConnectionString(connectionString);
    const folder = client.getContainerClient(container).getBlockBlobClient('t/part=1');
    await folder.upload('', 0, { metadata: { hdi_isfolder: 'true' } });
    const store = azureStorage({ connectionString }).open(new URL(`az://${container}/t`));
    await store.put('part=1/k', body);
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    expect(keys).toEqual(['part=1/k']);
  });

  it('knows a conflict from a refusal under a signature that may only create', async () => {
    const container = await azurite.container();
    const service = BlobServiceClient.fromConnectionString(azurite.connectionString());
    const url = await service.getContainerClient(container).generateSasUrl({
      permissions: ContainerSASPermissions.parse('rc'),
      expiresOn: new Date(Date.now() + 3_600_000),
    });
    const signed = new BlobServiceClient(`${service.url}?${new URL(url).searchParams.toString()}`);
    const store = azureStorage({ client: signed }).open(new URL(`az://${container}/t`));
    expect(await store.putIfAbsent('k', body)).toBe('created');
    expect(await store.putIfAbsent('k', new Uint8Array(1))).toBe('exists');
    expect((await store.get('k'))?.bytes).toEqual(body);
    await expect(store.put('k', body)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

describe('the refusals of Azure', () => {
  const answers: readonly (readonly [number, string, string])[] = [
    [409, 'BlobAlreadyExists', 'exists'],
    [412, 'ConditionNotMet', 'exists'],
    [403, 'UnauthorizedBlobOverwrite', 'exists'],
    [403, 'AuthorizationFailure', 'ACCESS_DENIED'],
    [401, 'NoAuthenticationInformation', 'ACCESS_DENIED'],
    [409, 'BlobImmutableDueToPolicy', 'ACCESS_DENIED'],
    [409, 'BlobOperationNotSupported', 'UNSUPPORTED_FEATURE'],
    [409, 'ContainerBeingDeleted', 'STORAGE_UNAVAILABLE'],
    [412, 'LeaseIdMissing', 'ACCESS_DENIED'],
    [429, 'TooManyRequests', 'STORAGE_UNAVAILABLE'],
    [404, 'ContainerNotFound', 'INVALID_ARGUMENT'],
    [408, 'OperationTimedOut', 'unknown'],
    [500, 'InternalError', 'unknown'],
    [503, 'ServerBusy', 'unknown'],
  ];

  it.each(answers)('%d %s to a put-if-absent is %s', async (status, code, outcome) => {
    const proxy = await azureProxy();
    proxy.fault = ({ method }) =>
      method === 'PUT' ? { status, code } : { status: 403, code: 'AuthorizationFailure' };
    const connectionString =
      'DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=AAAA;' +
      `BlobEndpoint=http://127.0.0.1:${proxy.port}/acme;`;
    const store = azureStorage({ connectionString }).open(new URL('az://lake/t'));
    const settled = store.putIfAbsent('k', body).catch((error: { code: string }) => error.code);
    expect(await settled).toBe(outcome);
    expect(proxy.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
    proxy.close();
  });
});
