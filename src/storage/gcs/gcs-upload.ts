/** Uploads: in one request where it is small, and in chunks that can be taken up again where it is not. */
import type { Entropy } from '../../clock.js';
import { AccessDeniedError, StorageUnavailableError } from '../../errors.js';
import { type Body, bodyParts, bodySize } from '../object-store.js';
import { crc32cText } from './crc32c.js';
import { refusal } from './gcs-error.js';
import { discarded, type GcsRequests, type Wanted } from './gcs-requests.js';
import { OBJECT_FIELDS, type ObjectResource } from './gcs-resource.js';

/** A body above this is sent in chunks of this size: a multiple of what the service keeps, 256 KiB. */
export const CHUNK_BYTES: number = 8 * 1024 * 1024;

/** Where an upload goes, and with what. */
export interface UploadPlace {
  readonly requests: GcsRequests;
  readonly bucket: string;
  /** Names the boundary between the parts of a request. */
  readonly entropy: Entropy;
}

/** One object's upload. */
export interface Upload {
  readonly operation: 'put' | 'putIfAbsent';
  readonly key: string;
  /** The whole name, the store's prefix included. */
  readonly name: string;
  readonly body: Body;
}

/** An upload in one request, checksum included; the service refuses other bytes than those. */
export function wholeUpload(
  { bucket, entropy }: UploadPlace,
  { operation, key, name, body }: Upload,
): Wanted {
  const boundary = entropy.uuid();
  const text = new TextEncoder();
  const head =
    `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${metadataOf(name, body)}` +
    `\r\n--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`;
  const parts = [text.encode(head), ...bodyParts(body), text.encode(`\r\n--${boundary}--\r\n`)];
  return {
    operation,
    key,
    method: 'POST',
    path: `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`,
    query: {
      uploadType: 'multipart',
      name,
      ifGenerationMatch: operation === 'putIfAbsent' ? '0' : undefined,
      fields: OBJECT_FIELDS,
    },
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
    body: joined(parts),
  };
}

/**
 * Uploads in chunks, each tried again from where the last one got. When it cannot be finished, what was sent is thrown
 * away by the service.
 *
 * @throws what the last try of a chunk threw; the service's refusals; `signal.reason` when aborted
 */
export async function uploadInChunks(
  place: UploadPlace,
  upload: Upload,
  signal: AbortSignal | undefined,
): Promise<ObjectResource> {
  const session = await begin(place, upload, signal);
  try {
    return await new Chunks(place, upload, session).sendAll(signal);
  } catch (error) {
    await cancel(place, upload, session);
    throw error;
  }
}

class Chunks {
  readonly #place: UploadPlace;
  readonly #upload: Upload;
  readonly #session: string;
  readonly #size: number;
  #sent = 0;
  #isSure = true;

  constructor(place: UploadPlace, upload: Upload, session: string) {
    this.#place = place;
    this.#upload = upload;
    this.#session = session;
    this.#size = bodySize(upload.body);
  }

  async sendAll(signal: AbortSignal | undefined): Promise<ObjectResource> {
    for (;;) {
      const done = await this.#place.requests.retries.run(signal, () => this.#next(signal));
      if (done !== undefined) return done;
    }
  }

  /** Sends the next chunk; after a failure it asks first how much has arrived. */
  async #next(signal: AbortSignal | undefined): Promise<ObjectResource | undefined> {
    if (!this.#isSure) {
      const done = await this.#put(`bytes */${this.#size}`, new Uint8Array(0), signal);
      if (done !== undefined) return done;
    }
    const end = Math.min(this.#sent + CHUNK_BYTES, this.#size);
    const chunk = slice(this.#upload.body, this.#sent, end);
    const before = this.#sent;
    const done = await this.#put(`bytes ${before}-${end - 1}/${this.#size}`, chunk, signal);
    if (done === undefined && this.#sent <= before) {
      throw unavailable(this.#upload, 'the service kept nothing of a chunk; try again later');
    }
    return done;
  }

  async #put(
    range: string,
    body: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<ObjectResource | undefined> {
    const { operation, key } = this.#upload;
    this.#isSure = false;
    const headers = { 'content-range': range };
    const request = { operation, key, method: 'PUT', path: this.#session, headers, body } as const;
    return await this.#place.requests.once(request, signal, async (response) => {
      if (response.status === 308) {
        this.#sent = keptOf(response);
        this.#isSure = true;
        await discarded(response, undefined);
        return undefined;
      }
      if (response.ok) return (await response.json()) as ObjectResource;
      if (response.status !== 404 && response.status !== 410) {
        throw await refusal(response, this.#upload);
      }
      await discarded(response, undefined);
      throw unavailable(this.#upload, 'the service has forgotten the upload; try again');
    });
  }
}

/** @returns the address of the upload, below the endpoint */
async function begin(
  { requests, bucket }: UploadPlace,
  upload: Upload,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { operation, key, name, body } = upload;
  const request = {
    operation,
    key,
    method: 'POST',
    path: `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`,
    query: { uploadType: 'resumable', name, fields: OBJECT_FIELDS },
    headers: {
      'content-type': 'application/json; charset=UTF-8',
      'x-upload-content-length': String(bodySize(body)),
    },
    body: metadataOf(name, body),
  } as const;
  return await requests.run(request, signal, async (response) => {
    if (!response.ok) throw await refusal(response, upload);
    await discarded(response, undefined);
    const location = new URL(response.headers.get('location') ?? '', requests.service.endpoint);
    // It is a secret of its own, and the token goes with it.
    if (location.origin === requests.service.endpoint) return location.pathname + location.search;
    throw new AccessDeniedError({
      message: `the upload is to go on at ${location.host}, where the token is not sent; check the endpoint`,
      key,
      operation,
    });
  });
}

/** Asks the service to forget an upload. A failure leaves it to the service, which does so after a week. */
async function cancel({ requests }: UploadPlace, upload: Upload, path: string): Promise<void> {
  const { operation, key } = upload;
  const request = { operation, key, method: 'DELETE', path } as const;
  try {
    await requests.once(request, undefined, async (response) => {
      await discarded(response, undefined);
    });
  } catch {
    // What failed before this is what the caller is told.
  }
}

function keptOf(response: Response): number {
  const last = /^bytes=0-(\d+)$/u.exec(response.headers.get('range') ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

function metadataOf(name: string, body: Body): string {
  return JSON.stringify({
    name,
    contentType: 'application/octet-stream',
    crc32c: crc32cText(body),
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return slice(parts, 0, bodySize(parts));
}

/** Bytes `start` to `end` of a body, in one piece. */
function slice(body: Body, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  let at = 0;
  for (const part of bodyParts(body)) {
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, part.length);
    if (from < to) bytes.set(part.subarray(from, to), at + from - start);
    at += part.length;
  }
  return bytes;
}

function unavailable({ key, operation }: Upload, message: string): StorageUnavailableError {
  return new StorageUnavailableError({ message, key, operation });
}
