/**
 * Pins: names for versions that are to be kept, as side files of the table, `_varve/pins/<name>.json`. Folders that
 * begin with `_` are left alone by every engine's VACUUM. A pin protects against Varve's own vacuum and log clean-up;
 * other engines do not know it, so `verify` tells whether the files are still there.
 */

import { z } from 'zod';
import {
  AlreadyExistsError,
  CorruptDataError,
  DataGoneError,
  InvalidArgumentError,
  isVarveError,
  NotFoundError,
  StorageUnavailableError,
} from '../errors.js';
import { commitKey } from '../log/log-path.js';
import { loadSnapshot } from '../log/snapshot.js';
import { type Snapshot } from '../log/table-snapshot.js';
import type { PutIfAbsentOptions } from '../storage/object-store.js';
import { callOptions, checkOptions, textOf } from './call-options.js';
import { checkFiles } from './check-files.js';
import { checkNotCleaned } from './cleanup-intent.js';
import { latestSnapshot } from './open.js';
import type { CallOptions, CreatePinOptions } from './options.js';
import { pinnedSnapshot } from './pinned-snapshot.js';
import type { Pin, PinCheck } from './results.js';
import { describeValue } from './row/describe-value.js';
import type { TableState } from './table-state.js';

const FOLDER = '_varve/pins/';
/** Of what a Date can hold. */
const LAST_INSTANT_MS = 8_640_000_000_000_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

const createOptions = z.strictObject({
  ...callOptions,
  version: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  note: textOf.optional(),
});
const onlyCallOptions = z.strictObject(callOptions);
const deleteOptions = z.strictObject({ ...callOptions, ifMatch: z.string().optional() });
const pinFile = z.object({
  name: z.string(),
  version: z.number().int().min(0),
  tableId: z.string(),
  createdMs: z.number().min(-LAST_INSTANT_MS).max(LAST_INSTANT_MS),
  note: z.string().optional(),
});

/** The pins of one table. */
export class Pins {
  readonly #state: TableState;

  /** @internal */
  constructor(state: TableState) {
    this.#state = state;
  }

