/**
 * A small Google Cloud Storage: the JSON API's objects and the XML API's downloads, in memory, with faults on request. It checks bearer tokens,
 * conditions, checksums and the order of chunks as the service does; the real client of Google runs against it in its
 * tests, so that it is not only what our own client believes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type Answer,
  Bucket,
  conditionNotMet,
  conditionsOf,
  json,
  listed,
  media,
  notFound,
  refused,
  resourceOf,
} from './gcs-double-objects.js';
import { Uploads } from './gcs-double-uploads.js';
import { Faults, type GcsFault, STATUS_FAULTS } from './gcs-faults.js';
import { type GcsOperation, route, type SeenRequest } from './gcs-route.js';

/** How a double is made. */
export interface GcsDoubleOptions {
  /** Bearer tokens that are taken; one of its own when not given, `[]` when it asks for none. */
  readonly tokens?: readonly string[];
  /** Objects in a page of a listing: 1000, as in the service. */
  readonly pageSize?: number;
  /** Bytes that one call of `rewriteTo` copies; a larger object takes several calls. */
  readonly rewriteBytes?: number;
}

/** A server that answers until it is closed. */
export interface GcsDouble {
  readonly endpoint: string;
  readonly port: number;
  /** A token that it takes. */
  readonly token: string;
  /** Those that are taken; a test may add and delete. */
  readonly tokens: Set<string>;
  readonly faults: Faults;
  /** Every request, in the order of their arrival. */
  readonly requests: readonly SeenRequest[];
  /** Resumable uploads that were begun and neither ended nor cancelled. */
  readonly pendingUploads: number;
  bucket(name: string, options?: { readonly requesterPays?: boolean }): Bucket;
  close(): Promise<void>;
}

const TOKEN = 'token-of-the-double';

