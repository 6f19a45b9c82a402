/** The double, driven by Google's own client: it is not only what ours believes. */
import { createRequire } from 'node:module';
import { Storage } from '@google-cloud/storage';
import type { OAuth2Client } from 'google-auth-library';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GcsDouble, startGcsDouble } from './gcs-double.js';

/** The client's own version, whose headers are of another kind than those of the version that we test with. */
const { OAuth2Client: ClientsOwn } = createRequire(
  createRequire(import.meta.url).resolve('@google-cloud/storage'),
)('google-auth-library') as { readonly OAuth2Client: typeof OAuth2Client };

let double: GcsDouble;

beforeAll(async () => {
  double = await startGcsDouble({ pageSize: 3, rewriteBytes: 1000 });
});
afterAll(async () => await double.close());
beforeEach(() => double.faults.script([]));

function client(token = double.token, apiEndpoint = double.endpoint): Storage {
  const authClient = new ClientsOwn();
  authClient.setCredentials({ access_token: token });
  return new Storage({
    apiEndpoint,
    useAuthWithCustomEndpoint: true,
    projectId: 'acme',
    authClient: authClient as never,
    retryOptions: { autoRetry: false },
  });
}

let count = 0;
function bucket(): ReturnType<Storage['bucket']> {
  const name = `real-${count++}`;
  double.bucket(name);
  return client().bucket(name);
}

