/** AWS Signature Version 4 as a server checks it. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Failure } from './s3-failure.js';

export interface DoubleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials carry one, and are refused without it. */
  readonly sessionToken?: string | undefined;
}

/** A request as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/u;
const MAX_SKEW_MS = 15 * 60 * 1000;
/** What must not be changed on the way: a client that leaves one of these unsigned is refused. */
const MUST_BE_SIGNED = /^(?:host|range|if-match|if-none-match|x-amz-.*)$/u;

/** @throws S3Failure unless the request carries a signature that one of `credentials` made for `region` */
export function checkSignature(
  request: SignedRequest,
  credentials: ReadonlyMap<string, DoubleCredentials>,
  region: string,
  nowMs: number,
): void {
  const { headers } = request;
  const match = AUTHORIZATION.exec(headers.authorization ?? '');
  if (match === null) throw new S3Failure(403, 'AccessDenied', 'the request is not signed');
  const [, accessKeyId = '', day = '', signedRegion = '', names = '', signature = ''] = match;
  const known = credentials.get(accessKeyId);
  if (known === undefined) throw new S3Failure(403, 'InvalidAccessKeyId', accessKeyId);
  if (known.sessionToken !== headerOf(headers, 'x-amz-security-token')) {
    throw new S3Failure(400, 'InvalidToken', 'the session token is not that of the key');
  }
  if (signedRegion !== region) {
    throw new S3Failure(400, 'AuthorizationHeaderMalformed', `expecting ${region}`);
  }
  const time = headerOf(headers, 'x-amz-date') ?? '';
  if (!time.startsWith(day) || Math.abs(timeOf(time) - nowMs) > MAX_SKEW_MS) {
    throw new S3Failure(403, 'RequestTimeTooSkewed', time);
  }
  const signed = names.split(';');
  const unsigned = Object.keys(headers).filter(
    (name) => MUST_BE_SIGNED.test(name) && !signed.includes(name),
  );
  if (unsigned.length > 0) throw new S3Failure(403, 'AccessDenied', `unsigned ${unsigned.join()}`);
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonicalRequest(request, signed))];
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (from, part) => hmac(from, part),
    `AWS4${known.secretAccessKey}`,
  );
  const expected = hmac(key, text.join('\n'));
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw new S3Failure(403, 'SignatureDoesNotMatch', 'the signature is another one');
  }
}

/** @throws S3Failure unless the body is the one that was signed for */
export function checkPayload(headers: IncomingHttpHeaders, body: Uint8Array): void {
  const declared = headerOf(headers, 'x-amz-content-sha256') ?? '';
  if (/^[0-9a-f]{64}$/u.test(declared)) {
    if (declared === createHash('sha256').update(body).digest('hex')) return;
    throw new S3Failure(400, 'XAmzContentSHA256Mismatch', 'the body is another one');
  }
  if (['UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'].includes(declared)) return;
  throw new S3Failure(501, 'NotImplemented', `x-amz-content-sha256: ${declared}`);
}

/** One header's value, whatever Node made of it. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

function canonicalRequest({ method, target, headers }: SignedRequest, signed: string[]): string {
  const [path = '/', query = ''] = target.split('?', 2);
  const parameters = [...new URLSearchParams(query)].map(
    ([name, value]) => `${spelled(name)}=${spelled(value)}`,
  );
  const lines = signed.map(
    (name) => `${name}:${(headerOf(headers, name) ?? '').trim().replace(/ +/gu, ' ')}\n`,
  );
  const payload = headerOf(headers, 'x-amz-content-sha256') ?? '';
  return [
    method,
    path,
    parameters.toSorted().join('&'),
    lines.join(''),
    signed.join(';'),
    payload,
  ].join('\n');
}

/** Clients spell a query in several ways, and sign it in one. */
function spelled(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/gu,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function timeOf(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/u.exec(text);
  if (match === null) return Number.NEGATIVE_INFINITY;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
