/**
 * Tables on Amazon S3 and on services that speak its protocol: R2, MinIO, Ceph and others. Needs `@aws-sdk/client-s3`
 * beside varve.
 *
 * @example
 * ```ts
 * import { S3Client } from '@aws-sdk/client-s3';
 * import { DeltaTable } from 'varve';
 * import { s3Storage } from 'varve/storage/s3';
 *
 * const storage = s3Storage({ client: new S3Client({ region: 'eu-central-1' }) });
 * await DeltaTable.open('s3://lake/orders', { storage });
 * ```
 *
 * @packageDocumentation
 */
import { S3Client } from '@aws-sdk/client-s3';
import { systemClock, systemEntropy } from '../../clock.js';
import { AccessDeniedError, InvalidArgumentError } from '../../errors.js';
import { ConditionalProbe, probedStore } from '../conditional-probe.js';
import type { ObjectStore, StorageProvider } from '../object-store.js';
import { checkOption, checkWay } from '../provider-options.js';
import { Retries } from '../retries.js';
import { S3Store } from './s3-store.js';
import { parseS3Url } from './s3-url.js';

export type { ObjectStore, StorageProvider } from '../object-store.js';

/** A key pair, temporary or not, as all packages of the AWS SDK have it. */
export interface S3CredentialsLike {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** Some time before this, new ones are asked for. */
  readonly expiration?: Date | undefined;
}

/** Gives credentials, such as `fromNodeProviderChain()` of `@aws-sdk/credential-providers`. */
export type S3CredentialsProviderLike = () => Promise<S3CredentialsLike>;

/** An `S3Client` of `@aws-sdk/client-s3`. */
export interface S3ClientLike {
  readonly config: {
    readonly region: () => Promise<string>;
    readonly credentials: S3CredentialsProviderLike;
    readonly requestHandler: object;
  };
}

/** A service by its place and credentials. */
export interface S3ServiceOptions {
  /** `eu-central-1`; `auto` for R2. */
  readonly region: string;
  /** Objects that the caller made; nothing is read from the environment. */
  readonly credentials: S3CredentialsLike | S3CredentialsProviderLike;
  /** Where the service is, for example `https://ACCOUNT.r2.cloudflarestorage.com`. Default: AWS, in that region. */
  readonly endpoint?: string | URL | undefined;
  /** Whether the bucket is in the path of requests, not in the host's name. Default: true with an endpoint. */
  readonly forcePathStyle?: boolean | undefined;
}

/**
 * One way to reach a service. The credentials go to its endpoint and to no other host. Of a client, its region,
 * endpoint, credentials, request handler and checksum options are used; its retries and its middleware are not.
 */
export type S3StorageOptions = { readonly client: S3ClientLike } | S3ServiceOptions;

/**
 * Storage for `s3:` and `s3a:` URLs. Nothing is connected before the first operation. Before the first commit in a
 * bucket, an object that begins with `_probe-` is put twice and deleted, to see that the service keeps the condition
 * that commits rest on; where it does not, writing is an UnsupportedFeatureError.
 *
 * Rights: `s3:GetObject`, `s3:PutObject`, `s3:DeleteObject`, `s3:AbortMultipartUpload` and `s3:ListBucket`; without the
 * last, S3 answers that what is absent is forbidden, and so do we.
 *
 * @throws InvalidArgumentError when the options are not one of the ways; when a URL is opened that names no bucket
 */
export function s3Storage(options: S3StorageOptions): StorageProvider {
  const client = clientFor(options);
  const context = { clock: systemClock, entropy: systemEntropy };
  const probes = new Map<string, ConditionalProbe>();
  return {
    schemes: ['s3', 's3a'],
    open: (url): ObjectStore => {
      const place = parseS3Url(url);
      const probe = probes.get(place.bucket) ?? new ConditionalProbe(context.entropy);
      probes.set(place.bucket, probe);
      const retries = new Retries(context);
      return probedStore(new S3Store(client, place, { ...context, retries }), probe);
    },
  };
}