/** Starts one at a free port of this machine. */
export async function startGcsDouble(options: GcsDoubleOptions = {}): Promise<GcsDouble> {
  const service = new Service(options);
  const server = createServer((request, response) => void service.take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const port = portOf(server);
  service.endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint: service.endpoint,
    port,
    token: options.tokens?.[0] ?? TOKEN,
    tokens: service.tokens,
    faults: service.faults,
    requests: service.requests,
    get pendingUploads() {
      return service.uploads.pending;
    },
    bucket: (name, { requesterPays = false } = {}) => service.bucket(name, requesterPays),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Service {
  endpoint = '';
  readonly tokens: Set<string>;
  readonly faults = new Faults();
  readonly requests: SeenRequest[] = [];
  readonly uploads = new Uploads();
  readonly #asksForTokens: boolean;
  readonly #buckets = new Map<string, Bucket>();
  readonly #options: GcsDoubleOptions;

  constructor(options: GcsDoubleOptions) {
    const tokens = options.tokens ?? [TOKEN];
    this.#options = options;
    this.#asksForTokens = tokens.length > 0;
    this.tokens = new Set(tokens);
  }

  bucket(name: string, requesterPays: boolean): Bucket {
    const bucket = this.#buckets.get(name) ?? new Bucket(requesterPays);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.endpoint);
    const body = readAll(request);
    if (url.pathname === '/_double/faults') {
      this.faults.script(
        JSON.parse((await body).toString('utf8')) as Parameters<Faults['script']>[0],
      );
      response.writeHead(204).end();
      return;
    }
    const seen = route(request, url);
    this.requests.push(seen);
    const fault = this.faults.choose(seen);
    if (fault !== undefined) seen.fault = fault;
    let bytes: Buffer;
    try {
      bytes = await body;
    } catch {
      // The caller has gone before it had sent everything.
      return;
    }
    send(this.#answer(seen, request, bytes, fault), fault, seen, response);
  }

  /** Undefined when nothing is to be sent. */
  #answer(
    seen: SeenRequest,
    request: IncomingMessage,
    body: Buffer,
    fault: GcsFault | undefined,
  ): Answer | undefined {
    if (fault === 'hang') return undefined;
    if (fault === 'lost-request') return undefined;
    if (fault === 'redirect') {
      const location = `${this.faults.elsewhere}${request.url ?? ''}`;
      return { status: 307, headers: { location } };
    }
    const status = fault === undefined ? undefined : STATUS_FAULTS[fault];
    if (status !== undefined) {
      const refusal = refused(status, 'aPlannedFault', 'a planned fault');
      const after = this.faults.retryAfterSeconds;
      return after === undefined
        ? refusal
        : { ...refusal, headers: { ...refusal.headers, 'retry-after': String(after) } };
    }
    return this.#denied(seen) ?? this.#served(seen, request, body, fault);
  }

  #denied({ headers, query, bucketName, operation }: SeenRequest): Answer | undefined {
    const [scheme, token = ''] = (headers['authorization'] ?? '').split(' ');
    if (this.#asksForTokens && (scheme !== 'Bearer' || !this.tokens.has(token))) {
      return refused(401, 'authError', 'Invalid Credentials');
    }
    if (operation === 'bucket') return undefined;
    const bucket = this.#buckets.get(bucketName);
    if (bucket === undefined) return notFound(`bucket: ${bucketName}`);
    // Who pays for an upload was said when it was begun.
    const payer =
      query.get('userProject') ?? headers['x-goog-user-project'] ?? query.get('upload_id');
    return bucket.requesterPays && payer === null
      ? refused(400, 'required', 'Bucket is a requester pays bucket but no user project provided.')
      : undefined;
  }

  #served(
    seen: SeenRequest,
    request: IncomingMessage,
    body: Buffer,
    fault: GcsFault | undefined,
  ): Answer {
    const { bucketName, query, key, operation } = seen;
    const bucket = this.bucket(bucketName, false);
    const upload = { bucketName, bucket, query, headers: request.headers, body };
    switch (operation) {
      case 'bucket':
        return json(200, { kind: 'storage#bucket', id: bucketName, name: bucketName });
      case 'list':
        return listed(
          bucketName,
          this.#visible(bucket, fault),
          query,
          this.#options.pageSize ?? 1000,
        );
      case 'put':
      case 'putIfAbsent':
      case 'startUpload':
        return this.uploads.start(
          upload,
          fault === 'foreign-upload' ? this.faults.elsewhere : this.endpoint,
        );
      case 'uploadChunk':
        return this.uploads.resume(upload, fault === 'partial-chunk' ? body.length / 2 : undefined);
      case 'cancelUpload':
        return this.uploads.cancel(query);
      case 'copy':
        return this.#rewrite(bucket, seen);
      case 'get':
      case 'head':
      case 'delete':
        return one(bucket, bucketName, key, seen);
      default:
        return notFound(`method: ${seen.method} ${seen.path}`);
    }
  }

  *#visible(bucket: Bucket, fault: GcsFault | undefined): Generator<Held> {
    const newest = [...bucket.objects.values()].reduce(
      (last, { generation }) => (generation > last ? generation : last),
      0n,
    );
    for (const object of bucket.objects.values()) {
      if (fault !== 'stale-list' || object.generation !== newest) yield object;
    }
  }

  #rewrite(bucket: Bucket, { query, bucketName, key, to = '' }: SeenRequest): Answer {
    const from = bucket.objects.get(key);
    if (from === undefined) return notFound(`object: ${key}`);
    if (!bucket.holds(to, conditionsOf(query))) return conditionNotMet();
    const size = from.bytes.length;
    const before = Number(query.get('rewriteToken') ?? 0);
    const copied = Math.min(before + (this.#options.rewriteBytes ?? size), size);
    const sizes = { totalBytesRewritten: String(copied), objectSize: String(size) };
    const kind = 'storage#rewriteResponse';
    if (copied < size) {
      return json(200, { kind, done: false, ...sizes, rewriteToken: String(copied) });
    }
    const object = bucket.put(to, from.bytes, conditionsOf(query));
    if (object === undefined) return conditionNotMet();
    return json(200, { kind, done: true, ...sizes, resource: resourceOf(bucketName, object) });
  }
}

type Held = ReturnType<Bucket['put']> & object;

function one(bucket: Bucket, bucketName: string, key: string, seen: SeenRequest): Answer {
  const object = bucket.objects.get(key);
  const generation = seen.query.get('generation');
  const isOther = generation !== null && generation !== String(object?.generation);
  if (object === undefined || isOther) return notFound(`object: ${bucketName}/${key}`);
  if (!bucket.holds(key, conditionsOf(seen.query))) return conditionNotMet();
  const operation: GcsOperation = seen.operation;
  if (operation === 'get') return media(object, seen.headers['range'], seen.isXml === true);
  if (operation === 'head') return json(200, resourceOf(bucketName, object));
  bucket.objects.delete(key);
  return { status: 204 };
}

function send(
  answer: Answer | undefined,
  fault: GcsFault | undefined,
  seen: SeenRequest,
  response: ServerResponse,
): void {
  if (fault === 'hang') return;
  if (answer === undefined || fault === 'lost-reply') {
    response.socket?.destroy();
    return;
  }
  seen.status = answer.status;
  const isXml = seen.isXml === true && answer.status >= 400;
  const body = Buffer.from(isXml ? xmlOf(answer) : (answer.body ?? ''));
  if (fault === 'corrupt-body' && body.length > 0) body[0] = (body[0] ?? 0) ^ 1;
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(body.length) });
  if (fault !== 'reset-body') {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, body.length / 2), () => response.socket?.destroy());
}

function xmlOf({ body = '' }: Answer): string {
  const message = /"message":"([^"]*)"/u.exec(String(body))?.[1] ?? '';
  return `<?xml version='1.0' encoding='UTF-8'?><Error><Code>Refused</Code><Message>${message}</Message></Error>`;
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
