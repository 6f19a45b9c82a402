/** From what a user writes, a path or a URL, to the store behind it. */

import { filePath, fileUrl, localStore } from '#local-store';
import { systemClock, systemEntropy } from '../clock.js';
import { InvalidArgumentError, isVarveError } from '../errors.js';
import { httpStore } from './http-store.js';
import type { ObjectStore, StorageProvider } from './object-store.js';
import { retryingStore } from './retrying-store.js';
import { rootedStore } from './rooted-store.js';

/** A place: what to call it, and how to reach it. */
export interface Located {
  /** Absolute and canonical, without a trailing slash; the same for every spelling of one path. */
  readonly url: string;
  /** Keys are relative to the URL. */
  readonly store: ObjectStore;
  /** Whose store it is; undefined for the local disk. */
  readonly provider?: StorageProvider | undefined;
}

/** A scheme; a single letter is a Windows drive, so that `C:\lake` is a path. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/iu;

/** Providers that exist and were not given, and the call that makes them. */
const MISSING: ReadonlyMap<string, string> = new Map([
  ['memory', 'memoryStorage() from varve/testing'],
  ['az', 'azureStorage({ ... }) from varve/storage/azure'],
  ['abfss', 'azureStorage({ ... }) from varve/storage/azure'],
  ['abfs', 'azureStorage({ ... }) from varve/storage/azure'],
  ['wasbs', 'azureStorage({ ... }) from varve/storage/azure'],
  ['wasb', 'azureStorage({ ... }) from varve/storage/azure'],
  ['gs', 'gcsStorage({ ... }) from varve/storage/gcs'],
  ['gcs', 'gcsStorage({ ... }) from varve/storage/gcs'],
  ['s3', 's3Storage({ ... }) from varve/storage/s3'],
  ['s3a', 's3Storage({ ... }) from varve/storage/s3'],
]);

/**
 * The store at `url`: a local path, a `file:` URL, an `https:` or `http:` URL that is only read, or a URL of a
 * provider's scheme. A provider that names a scheme is asked before anything built in. Nothing is read and nothing is connected.
 *
 * @throws InvalidArgumentError when the URL is not one, or its scheme has no provider
 */
export function locate(url: string | URL, providers: readonly StorageProvider[]): Located {
  if (typeof url === 'string' && !SCHEME.test(url)) return locatePath(url);
  const parsed = parse(url);
  const scheme = parsed.protocol.slice(0, -1);
  const provider = providers.find(({ schemes }) => schemes.includes(scheme));
  if (provider !== undefined) {
    const store: unknown = provider.open(withoutSlash(parsed));
    if (!isStore(store)) throw badProvider(`the provider of ${scheme}: URLs opened no store`);
    return { url: canonical(parsed), store, provider };
  }
  if (scheme === 'file') return locateFile(parsed);
  if (scheme === 'https' || scheme === 'http') return locateHttp(parsed);
  throw noProvider(scheme);
}

/**
 * The providers that a caller gave.
 * @throws InvalidArgumentError when one is none
 */
export function providersOf(
  storage: StorageProvider | readonly StorageProvider[] | undefined,
): readonly StorageProvider[] {
  if (storage === undefined) return [];
  const given: readonly unknown[] = Array.isArray(storage) ? storage : [storage];
  if (given.every(isProvider)) return given;
  throw badProvider('what was given is no provider of storage');
}

function isStore(value: unknown): value is ObjectStore {
  return typeof value === 'object' && value !== null && 'get' in value && 'putIfAbsent' in value;
}

function isProvider(value: unknown): value is StorageProvider {
  if (typeof value !== 'object' || value === null) return false;
  if (!('open' in value) || typeof value.open !== 'function') return false;
  return 'schemes' in value && Array.isArray(value.schemes);
}

function badProvider(what: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `${what}; give what azureStorage(), s3Storage() or another provider's call returns`,
    option: 'storage',
    expected: '{ schemes, open(url) }, or several of them',
  });
}

/** A place from which other places may be read too. */
export interface LocatedWithRoots extends Located {
  /** The URLs of those places, as canonical as its own: with `/` and a key of theirs each is a key of its store. */
  readonly roots: readonly string[];
}

/** The store at `url`, which also reads below `roots`. Throws as {@link locate}. */
export function locateWithRoots(
  url: string | URL,
  roots: readonly (string | URL)[],
  providers: readonly StorageProvider[],
): LocatedWithRoots {
  const located = locate(url, providers);
  const others = roots.map((root) => locate(root, providers));
  const store = rootedStore(located.store, others);
  return { ...located, store, roots: others.map((other) => other.url) };
}

function locatePath(path: string): Located {
  if (path === '' || path.includes('\0')) throw badUrl('a path is not empty and has no NUL');
  return { url: canonical(fileUrl(path)), store: localStore(path) };
}

/** Retries are the store's own business, and passing faults the rule on the way to a public bucket. */
const RETRIES = { clock: systemClock, entropy: systemEntropy };

function locateHttp(url: URL): Located {
  if (url.username !== '') throw badUrl('it has a user name; a public place needs none');
  const store = retryingStore(httpStore(withoutSlash(url), RETRIES.clock), RETRIES);
  return { url: canonical(url), store };
}

function locateFile(url: URL): Located {
  let path: string;
  try {
    path = filePath(url);
  } catch (error) {
    if (isVarveError(error)) throw error;
    throw badUrl('a file: URL names no host and has no escaped "/"', error);
  }
  return locatePath(path);
}

function parse(url: string | URL): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw badUrl('it cannot be parsed', cause);
  }
  // The text may be a secret, such as an access token, so it is not shown.
  if (parsed.search !== '' || parsed.hash !== '') {
    throw badUrl('it has a query or a fragment; escape "?" and "#", and give secrets to `storage`');
  }
  if (parsed.password !== '') throw badUrl('it has a password; give secrets to `storage`');
  if (parsed.protocol === 'file:' && typeof url === 'string' && !/^file:\//iu.test(url)) {
    throw badUrl('a file: URL is absolute');
  }
  return parsed;
}

function canonical(url: URL): string {
  const { href } = withoutSlash(url);
  return href.endsWith('//') ? href : href.replace(/\/$/u, '');
}

function withoutSlash(url: URL): URL {
  const trimmed = new URL(url);
  trimmed.pathname = trimmed.pathname.replace(/\/+$/u, '');
  return trimmed;
}

function noProvider(scheme: string): InvalidArgumentError {
  const missing = MISSING.get(scheme);
  const remedy =
    missing === undefined ? `write ./${scheme}:... if it is a path` : `pass storage: ${missing}`;
  return new InvalidArgumentError({
    message: `no storage provider for ${scheme}: URLs was given; ${remedy}`,
    option: missing === undefined ? 'url' : 'storage',
    expected: missing ?? 'a path, a file: URL, or the scheme of a given provider',
  });
}

function badUrl(why: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `this is no URL of a table: ${why}`,
    option: 'url',
    cause,
  });
}
