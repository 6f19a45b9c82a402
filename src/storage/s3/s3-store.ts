/** Objects in a bucket of S3, or of a service that speaks its protocol. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Clock, Entropy } from '../../clock.js';
import { CorruptDataError, isVarveError, LimitError } from '../../errors.js';
import { Deadline } from '../deadline.js';
import { checkKey } from '../key.js';
import {
  type Body,
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
import { MAX_TRIES, type Retries } from '../retries.js';
import { tellRetryAfter } from '../retry-after.js';
import { answeredInfo, bodyChunks, firstByteOf, infoOf, notingDate } from './s3-answer.js';
import { CopyCondition, copyNew, noSource } from './s3-copy.js';
import {
  headerOf,
  isAbsent,
  isAmbiguous,
  isConditionFailed,
  isUndecided,
  s3Error,
  statusOf,
} from './s3-error.js';
import { type ListedBucket, listBucket } from './s3-list.js';
import { UPLOAD_PART_BYTES, type UploadTarget, uploadInParts } from './s3-upload.js';
import type { S3Place } from './s3-url.js';

/** S3 takes no more in one request. */
export const MAX_PUT_BYTES: number = 5 * 1024 ** 3;
const UNDECIDED_PAUSE_MS = 50;

/** Time and chance of the requests, and the retries of the bucket. */
export interface S3Context {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly retries: Retries;
}

interface SendOptions {
  readonly abortSignal: AbortSignal;
}

/** What a request is about, for its time and its errors. */
interface Request extends CallContext {
  readonly operation: string;
  readonly key: string;
  /** How many it carries. Default: none. */
  readonly bytes?: number;
}

