/** Where credentials go, and where not. */
import { createServer, type Server } from 'node:http';
import { inspect } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock, systemEntropy } from '../../src/clock.js';
import { Retries } from '../../src/storage/retries.js';
import { type S3StorageOptions, s3Storage } from '../../src/storage/s3/index.js';
import { S3Store } from '../../src/storage/s3/s3-store.js';
import { parseS3Url } from '../../src/storage/s3/s3-url.js';
import { DOUBLE_CREDENTIALS } from './s3-double.js';
import { withDouble } from './with-double.js';

const double = withDouble();
const body = new Uint8Array([1]);
const { accessKeyId, secretAccessKey } = DOUBLE_CREDENTIALS;

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('credentials', () => {
  it('are those of a client that the caller made, and so is the rest of it', async () => {
    const { url } = double.place();
    const client = new S3Client({
      region: double.server.region,
      endpoint: double.server.endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 7,
    });
    const store = s3Storage({ client }).open(new URL(url));
    const from = double.server.requests.length;
    double.server.fault({ kind: 'lost-reply', key: 'k$' });
    expect(await store.putIfAbsent('k', body)).toBe('unknown');
    expect((await store.get('k'))?.bytes).toEqual(body);
    // The probe's put, put and look and delete; then each of the two once, whatever the client would have retried.
    const names = double.server.requests.slice(from).map(({ operation }) => operation);
    expect(names.slice(-2)).toEqual(['PutObject', 'GetObject']);
    expect(names.filter((name) => name === 'PutObject')).toHaveLength(3);
  });

  it('are refused when they are wrong, expired or of nobody', async () => {
    const { url } = double.place();
    const wrong = [
      { accessKeyId, secretAccessKey: 'wrong' },
      { accessKeyId: 'NOBODY', secretAccessKey },
      { accessKeyId, secretAccessKey, sessionToken: 'expired' },
    ];
    for (const credentials of wrong) {
      const store = double.storage({ credentials }).open(new URL(url));
      const denied = { code: 'ACCESS_DENIED', key: expect.stringMatching(/k$|_probe-/u) };
      await expect(store.get('k')).rejects.toMatchObject(denied);
      await expect(store.put('k', body)).rejects.toMatchObject(denied);
      await expect(store.putIfAbsent('k', body)).rejects.toMatchObject(denied);
      await expect(store.delete('k')).rejects.toMatchObject(denied);
    }
  });

  it('leave nothing of themselves in what an error shows', async () => {
    const { url } = double.place();
    const secret = { accessKeyId, secretAccessKey: 'very secret', sessionToken: 'also secret' };
    const store = double.storage({ credentials: secret }).open(new URL(url));
    const error: unknown = await store.get('k').catch((thrown: unknown) => thrown);
    const shown = `${inspect(error, { depth: 20 })} ${JSON.stringify(error)} ${String(error)}`;
    expect(shown).toContain('ACCESS_DENIED');
    expect(shown).not.toMatch(/secret|Signature=/u);
    expect(shown.length).toBeLessThan(4000);
  });

  it('are asked for again before they expire', async () => {
    const { url } = double.place();
    const given: string[] = [];
    const credentials = async (): Promise<{
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string;
      readonly expiration: Date;
    }> => {
      const key = `TEMPORARY${given.length}`;
      given.push(key);
      const temporary = { accessKeyId: key, secretAccessKey: 's', sessionToken: `token ${key}` };
      double.server.allow(temporary);
      // Sooner than the SDK's margin, so each request needs new ones.
      return await Promise.resolve({ ...temporary, expiration: new Date(Date.now() + 1000) });
    };
    const store = double.storage({ credentials }).open(new URL(url));
    await store.put('k', body);
    for (const key of given) double.server.revoke(key);
    const before = given.length;
    expect((await store.get('k'))?.bytes).toEqual(body);
    expect(given.length).toBeGreaterThan(before);
  });

  it('that cannot be had are a refusal, and nothing is sent', async () => {
    const { url } = double.place();
    const cause = new Error('no role');
    const from = double.server.requests.length;
    const store = double
      .storage({ credentials: async () => await Promise.reject(cause) })
      .open(new URL(url));
    const denied = { code: 'ACCESS_DENIED', cause };
    await expect(store.get('k')).rejects.toMatchObject(denied);
    await expect(store.putIfAbsent('k', body)).rejects.toMatchObject(denied);
    expect(double.server.requests).toHaveLength(from);
  });

  it.each([301, 302, 307, 308])('go nowhere that a %i leads', async (status) => {
    let reached = 0;
    const elsewhere = createServer((_request, response) => {
      reached++;
      response.end();
    });
    const target = await listen(elsewhere);
    const redirecting = createServer((incoming, response) => {
      incoming.resume();
      const location = `http://127.0.0.1:${target}${incoming.url ?? ''}`;
      response
        .writeHead(status, { location, 'x-amz-bucket-region': 'eu-west-9' })
        .end('<Error><Code>PermanentRedirect</Code><Message>there</Message></Error>');
    });
    const endpoint = `http://127.0.0.1:${await listen(redirecting)}`;
    const store = double.storage({ endpoint }).open(new URL('s3://lake/t'));
    const refusal = { code: 'INVALID_ARGUMENT', option: 'url' };
    await expect(store.get('k')).rejects.toMatchObject(refusal);
    await expect(store.putIfAbsent('k', body)).rejects.toMatchObject(refusal);
    expect(reached).toBe(0);
    elsewhere.close();
    redirecting.close();
  });

  it('go to the bucket of AWS that the URL names, whatever the environment says', async () => {
    process.env['AWS_ENDPOINT_URL'] = 'http://evil.example';
    try {
      const hosts: string[] = [];
      const requestHandler = {
        handle: async (request: { readonly hostname: string }) => {
          hosts.push(request.hostname);
          return await Promise.reject(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));
        },
      };
      const credentials = { accessKeyId, secretAccessKey };
      const region = 'eu-central-1';
      const client = new S3Client({
        region,
        credentials,
        requestHandler: requestHandler as never,
        ignoreConfiguredEndpointUrls: true,
      });
      const store = s3Storage({ client }).open(new URL('s3://lake/t'));
      await expect(store.putIfAbsent('k', body)).rejects.toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
      });
      expect(new Set(hosts)).toEqual(new Set(['lake.s3.eu-central-1.amazonaws.com']));
    } finally {
      delete process.env['AWS_ENDPOINT_URL'];
    }
  });
});

