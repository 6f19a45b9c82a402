/** Large objects in parts. */
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type Body, bodyParts, bodySize } from '../object-store.js';
import { notingDate } from './s3-answer.js';
import { codeOf, isAbsent } from './s3-error.js';

/** A body above this is uploaded in parts of this size, all but the last: R2 wants them of one size. */
export const UPLOAD_PART_BYTES: number = 8 * 1024 * 1024;
/** Parts on their way at once. */
const PARTS_AT_ONCE = 4;
/** S3 takes no more parts of one object. */
const MAX_PARTS = 10_000;
/** Names the upload that made an object, so that one whose answer was lost is known by it. */
const UPLOAD = 'varve-upload';

/** Where an upload goes. */
export interface UploadTarget {
  readonly client: S3Client;
  readonly Bucket: string;
  readonly Key: string;
  /** New for each upload. */
  readonly uuid: string;
  /** As `send`, also after the caller's signal was aborted. */
  readonly sendAlways: Send;
}

/** Sends a request within its time, again where that helps. @param bytes - how many it carries */
export type Send = <T>(
  bytes: number,
  request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
) => Promise<T>;

/** What is known of an object that was uploaded. */
export interface Uploaded {
  readonly ETag: string | undefined;
  readonly LastModified: Date | undefined;
}

/** Replaces an object whole, and leaves no parts behind where that fails. */
export async function uploadInParts(
  target: UploadTarget,
  body: Body,
  send: Send,
): Promise<Uploaded> {
  const { client, Bucket, Key, uuid } = target;
  const calculates = (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
  // An abort that hid the name of an upload would leave it behind for ever.
  const { UploadId } = await target.sendAlways(0, (options) =>
    client.send(
      new CreateMultipartUploadCommand({
        Bucket,
        Key,
        Metadata: { [UPLOAD]: uuid },
        // Its parts then carry checksums of this kind, and only of this.
        ...(calculates ? { ChecksumAlgorithm: 'CRC32' } : {}),
      }),
      options,
    ),
  );
  try {
    const Parts = await uploadParts({ ...target, UploadId }, body, send);
    return await complete({ ...target, UploadId }, Parts, send);
  } catch (error) {
    await abort({ ...target, UploadId });
    throw error;
  }
}

interface Upload extends UploadTarget {
  readonly UploadId: string | undefined;
}

async function uploadParts(upload: Upload, body: Body, send: Send): Promise<CompletedPart[]> {
  const { client, Bucket, Key, UploadId } = upload;
  const size = Math.max(UPLOAD_PART_BYTES, Math.ceil(bodySize(body) / MAX_PARTS));
  const done: CompletedPart[] = [];
  const waiting = evenParts(body, size);
  let next = 0;
  let hasFailed = false;
  const uploadSome = async (): Promise<void> => {
    for (;;) {
      const part = hasFailed ? undefined : waiting.next().value;
      if (part === undefined) return;
      const at = next++;
      try {
        const PartNumber = at + 1;
        const { ETag, ChecksumCRC32 } = await send(part.length, (options) =>
          client.send(
            new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: part }),
            options,
          ),
        );
        done[at] = { PartNumber, ETag, ChecksumCRC32 };
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const uploading = await Promise.allSettled(Array.from({ length: PARTS_AT_ONCE }, uploadSome));
  // Only now is no part on its way any more that an abort of the upload could miss.
  for (const end of uploading) if (end.status === 'rejected') throw end.reason;
  return done;
}

async function complete(
  { client, Bucket, Key, UploadId, uuid }: Upload,
  Parts: CompletedPart[],
  send: Send,
): Promise<Uploaded> {
  const place = { Bucket, Key };
  return await send(0, async (options) => {
    try {
      const asked = { ...place, UploadId, MultipartUpload: { Parts } };
      const command = new CompleteMultipartUploadCommand(asked);
      const answeredAt = notingDate(command);
      const { ETag } = await client.send(command, options);
      return { ETag, LastModified: answeredAt() };
    } catch (error) {
      if (codeOf(error) !== 'NoSuchUpload') throw error;
      // Completed by a try whose answer was lost, unless the object says otherwise.
      const found = await client.send(new HeadObjectCommand(place), options).catch(absence);
      if (found?.Metadata?.[UPLOAD] !== uuid) throw error;
      return { ETag: found.ETag, LastModified: found.LastModified };
    }
  });
}

function absence(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
  return undefined;
}

/** What cannot be aborted costs space until the bucket's own rules remove it; the first failure is what counts. */
async function abort({ client, Bucket, Key, UploadId, sendAlways }: Upload): Promise<void> {
  try {
    await sendAlways(0, (options) =>
      client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), options),
    );
  } catch {
    return;
  }
}

/** A body in pieces of `size` bytes, the last one with the rest. Pieces that lie in one part are not copied. */
export function* evenParts(body: Body, size: number): Generator<Uint8Array, undefined, undefined> {
  let open: Uint8Array | undefined;
  let filled = 0;
  let left = bodySize(body);
  for (const part of bodyParts(body)) {
    for (let from = 0; from < part.length; ) {
      const wanted = open === undefined ? Math.min(size, left) : open.length - filled;
      const some = part.subarray(from, from + wanted);
      from += some.length;
      left -= some.length;
      if (open === undefined && some.length === wanted) {
        yield some;
        continue;
      }
      open ??= new Uint8Array(wanted);
      open.set(some, filled);
      filled += some.length;
      if (filled === open.length) {
        yield open;
        open = undefined;
        filled = 0;
      }
    }
  }
  return undefined;
}
