/** What a request to a double asks for. */
import type { IncomingMessage } from 'node:http';

/** Named as the operations of our stores where they mean the same. */
export type GcsOperation =
  | 'bucket'
  | 'list'
  | 'get'
  | 'head'
  | 'put'
  | 'putIfAbsent'
  | 'startUpload'
  | 'uploadChunk'
  | 'cancelUpload'
  | 'delete'
  | 'copy'
  | 'unknown';

/** A request as it came, and what became of it. */
export interface SeenRequest {
  readonly operation: GcsOperation;
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly bucketName: string;
  /** The object's name, decoded; empty where there is none. */
  readonly key: string;
  /** Where a copy leads. */
  readonly to?: string | undefined;
  /** Refusals of the XML API are XML. */
  readonly isXml?: boolean;
  readonly headers: Readonly<Record<string, string | undefined>>;
  status?: number;
  fault?: string;
}

/** Slashes in names are escaped in paths, so what is between two slashes is one name. */
const PATH =
  /^(\/upload|\/download|)\/storage\/v1\/b(?:\/([^/]+)(?:\/o(?:\/([^/]+)(?:\/rewriteTo\/b\/[^/]+\/o\/([^/]+))?)?)?)?$/u;

export function route(request: IncomingMessage, url: URL): SeenRequest {
  const { method = 'GET' } = request;
  if (!/^\/(?:storage|upload|download)\//u.test(url.pathname)) return xmlRoute(request, url);
  const [, area = '', bucket, object, to] = PATH.exec(url.pathname) ?? [];
  const query = url.searchParams;
  const isObjects = /\/o(?:\/|$)/u.test(url.pathname);
  const operation =
    area === '/upload'
      ? uploadOf(method, query)
      : isObjects
        ? objectOperation(method, query, object, to)
        : 'bucket';
  return {
    operation: PATH.test(url.pathname) ? operation : 'unknown',
    method,
    path: url.pathname,
    query,
    bucketName: decodeURIComponent(bucket ?? ''),
    key:
      object === undefined
        ? (query.get('name') ?? query.get('prefix') ?? '')
        : decodeURIComponent(object),
    to: to === undefined ? undefined : decodeURIComponent(to),
    headers: request.headers as Readonly<Record<string, string | undefined>>,
  };
}

/** A download by the XML API: `/bucket/name`, slashes of the name as they are. */
function xmlRoute(request: IncomingMessage, url: URL): SeenRequest {
  const { method = 'GET' } = request;
  const [bucketName = '', ...segments] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  const headers = request.headers as Readonly<Record<string, string | undefined>>;
  const query = new URLSearchParams(url.searchParams);
  const generation = headers['x-goog-if-generation-match'];
  if (generation !== undefined) query.set('ifGenerationMatch', generation);
  return {
    operation: method === 'GET' && segments.length > 0 ? 'get' : 'unknown',
    method,
    path: url.pathname,
    query,
    bucketName,
    key: segments.join('/'),
    isXml: true,
    headers,
  };
}

function uploadOf(method: string, query: URLSearchParams): GcsOperation {
  if (query.has('upload_id')) return method === 'DELETE' ? 'cancelUpload' : 'uploadChunk';
  if (query.get('uploadType') === 'resumable') return 'startUpload';
  return query.get('ifGenerationMatch') === '0' ? 'putIfAbsent' : 'put';
}

function objectOperation(
  method: string,
  query: URLSearchParams,
  object: string | undefined,
  to: string | undefined,
): GcsOperation {
  if (object === undefined) return 'list';
  if (to !== undefined) return 'copy';
  if (method === 'DELETE') return 'delete';
  return query.get('alt') === 'media' ? 'get' : 'head';
}
