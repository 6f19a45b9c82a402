/**
 * Bytes under keys: the one seam between Varve and any disk or cloud.
 *
 * A key is a path relative to the store's root: segments joined by `/`, no leading slash, no empty, `.` or `..`
 * segment, no NUL, compared and ordered by its UTF-8 bytes. Nothing in a key is decoded. Objects are whole: nobody
 * ever sees a part of one, and one is replaced, never changed.
 *
 * Absence is a value (`undefined`, `absent`), never an error, whatever of the place is missing. What is not a key is an
 * InvalidArgumentError, before anything is sent. Every other failure is an AccessDeniedError, a
 * StorageUnavailableError, an UnsupportedFeatureError (the place cannot do this at all), a NotFoundError (the place
 * must be made first), an InvalidArgumentError (the service does not take the request, whoever sends it) or, when a
 * signal was aborted, that signal's reason.
 */

import type { Clock, Entropy } from '../clock.js';

/** What every operation takes. */
export interface CallContext {
  /** Stops the operation; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** What a store knows of an object without reading it. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** Last modification by the store's own clock, whole milliseconds since 1970. */
  readonly modifiedMs: number;
  /** Changes whenever the object is replaced; on local disk made of inode, size and modification time. */
  readonly etag: string;
}

/** An object, or a range of it, as read. */
export interface StoredObject {
  /** Exactly the bytes that were asked for; shorter only where the object ends before the range does. */
  readonly bytes: Uint8Array;
  readonly info: ObjectInfo;
}

/** Bytes `start` (inclusive) to `end` (exclusive). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface GetOptions extends CallContext {
  /** Only this range. A range that begins at or after the end of the object gives no bytes. */
  readonly range?: ByteRange | undefined;
  /** Only if the object still has this etag; otherwise the answer is a CorruptDataError (replaced while it was read). */
  readonly ifMatch?: string | undefined;
  /**
   * Memory for the answer, as long as the range. A store may fill it and answer it as `bytes`, which saves a copy, or
   * leave it alone and answer bytes of its own; once it has answered or failed it does not touch it again.
   */
  readonly into?: Uint8Array | undefined;
  /**
   * Only once the object's name is sure to survive a power failure; where that cannot be brought about, the call rejects.
   * Of use to stores where an object is seen before it is durable, as on local disk.
   */
  readonly durable?: boolean | undefined;
}

export interface ListOptions extends CallContext {
  /** Only keys greater than this one, by UTF-8 bytes. */
  readonly startAfter?: string | undefined;
}

export interface DeleteOptions extends CallContext {
  /** Delete only while the object has this etag. On local disk this is checked just before, not at once with it. */
  readonly ifMatch?: string | undefined;
}

export interface PutIfAbsentOptions extends CallContext {
  /**
   * The key of an object that was seen: it must survive a power failure before this one may be seen, for its writer may
   * not have come to that yet. Of use to stores where an object is seen before it is durable, as on local disk.
   */
  readonly after?: string | undefined;
  /** Is told, before the answer `unknown`, for how many milliseconds the service asked to be left alone, if it did. */
  readonly onRetryAfter?: ((retryAfterMs: number) => void) | undefined;
}

/**
 * The answer of {@link ObjectStore.putIfAbsent}.
 * `created`: the object is there, durable, and these are its bytes. `exists`: another object was there first; nothing
 * was written. `unknown`: the store did not say, and the object may appear now or later: read the key to find out. One
 * that is there may not be durable yet (`durable` of a `get` makes sure).
 */
export type PutOutcome = 'created' | 'exists' | 'unknown';

/** The answer of {@link ObjectStore.delete}: `changed` when `ifMatch` no longer held. */
export type DeleteOutcome = 'deleted' | 'absent' | 'changed';

/** One object's bytes, in one piece or several that follow each other. */
export type Body = Uint8Array | readonly Uint8Array[];

export interface ObjectStore {
  /**
   * `get-only`: objects are read by their keys, and that is all; every other operation is an UnsupportedFeatureError,
   * `list` too. Absent: everything.
   */
  readonly access?: 'get-only' | undefined;
  /** Reads an object or a range of it; `undefined` when there is none. Never a short read. */
  get(key: string, options?: GetOptions): Promise<StoredObject | undefined>;
  /** What is known of an object; `undefined` when there is none. */
  head(key: string, options?: CallContext): Promise<ObjectInfo | undefined>;
  /**
   * Creates `key` only if nothing is there. Atomic and durable: of any number of concurrent calls exactly one creates,
   * no reader ever sees a part, and after `created` the object survives a power failure. Sent again only after an
   * answer that nothing was written: no retry of the store's own may turn a lost answer into `exists`. It throws only
   * when nothing was created and nothing that was sent can still create; an abort counts only until then.
   */
  putIfAbsent(key: string, body: Body, options?: PutIfAbsentOptions): Promise<PutOutcome>;
  /**
   * Creates or replaces `key`, atomically and durably. When it rejects, the key holds what it held before or, where
   * the answer was lost or the call was aborted, these bytes; never a part of them.
   */
  put(key: string, body: Body, options?: CallContext): Promise<ObjectInfo>;
  /**
   * Objects whose keys begin with `prefix`, ordered by the UTF-8 bytes of their keys, read page by page as it is
   * iterated. What is written or deleted during the iteration may be in it or not; everything else is, once.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>;
  /** Deletes `key`. After a lost answer that was retried, `absent` may be this call's own work. */
  delete(key: string, options?: DeleteOptions): Promise<DeleteOutcome>;
  /**
   * Copies within the store without passing the bytes through this process, where the store can; never replaces.
   * On local disk both keys become names of one file, which is safe because objects are replaced, never changed.
   * Where there is no `from`, it rejects with a NotFoundError.
   */
  copy?(from: string, to: string, options?: CallContext): Promise<PutOutcome>;
  /**
   * Elects one process to do maintenance: runs `work` and answers true, or answers false at once when another process
   * is at it. Only lessens double work: correctness never depends on it (leases expire under paused processes).
   */
  exclusively?(key: string, work: () => Promise<void>): Promise<boolean>;
  /**
   * Deletes what writes of this store that never ended left directly below `prefix`, a folder, and what was last
   * changed before `beforeMs`, milliseconds since 1970. No listing shows such files. The answer is how many they were.
   */
  sweep?(prefix: string, beforeMs: number, options?: CallContext): Promise<number>;
}

/** Turns URLs of its schemes into stores; given as `storage` to whatever opens tables. */
export interface StorageProvider {
  /** Schemes without the colon, lower case: `az`, `abfss`, `memory`. */
  readonly schemes: readonly string[];
  /** A store whose keys are relative to `url`. Must not connect: the first operation does. */
  open(url: URL): ObjectStore;
  /** The time of the tables opened through it, for tests; the machine's own when not given. */
  readonly clock?: Clock | undefined;
  /** The chance of the tables opened through it, for tests; the machine's own when not given. */
  readonly entropy?: Entropy | undefined;
}

/** The bytes of a body in one piece; the same array when it is one already. */
export function joinBody(body: Body): Uint8Array {
  if (body instanceof Uint8Array) return body;
  const [only] = body;
  if (only !== undefined && body.length === 1) return only;
  const joined = new Uint8Array(bodySize(body));
  let offset = 0;
  for (const part of body) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** How many bytes a body has. */
export function bodySize(body: Body): number {
  return bodyParts(body).reduce((sum, part) => sum + part.length, 0);
}

/** A body as its pieces. */
export function bodyParts(body: Body): readonly Uint8Array[] {
  return body instanceof Uint8Array ? [body] : body;
}
