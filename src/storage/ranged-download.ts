/** Large objects in parts at once, and what a broken connection cut off fetched by itself. */
import {
  CorruptDataError,
  isVarveError,
  StorageUnavailableError,
  UnsupportedFeatureError,
} from '../errors.js';
import type { ByteRange, GetOptions, ObjectInfo, StoredObject } from './object-store.js';
import type { Retries } from './retries.js';

/** What is fetched by one request; more is fetched in parts of this size. */
export const PART_BYTES: number = 8 * 1024 * 1024;
/** Parts on their way at once. */
export const PARTS_AT_ONCE = 4;
/** Times that an object may be replaced while it is read before the reading is given up. */
const MAX_RESTARTS = 3;

/** An answer whose body is still to come. It must be iterated, if only to the first chunk: that ends the request. */
export interface OpenDownload {
  /** Of the whole object. */
  readonly info: ObjectInfo;
  /** The first byte of the object that the body has. */
  readonly start: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * One request for a range, or for the whole object. Answers undefined where there is no object, and `beyond` where the
 * object has no byte of the range. Throws as {@link ObjectStore.get}; a body that breaks off does the same.
 */
export type Ask = (
  range: ByteRange | undefined,
  ifMatch: string | undefined,
  signal: AbortSignal | undefined,
) => Promise<OpenDownload | 'beyond' | undefined>;

/**
 * The bytes that `options` ask for, never fewer: lengths are verified, and all parts are of one object, held together
 * by its etag. What a fault cut off is asked for again from where it broke, by `retries`.
 */
export async function download(
  key: string,
  options: GetOptions,
  ask: Ask,
  retries: Retries,
): Promise<StoredObject | 'beyond' | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      return await new Download(key, options, ask, retries).run();
    } catch (error) {
      // Whoever named no etag asks for the object as it is now.
      const mayRestart = options.ifMatch === undefined && tries <= MAX_RESTARTS;
      if (!mayRestart || !isVarveError(error, 'CORRUPT_DATA')) throw error;
    }
  }
}

class Download {
  readonly #key: string;
  readonly #options: GetOptions;
  readonly #ask: Ask;
  readonly #retries: Retries;
  readonly #stop = new AbortController();
  /** Tells a part whose object has gone from every other failure. */
  readonly #gone: CorruptDataError;

  constructor(key: string, options: GetOptions, ask: Ask, retries: Retries) {
    this.#key = key;
    this.#options = options;
    this.#ask = ask;
    this.#retries = retries;
    this.#gone = replaced(key);
  }

  async run(): Promise<StoredObject | 'beyond' | undefined> {
    const { range, ifMatch, into, signal } = this.#options;
    const first = range && {
      start: range.start,
      end: Math.min(range.end, range.start + PART_BYTES),
    };
    const answer = await this.#retries.run(signal, () => this.#ask(first, ifMatch, signal));
    if (answer === undefined || answer === 'beyond') return answer;
    const { info } = answer;
    const start = range?.start ?? 0;
    const end = Math.min(range?.end ?? info.sizeBytes, info.sizeBytes);
    const bytes =
      into !== undefined && into.length >= end - start
        ? into.subarray(0, end - start)
        : new Uint8Array(end - start);
    const parts = cut(start, end).map((part) => ({
      ...part,
      into: bytes.subarray(part.start - start, part.end - start),
    }));
    const isThere = await this.#fillAll(parts, answer);
    return isThere ? { bytes, info } : undefined;
  }

  /** @returns false when the object has gone meanwhile */
  async #fillAll(parts: readonly Part[], first: OpenDownload): Promise<boolean> {
    const waiting = [...parts.entries()];
    let failure: { readonly error: unknown } | undefined;
    const fetchSome = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [at, part] = next;
        try {
          await this.#fill(part, first.info.etag, at === 0 ? first : undefined);
        } catch (error) {
          failure ??= { error };
          waiting.length = 0;
          this.#stop.abort();
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARTS_AT_ONCE, parts.length) }, fetchSome));
    this.#options.signal?.throwIfAborted();
    if (failure === undefined) return true;
    if (failure.error === this.#gone) return false;
    throw failure.error;
  }

  /** Fills a part, from `first` when that is given. */
  async #fill(part: Part, etag: string, first: OpenDownload | undefined): Promise<void> {
    const { signal } = this.#options;
    const stop = this.#stop.signal;
    const either = signal === undefined ? stop : AbortSignal.any([signal, stop]);
    let open = first;
    let filled = 0;
    await this.#retries.run(either, async () => {
      const from = part.start + filled;
      const answer = open ?? (await this.#ask({ start: from, end: part.end }, etag, either));
      open = undefined;
      if (answer === undefined) throw this.#gone;
      if (answer === 'beyond') throw replaced(this.#key);
      if (answer.start !== from) throw noRanges(this.#key);
      for await (const chunk of answer.body) {
        const wanted = chunk.subarray(0, part.into.length - filled);
        part.into.set(wanted, filled);
        filled += wanted.length;
        if (filled === part.into.length) return;
      }
      if (filled < part.into.length) throw brokeOff(this.#key, filled, part.into.length);
    });
  }
}

interface Part extends ByteRange {
  readonly into: Uint8Array;
}

/** At least one part, so that the first answer is read even where it has no bytes. */
function cut(start: number, end: number): readonly ByteRange[] {
  const parts: ByteRange[] = [];
  for (let from = start; from < end || parts.length === 0; from += PART_BYTES) {
    parts.push({ start: from, end: Math.min(from + PART_BYTES, end) });
  }
  return parts;
}

function replaced(key: string): CorruptDataError {
  return new CorruptDataError({ message: 'the object was replaced while it was read', key });
}

function brokeOff(key: string, got: number, wanted: number): StorageUnavailableError {
  return new StorageUnavailableError({
    message: `the answer ended after ${got} of ${wanted} bytes; try again`,
    key,
    operation: 'get',
  });
}

function noRanges(key: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `the server gave other bytes of ${JSON.stringify(key)} than it was asked for`,
    features: ['ranges'],
    side: 'read',
    remedy: 'take a service that gives ranges',
  });
}
