/** What a failed decode means to the caller. */
import { CorruptDataError, LimitError, UnsupportedFeatureError } from '../../errors.js';
import { MAX_PAGE_BYTES, type PageFault } from './page-walk.js';
import type { CodecOutcome } from './wasm-codec.js';

/** Uncompressed bytes of one row group's wanted columns: WebAssembly has 4 GiB, and each value is there up to 3 times. */
export const MAX_ROW_GROUP_BYTES: number = 1.5 * 1024 * 1024 * 1024;

/** A row group, for errors. */
export interface RowGroupPlace {
  readonly key: string;
  readonly rowGroupIndex: number;
}

export function decodeError(
  { message, trapped, wasmBytes, fault }: CodecOutcome & { readonly ok: false },
  { key, rowGroupIndex }: RowGroupPlace,
): Error {
  if (fault !== undefined) return pageError(fault, key);
  if (/^(nyi|not yet implemented)|unsupported|not supported|disabled feature/i.test(message)) {
    return unsupported(key, message);
  }
  // A module that trapped while its memory was nearly full ran out of it; anything else is the data's fault.
  const isFull = trapped && wasmBytes > MAX_ROW_GROUP_BYTES;
  if (isFull || /overflow decoding byte array/i.test(message)) return tooLarge(key, wasmBytes);
  return new CorruptDataError({
    message: `a row group of ${key} cannot be decoded; restore the file`,
    key,
    position: rowGroupIndex,
    cause: message,
  });
}

/** A damaged page, as the caller meets it. */
export function pageError(
  { kind, problem, column, position, value = 0 }: PageFault,
  key: string,
): Error {
  if (kind === 'unsupported') return unsupported(key, problem);
  const where = `a page of column ${column} at byte ${position} of ${key}`;
  if (kind === 'limit') {
    const message = `${where} ${problem}; rewrite the file with smaller pages`;
    return new LimitError({ message, limit: 'MAX_PAGE_BYTES', value, max: MAX_PAGE_BYTES });
  }
  const message = `${where} is damaged: ${problem}; restore the file`;
  return new CorruptDataError({ message, key, position, field: column });
}

/** A file that needs what we do not have. */
export function unsupported(key: string, feature: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `the Parquet file ${key} cannot be read`,
    features: [`parquet ${feature}`],
    side: 'read',
    remedy: 'rewrite the file with another engine',
  });
}

/** A row group beyond what WebAssembly can hold. */
export function tooLarge(key: string, value: number): LimitError {
  return new LimitError({
    message: `a row group of ${key} is too large to decode; select fewer columns`,
    limit: 'MAX_ROW_GROUP_BYTES',
    value,
    max: MAX_ROW_GROUP_BYTES,
  });
}
