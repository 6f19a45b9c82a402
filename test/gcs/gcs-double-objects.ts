/** What a bucket of the double holds, and what the service says of it. Shares no code with `src/`. */
import { CRC32C } from '@google-cloud/storage';

/** An object of the double. */
export interface HeldObject {
  readonly name: string;
  readonly bytes: Buffer;
  readonly generation: bigint;
  readonly updatedMs: number;
  readonly crc32c: string;
}

/** An answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** What a request says must hold of the object that is there. */
export interface Conditions {
  readonly ifGenerationMatch: string | null;
  readonly ifGenerationNotMatch: string | null;
}

export function conditionsOf(query: URLSearchParams): Conditions {
  return {
    ifGenerationMatch: query.get('ifGenerationMatch'),
    ifGenerationNotMatch: query.get('ifGenerationNotMatch'),
  };
}

/** The objects of one bucket. */
export class Bucket {
  readonly requesterPays: boolean;
  readonly objects: Map<string, HeldObject> = new Map();
  #generation = BigInt(Date.now()) * 1000n;

  constructor(requesterPays: boolean) {
    this.requesterPays = requesterPays;
  }

  /** Whether the conditions hold now: generation 0 means that nothing is there. */
  holds(name: string, conditions: Conditions): boolean {
    const now = String(this.objects.get(name)?.generation ?? 0n);
    const { ifGenerationMatch, ifGenerationNotMatch } = conditions;
    return (
      (ifGenerationMatch === null || ifGenerationMatch === now) &&
      (ifGenerationNotMatch === null || ifGenerationNotMatch !== now)
    );
  }

  /** Puts an object where the conditions hold; in one step, as the service does. */
  put(name: string, bytes: Buffer, conditions: Conditions): HeldObject | undefined {
    if (!this.holds(name, conditions)) return undefined;
    const now = BigInt(Date.now()) * 1000n;
    this.#generation = now > this.#generation ? now : this.#generation + 1n;
    const crc32c = checksum(bytes);
    const object = { name, bytes, generation: this.#generation, updatedMs: Date.now(), crc32c };
    this.objects.set(name, object);
    return object;
  }
}

export function checksum(bytes: Buffer): string {
  const crc = new CRC32C();
  crc.update(bytes);
  return crc.toString();
}

/** The resource that describes an object. */
export function resourceOf(bucket: string, object: HeldObject): Readonly<Record<string, string>> {
  const updated = new Date(object.updatedMs).toISOString();
  return {
    kind: 'storage#object',
    id: `${bucket}/${object.name}/${object.generation}`,
    name: object.name,
    bucket,
    generation: String(object.generation),
    metageneration: '1',
    contentType: 'application/octet-stream',
    storageClass: 'STANDARD',
    size: String(object.bytes.length),
    crc32c: object.crc32c,
    etag: etagOf(object),
    timeCreated: updated,
    updated,
  };
}

/** A page of a listing: by the UTF-8 bytes of the names, from `startOffset` on. */
export function listed(
  bucketName: string,
  objects: Iterable<HeldObject>,
  query: URLSearchParams,
  pageSize: number,
): Answer {
  const prefix = query.get('prefix') ?? '';
  const from = query.get('startOffset') ?? '';
  const token = query.get('pageToken');
  const after = token === null ? undefined : Buffer.from(token, 'base64url').toString('utf8');
  const asked = Number(query.get('maxResults') ?? pageSize);
  const found = [...objects]
    .filter(({ name }) => name.startsWith(prefix) && byBytes(name, from) >= 0)
    .filter(({ name }) => after === undefined || byBytes(name, after) > 0)
    .toSorted((a, b) => byBytes(a.name, b.name));
  const page = found.slice(0, Math.min(asked, pageSize));
  const last = page.at(-1);
  return json(200, {
    kind: 'storage#objects',
    items: page.map((object) => resourceOf(bucketName, object)),
    ...(last !== undefined && page.length < found.length
      ? { nextPageToken: Buffer.from(last.name).toString('base64url') }
      : {}),
  });
}

/**
 * An object's bytes, or the range of them that the request asks for.
 * @param isDated - whether the answer says when the object was written
 */
export function media(object: HeldObject, range: string | undefined, isDated: boolean): Answer {
  const size = object.bytes.length;
  const headers = {
    ...(isDated ? { 'last-modified': new Date(object.updatedMs).toUTCString() } : {}),
    'content-type': 'application/octet-stream',
    etag: etagOf(object),
    'x-goog-generation': String(object.generation),
    'x-goog-metageneration': '1',
    'x-goog-stored-content-encoding': 'identity',
    'x-goog-stored-content-length': String(size),
    'x-goog-hash': `crc32c=${object.crc32c}`,
  };
  const [, first, last = ''] = /^bytes=(\d+)-(\d*)$/u.exec(range ?? '') ?? [];
  if (first === undefined) return { status: 200, headers, body: object.bytes };
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (start >= size) {
    return { status: 416, headers: { 'content-range': `bytes */${size}` }, body: 'out of range' };
  }
  const part = { ...headers, 'content-range': `bytes ${start}-${end - 1}/${size}` };
  return { status: 206, headers: part, body: object.bytes.subarray(start, end) };
}

export function json(status: number, body: object): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    body: JSON.stringify(body),
  };
}

/** A refusal in the service's form. */
export function refused(status: number, reason: string, message: string): Answer {
  const error = { code: status, message, errors: [{ domain: 'global', reason, message }] };
  return json(status, { error });
}

export const notFound = (what: string): Answer => refused(404, 'notFound', `No such ${what}`);

export const conditionNotMet = (): Answer =>
  refused(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.');

function etagOf({ generation }: HeldObject): string {
  return Buffer.from(String(generation)).toString('base64');
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
