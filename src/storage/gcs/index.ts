/**
 * Tables on Google Cloud Storage, through its REST API. Takes credentials as `google-auth-library` makes them.
 *
 * @example
 * ```ts
 * import { GoogleAuth } from 'google-auth-library';
 * import { DeltaTable } from 'varve';
 * import { gcsStorage } from 'varve/storage/gcs';
 *
 * const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/devstorage.read_write' });
 * const storage = gcsStorage({ auth });
 * await DeltaTable.open('gs://lake/orders', { storage });
 * ```
 *
 * @packageDocumentation
 */
import { systemClock, systemEntropy } from '../../clock.js';
import { InvalidArgumentError } from '../../errors.js';
import { ConditionalProbe, probedStore } from '../conditional-probe.js';
import type { ObjectStore, StorageProvider } from '../object-store.js';
import { checkWay } from '../provider-options.js';
import { Retries } from '../retries.js';
import { GcsRequests } from './gcs-requests.js';
import { GcsStore } from './gcs-store.js';
import { type GoogleAuthLike, Tokens } from './gcs-token.js';
import { parseGcsUrl } from './gcs-url.js';

export type { ObjectStore, StorageProvider } from '../object-store.js';
export type { GoogleAuthLike } from './gcs-token.js';

/** How to reach buckets, and as whom. The token goes to the endpoint and to no other host. */
export type GcsStorageOptions = {
  /** The project that pays for requests to buckets whose readers pay. */
  readonly userProject?: string | undefined;
  /**
   * Another place than `https://storage.googleapis.com`: a regional or private endpoint, or an emulator. A token is
   * sent without TLS to this machine only. Before the first commit at a place that is not Google's it is proved that
   * the place keeps the condition of a commit.
   */
  readonly endpoint?: string | undefined;
} & (
  | {
      /** Gives the access tokens, with the scope `devstorage.read_write` or one that includes it. */
      readonly auth: GoogleAuthLike;
    }
  | {
      /** Sends no token: for public buckets, which can only be read, and for emulators. */
      readonly anonymous: true;
    }
);

const GOOGLE = 'https://storage.googleapis.com';
const SCHEMES: readonly string[] = ['gs', 'gcs'];

/**
 * Storage for `gs:` (and `gcs:`) URLs. Nothing is connected, and no token asked for, before the first operation.
 *
 * @throws InvalidArgumentError when the options are not one of the ways, or the endpoint is none; when a URL is opened
 * that names no bucket
 */
export function gcsStorage(options: GcsStorageOptions): StorageProvider {
  const tokens = new Tokens(authOf(options));
  const endpoint = endpointOf(options);
  const service = { endpoint, tokens, userProject: options.userProject };
  const context = { clock: systemClock, entropy: systemEntropy };
  const isGoogle = new URL(endpoint).hostname.endsWith('.googleapis.com');
  const probes = new Map<string, ConditionalProbe>();
  const probeOf = (bucket: string): ConditionalProbe => {
    const probe = probes.get(bucket) ?? new ConditionalProbe(systemEntropy);
    probes.set(bucket, probe);
    return probe;
  };
  return {
    schemes: SCHEMES,
    open: (url): ObjectStore => {
      const { bucket, prefix } = parseGcsUrl(url);
      const requests = new GcsRequests(service, systemClock, new Retries(context));
      const store = new GcsStore({ requests, bucket, entropy: systemEntropy }, prefix);
      return isGoogle ? store : probedStore(store, probeOf(bucket));
    },
  };
}

const KNOWN = ['auth', 'anonymous', 'userProject', 'endpoint'];
const EXPECTED = 'auth with a getAccessToken(), as of google-auth-library, or anonymous: true';

function authOf(options: GcsStorageOptions): GoogleAuthLike | undefined {
  const ways = { auth: KNOWN, anonymous: KNOWN };
  checkWay('gcsStorage', options, { ways, expected: EXPECTED });
  const { auth, anonymous } = options as Partial<{ auth: GoogleAuthLike; anonymous: boolean }>;
  if (auth === undefined && anonymous === true) return undefined;
  if (typeof auth?.getAccessToken === 'function' && anonymous === undefined) return auth;
  throw new InvalidArgumentError({
    message: 'gcsStorage: the options give no credentials',
    option: 'auth',
    expected: EXPECTED,
  });
}

function endpointOf({ endpoint = GOOGLE, ...options }: GcsStorageOptions): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isOrigin = url !== undefined && url.href === `${url.origin}/`;
  if (!isOrigin || !['http:', 'https:'].includes(url.protocol)) {
    throw wrongEndpoint('an endpoint is a scheme, a host and a port, without a path');
  }
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol === 'http:' && !isHere && 'auth' in options) {
    throw wrongEndpoint('a token is not sent to another machine without TLS');
  }
  return url.origin;
}

function wrongEndpoint(why: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `gcsStorage: ${why}`,
    option: 'endpoint',
    expected: 'https://host, or http://localhost:port',
  });
}
