/** Objects in a container of Azure Blob Storage. */
import type { ContainerClient } from '@azure/storage-blob';
import type { Clock, Entropy } from '../../clock.js';
import { CorruptDataError, isVarveError } from '../../errors.js';
import { Deadline } from '../deadline.js';
import { compareKeys, FIRST_SURROGATE } from '../key.js';
import {
  type Body,
  type ByteRange,
  bodySize,
  type CallContext,
  type DeleteOptions,
  type DeleteOutcome,
  type GetOptions,
  joinBody,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutIfAbsentOptions,
  type PutOutcome,
  type StoredObject,
} from '../object-store.js';
import { checkRange } from '../range.js';
import { download, type OpenDownload, PART_BYTES } from '../ranged-download.js';
import type { Retries } from '../retries.js';
import { tellRetryAfter } from '../retry-after.js';
import {
  azureError,
  codeOf,
  headerOf,
  isAbsent,
  isAmbiguous,
  isTaken,
  statusOf,
} from './azure-error.js';
import { BLOCK_BYTES, type Send, uploadInBlocks } from './azure-upload.js';
import { checkBlobKey, checkBlobPrefix } from './blob-key.js';
import { Utf8Order } from './utf8-order.js';

/** What requests are made with. */
export interface AzureContext {
  readonly clock: Clock;
  /** Names blocks, so that two uploads of one blob never share any. */
  readonly entropy: Entropy;
  readonly retries: Retries;
}

/** A request: what for, and how many bytes it carries. */
interface Request extends CallContext {
  readonly operation: string;
  readonly key: string;
  readonly bytes?: number;
}

