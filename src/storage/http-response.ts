/** What an HTTP answer says of an object, and its bytes: never a short read, never those of another range. */
import {
  CorruptDataError,
  LimitError,
  StorageUnavailableError,
  UnsupportedFeatureError,
} from '../errors.js';
import type { ByteRange, ObjectInfo, StoredObject } from './object-store.js';

/** Bytes of an object whose length the server does not tell; only small files of a log are read so. */
export const MAX_UNMEASURED_BYTES: number = 1024 * 1024 * 1024;
const FIRST_BUFFER_BYTES: number = 64 * 1024 * 1024;

/** What was asked for. */
export interface AskedFor {
  readonly key: string;
  readonly range?: ByteRange | undefined;
  readonly ifMatch?: string | undefined;
}

/** What an answer says of the object; undefined when it does not show how long it is. */
export function answeredInfo(response: Response, key: string): ObjectInfo | undefined {
  const sizeBytes = wholeSize(response);
  return sizeBytes === undefined ? undefined : infoOf(response, key, sizeBytes);
}

/**
 * The bytes of an answer.
 * @param known - what is known of the object from another answer
 * @returns undefined when the object's length is needed and neither this answer nor `known` tells it; nothing is then
 * read of the body
 * @throws CorruptDataError when the object is no longer the one of `ifMatch`; StorageUnavailableError when the body
 * ends early or is of another range; UnsupportedFeatureError when ranges come compressed
 */
export async function answeredObject(
  response: Response,
  asked: AskedFor,
  known?: ObjectInfo,
): Promise<StoredObject | undefined> {
  const { key, range, ifMatch } = asked;
  if (response.status === 412) {
    await response.body?.cancel();
    throw replaced(key);
  }
  const info = answeredInfo(response, key) ?? known;
  const isPart = response.status === 206 || response.status === 416;
  if (range !== undefined && info === undefined && isPart) return undefined;
  if (info !== undefined && ifMatch !== undefined && info.etag !== ifMatch) {
    await response.body?.cancel();
    throw replaced(key);
  }
  if (response.status === 416) {
    await response.body?.cancel();
    return info && { bytes: new Uint8Array(0), info };
  }
  if (info === undefined) return await readUnmeasured(response, asked);
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? info.sizeBytes, info.sizeBytes);
  checkPart(response, asked);
  const skip = response.status === 206 ? 0 : start;
  const length = Math.max(end - start, 0);
  const bytes = await readBytes(response, skip, length);
  if (bytes.length < length) throw broken(key, 'the answer ended before its end');
  return { bytes, info };
}

/** A whole whose length nobody told: chunked, or compressed on the way. */
async function readUnmeasured(
  response: Response,
  { key, range, ifMatch }: AskedFor,
): Promise<StoredObject> {
  const whole = await readBytes(response, 0, MAX_UNMEASURED_BYTES + 1);
  if (whole.length > MAX_UNMEASURED_BYTES) {
    throw new LimitError({
      message: `the server does not say how long ${key} is, and it does not end`,
      limit: 'MAX_UNMEASURED_BYTES',
      value: whole.length,
      max: MAX_UNMEASURED_BYTES,
    });
  }
  const info = infoOf(response, key, whole.length);
  if (ifMatch !== undefined && info.etag !== ifMatch) throw replaced(key);
  return { bytes: range === undefined ? whole : whole.slice(range.start, range.end), info };
}

function wholeSize(response: Response): number | undefined {
  const { headers, status } = response;
  if (status === 206 || status === 416) {
    return size(/^bytes (?:\d+-\d+|\*)\/(\d+)$/u.exec(headers.get('content-range') ?? '')?.[1]);
  }
  return isCompressed(headers) ? undefined : size(headers.get('content-length') ?? undefined);
}

function size(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && /^\d+$/u.test(text) && Number.isSafeInteger(value)
    ? value
    : undefined;
}

function isCompressed(headers: Headers): boolean {
  return (headers.get('content-encoding') ?? 'identity') !== 'identity';
}

/**
 * The server's etag; where it gives none, when the object was changed and its length. A store without either cannot
 * tell an object from another of the same length.
 */
function infoOf({ headers }: Response, key: string, sizeBytes: number): ObjectInfo {
  const modified = Date.parse(headers.get('last-modified') ?? '');
  const modifiedMs = Number.isNaN(modified) ? 0 : modified;
  return { key, sizeBytes, modifiedMs, etag: headers.get('etag') ?? `${modifiedMs}-${sizeBytes}` };
}

function checkPart(response: Response, { key, range }: AskedFor): void {
  if (response.status !== 206) return;
  if (isCompressed(response.headers)) {
    throw new UnsupportedFeatureError({
      message: `the server compresses parts of ${key}, so they cannot be told apart`,
      features: ['compressed ranges over HTTP'],
      side: 'read',
      remedy: 'switch compression off for the files of the table',
    });
  }
  const shown = /^bytes (\d+)-/u.exec(response.headers.get('content-range') ?? '')?.[1];
  if (shown === undefined || Number(shown) === (range?.start ?? 0)) return;
  throw broken(key, 'the server answered with another range than was asked for');
}

/** At most `length` bytes behind `skip`, fewer where the body ends; what follows is not fetched. */
async function readBytes(response: Response, skip: number, length: number): Promise<Uint8Array> {
  // What an answer says of its length is believed only as far as its bytes arrive.
  let bytes = new Uint8Array(Math.min(length, FIRST_BUFFER_BYTES));
  const reader = response.body?.getReader();
  if (reader === undefined) return bytes.subarray(0, 0);
  let seen = 0;
  while (seen < skip + length) {
    const { done, value } = await reader.read();
    if (done) break;
    const chunk = value as Uint8Array;
    const from = Math.max(skip - seen, 0);
    const to = Math.min(chunk.length, skip + length - seen);
    const end = seen + to - skip;
    if (end > bytes.length) {
      const larger = new Uint8Array(Math.min(length, Math.max(end, bytes.length * 2)));
      larger.set(bytes);
      bytes = larger;
    }
    if (from < to) bytes.set(chunk.subarray(from, to), seen + from - skip);
    seen += chunk.length;
  }
  await reader.cancel();
  return bytes.subarray(0, Math.max(Math.min(seen - skip, length), 0));
}

function replaced(key: string): CorruptDataError {
  return new CorruptDataError({ message: `${key} was replaced while it was read`, key });
}

function broken(key: string, message: string): StorageUnavailableError {
  return new StorageUnavailableError({
    message: `${message}; try again later`,
    key,
    operation: 'get',
  });
}
