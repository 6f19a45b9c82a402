/** Byte ranges of one Parquet file, wherever it is stored. */
import { CorruptDataError, NotFoundError } from '../../errors.js';
import type { ByteRange, ObjectInfo, ObjectStore } from '../object-store.js';

/** A file that can be read by ranges. */
export interface ParquetSource {
  readonly key: string;
  readonly sizeBytes: number;
  /**
   * Exactly these bytes; the caller does not write to them, unless they are those of `into`, as long as the range,
   * which may be filled and answered.
   */
  read(range: ByteRange, signal?: AbortSignal, into?: Uint8Array): Promise<Uint8Array>;
}

/** How much of a file's end is read for its footer in the first request; most footers fit. */
export const FOOTER_READ_BYTES: number = 64 * 1024;

/** Two wanted ranges this near are read in one request: a request costs more than the bytes between. */
export const COALESCE_GAP_BYTES: number = 256 * 1024;

/**
 * A file in a store. The end of the file, read for its footer, is kept, so a small file takes one request.
 * @param file - what is known of it; given its ObjectInfo, reading also checks that it was not replaced meanwhile
 * The returned source's `read` throws NotFoundError when the object is gone, CorruptDataError when it is shorter than
 * was said or was replaced, and whatever the store throws.
 */
export function storeSource(
  store: ObjectStore,
  key: string,
  file: Pick<ObjectInfo, 'sizeBytes'> & Partial<Pick<ObjectInfo, 'etag'>>,
): ParquetSource {
  const { sizeBytes, etag } = file;
  let tail: { readonly start: number; readonly bytes: Uint8Array } | undefined;
  const read = async (
    { start, end }: ByteRange,
    signal?: AbortSignal,
    into?: Uint8Array,
  ): Promise<Uint8Array> => {
    if (tail !== undefined && start >= tail.start && end <= sizeBytes) {
      return tail.bytes.subarray(start - tail.start, end - tail.start);
    }
    const object = await store.get(key, { range: { start, end }, ifMatch: etag, into, signal });
    if (object === undefined) {
      const message = `the Parquet file ${key} does not exist`;
      throw new NotFoundError({ message, kind: 'object', thing: key });
    }
    checkLength(object.bytes, { start, end }, key);
    // Bytes read into a caller's memory are the caller's to give away.
    if (into === undefined && end === sizeBytes && end - start <= FOOTER_READ_BYTES) {
      tail = { start, bytes: object.bytes };
    }
    return object.bytes;
  };
  return { key, sizeBytes, read };
}

/** A file held in memory. */
export function bytesSource(bytes: Uint8Array, key: string): ParquetSource {
  return {
    key,
    sizeBytes: bytes.length,
    read: ({ start, end }) => {
      const range = bytes.subarray(start, end);
      checkLength(range, { start, end }, key);
      return Promise.resolve(range);
    },
  };
}

/**
 * Reads several ranges in as few requests as {@link COALESCE_GAP_BYTES} allows.
 * @returns the bytes of each range, in the order of `ranges`; some share one buffer
 */
export async function readRanges(
  source: ParquetSource,
  ranges: readonly ByteRange[],
  signal?: AbortSignal,
): Promise<Uint8Array[]> {
  return await Promise.all(beginRanges(source, ranges, { signal }));
}

/** How several ranges are read. */
export interface RangeReading {
  readonly signal?: AbortSignal | undefined;
  /** Memory that a request may be read into; of the source's own when there is none. */
  readonly roomFor?: ((request: ByteRange) => Uint8Array | undefined) | undefined;
}

/**
 * Begins what {@link readRanges} does.
 * @returns the bytes of each range when they are there; every one must be awaited
 */
export function beginRanges(
  source: ParquetSource,
  ranges: readonly ByteRange[],
  { signal, roomFor }: RangeReading,
): Promise<Uint8Array>[] {
  const bodies = coalesce(ranges).map((request) => ({
    request,
    body: source.read(request, signal, roomFor?.(request)),
  }));
  return ranges.map(async ({ start, end }) => {
    if (start === end) return new Uint8Array(0);
    const holder = bodies.find(({ request }) => request.start <= start && end <= request.end);
    if (holder === undefined) return new Uint8Array(0);
    const { start: first } = holder.request;
    return (await holder.body).subarray(start - first, end - first);
  });
}

/** `source` with these ranges at hand, read in as few requests as {@link readRanges} would take. */
export async function withRanges(
  source: ParquetSource,
  ranges: readonly ByteRange[],
  signal?: AbortSignal,
): Promise<ParquetSource> {
  const whole = coalesce(ranges);
  const bodies = await Promise.all(whole.map((range) => source.read(range, signal)));
  const read = async (wanted: ByteRange, stop?: AbortSignal): Promise<Uint8Array> => {
    const index = whole.findIndex(({ start, end }) => start <= wanted.start && wanted.end <= end);
    const start = whole[index]?.start ?? 0;
    const body = bodies[index];
    return body === undefined
      ? await source.read(wanted, stop)
      : body.subarray(wanted.start - start, wanted.end - start);
  };
  return { key: source.key, sizeBytes: source.sizeBytes, read };
}

/** The fewest ranges that cover these, none of them further apart than the gap. */
export function coalesce(ranges: readonly ByteRange[]): ByteRange[] {
  const sorted = ranges
    .filter(({ start, end }) => end > start)
    .sort((a, b) => a.start - b.start || a.end - b.end);
  const merged: ByteRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && range.start - last.end <= COALESCE_GAP_BYTES) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

function checkLength(bytes: Uint8Array, range: ByteRange, key: string): void {
  if (bytes.length === range.end - range.start) return;
  throw new CorruptDataError({
    message: `the Parquet file ${key} ends before its size says; restore it`,
    key,
    position: range.start + bytes.length,
  });
}
