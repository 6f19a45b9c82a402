/** The XML of S3's answers. */
import type { DoubleObject, NamedPart } from './s3-bucket.js';
import type { S3Failure } from './s3-failure.js';

/** What a listing was asked for, and what it found. */
export interface Listing {
  readonly bucket: string;
  readonly prefix: string;
  readonly maxKeys: number;
  readonly startAfter: string | undefined;
  readonly isUrlEncoded: boolean;
  readonly objects: readonly DoubleObject[];
  readonly nextToken: string | undefined;
}

export function listingXml(listing: Listing): string {
  const spell = listing.isUrlEncoded ? urlEncoded : escaped;
  const contents = listing.objects.map(
    ({ key, bytes, etag, modifiedMs }) =>
      `<Contents>${element('Key', spell(key))}${element('ETag', escaped(etag))}${element(
        'LastModified',
        new Date(modifiedMs).toISOString(),
      )}${element('Size', String(bytes.length))}<StorageClass>STANDARD</StorageClass></Contents>`,
  );
  return document(
    'ListBucketResult',
    element('Name', listing.bucket),
    element('Prefix', spell(listing.prefix)),
    element('KeyCount', String(contents.length)),
    element('MaxKeys', String(listing.maxKeys)),
    element('IsTruncated', String(listing.nextToken !== undefined)),
    listing.isUrlEncoded ? element('EncodingType', 'url') : '',
    listing.startAfter === undefined ? '' : element('StartAfter', spell(listing.startAfter)),
    listing.nextToken === undefined ? '' : element('NextContinuationToken', listing.nextToken),
    ...contents,
  );
}

export function failureXml({ code, message }: S3Failure, resource: string): string {
  return document(
    'Error',
    element('Code', code),
    element('Message', escaped(message)),
    element('Resource', escaped(resource)),
  );
}

export function resultXml(name: string, fields: Readonly<Record<string, string>>): string {
  const elements = Object.entries(fields).map(([field, text]) => element(field, escaped(text)));
  return document(name, ...elements);
}

/** The parts that a CompleteMultipartUpload names, in its order. */
export function partsOf(xml: string): readonly NamedPart[] {
  return [...xml.matchAll(/<Part>(.*?)<\/Part>/gsu)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)<\/PartNumber>/u.exec(part)?.[1]),
    etag: (/<ETag>(.*?)<\/ETag>/u.exec(part)?.[1] ?? '').replaceAll('&quot;', '"'),
    crc32: /<ChecksumCRC32>(.*?)<\/ChecksumCRC32>/u.exec(part)?.[1],
  }));
}

/** As forms are encoded: a space is a plus. */
function urlEncoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/gu, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function document(name: string, ...elements: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, elements.join(''))}`;
}

const element = (name: string, content: string): string => `<${name}>${content}</${name}>`;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/gu, (sign) => `&#${sign.charCodeAt(0)};`);
