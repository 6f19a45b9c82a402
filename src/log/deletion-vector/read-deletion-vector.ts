/** From a descriptor in the log to the rows that it removes. PROTOCOL.md "Deletion Vectors". */
import {
  CorruptDataError,
  isVarveError,
  LimitError,
  UnsupportedFeatureError,
} from '../../errors.js';
import { crc32 } from '../../storage/parquet/crc32.js';
import { encodeActionPath } from '../action-path.js';
import type { DeletionVectorDescriptor } from '../actions.js';
import { fileKey, type TableRoots } from '../file-key.js';
import { LOG } from '../log-path.js';
import type { LogContext } from '../table-snapshot.js';
import { FileWindows } from './file-windows.js';
import { decodeRowBitmap } from './roaring.js';
import { RowBitmap } from './row-bitmap.js';
import { decodeZ85 } from './z85.js';

/** Two thousand million rows as plain bits: more than any one data file holds. */
export const MAX_DELETION_VECTOR_BYTES: number = 256 * 1024 * 1024;

/** The version of deletion vector files, their first byte. */
const FILE_VERSION = 1;
/** Before a vector in its file its size, behind it its checksum. */
const SIZE_BYTES = 4;
const CHECKSUM_BYTES = 4;
/** A UUID in Z85. */
const UUID_CHARACTERS = 20;

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** What is known already of files that hold several vectors. */
  readonly windows?: FileWindows | undefined;
}

/**
 * Reads a deletion vector, stored inline or in a file of the table; its checksum, where it has one,
 * and its cardinality are verified.
 *
 * @throws CorruptDataError when descriptor, file or bitmap are damaged or do not agree;
 * NotFoundError when the file is not there; UnsupportedFeatureError for a file outside the table's
 * root and for another storage type; LimitError for one of more than
 * {@link MAX_DELETION_VECTOR_BYTES} bytes; whatever the store throws
 */
export async function readDeletionVector(
  log: LogContext,
  descriptor: DeletionVectorDescriptor,
  options: ReadOptions = {},
): Promise<RowBitmap> {
  const { cardinality, sizeInBytes, storageType } = descriptor;
  checkSize(descriptor);
  if (sizeInBytes === 0 && cardinality === 0) return new RowBitmap([]);
  const key = storageType === 'i' ? LOG : deletionVectorKey(descriptor, log);
  const bytes =
    storageType === 'i' ? inlineBytes(descriptor) : await fileBytes(log, key, descriptor, options);
  const bitmap = decodeRowBitmap(bytes, key);
  if (bitmap.cardinality === cardinality) return bitmap;
  const found = `it holds ${bitmap.cardinality} rows and the log says ${cardinality}`;
  throw damaged(found, key);
}

/** The key of the file that a descriptor names. Throws as {@link readDeletionVector}. */
export function deletionVectorKey(descriptor: DeletionVectorDescriptor, roots: TableRoots): string {
  const { storageType, pathOrInlineDv } = descriptor;
  const path = storageType === 'u' ? relativePath(pathOrInlineDv) : pathOrInlineDv;
  if (storageType !== 'u' && storageType !== 'p') {
    throw new UnsupportedFeatureError({
      message: `a deletion vector is stored in a way that varve does not know: ${JSON.stringify(storageType)}`,
      features: ['deletionVectors'],
      side: 'read',
      remedy: 'use a newer varve, or purge the deletion vectors (REORG TABLE ... APPLY (PURGE))',
    });
  }
  return fileKey(path, roots);
}

function checkSize({ sizeInBytes, cardinality, offset = 0 }: DeletionVectorDescriptor): void {
  for (const value of [sizeInBytes, cardinality, offset]) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw damaged('its descriptor has a size that is none', LOG);
    }
  }
  if (sizeInBytes <= MAX_DELETION_VECTOR_BYTES) return;
  throw new LimitError({
    message: 'a deletion vector is too large to read',
    limit: 'MAX_DELETION_VECTOR_BYTES',
    value: sizeInBytes,
    max: MAX_DELETION_VECTOR_BYTES,
  });
}

/** The last characters are a UUID, what is before them the name of a folder, spelled as it is. */
function relativePath(text: string): string {
  const bytes = decodeZ85(text.slice(-UUID_CHARACTERS));
  if (bytes?.length !== 16) throw damaged('its descriptor has no UUID', LOG);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const folder = text.slice(0, -UUID_CHARACTERS);
  const name = `deletion_vector_${uuid}.bin`;
  try {
    return folder === '' ? name : `${encodeActionPath(folder)}/${name}`;
  } catch (error) {
    if (!isVarveError(error, 'INVALID_ARGUMENT')) throw error;
    throw damaged('its descriptor has a folder that is no name', LOG);
  }
}

function inlineBytes({ pathOrInlineDv, sizeInBytes }: DeletionVectorDescriptor): Uint8Array {
  const bytes = decodeZ85(pathOrInlineDv);
  if (bytes === undefined || bytes.length < sizeInBytes) {
    throw damaged('its text in the log is not its bytes', LOG);
  }
  // Z85 knows multiples of four bytes only.
  return bytes.subarray(0, sizeInBytes);
}

async function fileBytes(
  { store }: LogContext,
  key: string,
  { offset = 0, sizeInBytes }: DeletionVectorDescriptor,
  { signal, windows = new FileWindows(store) }: ReadOptions,
): Promise<Uint8Array> {
  // The version is read with the first vector; it costs nothing there, and a request elsewhere.
  const start = offset <= 1 ? 0 : offset;
  const end = Math.max(offset, 1) + SIZE_BYTES + sizeInBytes + CHECKSUM_BYTES;
  const bytes = await windows.read(key, { start, end }, signal);
  if (start > 0) return checkedBytes(bytes, sizeInBytes, key);
  // Without an offset the protocol means 0, where Spark puts the version and no vector begins.
  if (offset === 0 && sizeAt(bytes, 0) === sizeInBytes) {
    return checkedBytes(bytes, sizeInBytes, key);
  }
  if (bytes[0] !== FILE_VERSION) throw damaged('its file is of an unknown version', key);
  return checkedBytes(bytes.subarray(1), sizeInBytes, key);
}

/** The vector out of `size, vector, checksum`. */
function checkedBytes(bytes: Uint8Array, sizeInBytes: number, key: string): Uint8Array {
  const stored = bytes.subarray(SIZE_BYTES, SIZE_BYTES + sizeInBytes);
  if (sizeAt(bytes, 0) !== sizeInBytes || stored.length < sizeInBytes) {
    throw damaged('its file holds another size than the log says', key);
  }
  if (sizeAt(bytes, SIZE_BYTES + sizeInBytes) !== crc32(stored)) {
    throw damaged('its checksum does not match', key);
  }
  return stored;
}

/** The big-endian number at a place; undefined where the bytes end before. */
function sizeAt(bytes: Uint8Array, at: number): number | undefined {
  if (at + 4 > bytes.length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
}

function damaged(what: string, key: string): CorruptDataError {
  return new CorruptDataError({
    message: `a deletion vector is damaged: ${what}; restore it, or read another version`,
    key,
    field: 'deletionVector',
  });
}
