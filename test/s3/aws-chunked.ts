/** Bodies in `aws-chunked` form, and the checksums that come with a body. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { S3Failure } from './s3-failure.js';
import { headerOf } from './sigv4.js';

/** The bytes that were meant, and the headers with the trailers among them. */
export interface PlainBody {
  readonly bytes: Buffer;
  readonly headers: IncomingHttpHeaders;
}

/** @throws S3Failure when the body is not what its headers say */
export function plainBody(headers: IncomingHttpHeaders, sent: Buffer): PlainBody {
  const encodings = (headerOf(headers, 'content-encoding') ?? '').split(',');
  const isChunked = encodings.some((encoding) => encoding.trim() === 'aws-chunked');
  const plain = isChunked ? decoded(headers, sent) : { bytes: sent, headers };
  const length = headerOf(headers, 'x-amz-decoded-content-length');
  if (isChunked && Number(length) !== plain.bytes.length) {
    throw new S3Failure(400, 'IncompleteBody', `${plain.bytes.length} of ${length ?? '?'} bytes`);
  }
  checkDigests(plain);
  return plain;
}

/** The CRC-32 of some bytes as S3 spells it: four bytes, big end first, in base64. */
export function crc32Text(bytes: Uint8Array): string {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(crc32(bytes));
  return four.toString('base64');
}

function decoded(headers: IncomingHttpHeaders, sent: Buffer): PlainBody {
  const chunks: Buffer[] = [];
  let at = 0;
  const line = (): string => {
    const end = sent.indexOf('\r\n', at);
    if (end === -1) throw new S3Failure(400, 'IncompleteBody', 'a line of aws-chunked has no end');
    const text = sent.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  for (;;) {
    const size = Number.parseInt(line().split(';')[0] ?? '', 16);
    if (Number.isNaN(size)) throw new S3Failure(400, 'InvalidRequest', 'no size of a chunk');
    if (size === 0) break;
    chunks.push(sent.subarray(at, at + size));
    at += size;
    if (line() !== '') throw new S3Failure(400, 'IncompleteBody', 'a chunk is longer than it says');
  }
  const trailers: Record<string, string> = {};
  while (at < sent.length) {
    const [name = '', value = ''] = line().split(':', 2);
    if (name !== '') trailers[name.toLowerCase()] = value.trim();
  }
  for (const name of (headerOf(headers, 'x-amz-trailer') ?? '').split(',')) {
    if (name !== '' && trailers[name.trim()] === undefined) {
      throw new S3Failure(400, 'MalformedTrailerError', `${name} did not come`);
    }
  }
  return { bytes: Buffer.concat(chunks), headers: { ...headers, ...trailers } };
}

function checkDigests({ bytes, headers }: PlainBody): void {
  const md5 = headerOf(headers, 'content-md5');
  const crc = headerOf(headers, 'x-amz-checksum-crc32');
  const isMd5 = md5 === undefined || md5 === createHash('md5').update(bytes).digest('base64');
  const isCrc = crc === undefined || crc === crc32Text(bytes);
  if (!isMd5 || !isCrc) throw new S3Failure(400, 'BadDigest', 'the body has another checksum');
}
