/** Objects in a container of Azure Blob Storage. */
import type { ContainerClient } from '@azure/storage-blob';
import { CorruptDataError, StorageUnavailableError } from '../../errors.js';
import { checkKey, checkPrefix, compareKeys } from '../key.js';
import {
  type Body,
  bodyParts,
  bodySize,
  type CallContext,
  type DeleteOptions,
  type DeleteOutcome,
  type GetOptions,
  joinBody,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutOutcome,
  type StoredObject,
} from '../object-store.js';
import { checkRange } from '../range.js';
import { azureError, isAbsent, isAmbiguous, isTaken, statusOf } from './azure-error.js';
import { Utf8Order } from './utf8-order.js';

/** A body above this is staged in blocks of this size. */
const BLOCK_BYTES: number = 8 * 1024 * 1024;
/** Blocks on their way at once. */
const BLOCKS_AT_ONCE = 4;

/** Keys are blob names below `prefix`. The client must not retry: what may be retried is retried by who wraps this. */
export class AzureStore implements ObjectStore {
  readonly #container: ContainerClient;
  readonly #prefix: string;

  constructor(container: ContainerClient, prefix: string) {
    this.#container = container;
    this.#prefix = prefix;
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | undefined> {
    checkKey(key);
    const range = checkRange(options.range);
    const count = range === undefined ? undefined : range.end - range.start;
    if (range !== undefined && count === 0) return await this.#empty(key, options);
    try {
      const response = await this.#blob(key).download(range?.start ?? 0, count, {
        ...abort(options),
        ...(options.ifMatch === undefined ? {} : { conditions: { ifMatch: options.ifMatch } }),
      });
      const length = response.contentLength ?? 0;
      const bytes = await readBody(response, length);
      if (bytes.length !== length) throw shortBody(key, length, bytes.length);
      return { bytes, info: downloadedInfo(key, response) };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isAbsent(error)) return undefined;
      if (statusOf(error) === 416) return await this.#empty(key, options);
      if (statusOf(error) === 412) throw replaced(key, error);
      throw failure(error, 'get', key);
    }
  }

  async head(key: string, options: CallContext = {}): Promise<ObjectInfo | undefined> {
    checkKey(key);
    try {
      const found = await this.#blob(key).getProperties(abort(options));
      return infoOf(key, found.contentLength, found);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isAbsent(error)) return undefined;
      throw failure(error, 'head', key);
    }
  }

  async putIfAbsent(key: string, body: Body, options: CallContext = {}): Promise<PutOutcome> {
    checkKey(key);
    options.signal?.throwIfAborted();
    const bytes = joinBody(body);
    try {
      // One request, never staged blocks: those would be left behind by a loser.
      await this.#blob(key).upload(bytes, bytes.length, { conditions: { ifNoneMatch: '*' } });
      return 'created';
    } catch (error) {
      if (isTaken(error)) return 'exists';
      // A signature that may only create sees a conflict as a refusal.
      if (statusOf(error) === 403 && (await this.#isThere(key))) return 'exists';
      if (isAmbiguous(error)) return 'unknown';
      throw failure(error, 'putIfAbsent', key);
    }
  }

  async put(key: string, body: Body, options: CallContext = {}): Promise<ObjectInfo> {
    checkKey(key);
    const size = bodySize(body);
    try {
      const response =
        size <= BLOCK_BYTES
          ? await this.#blob(key).upload(joinBody(body), size, abort(options))
          : await this.#putBlocks(key, body, options);
      return infoOf(key, size, response);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw failure(error, 'put', key);
    }
  }

  async *list(
    prefix: string,
    options: ListOptions = {},
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    checkPrefix(prefix);
    const { startAfter, signal } = options;
    const pages = this.#container
      .listBlobsFlat({ prefix: this.#prefix + prefix, ...abort(options) })
      .byPage();
    const iterator = pages[Symbol.asyncIterator]();
    const order = new Utf8Order();
    for (;;) {
      signal?.throwIfAborted();
      const page = await nextPage(iterator, prefix, signal);
      if (page === undefined) {
        yield* order.rest();
        return;
      }
      for (const { name, properties } of page.segment.blobItems) {
        const key = name.slice(this.#prefix.length);
        if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue;
        yield* order.next(infoOf(key, properties.contentLength, properties));
      }
    }
  }

  async delete(key: string, options: DeleteOptions = {}): Promise<DeleteOutcome> {
    checkKey(key);
    try {
      await this.#blob(key).delete({
        ...abort(options),
        ...(options.ifMatch === undefined ? {} : { conditions: { ifMatch: options.ifMatch } }),
      });
      return 'deleted';
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isAbsent(error)) return 'absent';
      if (statusOf(error) === 412) return (await this.#isThere(key)) ? 'changed' : 'absent';
      throw failure(error, 'delete', key);
    }
  }

  #blob(key: string): ReturnType<ContainerClient['getBlockBlobClient']> {
    return this.#container.getBlockBlobClient(this.#prefix + key);
  }

  /** A range without bytes of an object that may not be there. */
  async #empty(key: string, options: GetOptions): Promise<StoredObject | undefined> {
    const info = await this.head(key, options);
    if (info === undefined) return undefined;
    if (options.ifMatch !== undefined && options.ifMatch !== info.etag) throw replaced(key);
    return { bytes: new Uint8Array(0), info };
  }

  async #isThere(key: string): Promise<boolean> {
    try {
      return (await this.head(key)) !== undefined;
    } catch {
      // Whoever may not look either has no right here at all, which is what the caller then says.
      return false;
    }
  }

  async #putBlocks(
    key: string,
    body: Body,
    options: CallContext,
  ): Promise<{ readonly etag?: string; readonly lastModified?: Date }> {
    const blob = this.#blob(key);
    const blocks = [...cut(body)];
    const ids = blocks.map((_block, at) => btoa(String(at).padStart(8, '0')));
    for (let from = 0; from < blocks.length; from += BLOCKS_AT_ONCE) {
      const some = blocks.slice(from, from + BLOCKS_AT_ONCE);
      await Promise.all(
        some.map((block, at) =>
          blob.stageBlock(ids[from + at] ?? '', block, block.length, abort(options)),
        ),
      );
    }
    return await blob.commitBlockList(ids, abort(options));
  }
}