/**
 * Keys are object keys below the place's prefix. The client must not retry: each request but put-if-absent is retried
 * here, by itself, so that a fault costs no more than what it hit. Etags are S3's: an object that is replaced by one
 * with the same bytes keeps its etag.
 */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #place: S3Place;
  readonly #context: S3Context;
  readonly #copyCondition: CopyCondition;

  constructor(client: S3Client, place: S3Place, context: S3Context) {
    this.#client = client;
    this.#place = place;
    this.#context = context;
    this.#copyCondition = new CopyCondition(context.entropy);
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | undefined> {
    checkKey(key);
    const range = checkRange(options.range);
    if (range !== undefined && range.start === range.end) return await this.#empty(key, options);
    const ask = this.#ask.bind(this, key);
    const found = await download(key, options, ask, this.#context.retries);
    return found === 'beyond' ? await this.#empty(key, options) : found;
  }

  async head(key: string, options: CallContext = {}): Promise<ObjectInfo | undefined> {
    checkKey(key);
    return await this.#send({ operation: 'head', key, ...options }, async (sent) => {
      try {
        const found = await this.#client.send(new HeadObjectCommand(this.#at(key)), sent);
        return infoOf(key, found.ContentLength, found);
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
    checkKey(key);
    const bytes = joinBody(body);
    if (bytes.length > MAX_PUT_BYTES) throw tooLarge(bytes.length);
    return await this.#writeNew(
      { operation: 'putIfAbsent', key, bytes: bytes.length, ...options },
      (sent) =>
        // One request, never parts: those would be left behind by a loser.
        this.#client.send(
          new PutObjectCommand({ ...this.#at(key), Body: bytes, IfNoneMatch: '*' }),
          sent,
        ),
    );
  }

  async put(key: string, body: Body, options: CallContext = {}): Promise<ObjectInfo> {
    checkKey(key);
    const size = bodySize(body);
    if (size > UPLOAD_PART_BYTES) return await this.#putParts(key, body, options);
    const bytes = joinBody(body);
    return await this.#send({ operation: 'put', key, bytes: size, ...options }, async (sent) => {
      const command = new PutObjectCommand({ ...this.#at(key), Body: bytes });
      const answeredAt = notingDate(command);
      const { ETag } = await this.#client.send(command, sent);
      return infoOf(key, size, { ETag, LastModified: answeredAt() });
    });
  }

  async *list(
    prefix: string,
    options: ListOptions = {},
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    const listed: ListedBucket = {
      client: this.#client,
      place: this.#place,
      send: (request) => this.#send({ operation: 'list', key: prefix, ...options }, request),
    };
    yield* listBucket(listed, prefix, options);
  }

  async delete(key: string, options: DeleteOptions = {}): Promise<DeleteOutcome> {
    checkKey(key);
    // S3 answers alike whether anything was there or not.
    const found = await this.head(key, options);
    if (found === undefined) return 'absent';
    const { ifMatch } = options;
    if (ifMatch !== undefined && found.etag !== ifMatch) return 'changed';
    const outcome = await this.#send({ operation: 'delete', key, ...options }, async (sent) => {
      try {
        const condition = ifMatch === undefined ? {} : { IfMatch: ifMatch };
        await this.#client.send(new DeleteObjectCommand({ ...this.#at(key), ...condition }), sent);
        return 'deleted';
      } catch (error) {
        if (isAbsent(error)) return 'absent';
        if (isConditionFailed(error)) return undefined;
        throw error;
      }
    });
    return outcome ?? ((await this.head(key, options)) === undefined ? 'absent' : 'changed');
  }

  /** By the service where it keeps the condition of a copy too, else through this process. */
  async copy(from: string, to: string, options: CallContext = {}): Promise<PutOutcome> {
    checkKey(from);
    checkKey(to);
    const [source, target] = [this.#at(from), this.#at(to)];
    const isKept = await this.#send({ operation: 'copy', key: to, ...options }, (sent) =>
      this.#copyCondition.isKept(this.#client, target, sent),
    );
    if (isKept) {
      return await this.#writeNew({ operation: 'copy', key: to, ...options }, (sent) =>
        copyNew(this.#client, source, target, sent),
      );
    }
    const object = await this.get(from, options);
    if (object === undefined) throw noSource(from);
    return await this.putIfAbsent(to, object.bytes, options);
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#place.bucket, Key: this.#place.prefix + key };
  }

  /** One request within its time, again where it failed in passing. */
  #send<T>(what: Request, request: (sent: SendOptions) => Promise<T>): Promise<T> {
    const { operation, key, bytes, signal } = what;
    return this.#context.retries.run(signal, async () => {
      signal?.throwIfAborted();
      const deadline = new Deadline(this.#context.clock, signal, bytes);
      try {
        return await request({ abortSignal: deadline.signal });
      } catch (error) {
        signal?.throwIfAborted();
        throw failure(error, operation, key);
      } finally {
        deadline.end();
      }
    });
  }

  /** A write on the condition that nothing is there: sent again only where the service says that it wrote nothing. */
  async #writeNew(
    what: Request & PutIfAbsentOptions,
    request: (sent: SendOptions) => Promise<unknown>,
  ): Promise<PutOutcome> {
    const { operation, key, bytes, signal } = what;
    const { clock, entropy } = this.#context;
    for (let tries = 1; ; tries++) {
      signal?.throwIfAborted();
      // Once it is sent only time ends it, for an abort would leave open whether it had its effect.
      const deadline = new Deadline(clock, undefined, bytes);
      try {
        await request({ abortSignal: deadline.signal });
        return 'created';
      } catch (error) {
        if (isVarveError(error)) throw error;
        if (isConditionFailed(error)) return 'exists';
        if (isAmbiguous(error)) {
          tellRetryAfter(what, (name) => headerOf(error, name));
          return 'unknown';
        }
        if (!isUndecided(error) || tries === MAX_TRIES) throw failure(error, operation, key);
      } finally {
        deadline.end();
      }
      await clock.sleep(UNDECIDED_PAUSE_MS * 2 ** tries * (0.5 + entropy.random() / 2), signal);
    }
  }

  /** Opens a body; its request's time goes on until the body was read. */
  async #ask(
    key: string,
    range: { readonly start: number; readonly end: number } | undefined,
    ifMatch: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<OpenDownload | 'beyond' | undefined> {
    signal?.throwIfAborted();
    const deadline = new Deadline(this.#context.clock, signal);
    const command = new GetObjectCommand({
      ...this.#at(key),
      ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }),
      ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
    });
    try {
      const answer = await this.#client.send(command, { abortSignal: deadline.signal });
      deadline.allow(Math.min(answer.ContentLength ?? 0, PART_BYTES));
      return {
        info: answeredInfo(key, answer),
        start: firstByteOf(answer),
        body: this.#chunks(key, answer.Body, deadline, signal),
      };
    } catch (error) {
      deadline.end();
      signal?.throwIfAborted();
      if (isAbsent(error)) return undefined;
      if (statusOf(error) === 416) return 'beyond';
      if (isConditionFailed(error)) throw replaced(key, error);
      throw failure(error, 'get', key);
    }
  }

  async *#chunks(
    key: string,
    body: unknown,
    deadline: Deadline,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* bodyChunks(body);
    } catch (error) {
      signal?.throwIfAborted();
      throw failure(error, 'get', key);
    } finally {
      deadline.end();
    }
  }

  /** A range without bytes of an object that may not be there. */
  async #empty(key: string, options: GetOptions): Promise<StoredObject | undefined> {
    const info = await this.head(key, options);
    if (info === undefined) return undefined;
    if (options.ifMatch !== undefined && options.ifMatch !== info.etag) throw replaced(key);
    return { bytes: new Uint8Array(0), info };
  }

  async #putParts(key: string, body: Body, options: CallContext): Promise<ObjectInfo> {
    options.signal?.throwIfAborted();
    const about = { operation: 'put', key };
    const target: UploadTarget = {
      client: this.#client,
      ...this.#at(key),
      uuid: this.#context.entropy.uuid(),
      sendAlways: (bytes, request) => this.#send({ ...about, bytes }, request),
    };
    const uploaded = await uploadInParts(target, body, (bytes, request) =>
      this.#send({ ...about, bytes, ...options }, request),
    );
    return infoOf(key, bodySize(body), uploaded);
  }
}

function failure(error: unknown, operation: string, key: string): Error {
  return isVarveError(error) ? error : s3Error(error, operation, key);
}

function replaced(key: string, cause?: unknown): CorruptDataError {
  return new CorruptDataError({ message: 'the object was replaced while it was read', key, cause });
}

function tooLarge(value: number): LimitError {
  return new LimitError({
    message: 'S3 takes no object of this size in one request',
    limit: 'MAX_PUT_BYTES',
    value,
    max: MAX_PUT_BYTES,
  });
}
