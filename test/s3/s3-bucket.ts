/** Objects in memory, in the order of their keys' UTF-8 bytes, and what S3 calls each of them. */
import { createHash } from 'node:crypto';
import { S3Failure } from './s3-failure.js';

export interface DoubleObject {
  readonly key: string;
  readonly bytes: Buffer;
  /** With its quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** As the writer gave it; none for an object in parts. */
  readonly crc32: string | undefined;
}

/** What a write brings along beside its bytes. */
export interface Brought {
  readonly metadata: Readonly<Record<string, string>>;
  readonly crc32?: string | undefined;
  readonly etag?: string | undefined;
}

interface Upload {
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The kind of checksum that each part must have, if any. */
  readonly algorithm: string | undefined;
  readonly parts: Map<number, Part>;
}

interface Part {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly crc32: string | undefined;
}

interface PartBody {
  readonly bytes: Buffer;
  readonly crc32: string | undefined;
}

/** A part as the end of an upload names it. */
export interface NamedPart {
  readonly number: number;
  readonly etag: string;
  readonly crc32: string | undefined;
}

const MIN_PART_BYTES = 5 * 1024 * 1024;

export class S3Bucket {
  readonly #objects = new Map<string, DoubleObject>();
  readonly #uploads = new Map<string, Upload>();
  /** Keys with their bytes, sorted. */
  readonly #order: { readonly key: string; readonly bytes: Buffer }[] = [];
  #uploadCount = 0;

  /** Uploads in parts that were neither completed nor aborted. */
  get openUploads(): number {
    return this.#uploads.size;
  }

  get(key: string): DoubleObject | undefined {
    return this.#objects.get(key);
  }

  put(key: string, bytes: Buffer, { metadata, crc32, etag }: Brought): DoubleObject {
    const known = this.#objects.has(key);
    const object: DoubleObject = {
      key,
      bytes,
      etag: etag ?? `"${md5(bytes).toString('hex')}"`,
      modifiedMs: Date.now(),
      metadata,
      crc32,
    };
    this.#objects.set(key, object);
    if (!known) {
      const keyBytes = Buffer.from(key);
      this.#order.splice(this.#place(keyBytes), 0, { key, bytes: keyBytes });
    }
    return object;
  }

  delete(key: string): void {
    if (!this.#objects.delete(key)) return;
    this.#order.splice(this.#place(Buffer.from(key)), 1);
  }

  /** Up to `limit` objects after `after`, and whether there are more. @param newest - how many are hidden */
  list(
    prefix: string,
    after: string | undefined,
    limit: number,
    newest: number,
  ): { readonly objects: readonly DoubleObject[]; readonly isTruncated: boolean } {
    const hidden = new Set(newest === 0 ? [] : [...this.#objects.keys()].slice(-newest));
    const objects: DoubleObject[] = [];
    const [from, beyond] = [Buffer.from(prefix), Buffer.from(after ?? '')];
    const start = Buffer.compare(from, beyond) > 0 ? from : beyond;
    for (let at = this.#place(start); at < this.#order.length; at++) {
      const key = this.#order[at]?.key ?? '';
      const object = this.#objects.get(key);
      if (!key.startsWith(prefix)) break;
      if (object === undefined || key === after || hidden.has(key)) continue;
      if (objects.length === limit) return { objects, isTruncated: true };
      objects.push(object);
    }
    return { objects, isTruncated: false };
  }

  beginUpload(
    key: string,
    metadata: Readonly<Record<string, string>>,
    algorithm: string | undefined,
  ): string {
    const id = `upload-${this.#uploadCount++}`;
    this.#uploads.set(id, { key, metadata, algorithm, parts: new Map() });
    return id;
  }

  /** S3 takes a part's checksum only where the upload began with its kind. */
  putPart(
    place: { readonly key: string; readonly id: string },
    number: number,
    part: PartBody,
  ): string {
    const upload = this.#upload(place.key, place.id);
    const { bytes, crc32 } = part;
    if ((crc32 === undefined) !== (upload.algorithm !== 'CRC32')) {
      throw new S3Failure(400, 'InvalidRequest', 'Checksum Type mismatch occurred');
    }
    const etag = `"${md5(bytes).toString('hex')}"`;
    upload.parts.set(number, { bytes, etag, crc32 });
    return etag;
  }

  /** Makes one object of the parts, by S3's rules and by R2's, which wants all but the last of one size. */
  complete(key: string, id: string, wanted: readonly NamedPart[]): DoubleObject {
    const upload = this.#upload(key, id);
    const parts = wanted.map(({ number, etag, crc32 }, at) => {
      const part = upload.parts.get(number);
      if (part === undefined || part.etag !== etag || part.crc32 !== crc32) {
        throw new S3Failure(400, 'InvalidPart', etag);
      }
      if (at > 0 && number <= (wanted[at - 1]?.number ?? 0)) {
        throw new S3Failure(400, 'InvalidPartOrder', String(number));
      }
      return part.bytes;
    });
    if (parts.length === 0) throw new S3Failure(400, 'MalformedXML', 'no parts');
    const [first] = parts;
    for (const part of parts.slice(0, -1)) {
      if (part.length < MIN_PART_BYTES) throw new S3Failure(400, 'EntityTooSmall', 'a part');
      if (part.length !== first?.length) throw new S3Failure(400, 'InvalidPart', 'unequal parts');
    }
    const digest = md5(Buffer.concat(parts.map(md5))).toString('hex');
    this.#uploads.delete(id);
    return this.put(key, Buffer.concat(parts), {
      metadata: upload.metadata,
      etag: `"${digest}-${parts.length}"`,
    });
  }

  abortUpload(key: string, id: string): void {
    this.#upload(key, id);
    this.#uploads.delete(id);
  }

  #upload(key: string, id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.key !== key) throw new S3Failure(404, 'NoSuchUpload', id);
    return upload;
  }

  /** Where a key is, or belongs. */
  #place(key: Buffer): number {
    let [from, to] = [0, this.#order.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (Buffer.compare(this.#order[middle]?.bytes ?? key, key) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

const md5 = (bytes: Uint8Array): Buffer => createHash('md5').update(bytes).digest();
