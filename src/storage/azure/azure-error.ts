/** What Azure's refusals mean. */
import {
  AccessDeniedError,
  InvalidArgumentError,
  StorageUnavailableError,
  UnsupportedFeatureError,
  type VarveError,
} from '../../errors.js';
import { retryAfterMs } from '../retry-after.js';

/** The part of the SDK's RestError that is looked at. */
interface RestFailure {
  readonly statusCode?: number | undefined;
  /** The service's error code, or the network's. */
  readonly code?: string | undefined;
  readonly details?: { readonly errorCode?: string | undefined } | undefined;
  readonly response?: { readonly headers?: { get(name: string): string | undefined } } | undefined;
}

/** Failures of which it is certain that no request reached the service. */
const NOT_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

export function statusOf(error: unknown): number | undefined {
  return (error as RestFailure).statusCode;
}

/** The service's own word, `BlobAlreadyExists` for example. */
export function codeOf(error: unknown): string | undefined {
  const { code, details } = error as RestFailure;
  return details?.errorCode ?? code;
}

/** Whether the object, or the container it would be in, is not there. */
export function isAbsent(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** Whether a put-if-absent failed because the object is there: other conflicts mean other things. */
export function isTaken(error: unknown): boolean {
  const status = statusOf(error);
  const code = codeOf(error);
  return (
    (status === 409 && code === 'BlobAlreadyExists') ||
    (status === 412 && code === 'ConditionNotMet') ||
    // What a signature is told that may create and not replace.
    (status === 403 && code === 'UnauthorizedBlobOverwrite')
  );
}

/** Whether the request may have had its effect although it failed. */
export function isAmbiguous(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status === 408 || status >= 500;
  return !NOT_SENT.has(codeOf(error) ?? '');
}

/** Conflicts that nobody resolves by trying again: the place keeps what it has. */
const KEPT: ReadonlySet<string> = new Set([
  'BlobImmutableDueToPolicy',
  'BlobImmutableDueToLegalHold',
  'BlobNotModifiableDueToImmutabilityPolicy',
]);

/** Refusals of who asks that have another status than 401 and 403. */
const CREDENTIALS: ReadonlySet<string> = new Set(['InvalidAuthenticationInfo']);

/** What cannot be read before somebody takes it out of the archive, which takes hours. */
const ARCHIVED: ReadonlySet<string> = new Set(['BlobArchived', 'BlobBeingRehydrated']);

/** Refusals of a request after which the same may succeed: its body did not arrive as it was sent. */
const PASSING: ReadonlySet<string> = new Set([
  'Crc64Mismatch',
  // Another upload took the blocks.
  'InvalidBlockList',
  'Md5Mismatch',
]);

/** A lease may last for ever. */
const LEASED = /^LeaseId(?:Missing|Mismatch)/;

/** Conflicts with what the blob is: they stay. */
const LASTING: ReadonlySet<string> = new Set(['InvalidBlobType', 'SnapshotsPresent']);

/** The error for a failed request. */
export function azureError(error: unknown, operation: string, key: string): VarveError {
  const status = statusOf(error);
  const code = codeOf(error) ?? 'no code';
  if (status === 401 || status === 403 || CREDENTIALS.has(code)) {
    return new AccessDeniedError({
      message: `azure refused the credentials or the right to do this (${code}); check both`,
      key,
      operation,
      cause: error,
    });
  }
  if (status === 409 && KEPT.has(code)) {
    return new AccessDeniedError({
      message: `the blob may not be changed, by a policy of its container (${code})`,
      key,
      operation,
      cause: error,
    });
  }
  if (LEASED.test(code)) {
    return new AccessDeniedError({
      message: `somebody holds a lease on the blob (${code}); release or break it first`,
      key,
      operation,
      cause: error,
    });
  }
  if (status === 409 && code === 'BlobOperationNotSupported') return madeByPathApi(error, key);
  if (status === 409 && ARCHIVED.has(code)) return archived(error, code, key);
  if (status === 404) {
    return new InvalidArgumentError({
      message: `the container does not exist (${code}); make it first`,
      option: 'url',
      cause: error,
    });
  }
  if (!isPassing(status, code)) {
    const { message } = error as Partial<Error>;
    return new InvalidArgumentError({
      message: `azure does not take this request, whoever sends it: ${operation} of ${JSON.stringify(key)} (${code}: ${message})`,
      option: 'key',
      cause: error,
    });
  }
  return new StorageUnavailableError({
    message: `azure did not do this (${code}); try again later`,
    key,
    operation,
    retryAfterMs: retryAfterMs((name) => headerOf(error, name)),
    cause: error,
  });
}

/** Whether the same request may succeed later. */
function isPassing(status: number | undefined, code: string): boolean {
  if (status === undefined || status < 400 || status >= 500 || PASSING.has(code)) return true;
  return status === 408 || status === 429 || (status === 409 && !LASTING.has(code));
}

function archived(cause: unknown, code: string, key: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `${JSON.stringify(key)} is in the archive tier, from which it cannot be read (${code})`,
    features: [`archived blobs (${code})`],
    side: 'read',
    remedy: 'rehydrate the blob first, and keep tables in tiers that are read at once',
    cause,
  });
}

/** Blobs of the Data Lake API have no blocks that this one could add to. */
function madeByPathApi(cause: unknown, key: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `${key} was made by the path API of Data Lake Storage, over which no large blob can be written`,
    features: ['blocks over blobs of the Data Lake path API (BlobOperationNotSupported)'],
    side: 'write',
    remedy: 'delete the blob first',
    cause,
  });
}

/** A header of the answer, if there was one. */
export function headerOf(error: unknown, name: string): string | undefined {
  return (error as RestFailure).response?.headers?.get(name);
}
