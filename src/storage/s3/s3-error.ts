/** What S3's refusals mean. */
import {
  AccessDeniedError,
  InvalidArgumentError,
  StorageUnavailableError,
  UnsupportedFeatureError,
  type VarveError,
} from '../../errors.js';
import { retryAfterMs } from '../retry-after.js';

/** The part of the SDK's errors that is looked at. */
interface ServiceFailure {
  /** The service's error code, `PreconditionFailed` for example; where it gave none, a word of the SDK's. */
  readonly name?: string | undefined;
  /** The network's. */
  readonly code?: string | undefined;
  readonly $metadata?: { readonly httpStatusCode?: number | undefined } | undefined;
  readonly $response?:
    | {
        readonly statusCode?: number | undefined;
        readonly headers?: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
}

/** Failures of which it is certain that no request reached the service. */
const NOT_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** Refusals below 500 after which the same request may succeed; none of them wrote anything. */
const PASSING: ReadonlySet<string> = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  // The SDK has learnt the service's time from it.
  'RequestTimeTooSkewed',
  // A body that did not arrive, or not as it was sent.
  'BadDigest',
  'IncompleteBody',
  // Somebody else, or a rule of the bucket, aborted it.
  'NoSuchUpload',
  'RequestTimeout',
  'XAmzContentSHA256Mismatch',
]);

/** Refusals of who asks that have another status than 401 and 403. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
]);

/** What stands for the service's word where it sent none, as to a HEAD: a refusal of who asks may have any status then. */
const NO_WORD = /^(?:no code|Unknown(?:Error)?|BadRequest|\d{3})$/;

export function statusOf(error: unknown): number | undefined {
  const { $metadata, $response } = error as ServiceFailure;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

/** The service's own word, `NoSuchBucket` for example, or the network's. */
export function codeOf(error: unknown): string {
  const { name, code } = error as ServiceFailure;
  return code ?? name ?? 'no code';
}

/** Whether the object, or the bucket it would be in, is not there. */
export function isAbsent(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** Whether a condition of the request does not hold. */
export function isConditionFailed(error: unknown): boolean {
  return statusOf(error) === 412;
}

/** Whether nothing was written because of something that came between, so that the same request may be sent again. */
export function isUndecided(error: unknown): boolean {
  return isPassing(error) && !isAmbiguous(error) && statusOf(error) !== undefined;
}

/** Whether the service understood the request, and will not do it however often it is asked. */
export function isRefused(error: unknown): boolean {
  return statusOf(error) !== undefined && !isPassing(error);
}

/** Whether the request may have had its effect although it failed. */
export function isAmbiguous(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return !NOT_SENT.has(codeOf(error));
  // An answer that says yes and cannot be read is as good as none.
  return status < 300 || status === 408 || (status >= 500 && status !== 501);
}

/** The error for a failed request. */
export function s3Error(error: unknown, operation: string, key: string): VarveError {
  const status = statusOf(error);
  const code = codeOf(error);
  if (isPassing(error)) {
    return new StorageUnavailableError({
      message: `S3 did not do this (${code}); try again later`,
      key,
      operation,
      retryAfterMs: retryAfterMs((name) => headerOf(error, name)),
      cause: error,
    });
  }
  if (status === 501) return unsupported(error, operation, code);
  if (status === 404) {
    return misplaced(`the bucket does not exist (${code}); make it first`, error);
  }
  if (status !== undefined && status < 400) {
    return misplaced(
      `S3 sent the request elsewhere (${code}), and it is not followed: name the bucket's own region and endpoint`,
      error,
    );
  }
  if (code === 'InvalidObjectState') return archived(error, key);
  if (code === 'KeyTooLongError') {
    return new InvalidArgumentError({
      message: `${JSON.stringify(key)} is too long for S3 (${code})`,
      option: 'key',
      expected: 'at most 1024 bytes with the prefix of the table',
      cause: error,
    });
  }
  if (isMisfit(status, code)) {
    const { message } = error as Partial<Error>;
    return new InvalidArgumentError({
      message: `S3 does not take this request, whoever sends it: ${operation} of ${JSON.stringify(key)} (${code}: ${message})`,
      option: 'key',
      cause: error,
    });
  }
  return new AccessDeniedError({
    message: `S3 refused the credentials or the right to do this (${code}); check both, and the region`,
    key,
    operation,
    cause: error,
  });
}

function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  const code = codeOf(error);
  if (CREDENTIALS.has(code)) return false;
  return isAmbiguous(error) || status === undefined || status === 429 || PASSING.has(code);
}

/** Whether it is the request that is refused, and not who sends it. */
function isMisfit(status: number | undefined, code: string): boolean {
  return status !== 401 && status !== 403 && !CREDENTIALS.has(code) && !NO_WORD.test(code);
}

function archived(cause: unknown, key: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `${JSON.stringify(key)} is in an archive, from which it cannot be read (InvalidObjectState)`,
    features: ['archived objects (InvalidObjectState)'],
    side: 'read',
    remedy: 'restore the object first, and keep tables in storage classes that are read at once',
    cause,
  });
}

function misplaced(message: string, cause: unknown): InvalidArgumentError {
  return new InvalidArgumentError({ message, option: 'url', cause });
}

function unsupported(cause: unknown, operation: string, code: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `this service does not know the request for ${operation} (${code})`,
    features: [operation],
    side: 'write',
    remedy: 'take a service that keeps If-None-Match, or a newer release of this one',
    cause,
  });
}

/** A header of the answer, if there was one. */
export function headerOf(error: unknown, name: string): string | undefined {
  return (error as ServiceFailure).$response?.headers?.[name];
}