type Page = {
  readonly segment: {
    readonly blobItems: readonly {
      readonly name: string;
      readonly properties: Described & { readonly contentLength?: number };
    }[];
  };
};

async function nextPage(
  pages: AsyncIterator<Page>,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<Page | undefined> {
  try {
    const next = await pages.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    signal?.throwIfAborted();
    if (isAbsent(error)) return undefined;
    throw failure(error, 'list', prefix);
  }
}

interface Described {
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
}

/** The service quotes etags in headers and not in listings. */
function infoOf(key: string, sizeBytes: number | undefined, described: Described): ObjectInfo {
  const etag = described.etag ?? '';
  return {
    key,
    sizeBytes: sizeBytes ?? 0,
    modifiedMs: described.lastModified?.getTime() ?? 0,
    etag: etag.startsWith('"') ? etag : `"${etag}"`,
  };
}

function downloadedInfo(
  key: string,
  response: Described & {
    readonly contentLength?: number | undefined;
    readonly contentRange?: string | undefined;
  },
): ObjectInfo {
  const total = /\/(\d+)$/u.exec(response.contentRange ?? '')?.[1];
  return infoOf(key, total === undefined ? response.contentLength : Number(total), response);
}

async function readBody(
  response: {
    readonly readableStreamBody?: AsyncIterable<unknown> | undefined;
    readonly blobBody?: Promise<Blob> | undefined;
  },
  length: number,
): Promise<Uint8Array> {
  if (response.blobBody !== undefined) {
    return new Uint8Array(await (await response.blobBody).arrayBuffer());
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of response.readableStreamBody ?? []) {
    const part = chunk as Uint8Array;
    if (at + part.length > length) return new Uint8Array(at + part.length);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.subarray(0, at);
}

/** Pieces of at most a block. */
function* cut(body: Body): Generator<Uint8Array, void, undefined> {
  for (const part of bodyParts(body)) {
    for (let from = 0; from < part.length; from += BLOCK_BYTES) {
      yield part.subarray(from, from + BLOCK_BYTES);
    }
  }
}

function abort({ signal }: CallContext): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function failure(error: unknown, operation: string, key: string): Error {
  if (error instanceof CorruptDataError || error instanceof StorageUnavailableError) return error;
  return azureError(error, operation, key);
}

function replaced(key: string, cause?: unknown): CorruptDataError {
  return new CorruptDataError({ message: 'the object was replaced while it was read', key, cause });
}

function shortBody(key: string, wanted: number, got: number): StorageUnavailableError {
  return new StorageUnavailableError({
    message: `the answer ended after ${got} of ${wanted} bytes; try again`,
    key,
    operation: 'get',
  });
}
