/** A Parquet file's footer: found, read and checked. */
import { CorruptDataError, LimitError, UnsupportedFeatureError } from '../../errors.js';
import { decodeRowGroupInfo } from './footer-chunk.js';
import { fileMetaData, keyValue } from './footer-fields.js';
import { decodeSchema } from './footer-schema.js';
import type { ParquetFooter } from './footer-types.js';
import { FOOTER_READ_BYTES, type ParquetSource } from './source.js';
import { decodeThrift } from './thrift-decode.js';
import { ThriftView } from './thrift-view.js';

/** Larger footers than any seen in use; bounds what one hostile length can make us hold. */
export const MAX_FOOTER_BYTES: number = 64 * 1024 * 1024;

/** The footer's length (4 bytes, little-endian) and the magic. */
const TRAILER_BYTES = 8;

/** The magic at both ends of a file. */
export const PARQUET_MAGIC: Uint8Array = new TextEncoder().encode('PAR1');

const text = new TextDecoder('latin1');

/**
 * Reads a file's footer: one request for the end of the file, a second only when the footer is longer than that.
 * @throws CorruptDataError when the file is cut off, or is no Parquet file
 * @throws UnsupportedFeatureError when the footer is encrypted
 * @throws LimitError when the footer is longer than {@link MAX_FOOTER_BYTES}
 */
export async function readFooter(
  source: ParquetSource,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ParquetFooter> {
  const { key, sizeBytes } = source;
  const start = Math.max(0, sizeBytes - FOOTER_READ_BYTES);
  const tail = await source.read({ start, end: sizeBytes }, options.signal);
  const length = footerLength(tail, source);
  const footerEnd = sizeBytes - TRAILER_BYTES;
  const footerStart = footerEnd - length;
  const bytes =
    footerStart >= start
      ? tail.subarray(footerStart - start, footerEnd - start)
      : await source.read({ start: footerStart, end: footerEnd }, options.signal);
  return parseFooter(bytes, { key, footerStart });
}

/** Where footer bytes come from. */
export interface FooterPlace {
  /** The object, for errors. */
  readonly key: string;
  /** The footer's own offset in its file: every column chunk must end before it. */
  readonly footerStart: number;
}

/**
 * Reads the footer of a whole file held in memory.
 * @throws CorruptDataError, UnsupportedFeatureError, LimitError as {@link readFooter}
 */
export function parseFile(file: Uint8Array, key: string): ParquetFooter {
  const length = footerLength(file, { key, sizeBytes: file.length });
  const footerStart = file.length - TRAILER_BYTES - length;
  return parseFooter(file.subarray(footerStart, footerStart + length), { key, footerStart });
}

/**
 * Reads the Thrift bytes of a footer, without length and magic.
 * @throws CorruptDataError when they are no footer, or contradict themselves
 */
export function parseFooter(bytes: Uint8Array, place: FooterPlace): ParquetFooter {
  const { key } = place;
  const view = new ThriftView(decodeThrift(bytes, key).value, key);
  if (view.has(fileMetaData.encryptionAlgorithm)) throw encrypted(key);
  const { root, leaves } = decodeSchema(view.structs(fileMetaData.schema, 'schema'), view);
  // A footer of which only the beginning is left would be that of a file without rows.
  if (!view.has(fileMetaData.rowGroups)) view.fail('it has no row groups', 'row_groups');
  const orders = view.structs(fileMetaData.columnOrders, 'column_orders');
  const rowGroups = view
    .structs(fileMetaData.rowGroups, 'row_groups')
    .map((group) => decodeRowGroupInfo(group, { leaves, orders, footerStart: place.footerStart }));
  const numRows = view.count(fileMetaData.numRows, 'num_rows');
  if (rowGroups.reduce((sum, group) => sum + group.numRows, 0) !== numRows) {
    view.fail('its row groups do not add up to its rows', 'num_rows');
  }
  return {
    key,
    numRows,
    schema: root,
    leaves,
    rowGroups,
    keyValue: keyValues(view),
    createdBy: view.optionalText(fileMetaData.createdBy, 'created_by'),
    raw: view.struct,
  };
}

function footerLength(
  tail: Uint8Array,
  { key, sizeBytes }: { readonly key: string; readonly sizeBytes: number },
): number {
  if (sizeBytes < PARQUET_MAGIC.length + TRAILER_BYTES) {
    throw notParquet(key, sizeBytes, 'it is too short');
  }
  const magic = text.decode(tail.subarray(tail.length - 4));
  if (magic === 'PARE') throw encrypted(key);
  if (magic !== 'PAR1') throw notParquet(key, sizeBytes, 'its last bytes are not PAR1');
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const length = view.getUint32(tail.length - TRAILER_BYTES, true);
  if (length > sizeBytes - TRAILER_BYTES - PARQUET_MAGIC.length) {
    throw notParquet(key, sizeBytes, 'its footer is longer than the file');
  }
  if (length > MAX_FOOTER_BYTES) {
    throw new LimitError({
      message: `the Parquet footer of ${key} is too long`,
      limit: 'MAX_FOOTER_BYTES',
      value: length,
      max: MAX_FOOTER_BYTES,
    });
  }
  return length;
}

function keyValues(view: ThriftView): ReadonlyMap<string, string> {
  const pairs = view.structs(fileMetaData.keyValueMetadata, 'key_value_metadata');
  return new Map(
    pairs.map((pair) => [
      pair.text(keyValue.key, 'KeyValue.key'),
      pair.optionalText(keyValue.value, 'KeyValue.value') ?? '',
    ]),
  );
}

function notParquet(key: string, position: number, why: string): CorruptDataError {
  return new CorruptDataError({
    message: `${key} is no whole Parquet file: ${why}; restore it`,
    key,
    position,
  });
}

function encrypted(key: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `the Parquet file ${key} is encrypted`,
    features: ['parquet encryption'],
    side: 'read',
    remedy: 'rewrite it without encryption',
  });
}
