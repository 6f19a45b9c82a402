/** Uploads to the double: in one request, in two parts of one, or resumable. */
import {
  type Answer,
  type Bucket,
  type Conditions,
  checksum,
  conditionNotMet,
  conditionsOf,
  json,
  notFound,
  refused,
  resourceOf,
} from './gcs-double-objects.js';

/** The service keeps what arrives of a resumable upload in multiples of this. */
const KEPT_BYTES = 256 * 1024;

interface Session {
  readonly bucketName: string;
  readonly name: string;
  readonly conditions: Conditions;
  readonly crc32c: string | undefined;
  kept: Buffer;
  done: Answer | undefined;
}

/** What a request to upload carries. */
export interface UploadRequest {
  readonly bucketName: string;
  readonly bucket: Bucket;
  readonly query: URLSearchParams;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** The uploads of a server, those that were begun and not ended included. */
export class Uploads {
  readonly #sessions = new Map<string, Session>();
  #count = 0;

  /** How many were begun and neither ended nor cancelled. */
  get pending(): number {
    return [...this.#sessions.values()].filter(({ done }) => done === undefined).length;
  }

  /** @param endpoint - where the session's own URL leads */
  start(request: UploadRequest, endpoint: string): Answer {
    const { query, body } = request;
    const type = query.get('uploadType');
    if (type === 'resumable') return this.#begin(request, endpoint);
    if (type === 'multipart') {
      const parts = twoParts(request);
      if (parts === undefined) return refused(400, 'badRequest', 'Malformed multipart body.');
      return insert(request, parts.metadata, parts.bytes);
    }
    if (type === 'media') return insert(request, {}, body);
    return refused(400, 'invalid', `uploadType ${String(type)}`);
  }

  /**
   * A chunk, or the question how much has arrived.
   * @param arrives - how much of the chunk reaches the service; all of it when not given
   */
  resume(request: UploadRequest, arrives?: number): Answer {
    const id = request.query.get('upload_id') ?? '';
    const session = this.#sessions.get(id);
    if (session === undefined) return notFound('upload');
    if (session.done !== undefined) return session.done;
    const asked = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/u.exec(contentRange(request));
    if (asked === null) return refused(400, 'badRequest', 'Invalid Content-Range.');
    const [, first, last, total = '*'] = asked;
    if (first !== undefined) {
      if (Number(last) - Number(first) + 1 !== request.body.length) {
        return refused(400, 'badRequest', 'The range is not as long as the body.');
      }
      const skip = session.kept.length - Number(first);
      if (skip < 0) return refused(400, 'badRequest', 'There is a gap before this chunk.');
      const chunk = request.body.subarray(0, arrives);
      session.kept = Buffer.concat([session.kept, chunk.subarray(skip)]);
      if (Number(last) + 1 !== Number(total) || chunk.length < request.body.length) {
        session.kept = session.kept.subarray(
          0,
          session.kept.length - (session.kept.length % KEPT_BYTES),
        );
      }
    }
    if (total === '*' || session.kept.length !== Number(total)) return incomplete(session);
    session.done = finish(request, session);
    return session.done;
  }

  cancel(query: URLSearchParams): Answer {
    const session = this.#sessions.get(query.get('upload_id') ?? '');
    if (session === undefined) return notFound('upload');
    session.done ??= refused(499, 'clientClosedRequest', 'The upload was cancelled.');
    return { status: 499 };
  }

  #begin(request: UploadRequest, endpoint: string): Answer {
    const { bucket, bucketName, query, body } = request;
    const metadata = body.length === 0 ? {} : (JSON.parse(body.toString('utf8')) as Metadata);
    const name = query.get('name') ?? metadata.name ?? '';
    const conditions = conditionsOf(query);
    if (!bucket.holds(name, conditions)) return conditionNotMet();
    const id = `upload-${this.#count++}`;
    const { crc32c } = metadata;
    const kept = Buffer.alloc(0);
    this.#sessions.set(id, { bucketName, name, conditions, crc32c, kept, done: undefined });
    const more = `uploadType=resumable&name=${encodeURIComponent(name)}&upload_id=${id}`;
    const location = `${endpoint}/upload/storage/v1/b/${bucketName}/o?${more}`;
    return { status: 200, headers: { location, 'x-guploader-uploadid': id } };
  }
}

interface Metadata {
  readonly name?: string;
  readonly crc32c?: string;
}

function insert(request: UploadRequest, metadata: Metadata, bytes: Buffer): Answer {
  const { bucket, bucketName, query } = request;
  const name = query.get('name') ?? metadata.name;
  if (name === undefined || name === '')
    return refused(400, 'required', 'Required parameter: name');
  const said = metadata.crc32c ?? saidChecksum(request);
  if (said !== undefined && said !== checksum(bytes)) return wrongChecksum();
  const object = bucket.put(name, bytes, conditionsOf(query));
  return object === undefined ? conditionNotMet() : json(200, resourceOf(bucketName, object));
}

function finish(request: UploadRequest, session: Session): Answer {
  const said = session.crc32c ?? saidChecksum(request);
  if (said !== undefined && said !== checksum(session.kept)) return wrongChecksum();
  const object = request.bucket.put(session.name, session.kept, session.conditions);
  return object === undefined
    ? conditionNotMet()
    : json(200, resourceOf(session.bucketName, object));
}

const wrongChecksum = (): Answer =>
  refused(400, 'invalid', 'Provided CRC32C does not match the calculated one.');

function saidChecksum({ headers }: UploadRequest): string | undefined {
  return /crc32c=([^,]+)/u.exec(String(headers['x-goog-hash'] ?? ''))?.[1];
}

function contentRange({ headers, body }: UploadRequest): string {
  const range = headers['content-range'];
  return typeof range === 'string' ? range : `bytes 0-${body.length - 1}/${body.length}`;
}

function incomplete({ kept }: Session): Answer {
  return {
    status: 308,
    headers: kept.length === 0 ? {} : { range: `bytes=0-${kept.length - 1}` },
  };
}

/** Metadata and bytes of a multipart/related body. */
function twoParts({
  headers,
  body,
}: UploadRequest): { readonly metadata: Metadata; readonly bytes: Buffer } | undefined {
  const boundary = /boundary="?([^";]+)"?/u.exec(String(headers['content-type']))?.[1];
  if (boundary === undefined) return undefined;
  const parts: Buffer[] = [];
  const line = Buffer.from(`--${boundary}`);
  for (let from = body.indexOf(line); from >= 0; ) {
    const next = body.indexOf(Buffer.from(`\r\n--${boundary}`), from + line.length);
    if (next < 0) break;
    const start = body.indexOf('\r\n\r\n', from) + 4;
    parts.push(body.subarray(start, next));
    from = next + 2;
  }
  const [metadata, bytes] = parts;
  if (metadata === undefined || bytes === undefined || parts.length !== 2) return undefined;
  return { metadata: JSON.parse(metadata.toString('utf8')) as Metadata, bytes };
}
