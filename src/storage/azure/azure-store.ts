/** Objects in a container of Azure Blob Storage. */
import type { ContainerClient } from '@azure/storage-blob';
import type { Clock, Entropy } from '../../clock.js';
import { CorruptDataError, isVarveError, StorageUnavailableError } from '../../errors.js';
import { Deadline } from '../deadline.js';
import { compareKeys, FIRST_SURROGATE } from '../key.js';
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
import { checkBlobKey, checkBlobPrefix } from './blob-key.js';
import { Utf8Order } from './utf8-order.js';

/** A body above this is staged in blocks of this size. */
const BLOCK_BYTES: number = 8 * 1024 * 1024;
/** Blocks on their way at once. */
const BLOCKS_AT_ONCE = 4;

/** Time and chance of the requests. */
export interface AzureContext {
  readonly clock: Clock;
  /** Names blocks, so that two uploads of one blob never share any. */
  readonly entropy: Entropy;
}

/** Keys are blob names below `prefix`. The client must not retry: what may be retried is retried by who wraps this. */
export class AzureStore implements ObjectStore {
  readonly #container: ContainerClient;
  readonly #prefix: string;
  readonly #context: AzureContext;
  #startFromWorks = true;

  constructor(container: ContainerClient, prefix: string, context: AzureContext) {
    this.#container = container;
    this.#prefix = prefix;
    this.#context = context;
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | undefined> {
    checkBlobKey(key);
    const range = checkRange(options.range);
    const count = range === undefined ? undefined : range.end - range.start;
    if (range !== undefined && count === 0) return await this.#empty(key, options);
    const deadline = this.#deadline(options);
    try {
      const response = await this.#blob(key).download(range?.start ?? 0, count, {
        abortSignal: deadline.signal,
        ...(options.ifMatch === undefined ? {} : { conditions: { ifMatch: options.ifMatch } }),
      });
      const length = response.contentLength ?? 0;
      deadline.allow(length);
      const bytes = await readBody(response, length);
      if (bytes.length !== length) throw shortBody(key, length, bytes.length);
      return { bytes, info: downloadedInfo(key, response) };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isAbsent(error)) return undefined;
      if (statusOf(error) === 416) return await this.#empty(key, options);
      if (statusOf(error) === 412) throw replaced(key, error);
      throw failure(error, 'get', key);
    } finally {
      deadline.end();
    }
  }

  async head(key: string, options: CallContext = {}): Promise<ObjectInfo | undefined> {
    checkBlobKey(key);
    const deadline = this.#deadline(options);
    try {
      const found = await this.#blob(key).getProperties({ abortSignal: deadline.signal });
      return infoOf(key, found.contentLength, found);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isAbsent(error)) return undefined;
      throw failure(error, 'head', key);
    } finally {
      deadline.end();
    }
  }

  async putIfAbsent(key: string, body: Body, options: CallContext = {}): Promise<PutOutcome> {
    checkBlobKey(key);
    options.signal?.throwIfAborted();
    const bytes = joinBody(body);
    // Once it is sent only time ends it, for an abort would leave open whether it had its effect.
    const deadline = this.#deadline({}, bytes.length);
    try {
      // One request, never staged blocks: those would be left behind by a loser.
      await this.#blob(key).upload(bytes, bytes.length, {
        conditions: { ifNoneMatch: '*' },
        abortSignal: deadline.signal,
      });
      return 'created';
    } catch (error) {
      if (isVarveError(error)) throw error;
      if (isTaken(error)) return 'exists';
      // A signature that may only create sees a conflict as a refusal.
      if (statusOf(error) === 403 && (await this.#isThere(key))) return 'exists';
      if (isAmbiguous(error)) return 'unknown';
      throw failure(error, 'putIfAbsent', key);
    } finally {
      deadline.end();
    }
  }

  async put(key: string, body: Body, options: CallContext = {}): Promise<ObjectInfo> {
    checkBlobKey(key);
    const size = bodySize(body);
    try {
      const response =
        size <= BLOCK_BYTES
          ? await this.#within(options, size, (abortSignal) =>
              this.#blob(key).upload(joinBody(body), size, { abortSignal }),
            )
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
    checkBlobPrefix(prefix);
    const { startAfter, signal } = options;
    const order = new Utf8Order();
    for await (const { segment } of this.#pages(prefix, options)) {
      for (const { name, properties } of segment.blobItems) {
        const key = name.slice(this.#prefix.length);
        if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue;
        yield* order.next(infoOf(key, properties.contentLength, properties));
        signal?.throwIfAborted();
      }
    }
    yield* order.rest();
  }

  async delete(key: string, options: DeleteOptions = {}): Promise<DeleteOutcome> {
    checkBlobKey(key);
    const { ifMatch } = options;
    try {
      await this.#within(options, 0, (abortSignal) =>
        this.#blob(key).delete({
          abortSignal,
          ...(ifMatch === undefined ? {} : { conditions: { ifMatch } }),
        }),
      );
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

  #deadline({ signal }: CallContext, bytes = 0): Deadline {
    signal?.throwIfAborted();
    return new Deadline(this.#context.clock, signal, bytes);
  }

  async #within<T>(
    options: CallContext,
    bytes: number,
    request: (abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const deadline = this.#deadline(options, bytes);
    try {
      return await request(deadline.signal);
    } finally {
      deadline.end();
    }
  }

  /** The pages of a listing, each with a deadline of its own. */
  async *#pages(prefix: string, options: ListOptions): AsyncGenerator<Page, void, undefined> {
    const { signal, startAfter } = options;
    const from = this.#startFromWorks ? startFrom(prefix, startAfter) : undefined;
    let marker: string | undefined;
    for (let isFirst = true; isFirst || marker !== undefined; isFirst = false) {
      let page: Page;
      try {
        page = await this.#page(prefix, isFirst ? from : undefined, marker, options);
      } catch (error) {
        signal?.throwIfAborted();
        if (isAbsent(error)) return;
        if (isFirst && from !== undefined && statusOf(error) === 400) {
          // Older services, and some accounts with folders, do not know how to start in the middle.
          this.#startFromWorks = false;
          yield* this.#pages(prefix, options);
          return;
        }
        throw failure(error, 'list', prefix);
      }
      yield page;
      marker = page.continuationToken === '' ? undefined : page.continuationToken;
    }
  }

  async #page(
    prefix: string,
    from: string | undefined,
    marker: string | undefined,
    options: CallContext,
  ): Promise<Page> {
    const next = await this.#within(options, 0, (abortSignal) =>
      this.#container
        .listBlobsFlat({
          prefix: this.#prefix + prefix,
          abortSignal,
          ...(from === undefined ? {} : { startFrom: this.#prefix + from }),
        })
        .byPage(marker === undefined ? {} : { continuationToken: marker })
        .next(),
    );
    return next.done === true ? { segment: { blobItems: [] } } : next.value;
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
    const upload = this.#context.entropy.uuid();
    const ids = blocks.map((_block, at) => btoa(`${upload}-${String(at).padStart(8, '0')}`));
    for (let from = 0; from < blocks.length; from += BLOCKS_AT_ONCE) {
      const some = blocks.slice(from, from + BLOCKS_AT_ONCE);
      await Promise.all(
        some.map((block, at) =>
          this.#within(options, block.length, (abortSignal) =>
            blob.stageBlock(ids[from + at] ?? '', block, block.length, { abortSignal }),
          ),
        ),
      );
    }
    return await this.#within(options, 0, (abortSignal) =>
      blob.commitBlockList(ids, { abortSignal }),
    );
  }
}

type Page = {
  readonly continuationToken?: string | undefined;
  readonly segment: {
    readonly blobItems: readonly {
      readonly name: string;
      readonly properties: Described & { readonly contentLength?: number };
    }[];
  };
};

/**
 * Where the service may start: at `startAfter`, or earlier where it orders keys otherwise than we do; undefined when
 * that saves nothing.
 */
function startFrom(prefix: string, startAfter: string | undefined): string | undefined {
  if (startAfter === undefined || !startAfter.startsWith(prefix)) return undefined;
  for (let at = 0; at < startAfter.length; at++) {
    if (startAfter.charCodeAt(at) < FIRST_SURROGATE) continue;
    return at > prefix.length ? startAfter.slice(0, at) : undefined;
  }
  return startAfter === prefix ? undefined : startAfter;
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

function failure(error: unknown, operation: string, key: string): Error {
  if (isVarveError(error)) return error;
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
