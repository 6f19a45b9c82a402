/** Objects in a bucket of Google Cloud Storage. */
import { CorruptDataError, NotFoundError, StorageUnavailableError } from '../../errors.js';
import { compareKeys } from '../key.js';
import {
  type Body,
  type ByteRange,
  bodySize,
  type CallContext,
  type DeleteOptions,
  type DeleteOutcome,
  type GetOptions,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutIfAbsentOptions,
  type PutOutcome,
  type StoredObject,
} from '../object-store.js';
import { checkRange } from '../range.js';
import { download, type OpenDownload } from '../ranged-download.js';
import { tellRetryAfter } from '../retry-after.js';
import { crc32cText } from './crc32c.js';
import { isAmbiguous, networkError, refusal } from './gcs-error.js';
import { type Begun, discarded, type GcsRequests, type Wanted } from './gcs-requests.js';
import {
  type Downloaded,
  downloaded,
  generationOf,
  infoOf,
  OBJECT_FIELDS,
  type ObjectResource,
} from './gcs-resource.js';
import { CHUNK_BYTES, type UploadPlace, uploadInChunks, wholeUpload } from './gcs-upload.js';
import { checkName, checkNamePrefix } from './gcs-url.js';

/** Downloads of an object whose bytes are not those that are stored, before that is told. */
const MAX_DOWNLOADS = 3;

/** Keys are names behind `prefix`. Each request is tried again by itself; put-if-absent and copy are not. */
export class GcsStore implements ObjectStore {
  readonly #requests: GcsRequests;
  readonly #place: UploadPlace;
  readonly #prefix: string;

