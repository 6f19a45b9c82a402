/** The spellings of a place in Google Cloud Storage, and what may be a name there. */
import { InvalidArgumentError } from '../../errors.js';
import { checkKey, checkPrefix } from '../key.js';

/** A bucket, and the prefix of every key in it. */
export interface GcsPlace {
  readonly bucket: string;
  /** Empty, or ends with `/`. */
  readonly prefix: string;
}

/** The longest name of an object, in UTF-8. */
export const MAX_NAME_BYTES = 1024;

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/u;

/**
 * `gs://bucket/path`, or `gcs://bucket/path`.
 *
 * @throws InvalidArgumentError when it is neither
 */
export function parseGcsUrl(url: URL): GcsPlace {
  const bucket = url.host;
  const isPlain = url.username === '' && url.password === '';
  if (!['gs:', 'gcs:'].includes(url.protocol) || !isPlain) {
    throw invalid(url, 'is no place in Google Cloud Storage');
  }
  if (!BUCKET.test(bucket)) {
    throw invalid(url, `has no name of a bucket: ${JSON.stringify(bucket)} cannot be one`);
  }
  const path = decodedPath(url);
  if (path === '') return { bucket, prefix: '' };
  checkName('', path);
  return { bucket, prefix: `${path}/` };
}

/**
 * Refuses keys that cannot name an object behind `prefix`: line breaks, and more bytes than a name may have.
 *
 * @throws InvalidArgumentError
 */
export function checkName(prefix: string, key: string): void {
  checkKey(key);
  refuseLineBreaks(key);
  const { length } = new TextEncoder().encode(prefix + key);
  if (length <= MAX_NAME_BYTES) return;
  throw new InvalidArgumentError({
    message: `an object of Google Cloud Storage cannot have a name of ${length} bytes: ${key}`,
    option: 'key',
    expected: `at most ${MAX_NAME_BYTES} bytes in UTF-8, the path of the table included`,
  });
}

/** As {@link checkName}, for the beginning of a key. */
export function checkNamePrefix(prefix: string): void {
  checkPrefix(prefix);
  refuseLineBreaks(prefix);
}

function refuseLineBreaks(key: string): void {
  if (!/[\r\n]/u.test(key)) return;
  throw new InvalidArgumentError({
    message: `${JSON.stringify(key)} cannot name an object of Google Cloud Storage: it has a line break`,
    option: 'key',
    expected: 'a key without line breaks',
  });
}

function decodedPath(url: URL): string {
  try {
    return decodeURIComponent(url.pathname).replace(/^\/+|\/+$/gu, '');
  } catch {
    throw invalid(url, 'is no place in Google Cloud Storage');
  }
}

function invalid(url: URL, why: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `${url.protocol}//${url.host}${url.pathname} ${why}`,
    option: 'url',
    expected: 'gs://bucket/path',
  });
}
