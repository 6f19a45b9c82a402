/** Objects over HTTP(S), by GET alone: public buckets, a CDN, any server of files. Nothing that only Node has. */
import type { Clock } from '../clock.js';
import { AccessDeniedError, StorageUnavailableError, UnsupportedFeatureError } from '../errors.js';
import { Deadline } from './deadline.js';
import { answeredInfo, answeredObject, MAX_UNMEASURED_BYTES } from './http-response.js';
import { checkKey } from './key.js';
import type { ByteRange, ObjectInfo, ObjectStore, StoredObject } from './object-store.js';
import { checkRange } from './range.js';
import { retryAfterMs } from './retry-after.js';

/** Redirects of one request that are followed; more are a circle. */
export const MAX_REDIRECTS = 5;

/**
 * The objects below `root`. Each is read by its key; nothing is listed or written. No credentials are sent, and no
 * redirect leads to another host.
 *
 * 404 and 410 are absence; 401 and 403 are an AccessDeniedError, since a bucket that may not be listed answers 403
 * for what is not there too, and only the reader of a log can tell. A server without ranges is read from the start
 * up to the range's end.
 */
export function httpStore(root: URL, clock: Clock): ObjectStore {
  return new HttpStore(root, clock);
}

/** One request. */
interface Wanted {
  readonly key: string;
  readonly range?: ByteRange | undefined;
  readonly ifMatch?: string | undefined;
  readonly signal: AbortSignal;
  readonly method?: 'GET' | 'HEAD';
}

class HttpStore implements ObjectStore {
  readonly access = 'get-only';
  readonly #root: string;
  readonly #clock: Clock;

  constructor(root: URL, clock: Clock) {
    this.#root = root.href.replace(/\/+$/u, '');
    this.#clock = clock;
  }

  async get(
    key: string,
    options: Parameters<ObjectStore['get']>[1] = {},
  ): Promise<StoredObject | undefined> {
    checkKey(key);
    const { ifMatch, signal } = options;
    const range = checkRange(options.range);
    if (range !== undefined && range.start === range.end) {
      const info = await this.head(key, { signal });
      return info && { bytes: new Uint8Array(0), info };
    }
    return await this.#within(key, signal, async (deadline) => {
      const response = await this.#request({ key, range, ifMatch, signal: deadline.signal });
      if (response === undefined) return undefined;
      const wanted = { key, range, ifMatch };
      deadline.allow(bytesToCome(response));
      const object = await answeredObject(response, wanted);
      if (object !== undefined) return object;
      // The answer does not show how long the whole is, as in browsers when the server does not expose it.
      const info = await this.#headInfo(key, deadline.signal);
      return info && (await answeredObject(response, wanted, info));
    });
  }

  async head(
    key: string,
    options: Parameters<ObjectStore['head']>[1] = {},
  ): Promise<ObjectInfo | undefined> {
    checkKey(key);
    return await this.#within(key, options.signal, async ({ signal }) => {
      const response = await this.#request({ key, range: { start: 0, end: 1 }, signal });
      if (response === undefined) return undefined;
      const info = answeredInfo(response, key);
      await response.body?.cancel();
      return info ?? (await this.#headInfo(key, signal));
    });
  }

  // oxlint-disable-next-line require-yield -- it refuses, as an iteration
  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, undefined> {
    await Promise.resolve();
    throw refusal('listing over HTTP', `${this.#root}/${prefix}`, 'read');
  }

  putIfAbsent(key: string): Promise<never> {
    return this.#refuseWrite(key);
  }

  put(key: string): Promise<never> {
    return this.#refuseWrite(key);
  }

  delete(key: string): Promise<never> {
    return this.#refuseWrite(key);
  }

  #refuseWrite(key: string): Promise<never> {
    return Promise.reject(refusal('writing over HTTP', `${this.#root}/${key}`, 'write'));
  }

  async #headInfo(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    const response = await this.#request({ key, signal, method: 'HEAD' });
    if (response === undefined) return undefined;
    const info = answeredInfo(response, key);
    if (info !== undefined) return info;
    throw refusal('a server that tells no sizes', this.#urlOf(key), 'read');
  }

  /** Undefined for what is not there. 412 and 416 are answers: replaced, and how long the object is. */
  async #request(wanted: Wanted): Promise<Response | undefined> {
    const { key } = wanted;
    let url = this.#urlOf(key);
    for (let hops = 0; ; hops++) {
      const response = await fetch(url, requestOf(wanted));
      const { status } = response;
      if (response.ok || status === 412 || status === 416) return response;
      await response.body?.cancel();
      if (status === 404 || status === 410) return undefined;
      const isRedirect = response.type === 'opaqueredirect' || (status >= 300 && status < 400);
      if (!isRedirect) throw failure(response, key);
      const place = response.headers.get('location');
      const next = place === null ? undefined : new URL(place, url);
      if (next === undefined || !isSameHost(new URL(url), next) || hops >= MAX_REDIRECTS) {
        const to = next === undefined ? '' : ` to ${next.origin}`;
        throw refusal('redirects', `${url}${to}`, 'read');
      }
      url = next.href;
    }
  }

  /** Runs what talks to the network; a failure that is not ours and not the caller's abort is one of the connection. */
  async #within<T>(
    key: string,
    signal: AbortSignal | undefined,
    run: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const deadline = new Deadline(this.#clock, signal);
    try {
      return await run(deadline);
    } catch (error) {
      signal?.throwIfAborted();
      const isLate = deadline.signal.aborted;
      if (!isLate && !(error instanceof TypeError)) throw error;
      throw new StorageUnavailableError({
        message: isLate
          ? 'the server did not answer in time; try again later'
          : 'the connection to the server failed; try again later',
        key,
        operation: 'get',
        cause: error,
      });
    } finally {
      deadline.end();
    }
  }

  #urlOf(key: string): string {
    return `${this.#root}/${key.split('/').map(encodeURIComponent).join('/')}`;
  }
}

