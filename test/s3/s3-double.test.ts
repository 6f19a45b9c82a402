/** The double, driven by the real SDK. */
import { request } from 'node:http';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { startChildDouble } from './child-double.js';
import { DOUBLE_CREDENTIALS, type S3Double, startS3Double } from './s3-double.js';

const Bucket = 'lake';
const { accessKeyId, secretAccessKey } = DOUBLE_CREDENTIALS;
const SECRETS = { accessKeyId, secretAccessKey };
const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function started(options: Parameters<typeof startS3Double>[0] = {}): Promise<S3Double> {
  const double = await startS3Double(options);
  double.bucket(Bucket);
  opened.push(double);
  return double;
}

function clientOf(endpoint: string, config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: SECRETS,
    maxAttempts: 1,
    ...config,
  });
}

const put = (Key: string, Body: string | Uint8Array): PutObjectCommand =>
  new PutObjectCommand({ Bucket, Key, Body });

const putNew = (Key: string, Body: string): PutObjectCommand =>
  new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*' });

const textOf = async (client: S3Client, Key: string): Promise<string | undefined> =>
  await (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

describe('the S3 double', () => {
  it('lets one of many create a key, in every round', async () => {
    const client = clientOf((await started()).endpoint);
    for (let round = 0; round < 25; round++) {
      const writers = Array.from({ length: 8 }, (_, at) => `writer ${at}`);
      const outcomes = await Promise.allSettled(
        writers.map(async (body) => await client.send(putNew(`v${round}`, body))),
      );
      const won = outcomes.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
      expect(won).toHaveLength(1);
      expect(await textOf(client, `v${round}`)).toBe(`writer ${won[0]}`);
      const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
      for (const { reason } of lost) expect(reason).toMatchObject({ name: 'PreconditionFailed' });
    }
  });

  it.each([
    ['wrong secret', { secretAccessKey: 'another' }, 'SignatureDoesNotMatch'],
    ['unknown key', { accessKeyId: 'NOBODY' }, 'InvalidAccessKeyId'],
    ['token of nobody', { sessionToken: 'x' }, 'InvalidToken'],
  ])('refuses a %s', async (_what, change, name) => {
    const { endpoint } = await started();
    const client = clientOf(endpoint, { credentials: { ...SECRETS, ...change } });
    await expect(client.send(put('k', 'x'))).rejects.toMatchObject({ name });
    await expect(client.send(new GetObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject({
      name,
    });
  });

  it('refuses another region, and a request that is not signed or was changed on its way', async () => {
    const double = await started();
    const elsewhere = clientOf(double.endpoint, { region: 'eu-north-1' });
    await expect(elsewhere.send(put('k', 'x'))).rejects.toMatchObject({
      name: 'AuthorizationHeaderMalformed',
    });
    expect((await fetch(`${double.endpoint}/${Bucket}/k`)).status).toBe(403);
    const tampering = clientOf(double.endpoint);
    tampering.middlewareStack.add(
      (next) => async (args) => {
        const { request: changed } = args as { request: { headers: Record<string, string> } };
        changed.headers['if-none-match'] = '*';
        return await next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
    );
    await expect(tampering.send(put('k', 'x'))).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('takes a stream in aws-chunked form, and refuses one whose checksum is wrong', async () => {
    const double = await started();
    const client = clientOf(double.endpoint);
    const parts = ['one, ', 'two, ', 'three'];
    const Body = Readable.from(parts.map((part) => Buffer.from(part)));
    await client.send(new PutObjectCommand({ Bucket, Key: 's', Body, ContentLength: 15 }));
    expect(double.bucket(Bucket).get('s')?.crc32).toHaveLength(8);
    expect(await textOf(client, 's')).toBe('one, two, three');
    const wrong = new PutObjectCommand({ Bucket, Key: 'w', Body: 'x', ChecksumCRC32: 'AAAAAA==' });
    await expect(client.send(wrong)).rejects.toMatchObject({ name: 'BadDigest' });
  });

  it('gives ranges, etags and metadata, under conditions', async () => {
    const client = clientOf((await started()).endpoint);
    await client.send(
      new PutObjectCommand({ Bucket, Key: 'k', Body: '0123456789', Metadata: { own: 'word' } }),
    );
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    expect(head).toMatchObject({ ContentLength: 10, Metadata: { own: 'word' } });
    const get = { Bucket, Key: 'k', IfMatch: head.ETag };
    const some = await client.send(new GetObjectCommand({ ...get, Range: 'bytes=3-5' }));
    expect(some.ContentRange).toBe('bytes 3-5/10');
    expect(await some.Body?.transformToString()).toBe('345');
    const refused = (more: object, name: string): Promise<void> =>
      expect(client.send(new GetObjectCommand({ ...get, ...more }))).rejects.toMatchObject({
        name,
      });
    await refused({ Range: 'bytes=10-12' }, 'InvalidRange');
    await refused({ IfMatch: '"other"' }, 'PreconditionFailed');
    await refused({ Key: 'nope' }, 'NoSuchKey');
    await refused({ Bucket: 'nowhere' }, 'NoSuchBucket');
  });

  it('lists in pages, after a key, with names in any letters', async () => {
    const client = clientOf((await started()).endpoint);
    const keys = ['a b', 'a%20b', 'a+b', 'p=1/x', 'z&<>"', 'é', '\uffee', '\u{1f427}'];
    for (const key of keys) await client.send(put(key, 'x'));
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket, MaxKeys: 3, StartAfter: 'a b', ContinuationToken }),
      );
      found.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(found).toEqual(['a%20b', 'a+b', 'p=1/x', 'z&<>"', 'é', '\uffee', '\u{1f427}']);
    const encoded = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'a', EncodingType: 'url' }),
    );
    expect(encoded.Contents?.map(({ Key }) => Key)).toEqual(['a+b', 'a%2520b', 'a%2Bb']);
  });

  it('copies and deletes under conditions', async () => {
    const client = clientOf((await started()).endpoint);
    await client.send(put('from +%', 'x'));
    const CopySource = `${Bucket}/${encodeURIComponent('from +%')}`;
    const copy = new CopyObjectCommand({ Bucket, Key: 'to', CopySource, IfNoneMatch: '*' });
    const { CopyObjectResult } = await client.send(copy);
    expect(await textOf(client, 'to')).toBe('x');
    await expect(client.send(copy)).rejects.toMatchObject({ name: 'PreconditionFailed' });
    const drop = (IfMatch: string | undefined): DeleteObjectCommand =>
      new DeleteObjectCommand({ Bucket, Key: 'to', IfMatch });
    await expect(client.send(drop('"other"'))).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    await client.send(drop(CopyObjectResult?.ETag));
    await client.send(drop(undefined));
  });

  it('makes one object of parts, on a condition, or forgets them', async () => {
    const double = await started();
    const client = clientOf(double.endpoint);
    const begin = async (): Promise<string> => {
      const created = await client.send(
        new CreateMultipartUploadCommand({ Bucket, Key: 'm', ChecksumAlgorithm: 'CRC32' }),
      );
      return created.UploadId ?? '';
    };
    const UploadId = await begin();
    const bodies = [5 * 1024 * 1024, 3].map((size) => new Uint8Array(size).fill(size));
    const Parts = await Promise.all(
      bodies.map(async (Body, at) => {
        const PartNumber = at + 1;
        const part = { Bucket, Key: 'm', UploadId, PartNumber, Body };
        const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(part));
        return { PartNumber, ETag, ChecksumCRC32 };
      }),
    );
    const complete = (more: object): CompleteMultipartUploadCommand =>
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: 'm',
        UploadId,
        MultipartUpload: { Parts },
        ...more,
      });
    const unordered = { MultipartUpload: { Parts: Parts.toReversed() } };
    await expect(client.send(complete(unordered))).rejects.toMatchObject({
      name: 'InvalidPartOrder',
    });
    await client.send(complete({ IfNoneMatch: '*' }));
    expect(double.bucket(Bucket).get('m')?.etag).toMatch(/-2"$/u);
    await expect(client.send(complete({}))).rejects.toMatchObject({ name: 'NoSuchUpload' });
    const other = { Bucket, Key: 'm', UploadId: await begin() };
    expect(double.bucket(Bucket).openUploads).toBe(1);
    await client.send(new AbortMultipartUploadCommand(other));
    expect(double.bucket(Bucket).openUploads).toBe(0);
  });

  it('ignores conditions when it is told to', async () => {
    const client = clientOf((await started({ ignoresConditions: true })).endpoint);
    await client.send(putNew('k', 'one'));
    await client.send(putNew('k', 'two'));
    expect(await textOf(client, 'k')).toBe('two');
  });
});

