import { describe, expect, it } from 'vitest';
import { azureError } from '../../src/storage/azure/azure-error.js';
import { s3Error } from '../../src/storage/s3/s3-error.js';

type Case = readonly [status: number, word: string, code: string, says: RegExp];

const DENIED = 'ACCESS_DENIED';
const UNAVAILABLE = 'STORAGE_UNAVAILABLE';
const UNSUPPORTED = 'UNSUPPORTED_FEATURE';
const INVALID = 'INVALID_ARGUMENT';
const refused = /does not take this request, whoever sends it: get of "a\/k" \(\w+: as told\)/u;

describe('the refusals of S3', () => {
  it.each<Case>([
    [403, 'AccessDenied', DENIED, /credentials/u],
    [403, 'InvalidAccessKeyId', DENIED, /credentials/u],
    [403, 'SignatureDoesNotMatch', DENIED, /credentials/u],
    [400, 'ExpiredToken', DENIED, /credentials/u],
    [400, 'AuthorizationHeaderMalformed', DENIED, /region/u],
    // Of a HEAD: the SDK knows no more than the status.
    [400, '400', DENIED, /credentials/u],
    [400, 'Unknown', DENIED, /credentials/u],
    [400, 'UnknownError', DENIED, /credentials/u],
    [403, 'InvalidObjectState', UNSUPPORTED, /archive.*restore/u],
    [400, 'EntityTooLarge', INVALID, refused],
    [400, 'EntityTooSmall', INVALID, refused],
    [400, 'InvalidRequest', INVALID, refused],
    [400, 'InvalidArgument', INVALID, refused],
    [400, 'MalformedXML', INVALID, refused],
    [405, 'MethodNotAllowed', INVALID, refused],
    [411, 'MissingContentLength', INVALID, refused],
    [400, 'KeyTooLongError', INVALID, /too long/u],
    [404, 'NoSuchBucket', INVALID, /bucket/u],
    [301, 'PermanentRedirect', INVALID, /region/u],
    [501, 'NotImplemented', UNSUPPORTED, /does not know/u],
    [400, 'BadDigest', UNAVAILABLE, /later/u],
    [400, 'RequestTimeout', UNAVAILABLE, /later/u],
    [403, 'RequestTimeTooSkewed', UNAVAILABLE, /later/u],
    [409, 'ConditionalRequestConflict', UNAVAILABLE, /later/u],
    [429, 'TooManyRequests', UNAVAILABLE, /later/u],
    [500, 'InternalError', UNAVAILABLE, /later/u],
    [503, 'SlowDown', UNAVAILABLE, /later/u],
  ])('%i %s is %s', (status, name, code, says) => {
    const cause = Object.assign(new Error('as told'), {
      name,
      $metadata: { httpStatusCode: status },
    });
    const error = s3Error(cause, 'get', 'a/k');
    const retry = code === UNAVAILABLE ? 'same' : 'never';
    expect(error).toMatchObject({ code, retry, cause, message: expect.stringMatching(says) });
  });
});

describe('the refusals of Azure', () => {
  it.each<Case>([
    [401, 'NoAuthenticationInformation', DENIED, /credentials/u],
    [403, 'AuthenticationFailed', DENIED, /credentials/u],
    [400, 'InvalidAuthenticationInfo', DENIED, /credentials/u],
    [409, 'BlobImmutableDueToPolicy', DENIED, /policy/u],
    [412, 'LeaseIdMissing', DENIED, /lease.*release or break/u],
    [409, 'LeaseIdMismatchWithBlobOperation', DENIED, /lease/u],
    [409, 'BlobArchived', UNSUPPORTED, /archive.*rehydrate/u],
    [409, 'BlobBeingRehydrated', UNSUPPORTED, /archive/u],
    [409, 'BlobOperationNotSupported', UNSUPPORTED, /path API/u],
    [409, 'InvalidBlobType', INVALID, refused],
    [409, 'SnapshotsPresent', INVALID, refused],
    [400, 'InvalidHeaderValue', INVALID, refused],
    [400, 'InvalidUri', INVALID, refused],
    [400, 'OutOfRangeInput', INVALID, refused],
    [405, 'UnsupportedHttpVerb', INVALID, refused],
    [411, 'MissingContentLengthHeader', INVALID, refused],
    [413, 'RequestBodyTooLarge', INVALID, refused],
    [404, 'ContainerNotFound', INVALID, /container/u],
    [400, 'Md5Mismatch', UNAVAILABLE, /later/u],
    [400, 'InvalidBlockList', UNAVAILABLE, /later/u],
    [408, 'OperationTimedOut', UNAVAILABLE, /later/u],
    [409, 'ContainerBeingDeleted', UNAVAILABLE, /later/u],
    [429, 'TooManyRequests', UNAVAILABLE, /later/u],
    [500, 'InternalError', UNAVAILABLE, /later/u],
    [503, 'ServerBusy', UNAVAILABLE, /later/u],
  ])('%i %s is %s', (statusCode, word, code, says) => {
    const cause = Object.assign(new Error('as told'), { statusCode, code: word });
    const error = azureError(cause, 'get', 'a/k');
    const retry = code === UNAVAILABLE ? 'same' : 'never';
    expect(error).toMatchObject({ code, retry, cause, message: expect.stringMatching(says) });
  });
});