  /**
   * Pins a version. The pin is written first and the files are checked after it, so that whoever removes files and
   * looks for pins before it does will see the pin, or this call sees what is gone.
   *
   * @param name - letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 200
   * @throws InvalidArgumentError for another name
   * @throws AlreadyExistsError when there is a pin of that name
   * @throws NotFoundError (kind `version`) when there is no such version
   * @throws StorageUnavailableError when the store did not say whether the pin was written, or did not let the files be
   * looked at: the pin may be there
   * @throws DataGoneError when files of the version are gone, or log clean-up is removing it; no pin is left behind
   */
  async create(name: string, options: CreatePinOptions = {}): Promise<Pin> {
    const { version, note, signal } = checkOptions('pins.create', createOptions, options);
    checkName(name);
    const { log, environment } = this.#state;
    const snapshot =
      version === undefined
        ? await latestSnapshot(this.#state, signal)
        : await loadSnapshot(log, { version, signal });
    const content = {
      name,
      version: snapshot.version,
      tableId: snapshot.metadata.id,
      createdMs: environment.clock.now(),
      ...(note === undefined ? {} : { note }),
    };
    const key = keyOf(name);
    // A pin that outlives a power failure must not outlive its version.
    const after = commitKey(snapshot.version);
    const bytes = encoder.encode(`${JSON.stringify(content)}\n`);
    await this.#createFile(name, bytes, { after, signal });
    await this.#checkNotCleaned(key, snapshot.version, signal);
    const { missing } = await this.#check(snapshot, signal);
    if (missing.length > 0) {
      await log.store.delete(key);
      throw new DataGoneError({
        message: `version ${snapshot.version} cannot be pinned: files of it are gone; pin a later version`,
        version: snapshot.version,
        missing,
      });
    }
    return await this.get(name, { signal });
  }

  /** @throws NotFoundError (kind `pin`) when there is none of that name; CorruptDataError when its file is no pin */
  async get(name: string, options: CallOptions = {}): Promise<Pin> {
    const { signal } = checkOptions('pins.get', onlyCallOptions, options);
    checkName(name);
    const pin = await this.#read(keyOf(name), signal);
    if (pin === undefined) throw pinNotFound(name);
    return pin;
  }

  /** Every pin, by name. @throws CorruptDataError when a file among them is no pin */
  async list(options: CallOptions = {}): Promise<readonly Pin[]> {
    const { signal } = checkOptions('pins.list', onlyCallOptions, options);
    const pins: Pin[] = [];
    for await (const { key } of this.#state.log.store.list(FOLDER, { signal })) {
      if (!key.endsWith('.json')) continue;
      const pin = await this.#read(key, signal);
      if (pin !== undefined) pins.push(pin);
    }
    return pins;
  }

  /**
   * Whether every file of the pinned version is there, with its size.
   *
   * @throws NotFoundError (kind `pin`) when there is none of that name; kind `version` when the log no longer leads to
   * the version; kind `table` when another table is at this place
   */
  async verify(name: string, options: CallOptions = {}): Promise<PinCheck> {
    const { signal } = checkOptions('pins.verify', onlyCallOptions, options);
    const pin = await this.get(name, { signal });
    return await this.#check(await pinnedSnapshot(this.#state, pin, signal), signal);
  }

  /**
   * Deletes a pin, but only as it was read: by this call, or by the one whose `etag` is given as `ifMatch`.
   *
   * @throws NotFoundError (kind `pin`) when there is none
   * @throws AlreadyExistsError (kind `pin`) when another pin has taken its name meanwhile
   */
  async delete(
    name: string,
    options: CallOptions & { readonly ifMatch?: string | undefined } = {},
  ): Promise<void> {
    const { signal, ifMatch } = checkOptions('pins.delete', deleteOptions, options);
    const etag = ifMatch ?? (await this.get(name, { signal })).etag;
    const outcome = await this.#state.log.store.delete(keyOf(name), { ifMatch: etag, signal });
    if (outcome === 'absent') throw pinNotFound(name);
    if (outcome === 'changed') {
      throw new AlreadyExistsError({
        message: 'the pin was made anew since it was read, and was not deleted; read it again',
        kind: 'pin',
        thing: name,
      });
    }
  }

  async #checkNotCleaned(key: string, version: number, signal?: AbortSignal): Promise<void> {
    try {
      await checkNotCleaned(this.#state, version, key, signal);
    } catch (error) {
      if (isVarveError(error, 'DATA_GONE')) await this.#state.log.store.delete(key);
      throw error;
    }
  }

  async #createFile(
    name: string,
    bytes: Uint8Array,
    { after, signal }: PutIfAbsentOptions,
  ): Promise<void> {
    const key = keyOf(name);
    const outcome = await this.#state.log.store.putIfAbsent(key, bytes, { after, signal });
    if (outcome === 'exists') {
      throw new AlreadyExistsError({
        message: 'there is a pin of that name; delete it first, or take another name',
        kind: 'pin',
        thing: name,
      });
    }
    if (outcome === 'unknown') {
      throw new StorageUnavailableError({
        message: 'the store did not say whether the pin was written; look with pins.get',
        key,
        operation: 'putIfAbsent',
      });
    }
  }

  async #read(key: string, signal: AbortSignal | undefined): Promise<Pin | undefined> {
    const object = await this.#state.log.store.get(key, { signal });
    if (object === undefined) return undefined;
    const { createdMs, ...rest } = parsePin(object.bytes, key);
    return { ...rest, createdAt: new Date(createdMs), etag: object.info.etag };
  }

  async #check(snapshot: Snapshot, signal: AbortSignal | undefined): Promise<PinCheck> {
    const check = await checkFiles(snapshot, signal);
    const ok = check.missing.length === 0 && check.resized.length === 0;
    return { ok, version: snapshot.version, ...check };
  }
}

function keyOf(name: string): string {
  return `${FOLDER}${name}.json`;
}

function checkName(name: string): void {
  if (typeof name === 'string' && NAME.test(name)) return;
  throw new InvalidArgumentError({
    message: `${describeValue(name)} cannot be the name of a pin`,
    option: 'name',
    expected: 'letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 200',
  });
}

function pinNotFound(name: string): NotFoundError {
  return new NotFoundError({
    message: 'the table has no pin of that name; pins.list() gives those it has',
    kind: 'pin',
    thing: name,
  });
}

function parsePin(bytes: Uint8Array, key: string): z.output<typeof pinFile> {
  try {
    return pinFile.parse(JSON.parse(decoder.decode(bytes)));
  } catch (cause) {
    throw new CorruptDataError({
      message: 'the file is not a pin; repair or delete it',
      key,
      cause,
    });
  }
}
