/** The spellings of a place in S3. */
import { InvalidArgumentError } from '../../errors.js';
import { checkKey } from '../key.js';

/** A bucket, and the prefix of every key in it. */
export interface S3Place {
  readonly bucket: string;
  /** Empty, or ends with `/`. */
  readonly prefix: string;
}

/** Names that S3 and its relatives give out; none of them can lead to another host. */
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/iu;

/**
 * `s3://bucket/path` or `s3a://bucket/path`. The path is decoded once: `%20` is a space.
 *
 * @throws InvalidArgumentError when it is neither
 */
export function parseS3Url(url: URL): S3Place {
  const isS3 = url.protocol === 's3:' || url.protocol === 's3a:';
  if (!isS3 || url.username !== '' || url.port !== '') throw invalid(url);
  const bucket = url.hostname;
  if (!BUCKET.test(bucket) || bucket.includes('..')) {
    throw new InvalidArgumentError({
      message: `${JSON.stringify(bucket)} cannot be the name of a bucket`,
      option: 'url',
      expected: 'letters, digits, dots, hyphens and underscores, 3 to 63',
    });
  }
  const path = decodedPath(url);
  if (path === '') return { bucket, prefix: '' };
  checkKey(path);
  return { bucket, prefix: `${path}/` };
}

function decodedPath(url: URL): string {
  try {
    return decodeURIComponent(url.pathname).replace(/^\/+|\/+$/gu, '');
  } catch {
    throw invalid(url);
  }
}

function invalid(url: URL): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `${url.protocol}//${url.host}${url.pathname} is no place in S3`,
    option: 'url',
    expected: 's3://bucket/path or s3a://bucket/path; give the endpoint to s3Storage',
  });
}
