/**
 * The log of a store that cannot list: found by the hint and by asking for one version after the other. A checkpoint is
 * reached only through the hint, which names it.
 */
import { type AccessDeniedError, isVarveError } from '../errors.js';
import type {
  CallContext,
  ObjectInfo,
  ObjectStore,
  StoredObject,
} from '../storage/object-store.js';
import { type LastCheckpointHint, readLastCheckpoint } from './last-checkpoint.js';
import { checkpointKey, checkpointPartKey, commitKey, LOG, parseLogName } from './log-path.js';

/** Versions asked for at once, at most: the first request tells whether there is any, so it begins with few. */
export const MAX_PROBES = 64;
const FIRST_PROBES = 2;
/** What each line of a commit begins with, and what may come before: white space, or a byte order mark. */
const OPENING_BRACE = 0x7b;
const BEFORE_JSON: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/** What asking for the hint gave. */
export interface HintAnswer {
  readonly hint?: LastCheckpointHint | undefined;
  /** The refusal of a store that cannot list: it may mean that there is none. */
  readonly denied?: AccessDeniedError | undefined;
}

/** Reads the hint. @throws AccessDeniedError, StorageUnavailableError of a store that can list */
export async function readHint(store: ObjectStore, context: CallContext): Promise<HintAnswer> {
  try {
    return { hint: await readLastCheckpoint(store, context) };
  } catch (error) {
    if (store.access === 'get-only' && isVarveError(error, 'ACCESS_DENIED'))
      return { denied: error };
    throw error;
  }
}

export interface ProbeOptions extends CallContext, HintAnswer {
  /** The first version that matters. */
  readonly from: number;
  /** The last one; without it, until one is not there. */
  readonly upTo?: number | undefined;
  /** Gets the commits that were read on the way, so that they are not read again. */
  readonly bodies?: Map<string, StoredObject> | undefined;
}

/**
 * What a listing of the log would have shown, as far as asking can tell.
 * @throws AccessDeniedError when the very first object is refused. Once one was read, a refused version counts as
 * absent: a bucket that may not be listed answers so for what is not there.
 */
export async function probeLog(
  store: ObjectStore,
  options: ProbeOptions,
): Promise<readonly ObjectInfo[]> {
  return await new Probe(store, options).run();
}

class Probe {
  readonly #store: ObjectStore;
  readonly #options: ProbeOptions;
  readonly #found: ObjectInfo[] = [];

  constructor(store: ObjectStore, options: ProbeOptions) {
    this.#store = store;
    this.#options = options;
  }

  async run(): Promise<readonly ObjectInfo[]> {
    const { from, hint, denied } = this.#options;
    if (hint !== undefined && hint.version >= from) await this.#checkpoint(hint);
    const isAtHint = hint?.version === from;
    // Of the version that the hint names, and of the one that was read before, only that it is there matters.
    const first = await this.#ask(from, { whole: from === 0 && !isAtHint });
    if (first !== undefined || isAtHint) {
      await this.#upwards(from + 1);
    } else if (hint !== undefined && hint.version > from) {
      await this.#downwards(hint.version);
      await this.#upwards(hint.version + 1);
    }
    if (this.#found.length === 0 && denied !== undefined) throw denied;
    return this.#found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async #checkpoint(hint: LastCheckpointHint): Promise<void> {
    for (const key of hintedKeys(hint)) {
      const { signal } = this.#options;
      const info = await this.#tolerant(() => this.#store.head(key, { signal }));
      if (info === undefined) return;
      this.#found.push(info);
    }
  }

  async #upwards(start: number): Promise<void> {
    const { upTo = Number.MAX_SAFE_INTEGER } = this.#options;
    let next = start;
    for (let width = FIRST_PROBES; next <= upTo; width = Math.min(width * 2, MAX_PROBES)) {
      const versions = Array.from(
        { length: Math.min(width, upTo - next + 1) },
        (_, at) => next + at,
      );
      const answers = await Promise.all(
        versions.map((version) => this.#ask(version, { whole: true, quiet: true })),
      );
      const end = answers.indexOf(undefined);
      const present = end < 0 ? answers : answers.slice(0, end);
      for (const info of present) if (info !== undefined) this.#found.push(info);
      if (end >= 0 || present.some((info) => info !== undefined && !this.#mayBeCommit(info)))
        return;
      next += versions.length;
    }
  }

  /**
   * Some servers answer every address with one page. A log of such versions would have no end; its first shows who
   * reads it that it is none.
   */
  #mayBeCommit({ key }: ObjectInfo): boolean {
    const bytes = this.#options.bodies?.get(key)?.bytes;
    const first = bytes?.find((byte) => !BEFORE_JSON.has(byte));
    return first === undefined || first === OPENING_BRACE;
  }

  async #downwards(start: number): Promise<void> {
    for (let version = start; version >= 0; version--) {
      if ((await this.#ask(version, { whole: false })) === undefined) return;
    }
  }

  async #ask(
    version: number,
    { whole, quiet = false }: { readonly whole: boolean; readonly quiet?: boolean },
  ): Promise<ObjectInfo | undefined> {
    const key = commitKey(version);
    const { bodies, signal } = this.#options;
    const info = await this.#tolerant(async () => {
      if (!whole || bodies === undefined) return await this.#store.head(key, { signal });
      const object = await this.#store.get(key, { signal });
      if (object !== undefined) bodies.set(key, object);
      return object?.info;
    });
    if (info !== undefined && !quiet) this.#found.push(info);
    return info;
  }

  async #tolerant(run: () => Promise<ObjectInfo | undefined>): Promise<ObjectInfo | undefined> {
    const isKnown = this.#found.length > 0;
    try {
      return await run();
    } catch (error) {
      if (isKnown && isVarveError(error, 'ACCESS_DENIED')) return undefined;
      throw error;
    }
  }
}

/** The files of the checkpoint that a hint names; of the v2 spec only the one whose path it gives. */
export function* hintedKeys({ version, parts = 0, v2Path }: LastCheckpointHint): Generator<string> {
  const named = v2Path === undefined ? undefined : parseLogName(v2Path);
  const isItsOwn = named?.kind === 'checkpoint-v2' || named?.kind === 'checkpoint';
  if (isItsOwn && named.version === version) yield `${LOG}${v2Path}`;
  else if (parts === 0) yield checkpointKey(version);
  else for (let part = 1; part <= parts; part++) yield checkpointPartKey(version, part, parts);
}
