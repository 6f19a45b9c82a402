/** Listings in the order of the contract. */
import {
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { UnsupportedFeatureError } from '../../errors.js';
import { checkPrefix, compareKeys } from '../key.js';
import type { ListOptions, ObjectInfo } from '../object-store.js';
import { infoOf } from './s3-answer.js';
import { isAbsent } from './s3-error.js';
import type { S3Place } from './s3-url.js';

/** A bucket, and how it is asked. */
export interface ListedBucket {
  readonly client: S3Client;
  readonly place: S3Place;
  /** Sends one request within its time, again where that helps. */
  send<T>(request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>): Promise<T>;
}

/** The objects below a prefix, in the order of their keys, whatever order the service has them in. */
export async function* listBucket(
  listed: ListedBucket,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo, void, undefined> {
  checkPrefix(prefix);
  const { startAfter, signal } = options;
  const listing = isDirectoryBucket(listed.place.bucket)
    ? sortedListing(listed, prefix)
    : orderedListing(listed, prefix, startAfter);
  for await (const info of listing) {
    if (startAfter !== undefined && compareKeys(info.key, startAfter) <= 0) continue;
    yield info;
    signal?.throwIfAborted();
  }
}

/** Buckets of S3 Express: they list in no order, only below folders, and from no key on. */
function isDirectoryBucket(bucket: string): boolean {
  return bucket.endsWith('--x-s3');
}

async function* orderedListing(
  listed: ListedBucket,
  prefix: string,
  startAfter: string | undefined,
): AsyncGenerator<ObjectInfo, void, undefined> {
  const { place } = listed;
  const from = startAfter === undefined ? {} : { StartAfter: place.prefix + startAfter };
  let last: string | undefined;
  for await (const info of infos(listed, { Prefix: place.prefix + prefix, ...from })) {
    const order = last === undefined ? 1 : compareKeys(info.key, last);
    if (order < 0) throw unordered(place.bucket);
    last = info.key;
    if (order > 0) yield info;
  }
}

/** Holds the whole listing, since its last object may be the first. */
async function* sortedListing(
  listed: ListedBucket,
  prefix: string,
): AsyncGenerator<ObjectInfo, void, undefined> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const found: ObjectInfo[] = [];
  for await (const info of infos(listed, { Prefix: listed.place.prefix + folder })) {
    if (info.key.startsWith(prefix)) found.push(info);
  }
  yield* found.sort((a, b) => compareKeys(a.key, b.key));
}

async function* infos(
  listed: ListedBucket,
  asked: { readonly Prefix: string; readonly StartAfter?: string },
): AsyncGenerator<ObjectInfo, void, undefined> {
  const { bucket: Bucket, prefix } = listed.place;
  let ContinuationToken: string | undefined;
  do {
    const token = ContinuationToken;
    const command = { Bucket, ...asked, EncodingType: 'url' as const };
    const page: ListObjectsV2CommandOutput | undefined = await listed.send(async (options) => {
      try {
        const more = token === undefined ? {} : { ContinuationToken: token };
        return await listed.client.send(new ListObjectsV2Command({ ...command, ...more }), options);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    });
    if (page === undefined) return;
    for (const object of page.Contents ?? []) {
      const name = page.EncodingType === 'url' ? decoded(object.Key ?? '') : (object.Key ?? '');
      const key = name.slice(prefix.length);
      if (isKey(key)) yield infoOf(key, object.Size, object);
    }
    ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined);
}

/** As forms are encoded: a plus is a space. */
function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** Consoles and other engines put empty objects where they want folders; those are no keys. */
function isKey(key: string): boolean {
  return key !== '' && !key.split('/').some((part) => part === '' || part === '.' || part === '..');
}

function unordered(bucket: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `bucket ${bucket} does not list its objects in the order of their keys`,
    features: ['ordered listings'],
    side: 'read',
    remedy: 'take a service that orders them, as S3 does',
  });
}
