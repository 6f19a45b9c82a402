/** What each operation of S3 does to a bucket, as one step that nothing can come between. */
import type { IncomingHttpHeaders } from 'node:http';
import type { DoubleObject, S3Bucket } from './s3-bucket.js';
import { S3Failure } from './s3-failure.js';
import { listingXml, partsOf, resultXml } from './s3-xml.js';
import { headerOf } from './sigv4.js';

/** A request that was understood and whose signature holds. */
export interface Operation {
  readonly name: string;
  readonly bucketName: string;
  /** Empty for a listing. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** What a server may do otherwise than S3. */
export interface Habits {
  /** Conditions of writes are neither kept nor refused, as some servers do. */
  readonly ignoresConditions: boolean;
  /** How many newest objects a listing does not have. */
  readonly hidesNewest: number;
}

/** @throws S3Failure as S3 answers */
export function perform(
  operation: Operation,
  buckets: ReadonlyMap<string, S3Bucket>,
  habits: Habits,
): Answer {
  const bucket = buckets.get(operation.bucketName);
  if (bucket === undefined) throw new S3Failure(404, 'NoSuchBucket', operation.bucketName);
  switch (operation.name) {
    case 'PutObject':
      return putObject(operation, bucket, habits);
    case 'CopyObject':
      return copyObject(operation, bucket, buckets, habits);
    case 'GetObject':
    case 'HeadObject':
      return getObject(operation, bucket);
    case 'DeleteObject':
      return deleteObject(operation, bucket, habits);
    case 'ListObjectsV2':
      return listObjects(operation, bucket, habits);
    case 'CreateMultipartUpload':
    case 'UploadPart':
    case 'CompleteMultipartUpload':
    case 'AbortMultipartUpload':
      return multipart(operation, bucket, habits);
    default:
      throw new S3Failure(501, 'NotImplemented', operation.name);
  }
}

function putObject({ key, headers, body }: Operation, bucket: S3Bucket, habits: Habits): Answer {
  checkWrite(headers, bucket.get(key), habits);
  const crc32 = headerOf(headers, 'x-amz-checksum-crc32');
  const { etag } = bucket.put(key, body, { metadata: metadataOf(headers), crc32 });
  const more = crc32 === undefined ? {} : { 'x-amz-checksum-crc32': crc32 };
  return { status: 200, headers: { etag, ...more }, body: '' };
}

function copyObject(
  { key, headers }: Operation,
  bucket: S3Bucket,
  buckets: ReadonlyMap<string, S3Bucket>,
  habits: Habits,
): Answer {
  const spelled = headerOf(headers, 'x-amz-copy-source') ?? '';
  const [sourceBucket = '', ...rest] = decodeURIComponent(spelled).replace(/^\//u, '').split('/');
  const source = buckets.get(sourceBucket)?.get(rest.join('/'));
  if (source === undefined) throw new S3Failure(404, 'NoSuchKey', spelled);
  checkWrite(headers, bucket.get(key), habits);
  const { etag, modifiedMs } = bucket.put(key, source.bytes, source);
  const fields = { ETag: etag, LastModified: new Date(modifiedMs).toISOString() };
  return { status: 200, headers: {}, body: resultXml('CopyObjectResult', fields) };
}

function getObject({ key, headers }: Operation, bucket: S3Bucket): Answer {
  const object = bucket.get(key);
  if (object === undefined) throw new S3Failure(404, 'NoSuchKey', key);
  const ifMatch = headerOf(headers, 'if-match');
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== object.etag) {
    throw new S3Failure(412, 'PreconditionFailed', 'If-Match');
  }
  const { bytes, etag, modifiedMs, crc32 } = object;
  const described: Record<string, string> = {
    etag,
    'last-modified': new Date(modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
  };
  for (const [name, value] of Object.entries(object.metadata)) described[name] = value;
  const range = rangeOf(headerOf(headers, 'range'), bytes.length);
  if (range === undefined) {
    const isAsked = headerOf(headers, 'x-amz-checksum-mode') === 'ENABLED';
    if (isAsked && crc32 !== undefined) described['x-amz-checksum-crc32'] = crc32;
    return { status: 200, headers: described, body: bytes };
  }
  const [start, end] = range;
  described['content-range'] = `bytes ${start}-${end - 1}/${bytes.length}`;
  return { status: 206, headers: described, body: bytes.subarray(start, end) };
}

function rangeOf(header: string | undefined, size: number): [number, number] | undefined {
  const match = /^bytes=(\d+)-(\d*)$/u.exec(header ?? '');
  if (match === null) return undefined;
  const start = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Number(match[2]);
  if (start >= size) {
    throw new S3Failure(416, 'InvalidRange', header ?? '', { 'content-range': `bytes */${size}` });
  }
  return [start, Math.min(last + 1, size)];
}

function deleteObject({ key, headers }: Operation, bucket: S3Bucket, habits: Habits): Answer {
  const ifMatch = headerOf(headers, 'if-match');
  const object = bucket.get(key);
  if (ifMatch !== undefined && object === undefined && !habits.ignoresConditions) {
    throw new S3Failure(404, 'NoSuchKey', key);
  }
  if (object !== undefined) checkWrite(headers, object, habits);
  bucket.delete(key);
  return { status: 204, headers: {}, body: '' };
}

const MAX_KEYS = 1000;

function listObjects({ bucketName, query }: Operation, bucket: S3Bucket, habits: Habits): Answer {
  const prefix = query.get('prefix') ?? '';
  const startAfter = query.get('start-after') ?? undefined;
  const token = query.get('continuation-token');
  const after = token === null ? startAfter : Buffer.from(token, 'base64url').toString();
  const maxKeys = Math.min(Number(query.get('max-keys') ?? MAX_KEYS), MAX_KEYS);
  const found = bucket.list(prefix, after, maxKeys, habits.hidesNewest);
  const last = found.objects.at(-1)?.key ?? '';
  const nextToken = found.isTruncated ? Buffer.from(last).toString('base64url') : undefined;
  const isUrlEncoded = query.get('encoding-type') === 'url';
  const asked = { bucket: bucketName, prefix, maxKeys, startAfter, isUrlEncoded };
  return xml(listingXml({ ...asked, objects: found.objects, nextToken }));
}

function multipart(operation: Operation, bucket: S3Bucket, habits: Habits): Answer {
  const { name, bucketName, key, query, headers, body } = operation;
  const id = query.get('uploadId') ?? '';
  const place = { Bucket: bucketName, Key: key };
  switch (name) {
    case 'CreateMultipartUpload': {
      const UploadId = bucket.beginUpload(
        key,
        metadataOf(headers),
        headerOf(headers, 'x-amz-checksum-algorithm'),
      );
      return xml(resultXml('InitiateMultipartUploadResult', { ...place, UploadId }));
    }
    case 'UploadPart': {
      const crc32 = headerOf(headers, 'x-amz-checksum-crc32');
      const number = Number(query.get('partNumber'));
      const etag = bucket.putPart({ key, id }, number, { bytes: body, crc32 });
      const more = crc32 === undefined ? {} : { 'x-amz-checksum-crc32': crc32 };
      return { status: 200, headers: { etag, ...more }, body: '' };
    }
    case 'CompleteMultipartUpload': {
      checkWrite(headers, bucket.get(key), habits);
      const { etag } = bucket.complete(key, id, partsOf(body.toString()));
      return xml(resultXml('CompleteMultipartUploadResult', { ...place, ETag: etag }));
    }
    default:
      bucket.abortUpload(key, id);
      return { status: 204, headers: {}, body: '' };
  }
}

/** The conditions of a write, of which S3 knows two. */
function checkWrite(
  headers: IncomingHttpHeaders,
  object: DoubleObject | undefined,
  { ignoresConditions }: Habits,
): void {
  if (ignoresConditions) return;
  const ifNoneMatch = headerOf(headers, 'if-none-match');
  const ifMatch = headerOf(headers, 'if-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new S3Failure(501, 'NotImplemented', 'If-None-Match with an ETag');
  }
  const isThere = ifNoneMatch !== undefined && object !== undefined;
  const isOther = ifMatch !== undefined && ifMatch !== '*' && ifMatch !== object?.etag;
  if (isThere || isOther) throw new S3Failure(412, 'PreconditionFailed', 'a condition of a write');
}

function metadataOf(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const own = Object.keys(headers).filter((name) => name.startsWith('x-amz-meta-'));
  return Object.fromEntries(own.map((name) => [name, headerOf(headers, name) ?? '']));
}

function xml(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}