/**
 * Keys are blob names below `prefix`. The client must not retry: each request but put-if-absent is retried here, by
 * itself, so that a fault costs no more than what it hit.
 */
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
    if (range !== undefined && range.start === range.end) return await this.#empty(key, options);
    const ask = this.#ask.bind(this, key);
    const found = await download(key, options, ask, this.#context.retries);
    return found === 'beyond' ? await this.#empty(key, options) : found;
  }

  async head(key: string, options: CallContext = {}): Promise<ObjectInfo | undefined> {
    checkBlobKey(key);
    return await this.#send({ operation: 'head', key, ...options }, async (abortSignal) => {
      try {
        const found = await this.#blob(key).getProperties({ abortSignal });
        return infoOf(key, found.contentLength, found);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    });
  }

  async putIfAbsent(
    key: string,
    body: Body,
    options: PutIfAbsentOptions = {},
  ): Promise<PutOutcome> {
    checkBlobKey(key);
    options.signal?.throwIfAborted();
    const bytes = joinBody(body);
    // Once it is sent only time ends it, for an abort would leave open whether it had its effect.
    const deadline = new Deadline(this.#context.clock, undefined, bytes.length);
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
      if (isAmbiguous(error)) {
        tellRetryAfter(options, (name) => headerOf(error, name));
        return 'unknown';
      }
      throw failure(error, 'putIfAbsent', key);
    } finally {
      deadline.end();
    }
  }

  async put(key: string, body: Body, options: CallContext = {}): Promise<ObjectInfo> {
    checkBlobKey(key);
    const size = bodySize(body);
    const sent: Send = (bytes, request) =>
      this.#send({ operation: 'put', key, bytes, ...options }, request);
    const blob = this.#blob(key);
    const answer =
      size <= BLOCK_BYTES
        ? await sent(size, (abortSignal) => blob.upload(joinBody(body), size, { abortSignal }))
        : await uploadInBlocks({ blob, newName: () => this.#context.entropy.uuid() }, body, sent);
    return infoOf(key, size, answer);
  }

  async *list(
    prefix: string,
    options: ListOptions = {},
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    checkBlobPrefix(prefix);
    const { startAfter, signal } = options;
    const order = new Utf8Order();
    for await (const { segment } of this.#pages(prefix, options)) {
      for (const { name, properties, metadata } of segment.blobItems) {
        // Accounts with a hierarchical namespace list their folders as blobs.
        if (metadata?.['hdi_isfolder'] === 'true') continue;
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
    const conditions = options.ifMatch === undefined ? {} : { ifMatch: options.ifMatch };
    const outcome = await this.#send({ operation: 'delete', key, ...options }, async (signal) => {
      try {
        await this.#blob(key).delete({ abortSignal: signal, conditions });
        return 'deleted';
      } catch (error) {
        if (isAbsent(error)) return 'absent';
        if (statusOf(error) === 412 && codeOf(error) === 'ConditionNotMet') return undefined;
        throw error;
      }
    });
    return outcome ?? ((await this.#isThere(key)) ? 'changed' : 'absent');
  }

  #blob(key: string): ReturnType<ContainerClient['getBlockBlobClient']> {
    return this.#container.getBlockBlobClient(this.#prefix + key);
  }

  /** One request within its time, again where it failed in passing. */
  #send<T>(what: Request, request: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const { operation, key, bytes, signal } = what;
    return this.#context.retries.run(signal, async () => {
      signal?.throwIfAborted();
      const deadline = new Deadline(this.#context.clock, signal, bytes);
      try {
        return await request(deadline.signal);
      } catch (error) {
        signal?.throwIfAborted();
        throw failure(error, operation, key);
      } finally {
        deadline.end();
      }
    });
  }

  /** Opens a body; its request's time goes on until the body was read. */
  async #ask(
    key: string,
    range: ByteRange | undefined,
    ifMatch: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<OpenDownload | 'beyond' | undefined> {
    signal?.throwIfAborted();
    const deadline = new Deadline(this.#context.clock, signal);
    const start = range?.start ?? 0;
    const count = range === undefined ? undefined : range.end - start;
    try {
      const answer = await this.#blob(key).download(start, count, {
        abortSignal: deadline.signal,
        ...(ifMatch === undefined ? {} : { conditions: { ifMatch } }),
      });
      deadline.allow(Math.min(answer.contentLength ?? 0, PART_BYTES));
      const body = chunksOf(key, answer, deadline, signal);
      return { info: downloadedInfo(key, answer), start, body };
    } catch (error) {
      deadline.end();
      signal?.throwIfAborted();
      if (isAbsent(error)) return undefined;
      if (statusOf(error) === 416) return 'beyond';
      if (statusOf(error) === 412) throw replaced(key, error);
      throw failure(error, 'get', key);
    }
  }

  /** The pages of a listing, each with a deadline of its own. */
  async *#pages(prefix: string, options: ListOptions): AsyncGenerator<Page, void, undefined> {
    const { startAfter } = options;
    const from = this.#startFromWorks ? startFrom(prefix, startAfter) : undefined;
    let marker: string | undefined;
    for (let isFirst = true; isFirst || marker !== undefined; isFirst = false) {
      const page = await this.#page(prefix, isFirst ? from : undefined, marker, options);
      if (page === 'no startFrom') {
        this.#startFromWorks = false;
        yield* this.#pages(prefix, options);
        return;
      }
      if (page === undefined) return;
      yield page;
      marker = page.continuationToken === '' ? undefined : page.continuationToken;
    }
  }

  /** Undefined where there is no container. */
  async #page(
    prefix: string,
    from: string | undefined,
    marker: string | undefined,
    options: CallContext,
  ): Promise<Page | 'no startFrom' | undefined> {
    const request = { operation: 'list', key: prefix, ...options };
    return await this.#send(request, async (abortSignal) => {
      const pages = this.#container
        .listBlobsFlat({
          prefix: this.#prefix + prefix,
          includeMetadata: true,
          abortSignal,
          ...(from === undefined ? {} : { startFrom: this.#prefix + from }),
        })
        .byPage(marker === undefined ? {} : { continuationToken: marker });
      try {
        const next = await pages.next();
        return next.done === true ? undefined : next.value;
      } catch (error) {
        if (isAbsent(error)) return undefined;
        // Older services, and some accounts with folders, do not know how to start in the middle.
        if (from !== undefined && statusOf(error) === 400) return 'no startFrom';
        throw error;
      }
    });
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
}

type Page = {
  readonly continuationToken?: string | undefined;
  readonly segment: {
    readonly blobItems: readonly {
      readonly name: string;
      readonly properties: Described & { readonly contentLength?: number };
      readonly metadata?: Readonly<Record<string, string>>;
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

/** The body of a download, in the time that it has. */
async function* chunksOf(
  key: string,
  { readableStreamBody, blobBody }: Downloaded,
  deadline: Deadline,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (blobBody !== undefined) yield new Uint8Array(await (await blobBody).arrayBuffer());
    for await (const chunk of readableStreamBody ?? []) yield chunk as Uint8Array;
  } catch (error) {
    signal?.throwIfAborted();
    throw failure(error, 'get', key);
  } finally {
    deadline.end();
  }
}

/** Under Node a stream, in browsers a blob. */
interface Downloaded {
  readonly readableStreamBody?: AsyncIterable<unknown> | undefined;
  readonly blobBody?: Promise<Blob> | undefined;
}

function failure(error: unknown, operation: string, key: string): Error {
  if (isVarveError(error)) return error;
  return azureError(error, operation, key);
}

function replaced(key: string, cause?: unknown): CorruptDataError {
  return new CorruptDataError({ message: 'the object was replaced while it was read', key, cause });
}