describe('the double under Google’s own client', () => {
  it('keeps objects, whole and in ranges, and checks checksums both ways', async () => {
    const file = bucket().file('a b/ü%2F?#.txt');
    await file.save('hello', { resumable: false, validation: 'crc32c' });
    expect(String((await file.download({ validation: 'crc32c' }))[0])).toBe('hello');
    expect(String((await file.download({ start: 1, end: 3, validation: false }))[0])).toBe('ell');
    const [metadata] = await file.getMetadata();
    expect(metadata).toMatchObject({ name: 'a b/ü%2F?#.txt', size: '5' });
    double.faults.script([{ fault: 'corrupt-body', operations: ['get'] }]);
    await expect(file.download({ validation: 'crc32c' })).rejects.toMatchObject({
      code: 'CONTENT_DOWNLOAD_MISMATCH',
    });
  });

  it('creates only once under ifGenerationMatch 0', async () => {
    const file = bucket().file('_delta_log/0.json');
    const only = { preconditionOpts: { ifGenerationMatch: 0 }, resumable: false } as const;
    const saves = Array.from({ length: 8 }, async (_, at) => await file.save(`${at}`, only));
    const outcomes = await Promise.allSettled(saves);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(lost.map(({ reason }) => (reason as { code: number }).code)).toEqual(
      Array.from({ length: 7 }, () => 412),
    );
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(String((await file.download())[0])).toBe(String(winner));
  });

  it('takes resumable uploads in chunks, and forgets cancelled ones', async () => {
    // The client sends no token with these to any place but Google's own.
    const open = await startGcsDouble({ tokens: [] });
    open.bucket('open');
    const file = client('any', open.endpoint).bucket('open').file('large');
    const bytes = Buffer.alloc(1_000_000, 7);
    await file.save(bytes, { resumable: true, chunkSize: 256 * 1024, validation: 'crc32c' });
    const chunks = open.requests.filter(({ operation }) => operation === 'uploadChunk');
    expect(chunks.map(({ status }) => status)).toEqual([308, 308, 308, 200]);
    expect((await file.download())[0].equals(bytes)).toBe(true);
    expect(open.pendingUploads).toBe(0);
    const [uri] = await file.createResumableUpload();
    expect(open.pendingUploads).toBe(1);
    expect((await fetch(uri, { method: 'DELETE' })).status).toBe(499);
    expect(open.pendingUploads).toBe(0);
    await open.close();
  });

  it('lists by bytes, page by page, below a prefix, from an offset', async () => {
    const files = bucket();
    const names = ['p/\u{1f427}', 'p/\uffee', 'p/1', 'p/10', 'p/2', 'q'];
    for (const name of names) await files.file(name).save('x', { resumable: false });
    const listing = async (query: object): Promise<readonly string[]> =>
      (await files.getFiles(query))[0].map(({ name }) => name);
    expect(await listing({ prefix: 'p/' })).toEqual([
      'p/1',
      'p/10',
      'p/2',
      'p/\uffee',
      'p/\u{1f427}',
    ]);
    expect(await listing({ prefix: 'p/', startOffset: 'p/2' })).toEqual([
      'p/2',
      'p/\uffee',
      'p/\u{1f427}',
    ]);
    double.faults.script([{ fault: 'stale-list' }]);
    expect(await listing({ prefix: 'q' })).toEqual([]);
    expect(await listing({ prefix: 'q' })).toEqual(['q']);
  });

  it('deletes and copies under conditions, large copies in several calls', async () => {
    const files = bucket();
    const from = files.file('from');
    await from.save(Buffer.alloc(2500, 1), { resumable: false });
    const before = double.requests.length;
    await from.copy(files.file('to'), { preconditionOpts: { ifGenerationMatch: 0 } });
    expect(double.requests.slice(before).map(({ operation }) => operation)).toEqual([
      'copy',
      'copy',
      'copy',
    ]);
    await expect(
      from.copy(files.file('to'), { preconditionOpts: { ifGenerationMatch: 0 } }),
    ).rejects.toMatchObject({ code: 412 });
    await expect(from.delete({ ifGenerationMatch: 1 })).rejects.toMatchObject({ code: 412 });
    await from.delete();
    await expect(from.download()).rejects.toMatchObject({ code: 404 });
  });

  it('refuses other tokens, and requests that nobody pays for', async () => {
    double.bucket('paid', { requesterPays: true });
    const save = { resumable: false } as const;
    const nobody = client().bucket('paid').file('k');
    await expect(nobody.save('x', save)).rejects.toMatchObject({ code: 400 });
    await client().bucket('paid', { userProject: 'acme' }).file('k').save('x', save);
    const stranger = client('another').bucket('paid', { userProject: 'acme' }).file('k');
    await expect(stranger.download()).rejects.toMatchObject({ code: 401 });
  });

  it.each([
    ['lost-reply', true],
    ['lost-request', false],
    ['unavailable-503', false],
  ] as const)(
    '%s: the caller sees a failure, and the object is there: %s',
    async (fault, isThere) => {
      const file = bucket().file('k');
      double.faults.script([{ fault, operations: ['put'] }]);
      await expect(file.save('x', { resumable: false })).rejects.toBeDefined();
      expect((await file.exists())[0]).toBe(isThere);
    },
  );

  it('cuts an answer in its middle', async () => {
    const file = bucket().file('k');
    await file.save(Buffer.alloc(100_000, 1), { resumable: false });
    const read = async (): Promise<number> => {
      // Google's client waits for ever here.
      const response = await fetch(
        `${double.endpoint}/storage/v1/b/${file.bucket.name}/o/k?alt=media`,
        {
          headers: { authorization: `Bearer ${double.token}` },
        },
      );
      return (await response.arrayBuffer()).byteLength;
    };
    double.faults.script([{ fault: 'reset-body', operations: ['get'] }]);
    await expect(read()).rejects.toThrow('terminated');
    expect(await read()).toBe(100_000);
  });

  it('gives downloads by the XML API, with the time in their headers', async () => {
    const file = bucket().file('a b/ü%.txt');
    await file.save('hello', { resumable: false });
    const url = `${double.endpoint}/${file.bucket.name}/a%20b/${encodeURIComponent('ü%.txt')}`;
    const authorization = `Bearer ${double.token}`;
    const found = await fetch(url, { headers: { authorization, range: 'bytes=1-2' } });
    expect(await found.text()).toBe('el');
    const [{ generation, updated = '' }] = await file.getMetadata();
    expect(found.headers.get('x-goog-generation')).toBe(generation);
    const seconds = Math.floor(Date.parse(updated) / 1000);
    expect(Date.parse(found.headers.get('last-modified') ?? '')).toBe(seconds * 1000);
    const ifOther = { authorization, 'x-goog-if-generation-match': '1' };
    expect((await fetch(url, { headers: ifOther })).status).toBe(412);
    const missing = await fetch(`${url}x`, { headers: { authorization } });
    expect([missing.status, await missing.text()]).toEqual([
      404,
      expect.stringContaining('<Error>'),
    ]);
  });

  it('is told its faults over HTTP too', async () => {
    const file = bucket().file('k');
    const body = JSON.stringify([{ fault: 'throttled-429', operations: ['head'] }]);
    await fetch(`${double.endpoint}/_double/faults`, { method: 'POST', body });
    await expect(file.getMetadata()).rejects.toMatchObject({ code: 429 });
    await expect(file.getMetadata()).rejects.toMatchObject({ code: 404 });
  });
});
