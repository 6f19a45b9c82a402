import { createServer } from 'node:http';
import { GoogleAuth, OAuth2Client, UserRefreshClient } from 'google-auth-library';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GoogleAuthLike, gcsStorage } from '../../src/storage/gcs/index.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { listen } from '../support/listen.js';
import { type GcsDouble, startGcsDouble } from './gcs-double.js';

const body = new Uint8Array([1]);
let double: GcsDouble;
beforeAll(async () => {
  double = await startGcsDouble();
  double.bucket('lake');
  double.bucket('paid', { requesterPays: true });
});
afterAll(async () => await double.close());
beforeEach(() => double.faults.script([]));

function openAs(auth: GoogleAuthLike, bucket = 'lake', userProject?: string): ObjectStore {
  const { endpoint } = double;
  return gcsStorage({ auth, endpoint, userProject }).open(new URL(`gs://${bucket}/t`));
}

describe('credentials of google cloud storage', () => {
  it('are those of google-auth-library: a client, and what finds one', async () => {
    const client = new OAuth2Client();
    client.setCredentials({ access_token: double.token });
    expect(await openAs(client).putIfAbsent('client', body)).toBe('created');
    const found = new GoogleAuth({ authClient: client });
    expect(await openAs(found).putIfAbsent('found', body)).toBe('created');
  });

  it('are renewed once, by whoever holds them, when the service refuses the token', async () => {
    let renewals = 0;
    const server = createServer((_request, response) => {
      renewals++;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ access_token: double.token, expires_in: 3600 }));
    });
    const port = await listen(server);
    const client = new UserRefreshClient({
      refreshToken: 'r',
      endpoints: { oauth2TokenUrl: `http://127.0.0.1:${port}/token` },
    });
    const expiry_date = Date.now() + 3_600_000;
    client.setCredentials({ access_token: 'revoked', refresh_token: 'r', expiry_date });
    const store = openAs(new GoogleAuth({ authClient: client }));
    const outcomes = await Promise.all(
      ['a', 'lake', 'c'].map(async (key) => await store.put(`renewed/${key}`, body)),
    );
    expect(outcomes).toHaveLength(3);
    expect(await store.putIfAbsent('renewed/d', body)).toBe('created');
    expect(renewals).toBe(1);
    server.close();
  });

  it('that are refused again are ACCESS_DENIED, after one more request', async () => {
    let asked = 0;
    const auth = { getAccessToken: async () => await Promise.resolve(`wrong-${asked++}`) };
    const before = double.requests.length;
    const denied = { code: 'ACCESS_DENIED', key: 'k' };
    await expect(openAs(auth).get('k')).rejects.toMatchObject(denied);
    expect(double.requests).toHaveLength(before + 2);
    const same = { getAccessToken: async () => await Promise.resolve({ token: 'wrong' }) };
    await expect(openAs(same).get('k')).rejects.toMatchObject(denied);
    expect(double.requests).toHaveLength(before + 3);
  });

  it.each<[string, GoogleAuthLike]>([
    ['fail', { getAccessToken: async () => await Promise.reject(new Error('no metadata server')) }],
    ['give nothing', { getAccessToken: async () => await Promise.resolve(null) }],
    ['give what no header takes', { getAccessToken: async () => await Promise.resolve('a\nb') }],
  ])('that %s are ACCESS_DENIED, and nothing is sent', async (_how, auth) => {
    const store = openAs(auth);
    const before = double.requests.length;
    const denied = { code: 'ACCESS_DENIED' };
    await expect(store.get('k')).rejects.toMatchObject(denied);
    await expect(store.put('k', body)).rejects.toMatchObject(denied);
    await expect(store.putIfAbsent('k', body)).rejects.toMatchObject(denied);
    expect(double.requests).toHaveLength(before);
  });

  it('name who pays, where the readers of a bucket do', async () => {
    const auth = { getAccessToken: async () => await Promise.resolve(double.token) };
    await expect(openAs(auth, 'paid').get('k')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'userProject',
    });
    const store = openAs(auth, 'paid', 'acme-billing');
    const large = new Uint8Array(9 * 1024 * 1024);
    await store.put('large', large);
    expect((await store.get('large'))?.bytes).toHaveLength(large.length);
    for await (const { key } of store.list('')) expect(key).toBe('large');
    expect(await store.delete('large')).toBe('deleted');
  });

  it('are not needed for a public bucket', async () => {
    const open = await startGcsDouble({ tokens: [] });
    open.bucket('public');
    const storage = gcsStorage({ anonymous: true, endpoint: open.endpoint });
    const store = storage.open(new URL('gs://public/t'));
    await store.put('k', body);
    expect((await store.get('k'))?.bytes).toEqual(body);
    expect(open.requests.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
    await open.close();
  });

  it('go to no other host: no redirect, and no address of an upload, leads there', async () => {
    const auth = { getAccessToken: async () => await Promise.resolve(double.token) };
    const store = openAs(auth);
    let reached = 0;
    const elsewhere = createServer((_request, response) => {
      reached++;
      response.end('{}');
    });
    double.faults.elsewhere = `http://127.0.0.1:${await listen(elsewhere)}`;
    double.faults.script([{ fault: 'redirect', times: null }]);
    const denied = { code: 'ACCESS_DENIED' };
    await expect(store.get('k')).rejects.toMatchObject(denied);
    await expect(store.head('k')).rejects.toMatchObject(denied);
    await expect(store.put('k', body)).rejects.toMatchObject(denied);
    await expect(store.putIfAbsent('k', body)).rejects.toMatchObject(denied);
    await expect(store.delete('k')).rejects.toMatchObject(denied);
    double.faults.script([{ fault: 'foreign-upload', operations: ['startUpload'], times: null }]);
    const large = new Uint8Array(9 * 1024 * 1024);
    await expect(store.put('large', large)).rejects.toMatchObject(denied);
    expect(reached).toBe(0);
    elsewhere.close();
  });

  it.each([
    ['http://storage.example.org', /without TLS/u],
    ['https://storage.example.org/path', /without a path/u],
    ['ftp://storage.example.org', /scheme, a host and a port/u],
    ['storage.example.org', /scheme, a host and a port/u],
  ])('are not given to the endpoint %s', (endpoint, message) => {
    const auth = { getAccessToken: async () => await Promise.resolve('token') };
    expect(() => gcsStorage({ auth, endpoint })).toThrow(message);
  });

  it('are asked for when none are given', () => {
    for (const options of [{ auth: {} }, { anonymous: false }, { auth: undefined }]) {
      expect(() => gcsStorage(options as never)).toThrow('give no credentials');
    }
    for (const options of [undefined, {}, { endpoint: 'https://host' }]) {
      expect(() => gcsStorage(options as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'options' }),
      );
    }
    expect(() => gcsStorage({ anonymous: true, project: 'p' } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'project' }),
    );
  });
});