describe('a fault of the S3 double', () => {
  it('lost-reply: the SDK that retries takes its own success for that of another', async () => {
    const double = await started();
    double.fault({ kind: 'lost-reply', operation: 'PutObject', key: 'log/' });
    const retrying = clientOf(double.endpoint, { maxAttempts: 3 });
    await retrying.send(putNew('data', 'x'));
    await expect(retrying.send(putNew('log/1', 'ours'))).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    expect(await textOf(retrying, 'log/1')).toBe('ours');
  });

  it('lost-request, conflict-409, unavailable-503: nothing was written', async () => {
    const double = await started();
    const client = clientOf(double.endpoint);
    double.fault({ kind: 'lost-request' });
    await expect(client.send(put('k', 'x'))).rejects.toMatchObject({ code: 'ECONNRESET' });
    double.fault({ kind: 'conflict-409' });
    await expect(client.send(putNew('k', 'x'))).rejects.toMatchObject({
      name: 'ConditionalRequestConflict',
      $metadata: { httpStatusCode: 409 },
    });
    double.fault({ kind: 'unavailable-503', retryAfter: 2, times: 2 });
    await expect(client.send(put('k', 'x'))).rejects.toMatchObject({
      name: 'SlowDown',
      $response: { headers: { 'retry-after': '2' } },
    });
    double.clearFaults();
    expect(double.bucket(Bucket).get('k')).toBeUndefined();
    expect(double.requests.map(({ status }) => status)).toEqual([0, 409, 503]);
  });

  it('reset-body, stale-list: each nth time', async () => {
    const double = await started();
    const client = clientOf(double.endpoint);
    for (const key of ['a', 'b', 'c']) await client.send(put(key, '0123456789'));
    double.fault({ kind: 'reset-body', operation: 'GetObject', every: 2, share: 0.3 });
    expect(await textOf(client, 'a')).toBe('0123456789');
    await expect(textOf(client, 'a')).rejects.toMatchObject({ code: 'ECONNRESET' });
    double.fault({ kind: 'stale-list', newest: 2 });
    const list = async (): Promise<number> =>
      (await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount ?? 0;
    expect(await list()).toBe(1);
    expect(await list()).toBe(3);
  });

  it('hang: no answer', async () => {
    const double = await started();
    double.fault({ kind: 'hang' });
    const asked = request(`${double.endpoint}/${Bucket}/k`).end();
    const closed = new Promise((resolve) => asked.on('close', resolve));
    asked.on('error', () => undefined);
    while (double.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(asked.writableEnded).toBe(true);
    asked.destroy();
    await closed;
  });

  it('reaches a double in another process too', async () => {
    const child = await startChildDouble([Bucket]);
    opened.push(child);
    const client = clientOf(child.endpoint);
    await client.send(putNew('k', 'x'));
    child.fault({ kind: 'unavailable-503', operation: 'HeadObject', times: 1000 });
    const head = async (): Promise<number> => {
      try {
        await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
        return 200;
      } catch (error) {
        return (error as { $metadata: { httpStatusCode: number } }).$metadata.httpStatusCode;
      }
    };
    while ((await head()) === 200);
    expect(await head()).toBe(503);
    expect(await textOf(client, 'k')).toBe('x');
  });
});
