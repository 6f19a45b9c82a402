/**
 * The header before each page of a column chunk, as far as reading needs it.
 *
 * @see https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { pageHeader } from './footer-fields.js';
import { ThriftStruct } from './thrift.js';
import { decodeThrift } from './thrift-decode.js';

/** A header with statistics of long strings takes some kilobytes; more is noise. */
export const MAX_PAGE_HEADER_BYTES: number = 8 * 1024 * 1024;

/** A header has under 20 values. */
const MAX_PAGE_HEADER_VALUES = 256;

export type PageKind = 'data' | 'data v2' | 'dictionary' | 'other';

export interface PageHeader {
  readonly kind: PageKind;
  /** Bytes of the header itself. */
  readonly headerBytes: number;
  /** Bytes that follow it. */
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  /** CRC-32 of the bytes that follow, as an unsigned number. */
  readonly crc: number | undefined;
  /** Values and nulls of a data page, entries of a dictionary; 0 of another page. */
  readonly numValues: number;
  /** parquet.thrift's `Encoding`; undefined for another page. */
  readonly encoding: number | undefined;
  /** How the levels of a first-version data page are written. */
  readonly definitionEncoding: number | undefined;
  readonly repetitionEncoding: number | undefined;
  /** Rows and nulls that begin in a second-version data page. */
  readonly numRows: number | undefined;
  readonly numNulls: number | undefined;
  /** Bytes of levels before the values of a second-version data page: these are never compressed. */
  readonly levelBytes: number;
  /** How many of them are repetition levels, which come first. */
  readonly repetitionBytes: number;
  /** Whether the values of a second-version data page are compressed by the chunk's codec. */
  readonly isCompressed: boolean;
  /** The `PageHeader` struct. */
  readonly raw: ThriftStruct;
}

/** What is wrong with a header; a sentence without its subject. */
export class PageHeaderError extends Error {}

/**
 * Reads the header that begins at `start`.
 * @throws PageHeaderError when there is none, or it contradicts itself
 */
export function readPageHeader(bytes: Uint8Array, start: number): PageHeader {
  const room = bytes.subarray(start, start + MAX_PAGE_HEADER_BYTES);
  const { value: raw, length } = decode(room);
  const code = int(raw, pageHeader.type, 'type');
  const kind = KINDS[code] ?? 'other';
  const sizes = {
    kind,
    headerBytes: length,
    compressedBytes: count(raw, pageHeader.compressedPageSize, 'compressed_page_size'),
    uncompressedBytes: count(raw, pageHeader.uncompressedPageSize, 'uncompressed_page_size'),
    crc: optionalInt(raw, pageHeader.crc, 'crc'),
    raw,
  };
  const known = { ...sizes, crc: sizes.crc === undefined ? undefined : sizes.crc >>> 0 };
  switch (kind) {
    case 'data':
      return { ...known, ...dataPage(part(raw, pageHeader.dataPageHeader)) };
    case 'data v2':
      return { ...known, ...dataPageV2(part(raw, pageHeader.dataPageHeaderV2), sizes) };
    case 'dictionary': {
      const header = part(raw, pageHeader.dictionaryPageHeader);
      const numValues = count(header, 1, 'num_values');
      return { ...known, ...NOTHING, numValues, encoding: int(header, 2, 'encoding') };
    }
    default:
      return { ...known, ...NOTHING };
  }
}

const KINDS: readonly PageKind[] = ['data', 'other', 'dictionary', 'data v2'];

const NOTHING = {
  numValues: 0,
  encoding: undefined,
  definitionEncoding: undefined,
  repetitionEncoding: undefined,
  numRows: undefined,
  numNulls: undefined,
  levelBytes: 0,
  repetitionBytes: 0,
  isCompressed: true,
} as const;

type PageDetails = Omit<
  PageHeader,
  'kind' | 'headerBytes' | 'compressedBytes' | 'uncompressedBytes' | 'crc' | 'raw'
>;

function dataPage(header: ThriftStruct): PageDetails {
  return {
    ...NOTHING,
    numValues: count(header, 1, 'num_values'),
    encoding: int(header, 2, 'encoding'),
    definitionEncoding: int(header, 3, 'definition_level_encoding'),
    repetitionEncoding: int(header, 4, 'repetition_level_encoding'),
  };
}

function dataPageV2(
  header: ThriftStruct,
  { compressedBytes, uncompressedBytes }: Pick<PageHeader, 'compressedBytes' | 'uncompressedBytes'>,
): PageDetails {
  const numValues = count(header, 1, 'num_values');
  const numNulls = count(header, 2, 'num_nulls');
  const numRows = count(header, 3, 'num_rows');
  const repetitionBytes = count(header, 6, 'repetition_levels_byte_length');
  const levelBytes = count(header, 5, 'definition_levels_byte_length') + repetitionBytes;
  const isCompressed = header.field(7)?.value ?? true;
  if (typeof isCompressed !== 'boolean') throw new PageHeaderError('is_compressed is no boolean');
  if (numNulls > numValues || numRows > numValues) {
    throw new PageHeaderError('it has more nulls or rows than values');
  }
  if (levelBytes > compressedBytes || levelBytes > uncompressedBytes) {
    throw new PageHeaderError('its levels are longer than the page');
  }
  if (!isCompressed && compressedBytes !== uncompressedBytes) {
    throw new PageHeaderError('its two sizes differ although it is not compressed');
  }
  const encoding = int(header, 4, 'encoding');
  const levels = { levelBytes, repetitionBytes };
  return { ...NOTHING, numValues, numNulls, numRows, ...levels, isCompressed, encoding };
}

function decode(bytes: Uint8Array): { readonly value: ThriftStruct; readonly length: number } {
  try {
    return decodeThrift(bytes, 'a page', MAX_PAGE_HEADER_VALUES);
  } catch {
    throw new PageHeaderError('it is no Thrift struct');
  }
}

function part(raw: ThriftStruct, id: number): ThriftStruct {
  const value = raw.field(id)?.value;
  if (value instanceof ThriftStruct) return value;
  throw new PageHeaderError('it lacks the part that its type needs');
}

function count(raw: ThriftStruct, id: number, name: string): number {
  const value = int(raw, id, name);
  if (value < 0) throw new PageHeaderError(`${name} is negative`);
  return value;
}

function int(raw: ThriftStruct, id: number, name: string): number {
  const value = optionalInt(raw, id, name);
  if (value === undefined) throw new PageHeaderError(`${name} is missing`);
  return value;
}

function optionalInt(raw: ThriftStruct, id: number, name: string): number | undefined {
  const value = raw.field(id)?.value;
  if (value === undefined || typeof value === 'number') return value;
  throw new PageHeaderError(`${name} is no integer`);
}
