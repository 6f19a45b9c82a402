/**
 * A small S3 server for tests: conditional writes, ranges, listings, uploads in parts, signatures that are checked, and
 * faults by script. Objects are in memory; each request takes its effect in one step, so that of any number of
 * conditional writes one wins.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { plainBody } from './aws-chunked.js';
import { S3Bucket } from './s3-bucket.js';
import { S3Failure } from './s3-failure.js';
import { type S3Fault, S3Faults } from './s3-faults.js';
import { type Answer, type Operation, perform } from './s3-operations.js';
import { failureXml } from './s3-xml.js';
import { checkPayload, checkSignature, type DoubleCredentials } from './sigv4.js';

/** What the server lets in when nothing else is said. */
export const DOUBLE_CREDENTIALS: DoubleCredentials = {
  accessKeyId: 'VARVEDOUBLE',
  secretAccessKey: 'only/for+tests',
};

export interface S3DoubleOptions {
  /** Default: any free one. */
  readonly port?: number | undefined;
  /** Default: `us-east-1`. */
  readonly region?: string | undefined;
  /** Default: {@link DOUBLE_CREDENTIALS}. */
  readonly credentials?: readonly DoubleCredentials[] | undefined;
  /** Conditions of writes are ignored, as some servers that call themselves compatible do. Default: false. */
  readonly ignoresConditions?: boolean | 'of copies' | undefined;
  /** How far the server's clock is ahead, in milliseconds. Default: not at all. */
  readonly clockAheadMs?: number | undefined;
}

/** One request, once it was answered or given up. */
export interface SeenRequest {
  readonly operation: string;
  readonly bucket: string;
  readonly key: string;
  /** 0 where nothing was answered. */
  readonly status: number;
  readonly range: string | undefined;
}

export interface S3Double {
  readonly endpoint: string;
  readonly region: string;
  /** Every request so far, those that met a fault too. */
  readonly requests: readonly SeenRequest[];
  /** Makes a bucket; one that is there already is left as it is. */
  bucket(name: string): S3Bucket;
  /** Lets these credentials in, from now on. */
  allow(credentials: DoubleCredentials): void;
  /** Lets them in no longer. */
  revoke(accessKeyId: string): void;
  /** A fault that is to come. */
  fault(fault: S3Fault): void;
  /** Faults that did not come yet will not. */
  clearFaults(): void;
  close(): Promise<void>;
}

/** Starts a server on 127.0.0.1. */
export async function startS3Double(options: S3DoubleOptions = {}): Promise<S3Double> {
  const { region = 'us-east-1', ignoresConditions = false, clockAheadMs = 0 } = options;
  const allowed = options.credentials ?? [DOUBLE_CREDENTIALS];
  const credentials = new Map(allowed.map((each) => [each.accessKeyId, each]));
  const buckets = new Map<string, S3Bucket>();
  const faults = new S3Faults();
  const requests: SeenRequest[] = [];

  const now = (): number => Date.now() + clockAheadMs;

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: target = '/', headers } = incoming;
    const sent = await bodyOf(incoming);
    const plain = operationOf(method, target, headers);
    const { name: operation, bucketName: bucket, key } = plain;
    const fault = faults.next({
      operation,
      key: key === '' ? (plain.query.get('prefix') ?? '') : key,
    });
    const note = (status: number): void => {
      requests.push({ operation, bucket, key, status, range: headers.range });
    };
    const drop = (): void => {
      note(0);
      incoming.socket.destroy();
    };
    if (fault?.kind === 'hang') return note(0);
    if (fault?.kind === 'lost-request') return drop();
    let result: Answer;
    try {
      refuseBy(fault);
      checkSignature({ method, target, headers }, credentials, region, now());
      checkPayload(headers, sent);
      const { bytes, headers: whole } = plainBody(headers, sent);
      const hidesNewest = fault?.kind === 'stale-list' ? (fault.newest ?? 1) : 0;
      const isIgnored =
        ignoresConditions === true || (ignoresConditions && operation === 'CopyObject');
      const habits = { ignoresConditions: isIgnored, hidesNewest };
      result = perform({ ...plain, headers: whole, body: bytes }, buckets, habits);
    } catch (error) {
      result = failed(error, target);
    }
    if (fault?.kind === 'lost-reply') return drop();
    note(result.status);
    response.setHeader('date', new Date(now()).toUTCString());
    reply(response, method, result, fault);
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    answer(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region,
    requests,
    bucket: (name) => {
      const bucket = buckets.get(name) ?? new S3Bucket();
      buckets.set(name, bucket);
      return bucket;
    },
    allow: (more) => void credentials.set(more.accessKeyId, more),
    revoke: (accessKeyId) => void credentials.delete(accessKeyId),
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What is asked for, before it is known whether it may be asked. */
function operationOf(method: string, target: string, headers: IncomingHttpHeaders): Operation {
  const [path = '/', search = ''] = target.split('?', 2);
  const [bucketName = '', ...rest] = path.slice(1).split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const query = new URLSearchParams(search);
  const isCopy = headers['x-amz-copy-source'] !== undefined;
  const name = isCopy ? 'CopyObject' : operationName(method, key, query);
  return { name, bucketName, key, query, headers, body: Buffer.alloc(0) };
}

function operationName(method: string, key: string, query: URLSearchParams): string {
  const isPart = query.has('uploadId');
  if (key === '') return query.get('list-type') === '2' ? 'ListObjectsV2' : `${method} bucket`;
  switch (method) {
    case 'GET':
      return 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      return isPart ? 'UploadPart' : 'PutObject';
    case 'DELETE':
      return isPart ? 'AbortMultipartUpload' : 'DeleteObject';
    default:
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return isPart ? 'CompleteMultipartUpload' : `${method} object`;
  }
}

function refuseBy(fault: S3Fault | undefined): void {
  if (fault?.kind === 'conflict-409') {
    throw new S3Failure(409, 'ConditionalRequestConflict', 'another operation came between');
  }
  if (fault?.kind === 'unavailable-503') {
    const { retryAfter } = fault;
    const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    throw new S3Failure(503, 'SlowDown', 'reduce your request rate', headers);
  }
}

function failed(error: unknown, target: string): Answer {
  const failure =
    error instanceof S3Failure ? error : new S3Failure(500, 'InternalError', String(error));
  const headers = { 'content-type': 'application/xml', ...failure.headers };
  return { status: failure.status, headers, body: failureXml(failure, target) };
}

function reply(
  response: ServerResponse,
  method: string,
  { status, headers, body }: Answer,
  fault: S3Fault | undefined,
): void {
  const bytes = Buffer.from(body);
  const length = status === 204 ? {} : { 'content-length': String(bytes.length) };
  response.writeHead(status, { ...headers, ...length, 'x-amz-request-id': 'double' });
  if (method === 'HEAD') response.end();
  else if (fault?.kind !== 'reset-body' && fault?.kind !== 'stall-body') response.end(bytes);
  else {
    const part = bytes.subarray(0, Math.floor(bytes.length * (fault.share ?? 0.5)));
    response.write(part, () => {
      if (fault.kind === 'reset-body') response.socket?.destroy();
    });
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
