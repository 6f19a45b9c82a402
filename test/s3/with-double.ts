/** One S3 double for a test file, and a bucket for each test. */
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Clock, systemClock, systemEntropy } from '../../src/clock.js';
import type { ObjectStore, StorageProvider } from '../../src/storage/object-store.js';
import { Retries } from '../../src/storage/retries.js';
import { type S3ServiceOptions, s3Storage } from '../../src/storage/s3/index.js';
import { S3Store } from '../../src/storage/s3/s3-store.js';
import { parseS3Url } from '../../src/storage/s3/s3-url.js';
import type { S3Bucket } from './s3-bucket.js';
import { DOUBLE_CREDENTIALS, type S3Double, startS3Double } from './s3-double.js';

/** Each wait is over at once. */
const HURRIED: Clock = {
  now: () => 0,
  sleep: async (_delayMs, signal) => {
    signal?.throwIfAborted();
    await Promise.resolve();
  },
};

export interface DoubleInTest {
  /** The server; only within tests and hooks. */
  readonly server: S3Double;
  /** What s3Storage takes, with changes. */
  service(change?: Partial<S3ServiceOptions>): S3ServiceOptions;
  storage(change?: Partial<S3ServiceOptions>): StorageProvider;
  /** A new bucket, and a URL in it. */
  place(): { readonly bucket: S3Bucket; readonly url: string };
  /** A store in a new bucket; it has no probe, and does not wait before it tries again. */
  store(): { readonly store: ObjectStore; readonly bucket: S3Bucket };
}

/** Call it where the tests are declared. Faults that a test did not meet are forgotten after it. */
export function withDouble(options: Parameters<typeof startS3Double>[0] = {}): DoubleInTest {
  let server: S3Double | undefined;
  let buckets = 0;
  const double = (): S3Double => {
    if (server === undefined) throw new Error('the double starts with the first test');
    return server;
  };
  beforeAll(async () => {
    server = await startS3Double(options);
  });
  afterEach(() => double().clearFaults());
  afterAll(async () => await double().close());
  const inTest: DoubleInTest = {
    get server() {
      return double();
    },
    service: (change = {}) => {
      const { endpoint, region } = double();
      return { endpoint, region, credentials: DOUBLE_CREDENTIALS, ...change };
    },
    storage: (change) => s3Storage(inTest.service(change)),
    place: () => {
      const name = `bucket-${buckets++}`;
      return { bucket: double().bucket(name), url: `s3://${name}/lake/a table` };
    },
    store: () => {
      const { bucket, url } = inTest.place();
      const { endpoint, region } = double();
      const { accessKeyId, secretAccessKey } = DOUBLE_CREDENTIALS;
      const client = new S3Client({
        endpoint,
        region,
        forcePathStyle: true,
        credentials: { accessKeyId, secretAccessKey },
        maxAttempts: 1,
      });
      const retries = new Retries({ clock: HURRIED, entropy: systemEntropy });
      const context = { clock: systemClock, entropy: systemEntropy, retries };
      return { store: new S3Store(client, parseS3Url(new URL(url)), context), bucket };
    },
  };
  return inTest;
}