  constructor(place: UploadPlace, prefix: string) {
    this.#requests = place.requests;
    this.#place = place;
    this.#prefix = prefix;
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | undefined> {
    checkName(this.#prefix, key);
    const { signal, ifMatch } = options;
    const range = checkRange(options.range);
    const isForeign = ifMatch !== undefined && generationOf(ifMatch) === undefined;
    if (isForeign || (range !== undefined && range.start === range.end)) {
      return await this.#empty(key, options);
    }
    for (let tries = 1; ; tries++) {
      let told: Downloaded | undefined;
      const object = await download(
        key,
        options,
        async (part, etag, stop) => {
          const answer = await this.#ask(key, part, etag, stop);
          told = answer?.described ?? told;
          return answer?.open;
        },
        this.#requests.retries,
      );
      if (object === 'beyond') return await this.#empty(key, options);
      if (object === undefined || told === undefined) return undefined;
      if (isIntact(object, told)) return await this.#dated(object, told, signal);
      if (tries === MAX_DOWNLOADS) throw damaged(key);
    }
  }

  async head(key: string, options: CallContext = {}): Promise<ObjectInfo | undefined> {
    checkName(this.#prefix, key);
    return await this.#head(key, options);
  }

  async putIfAbsent(
    key: string,
    body: Body,
    options: PutIfAbsentOptions = {},
  ): Promise<PutOutcome> {
    checkName(this.#prefix, key);
    options.signal?.throwIfAborted();
    const upload = { operation: 'putIfAbsent', key, name: this.#prefix + key, body } as const;
    const request = wholeUpload(this.#place, upload);
    const outcome = await this.#requests.sure(request, (answer) =>
      this.#created(answer, { ...upload, onRetryAfter: options.onRetryAfter }),
    );
    return outcome ?? 'unknown';
  }

  async put(key: string, body: Body, options: CallContext = {}): Promise<ObjectInfo> {
    checkName(this.#prefix, key);
    options.signal?.throwIfAborted();
    const upload = { operation: 'put', key, name: this.#prefix + key, body } as const;
    const size = bodySize(body);
    if (size > CHUNK_BYTES)
      return infoOf(key, await uploadInChunks(this.#place, upload, options.signal));
    const request = wholeUpload(this.#place, upload);
    return await this.#requests.run(request, options.signal, async (response) => {
      if (!response.ok) throw await refusal(response, request);
      return infoOf(key, (await response.json()) as ObjectResource);
    });
  }

  async *list(
    prefix: string,
    options: ListOptions = {},
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    checkNamePrefix(prefix);
    const { startAfter, signal } = options;
    const isUseful = startAfter !== undefined && compareKeys(startAfter, prefix) > 0;
    const startOffset = isUseful ? this.#prefix + startAfter : undefined;
    let pageToken: string | undefined;
    do {
      const page = await this.#page(prefix, { startOffset, pageToken }, signal);
      for (const resource of page.items ?? []) {
        const key = resource.name.slice(this.#prefix.length);
        // Folders of the console: no key ends with a slash.
        if (key.endsWith('/') || key === '') continue;
        if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue;
        yield infoOf(key, resource);
        signal?.throwIfAborted();
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }

  async delete(key: string, options: DeleteOptions = {}): Promise<DeleteOutcome> {
    checkName(this.#prefix, key);
    const { ifMatch, signal } = options;
    const generation = ifMatch === undefined ? undefined : generationOf(ifMatch);
    const notDone = async (): Promise<DeleteOutcome> =>
      (await this.#head(key, options)) === undefined ? 'absent' : 'changed';
    if (ifMatch !== undefined && generation === undefined) return await notDone();
    const query = { ifGenerationMatch: generation };
    const path = this.#path(key);
    const request = { operation: 'delete', key, method: 'DELETE', path, query } as const;
    return await this.#requests.run(request, signal, async (response) => {
      if (response.ok) return await discarded(response, 'deleted');
      if (response.status === 404) return await discarded(response, 'absent');
      if (response.status === 412) return await discarded(response, await notDone());
      throw await refusal(response, request);
    });
  }

  async copy(from: string, to: string, options: CallContext = {}): Promise<PutOutcome> {
    checkName(this.#prefix, from);
    checkName(this.#prefix, to);
    const target = encodeURIComponent(this.#prefix + to);
    const bucket = encodeURIComponent(this.#place.bucket);
    const path = `${this.#path(from)}/rewriteTo/b/${bucket}/o/${target}`;
    let rewriteToken: string | undefined;
    for (;;) {
      options.signal?.throwIfAborted();
      const query = { ifGenerationMatch: '0', rewriteToken, fields: 'done,rewriteToken' };
      const request = { operation: 'copy', key: from, method: 'POST', path, query } as const;
      const answer = await this.#requests.sure(request, async (response) => {
        if (response.status === 404) throw await discarded(response, nothingToCopy(from));
        if (!response.ok) return await this.#created(response, { operation: 'copy', key: to });
        return (await response.json()) as Rewritten;
      });
      if (answer === undefined || typeof answer === 'string') return answer ?? 'unknown';
      if (answer.done === true) return 'created';
      rewriteToken = answer.rewriteToken;
    }
  }

  /** What became of a request that may only create. */
  async #created(
    response: Response,
    asked: Pick<PutIfAbsentOptions, 'onRetryAfter'> & {
      readonly operation: string;
      readonly key: string;
    },
  ): Promise<PutOutcome> {
    const { ok, status, headers } = response;
    if (ok) return await discarded(response, 'created');
    if (status === 412) return await discarded(response, 'exists');
    if (isAmbiguous(status)) {
      tellRetryAfter(asked, (name) => headers.get(name));
      return await discarded(response, 'unknown');
    }
    // Who may create and not replace sees a conflict as a refusal.
    if (status === 403 && (await this.#isThere(asked.key))) {
      return await discarded(response, 'exists');
    }
    throw await refusal(response, asked);
  }

  async #isThere(key: string): Promise<boolean> {
    try {
      return (await this.#head(key, {})) !== undefined;
    } catch {
      // Whoever may not look either has no right here at all, which is what the caller then says.
      return false;
    }
  }

  async #head(
    key: string,
    { signal }: CallContext,
    generation?: string,
  ): Promise<ObjectInfo | undefined> {
    const query = { fields: OBJECT_FIELDS, generation };
    const request = {
      operation: 'head',
      key,
      method: 'GET',
      path: this.#path(key),
      query,
    } as const;
    return await this.#requests.run(request, signal, async (response) => {
      if (response.status === 404) return await discarded(response, undefined);
      if (!response.ok) throw await refusal(response, request);
      return infoOf(key, (await response.json()) as ObjectResource);
    });
  }

  /** A range without bytes of an object that may not be there, or not be the one that is meant. */
  async #empty(key: string, options: GetOptions): Promise<StoredObject | undefined> {
    const info = await this.#head(key, options);
    if (info === undefined) return undefined;
    if (options.ifMatch !== undefined && options.ifMatch !== info.etag) throw replaced(key);
    return { bytes: new Uint8Array(0), info };
  }

  /** One request for a range, or for the whole. */
  async #ask(
    key: string,
    range: ByteRange | undefined,
    ifMatch: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Answered | undefined> {
    // By the XML API, whose answers say when the object was written; those of the other do not.
    const segments = [this.#place.bucket, ...(this.#prefix + key).split('/')];
    const { userProject } = this.#requests.service;
    const request: Wanted = {
      operation: 'get',
      key,
      method: 'GET',
      path: segments.map((segment) => `/${encodeURIComponent(segment)}`).join(''),
      headers: {
        ...(range && { range: `bytes=${range.start}-${range.end - 1}` }),
        ...(ifMatch !== undefined && { 'x-goog-if-generation-match': ifMatch }),
        ...(userProject !== undefined && { 'x-goog-user-project': userProject }),
      },
    };
    const begun = await this.#requests.begin(request, signal);
    const { response, deadline } = begun;
    try {
      const { status } = response;
      if (status === 404 || status === 416) {
        await discarded(response, undefined);
        deadline.end();
        return status === 404 ? undefined : { open: 'beyond' };
      }
      if (status === 412) throw await discarded(response, replaced(key));
      if (!response.ok) throw await refusal(response, request);
      const described = downloaded(response, key);
      if (described === undefined) throw networkError('headers are missing', false, request);
      const { generation, sizeBytes, modifiedMs = 0, start } = described;
      const info = { key, sizeBytes, modifiedMs, etag: generation };
      deadline.allow((range?.end ?? sizeBytes) - start);
      return { open: { info, start, body: bodyOf(begun) }, described };
    } catch (error) {
      deadline.end();
      throw error;
    }
  }

  /** Where a download does not say when the object was written, as in some emulators, that is asked for. */
  async #dated(
    object: StoredObject,
    { generation, modifiedMs }: Downloaded,
    signal: AbortSignal | undefined,
  ): Promise<StoredObject> {
    if (modifiedMs !== undefined) return object;
    const info = await this.#head(object.info.key, { signal }, generation);
    return { bytes: object.bytes, info: info ?? object.info };
  }

  async #page(
    prefix: string,
    from: { readonly startOffset: string | undefined; readonly pageToken: string | undefined },
    signal: AbortSignal | undefined,
  ): Promise<Page> {
    const fields = `items(${OBJECT_FIELDS}),nextPageToken`;
    const query = { prefix: this.#prefix + prefix, fields, ...from };
    const path = `/storage/v1/b/${encodeURIComponent(this.#place.bucket)}/o`;
    const request = { operation: 'list', key: prefix, method: 'GET', path, query } as const;
    return await this.#requests.run(request, signal, async (response) => {
      if (response.status === 404) return await discarded(response, {});
      if (!response.ok) throw await refusal(response, request);
      return (await response.json()) as Page;
    });
  }

  #path(key: string): string {
    const bucket = encodeURIComponent(this.#place.bucket);
    return `/storage/v1/b/${bucket}/o/${encodeURIComponent(this.#prefix + key)}`;
  }
}

/** A download that was begun, and what its answer says. */
interface Answered {
  readonly open: OpenDownload | 'beyond';
  readonly described?: Downloaded;
}

/** The body of a download, in the time that it has. */
async function* bodyOf({
  response,
  deadline,
  failure,
}: Begun): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* (response.body ?? []) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw failure(error);
  } finally {
    deadline.end();
  }
}

/** Whether the bytes are those that are stored; of a part nobody can tell. */
function isIntact({ bytes, info }: StoredObject, { crc32c, generation }: Downloaded): boolean {
  const isWhole = bytes.length === info.sizeBytes && generation === info.etag;
  return !isWhole || crc32c === undefined || crc32cText(bytes) === crc32c;
}

interface Page {
  readonly items?: readonly ObjectResource[];
  readonly nextPageToken?: string;
}

interface Rewritten {
  readonly done?: boolean;
  readonly rewriteToken?: string;
}

function replaced(key: string): CorruptDataError {
  return new CorruptDataError({ message: 'the object was replaced while it was read', key });
}

function damaged(key: string): StorageUnavailableError {
  return new StorageUnavailableError({
    message: 'the bytes that came are not those that are stored: their checksum differs; try again',
    key,
    operation: 'get',
  });
}

function nothingToCopy(from: string): NotFoundError {
  return new NotFoundError({
    message: 'there is no object to copy',
    kind: 'object',
    thing: from,
  });
}
