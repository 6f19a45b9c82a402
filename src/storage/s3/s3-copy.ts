/** Copies within a bucket that never replace anything. */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Entropy } from '../../clock.js';
import { NotFoundError } from '../../errors.js';
import { codeOf, isConditionFailed, isRefused } from './s3-error.js';

interface SendOptions {
  readonly abortSignal: AbortSignal;
}

interface ObjectPlace {
  readonly Bucket: string;
  readonly Key: string;
}

/**
 * Copies one object of a bucket to where nothing is. Throws what the SDK throws.
 *
 * @throws NotFoundError when there is no `from`
 */
export async function copyNew(
  client: S3Client,
  from: ObjectPlace,
  to: ObjectPlace,
  options: SendOptions,
): Promise<void> {
  try {
    await client.send(
      new CopyObjectCommand({ ...to, CopySource: sourceOf(from), IfNoneMatch: '*' }),
      options,
    );
  } catch (error) {
    throw codeOf(error) === 'NoSuchKey' ? noSource(from.Key) : error;
  }
}

/**
 * The condition of a copy is younger than that of a put, and a service may keep one and ignore the other: before the
 * first copy, one onto an object that is there shows which.
 */
export class CopyCondition {
  readonly #entropy: Entropy;
  #kept: boolean | undefined;

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  /** @param beside - the object that is tried is put into the same folder, and deleted again */
  async isKept(client: S3Client, beside: ObjectPlace, options: SendOptions): Promise<boolean> {
    if (this.#kept !== undefined) return this.#kept;
    const folder = beside.Key.slice(0, beside.Key.lastIndexOf('/') + 1);
    const place = { Bucket: beside.Bucket, Key: `${folder}_probe-${this.#entropy.uuid()}` };
    await client.send(new PutObjectCommand({ ...place, Body: new Uint8Array(1) }), options);
    try {
      // A copy onto itself is allowed when it changes something.
      const change = { MetadataDirective: 'REPLACE', Metadata: { probe: '1' } } as const;
      const onto = { ...place, CopySource: sourceOf(place), IfNoneMatch: '*', ...change };
      await client.send(new CopyObjectCommand(onto), options);
      this.#kept = false;
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.#kept = isConditionFailed(error);
    }
    // Whoever may write and not delete leaves it behind, which does no harm.
    await client.send(new DeleteObjectCommand(place), options).catch(() => undefined);
    return this.#kept;
  }
}

export function noSource(from: string): NotFoundError {
  return new NotFoundError({
    message: 'there is no object to copy',
    kind: 'object',
    thing: from,
  });
}

function sourceOf({ Bucket, Key }: ObjectPlace): string {
  return `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
}