/** Retries are ours, none for a commit, and no redirect is followed: it could lead the credentials elsewhere. */
const PIPELINE = { maxAttempts: 1, retryMode: 'standard', followRegionRedirects: false } as const;

const SERVICE = ['region', 'credentials', 'endpoint', 'forcePathStyle'];
const WAYS = { client: ['client'], region: SERVICE };
const EXPECTED = '{ client }, or { region, credentials } with or without an endpoint';

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function clientFor(options: S3StorageOptions): S3Client {
  checkWay('s3Storage', options, { ways: WAYS, expected: EXPECTED });
  if ('client' in options) return clientLike(options.client as unknown as S3Client);
  const { region, credentials, endpoint, forcePathStyle = endpoint !== undefined } = options;
  const isRegion = typeof region === 'string' && region !== '';
  checkOption('s3Storage', 'region', { is: isRegion, expected: EXPECTED });
  const areCredentials = typeof credentials === 'function' || isObject(credentials);
  checkOption('s3Storage', 'credentials', { is: areCredentials, expected: EXPECTED });
  return new S3Client({
    ...PIPELINE,
    ...(endpoint === undefined ? NOTHING_AMBIENT : { ...COMPATIBLE, endpoint: hostOf(endpoint) }),
    region,
    credentials: checkedCredentials(credentials),
    forcePathStyle,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
  });
}

/** What the environment says of endpoints is for clients that others make. */
const NOTHING_AMBIENT = { ignoreConfiguredEndpointUrls: true } as const;

/** Not every service knows S3's newer checksums; signatures cover each body in any case. */
const COMPATIBLE = {
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
} as const;

/** A client like the caller's, but for what {@link PIPELINE} says. */
function clientLike(client: S3Client): S3Client {
  const is = isObject(client) && isObject(client.config);
  checkOption('s3Storage', 'client', { is, expected: 'an S3Client of @aws-sdk/client-s3' });
  const { config } = client;
  const { endpoint } = config;
  return new S3Client({
    ...PIPELINE,
    ...(endpoint === undefined ? {} : { endpoint }),
    region: config.region,
    credentials: checkedCredentials(config.credentials),
    requestHandler: config.requestHandler,
    forcePathStyle: config.forcePathStyle,
    useDualstackEndpoint: config.useDualstackEndpoint,
    useFipsEndpoint: config.useFipsEndpoint,
    useAccelerateEndpoint: config.useAccelerateEndpoint,
    requestChecksumCalculation: config.requestChecksumCalculation,
    responseChecksumValidation: config.responseChecksumValidation,
    disableS3ExpressSessionAuth: config.disableS3ExpressSessionAuth,
    ignoreConfiguredEndpointUrls: config.ignoreConfiguredEndpointUrls,
  });
}

/** Tells a failure to get credentials, before which nothing was sent, from one of the request itself. */
function checkedCredentials(
  credentials: S3CredentialsLike | S3CredentialsProviderLike,
): () => Promise<SdkCredentials> {
  const provide = typeof credentials === 'function' ? credentials : async () => credentials;
  return async () => {
    try {
      return (await provide()) as SdkCredentials;
    } catch (cause) {
      throw new AccessDeniedError({
        message: 'the credentials could not be had; nothing was sent',
        key: '',
        operation: 'credentials',
        cause,
      });
    }
  };
}

/** Credentials in the SDK's own, stricter spelling of optional. */
type SdkCredentials = Awaited<ReturnType<S3Client['config']['credentials']>>;

function hostOf(endpoint: string | URL): string {
  const text = String(endpoint);
  if (/^https?:\/\/[^/@?#]+\/?$/iu.test(text)) return text;
  throw new InvalidArgumentError({
    message: 's3Storage: the endpoint is no address of a service',
    option: 'endpoint',
    expected: 'https:// or http://, a host and perhaps a port, and no path, query or user',
  });
}
