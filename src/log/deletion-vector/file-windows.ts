/** The beginnings of deletion vector files, read once: engines put the vectors of many data files into one. */
import { NotFoundError } from '../../errors.js';
import type { ByteRange, ObjectStore } from '../../storage/object-store.js';

/** How much of a file is read with its first vector: a request costs more than the bytes. */
export const WINDOW_BYTES: number = 256 * 1024;
/** Files whose beginnings are kept. */
const MAX_WINDOWS = 16;

/** For one scan: a file's beginning stays in memory until those of others take its place. */
export class FileWindows {
  readonly #store: ObjectStore;
  readonly #windows = new Map<string, Promise<Uint8Array>>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /**
   * The bytes of a range, fewer where the file ends before.
   *
   * @param signal - of the scan: the first to ask for a file reads for all
   * @throws NotFoundError when there is no such file; whatever the store throws
   */
  async read(key: string, range: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    if (range.end > WINDOW_BYTES) return await readRange(this.#store, key, range, signal);
    const window = this.#windows.get(key) ?? this.#open(key, signal);
    return (await window).subarray(range.start, range.end);
  }

  #open(key: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const window = readRange(this.#store, key, { start: 0, end: WINDOW_BYTES }, signal);
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined && this.#windows.size >= MAX_WINDOWS) this.#windows.delete(oldest);
    this.#windows.set(key, window);
    return window;
  }
}

async function readRange(
  store: ObjectStore,
  key: string,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const object = await store.get(key, { range, signal });
  if (object !== undefined) return object.bytes;
  const message = `the deletion vector file ${key} does not exist`;
  throw new NotFoundError({ message, kind: 'object', thing: key });
}