/** By what the server says; without that, the most that is read. */
function bytesToCome({ headers }: Response): number {
  const length = headers.get('content-length') ?? '';
  return /^\d+$/u.test(length) ? Number(length) : MAX_UNMEASURED_BYTES;
}

function requestOf({ range, ifMatch, signal, method = 'GET' }: Wanted): RequestInit {
  // Ranges count in the object itself, not in a compressed form of it.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (range !== undefined) headers['range'] = `bytes=${range.start}-${range.end - 1}`;
  if (ifMatch?.startsWith('"') === true) headers['if-match'] = ifMatch;
  // What was absent a moment ago may be there now, so nothing is taken from a cache.
  const policy = { redirect: 'manual', credentials: 'omit', cache: 'no-store' } as const;
  return { method, headers, ...policy, signal };
}

/** The same host, by the same scheme or a safer one. */
function isSameHost(from: URL, to: URL): boolean {
  if (to.username !== '' || to.password !== '') return false;
  if (to.origin === from.origin) return true;
  const isUpgrade = from.protocol === 'http:' && to.protocol === 'https:';
  return isUpgrade && from.hostname === to.hostname && to.port === '';
}

function failure(
  { status, headers }: Response,
  key: string,
): AccessDeniedError | StorageUnavailableError {
  const isPassing = status === 408 || status === 425 || status === 429 || status >= 500;
  if (!isPassing) {
    const message = `the server refused the request with status ${status}; check the URL and who may read it`;
    return new AccessDeniedError({ message, key, operation: 'get' });
  }
  return new StorageUnavailableError({
    message: `the server answered with status ${status}; try again later`,
    key,
    operation: 'get',
    retryAfterMs: retryAfterMs((name) => headers.get(name)),
  });
}

function refusal(feature: string, place: string, side: 'read' | 'write'): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `${place} cannot be used so: ${feature} is not supported`,
    features: [feature],
    side,
    remedy:
      feature === 'redirects'
        ? 'open the table at the place where it is'
        : 'give a provider as `storage` that can list and write there',
  });
}
