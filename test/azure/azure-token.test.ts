import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { azureStorage, type TokenCredentialLike } from '../../src/storage/azure/index.js';
import { describeWithAzurite } from '../support/azurite.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const MINUTE_MS = 60_000;
const tls = certificate();

// The emulator's certificate is of its own making, and the SDK sends tokens over TLS only.
const REJECT = 'NODE_TLS_REJECT_UNAUTHORIZED';
const before = process.env[REJECT];
beforeAll(() => {
  process.env[REJECT] = '0';
});
afterAll(() => {
  if (before === undefined) delete process.env[REJECT];
  else process.env[REJECT] = before;
});

/** A token as Entra ID gives to a workload; the emulator looks at all of it but the signature. */
function token(audience: string, lifeMs: number): string {
  const seconds = Math.floor(Date.now() / 1000);
  const text = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = {
    aud: audience,
    iss: 'https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/',
    iat: seconds - 60,
    nbf: seconds - 60,
    exp: seconds + Math.floor(lifeMs / 1000),
    oid: 'workload',
    sub: 'workload',
    tid: 'ab1f708d-50f6-404c-a006-d71b2ac7a606',
  };
  return `${text({ alg: 'RS256', typ: 'JWT' })}.${text(claims)}.${text({ signature: 'none' })}`;
}

/** A credential as those of `@azure/identity` are. */
function credential(
  lifeMs: number,
  audience = 'https://storage.azure.com',
): TokenCredentialLike & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    getToken: async (scopes) => {
      asked.push(String(scopes));
      const expiresOnTimestamp = Date.now() + lifeMs;
      return await Promise.resolve({ token: token(audience, 60 * MINUTE_MS), expiresOnTimestamp });
    },
  };
}

describeWithAzurite(
  'Azure Blob Storage under workload identity',
  (azurite) => {
    const clientFor = (given: TokenCredentialLike): BlobServiceClient =>
      new BlobServiceClient(`https://127.0.0.1:${azurite.port}/devstoreaccount1`, given);

    it('writes and reads a table with a token, asked for once as long as it lasts', async () => {
      const container = await azurite.container();
      const given = credential(60 * MINUTE_MS);
      const storage = azureStorage({ client: clientFor(given) });
      const url = `az://${container}/t`;
      const table = await DeltaTable.create(url, { schema: { id: 'long' }, storage });
      await table.append([{ id: 1 }]);
      expect(await table.scan().toArray()).toEqual([{ id: 1n }]);
      expect(given.asked).toEqual(['https://storage.azure.com/.default']);
    });

    it('asks for a new token when the old one runs out', async () => {
      const container = await azurite.container();
      const given = credential(-MINUTE_MS);
      const store = azureStorage({ client: clientFor(given) }).open(new URL(`az://${container}`));
      await store.put('k', new Uint8Array(1));
      await store.get('k');
      expect(given.asked.length).toBeGreaterThan(1);
    });

    it('is ACCESS_DENIED with a token for somebody else', async () => {
      const container = await azurite.container();
      const given = credential(60 * MINUTE_MS, 'https://vault.azure.net');
      const store = azureStorage({ client: clientFor(given) }).open(new URL(`az://${container}`));
      const denied = { code: 'ACCESS_DENIED' };
      await expect(store.get('k')).rejects.toMatchObject(denied);
      await expect(store.putIfAbsent('k', new Uint8Array(1))).rejects.toMatchObject(denied);
    });
  },
  tls,
);

it('sends a token to the account that the URL names, at its blob endpoint', async () => {
  const given: TokenCredentialLike = {
    getToken: async () => await Promise.reject(new Error('asked')),
  };
  const storage = azureStorage({ credential: given });
  for (const url of [
    'abfss://lake@acme.dfs.core.windows.net/t',
    'abfs://lake@acme.dfs.core.windows.net/t',
    'wasbs://lake@acme.blob.core.windows.net/t',
    'wasb://lake@acme.blob.core.windows.net/t',
    'https://acme.dfs.core.windows.net/lake/t',
  ]) {
    const store = storage.open(new URL(url));
    await expect(store.get('k')).rejects.toMatchObject({ code: 'ACCESS_DENIED', key: '' });
  }
});

function certificate(): { readonly cert: string; readonly key: string } {
  const folder = temporaryFolder();
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-days', '2'];
  const files = ['-keyout', key, '-out', cert];
  const kind = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes'];
  const made = spawnSync('openssl', [...kind, ...subject, ...files], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
  return { cert, key };
}