describe('a service that does not say how long an object is', () => {
  it('is refused, for what it cuts short could not be told from the whole', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { etag: '"1"', 'transfer-encoding': 'chunked' });
      response.end('0123');
    });
    const endpoint = `http://127.0.0.1:${await listen(server)}`;
    const store = double.storage({ endpoint }).open(new URL('s3://lake/t'));
    const refusal = { code: 'UNSUPPORTED_FEATURE', features: ['Content-Length'] };
    await expect(store.get('k')).rejects.toMatchObject(refusal);
    await expect(store.head('k')).rejects.toMatchObject(refusal);
    server.closeAllConnections();
    server.close();
  });
});

describe('s3Storage', () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

  it.each([
    [undefined, 'options'],
    [{}, 'options'],
    [{ region: 'x' }, 'credentials'],
    [{ region: '', credentials }, 'region'],
    [{ region: 'x', credentials: 'AKIA' }, 'credentials'],
    [{ region: 'x', credentials, bucket: 'b' }, 'bucket'],
    [{ client: {} }, 'client'],
    [{ client: { config: {} }, endpoint: 'https://host' }, 'endpoint'],
    [{ credentials }, 'options'],
    [{ region: 'x', credentials, endpoint: 'ftp://host' }, 'endpoint'],
    [{ region: 'x', credentials, endpoint: 'https://user@host' }, 'endpoint'],
    [{ region: 'x', credentials, endpoint: 'https://host/path' }, 'endpoint'],
    [{ region: 'x', credentials, endpoint: 'host' }, 'endpoint'],
  ])('refuses %j', (options, option) => {
    expect(() => s3Storage(options as S3StorageOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option }),
    );
  });
});

describe('a service that never answers', () => {
  /** Each wait is over at once. */
  const hurried: Clock = { now: () => 0, sleep: async () => await Promise.resolve() };

  it('leaves a put-if-absent unknown, and the rest unavailable', async () => {
    const { endpoint, region } = double.server;
    const client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    });
    const context = { clock: hurried, entropy: systemEntropy };
    const retries = new Retries(context);
    const store = new S3Store(client, { bucket: 'lake', prefix: '' }, { ...context, retries });
    double.server.fault({ kind: 'hang', times: 1000 });
    expect(await store.putIfAbsent('k', body)).toBe('unknown');
    const unavailable = { code: 'STORAGE_UNAVAILABLE' };
    await expect(store.get('k')).rejects.toMatchObject(unavailable);
    await expect(store.head('k')).rejects.toMatchObject(unavailable);
    await expect(store.put('k', body)).rejects.toMatchObject(unavailable);
    await expect(store.delete('k')).rejects.toMatchObject(unavailable);
  });

  it('in the middle of a body is asked for the rest', async () => {
    const { url, bucket } = double.place();
    bucket.put('lake/a table/k', Buffer.from('0123456789'), { metadata: {} });
    const { endpoint, region } = double.server;
    const client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    });
    const from = double.server.requests.length;
    let isOver = false;
    const impatient: Clock = {
      now: () => 0,
      // The first request's time is over when its body has begun; every other has as long as it needs.
      sleep: async (_delayMs, signal) => {
        while (double.server.requests.length === from) {
          await systemClock.sleep(5, signal);
        }
        if (isOver) await systemClock.sleep(30_000, signal);
        isOver = true;
      },
    };
    const context = { clock: impatient, entropy: systemEntropy };
    const retries = new Retries({ clock: hurried, entropy: systemEntropy });
    const store = new S3Store(client, parseS3Url(new URL(url)), { ...context, retries });
    double.server.fault({ kind: 'stall-body' });
    expect((await store.get('k'))?.bytes).toEqual(new TextEncoder().encode('0123456789'));
    expect(double.server.requests.length - from).toBe(2);
  });

  it('cannot have done anything where it cannot be reached', async () => {
    const store = double.storage({ endpoint: 'http://127.0.0.1:1' }).open(new URL('s3://lake/t'));
    await expect(store.putIfAbsent('k', body)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
  });
});

describe('a service whose clock is years ahead', () => {
  const ahead = withDouble({ clockAheadMs: 3 * 365 * 86_400_000 });

  it('is followed: the client signs by its time', async () => {
    for (const first of ['get', 'putIfAbsent'] as const) {
      const { url } = ahead.place();
      const store = ahead.storage().open(new URL(url));
      if (first === 'get') expect(await store.get('k')).toBeUndefined();
      expect(await store.putIfAbsent('k', body)).toBe('created');
      const info = await store.put('k', new Uint8Array([2]));
      expect(info.modifiedMs - Date.now()).toBeGreaterThan(2 * 365 * 86_400_000);
    }
  });
});
