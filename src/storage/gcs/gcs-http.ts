/** Requests to the APIs of Google Cloud Storage: to one host, with a token, following nothing. */
import { type Asked, isNotSent, networkError } from './gcs-error.js';
import type { Tokens } from './gcs-token.js';

/** Where requests go, as whom, and who pays. */
export interface GcsService {
  /** An origin: scheme, host and port. */
  readonly endpoint: string;
  readonly tokens: Tokens;
  readonly userProject: string | undefined;
}

export interface GcsRequest extends Asked {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Absolute, escaped; with its query where `query` is not given. */
  readonly path: string;
  /** Of the JSON API, to which who pays is added. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal: AbortSignal;
}

/**
 * Sends a request once, and once more with another token where the service does not take the first.
 *
 * @returns the answer, a refusal too
 * @throws AccessDeniedError when there is no token; StorageUnavailableError when nothing can have been sent; whatever
 * `fetch` throws when that is not known
 */
export async function send(service: GcsService, request: GcsRequest): Promise<Response> {
  const token = await withinTime(service.tokens.token(), request);
  const response = await once(service, request, token);
  if (response.status !== 401) return response;
  const another = await withinTime(service.tokens.another(token), request);
  if (another === undefined) return response;
  // A refusal is short, and read to its end it leaves the connection to the next request.
  await response.arrayBuffer();
  return await once(service, request, another);
}

async function once(
  service: GcsService,
  request: GcsRequest,
  token: string | undefined,
): Promise<Response> {
  const { method, headers, body = null, signal } = request;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  // What was absent a moment ago may be there now, so nothing is taken from a cache.
  const policy = { redirect: 'manual', credentials: 'omit', cache: 'no-store' } as const;
  try {
    return await fetch(urlOf(service, request), {
      method,
      // Sizes and ranges are those of the object, not of a compressed form of it.
      headers: { ...headers, ...authorization, 'accept-encoding': 'identity' },
      body: body as string | null,
      ...policy,
      signal,
    });
  } catch (error) {
    throw isNotSent(error) ? networkError(error, false, request) : error;
  }
}

function urlOf({ endpoint, userProject }: GcsService, { path, query }: GcsRequest): string {
  if (query === undefined) return endpoint + path;
  const named = Object.entries({ ...query, userProject }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return named.length === 0 ? endpoint + path : `${endpoint}${path}?${named.join('&')}`;
}

/** Tokens are got by code that is not ours, and that may take for ever. Nothing was sent before one is there. */
async function withinTime<T>(token: Promise<T>, request: GcsRequest): Promise<T> {
  const { signal } = request;
  return await new Promise((resolve, reject) => {
    const late = (): void => reject(networkError(signal.reason, true, request));
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    token.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}
