import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { azureStorage } from '../../src/storage/azure/index.js';
import { describeObjectStore } from '../contract/object-store.js';
import { describeWithAzurite } from '../support/azurite.js';
import { listen } from '../support/listen.js';
import { azureProxy, type ProxiedRequest } from './azure-proxy.js';

const encoder = new TextEncoder();

describeWithAzurite('Azure Blob Storage', (azurite) => {
  describeObjectStore('azurite', async () => {
    const container = await azurite.container();
    const storage = azureStorage({ connectionString: azurite.connectionString() });
    return storage.open(new URL(`az://${container}/lake/table`));
  });

  it('is unknown, and there, when the answer to a put-if-absent is lost', async () => {
    const container = await azurite.container();
    const proxy = await azureProxy(azurite.port);
    proxy.fault = loseFirst(({ headers }) => headers['if-none-match'] === '*');
    const connectionString = azurite.connectionString(proxy.port);
    const store = azureStorage({ connectionString }).open(new URL(`az://${container}/t`));
    expect(await store.putIfAbsent('k', encoder.encode('x'))).toBe('unknown');
    expect(proxy.requests).toHaveLength(1);
    const direct = azureStorage({ connectionString: azurite.connectionString() });
    const object = await direct.open(new URL(`az://${container}/t`)).get('k');
    expect(object?.bytes).toEqual(encoder.encode('x'));
    proxy.close();
  });

  it('settles a commit whose answer was lost, exactly once', async () => {
    const container = await azurite.container();
    const url = `az://${container}/t`;
    const plain = azureStorage({ connectionString: azurite.connectionString() });
    await DeltaTable.create(url, { schema: { id: 'long' }, storage: plain });
    const proxy = await azureProxy(azurite.port);
    const isCommit = ({ headers, path }: ProxiedRequest): boolean =>
      headers['if-none-match'] === '*' && path.includes('_delta_log');
    proxy.fault = loseFirst(isCommit);
    const storage = azureStorage({ connectionString: azurite.connectionString(proxy.port) });
    const table = await DeltaTable.open(url, { storage });
    const commit = await table.append([{ id: 1 }]);
    expect(commit).toMatchObject({ version: 1, outcome: 'committed' });
    expect(proxy.requests.filter(isCommit)).toHaveLength(1);
    const again = await DeltaTable.open(url, { storage: plain });
    expect((await again.snapshot()).version).toBe(1);
    expect(await again.scan().toArray()).toEqual([{ id: 1n }]);
    proxy.close();
  });

  it('takes a client that the caller made, and says what is refused', async () => {
    const container = await azurite.container();
    const client = BlobServiceClient.fromConnectionString(azurite.connectionString());
    const store = azureStorage({ client }).open(new URL(`az://${container}`));
    expect(await store.putIfAbsent('k', encoder.encode('x'))).toBe('created');
    const wrongKey = azurite.connectionString().replace(/AccountKey=[^;]+/u, 'AccountKey=AAAA');
    const refused = azureStorage({ connectionString: wrongKey }).open(new URL(`az://${container}`));
    await expect(refused.get('k')).rejects.toMatchObject({ code: 'ACCESS_DENIED', key: 'k' });
    await expect(refused.putIfAbsent('n', encoder.encode('x'))).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
    const missing = azureStorage({ client }).open(new URL('az://no-such-container'));
    expect(await missing.get('k')).toBeUndefined();
    await expect(missing.put('k', encoder.encode('x'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('follows no redirect, which could take the credentials elsewhere', async () => {
    let reached = 0;
    const elsewhere = createServer((_request, response) => {
      reached++;
      response.end('x');
    });
    const target = await listen(elsewhere);
    const redirecting = createServer((incoming, response) => {
      response
        .writeHead(307, { location: `http://127.0.0.1:${target}${incoming.url ?? ''}` })
        .end();
    });
    const port = await listen(redirecting);
    const storage = azureStorage({ connectionString: azurite.connectionString(port) });
    await expect(storage.open(new URL('az://container/t')).get('k')).rejects.toBeDefined();
    expect(reached).toBe(0);
    elsewhere.close();
    redirecting.close();
  });
});

describe('azure URLs', () => {
  const storage = azureStorage({ sasToken: 'sv=1', account: 'acme' });

  it.each([
    'az://lake/a/b',
    'abfss://lake@acme.dfs.core.windows.net/a/b',
    'https://acme.blob.core.windows.net/lake/a/b',
  ])('%s is a place', (url) => {
    expect(() => storage.open(new URL(url))).not.toThrow();
  });

  it.each([
    ['https://evil.blob.core.windows.net/lake/a', /names account evil/u],
    ['abfss://lake@evil.dfs.core.windows.net/a', /names account evil/u],
    ['https://acme.blob.core.windows.net.evil.example/lake/a', /no place in Azure/u],
    ['https://evil.example/lake/a', /no place in Azure/u],
    ['https://acme.blob.core.windows.net/', /cannot be the name of a container/u],
    ['az://UPPER_case!/a', /cannot be the name of a container/u],
    ['az://lake/a/%2e%2e%2fb', /./u],
  ])('%s is refused before anything is sent', (url, message) => {
    expect(() => storage.open(new URL(url))).toThrow(message);
  });

  it('need an account when the credential has none', () => {
    const credential = { getToken: async () => await Promise.resolve(null) };
    const any = azureStorage({ credential });
    expect(() => any.open(new URL('az://lake/a'))).toThrow(/names no account/u);
    expect(() => any.open(new URL('abfss://lake@acme.dfs.core.windows.net/a'))).not.toThrow();
  });
});

describe('azureStorage', () => {
  it.each([
    [undefined, 'options'],
    [{}, 'options'],
    [{ credential: {} }, 'credential'],
    [{ client: {} }, 'client'],
    [{ sasToken: 'sv=1' }, 'account'],
    [{ sasToken: 1, account: 'acme' }, 'sasToken'],
    [{ connectionString: 5 }, 'connectionString'],
    [{ connectionString: 'AccountKey=secret' }, 'connectionString'],
    [{ connectionString: 'BlobEndpoint=http://h/a', container: 'c' }, 'container'],
  ])('refuses %j, and shows no secret', (options, option) => {
    let refusal: unknown;
    try {
      azureStorage(options as never);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENT', option });
    expect(inspect(refusal, { depth: 9 })).not.toContain('secret');
  });
});

/** Loses the answer to the first request that `isMeant` is true for. */
function loseFirst(
  isMeant: (request: ProxiedRequest) => boolean,
): (request: ProxiedRequest) => 'lose' | undefined {
  let hasLost = false;
  return (request) => {
    if (hasLost || !isMeant(request)) return undefined;
    hasLost = true;
    return 'lose';
  };
}
