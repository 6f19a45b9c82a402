/** Snapshots from a log: loaded whole, kept up to date by reading only what is new, or advanced by an own commit. */
import {
  assert,
  CorruptDataError,
  isVarveError,
  NotFoundError,
  type VarveError,
} from '../errors.js';
import type { ObjectInfo, StoredObject } from '../storage/object-store.js';
import type { Action, CommitInfo, Protocol } from './actions.js';
import { readCheckpoint } from './checkpoint.js';
import type { CheckpointContent } from './checkpoint-content.js';
import {
  commitInfoOf,
  inCommitTimestamp,
  monotonic,
  usesInCommitTimestamps,
} from './commit-clock.js';
import { readCommitInfo } from './commit-info.js';
import { goneForGood, isGone, MAX_LISTINGS } from './listed-and-gone.js';
import { commitKey, LOG, parseLogName } from './log-path.js';
import {
  type CheckpointCandidate,
  findSegment,
  type LogSegment,
  listLog,
  mergeListings,
  type SegmentProblem,
  segmentError,
} from './log-segment.js';
import { probeLog } from './probe-log.js';
import { checkReadable, columnMapping } from './protocol.js';
import { readCommits } from './read-commits.js';
import {
  checkpointState,
  emptyState,
  type ReplayRules,
  reconcile,
  requireComplete,
  type TableState,
} from './replay.js';
import { checkMappedSchema } from './schema/column-mapping.js';
import { parseSchemaString } from './schema/schema-json.js';
import { type Anchor, type CheckpointBase, type LogContext, Snapshot } from './table-snapshot.js';

export interface LoadOptions {
  /** The version wanted; the newest when undefined. */
  readonly version?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** More new commits than this, and a newer checkpoint: then the table is loaded anew, which is quicker. */
export const MAX_INCREMENTAL_COMMITS = 500;

/**
 * Reads the table at a version. A damaged or vanished checkpoint is passed over for an older one, or for the commits
 * from version 0 on, if they lead to the version without a gap. One that can be read and lacks the protocol or the
 * metaData is not: a log that contradicts itself is refused.
 *
 * @throws NotFoundError when there is no table (kind `table`) or no such version (kind `version`)
 * @throws UnsupportedFeatureError when the table, or the only checkpoint that leads to the version, needs a feature
 * that we lack
 * @throws CorruptDataError when the log has a gap, lacks its beginning, or is damaged
 * @see PROTOCOL.md "Action Reconciliation"
 */
export async function loadSnapshot(log: LogContext, options: LoadOptions = {}): Promise<Snapshot> {
  const refused = new Set<string>();
  let firstError: VarveError | undefined;
  for (let loads = 1; ; loads++) {
    const plan = await findSegment(log.store, {
      ...options,
      accept: (candidate) => !refused.has(candidateKey(candidate)),
    });
    if ('problem' in plan) throw whyNot(plan, firstError, log.url);
    let base: CheckpointBase | undefined;
    try {
      base = await readBase(log, plan.checkpoint, options.signal);
    } catch (error) {
      if (plan.checkpoint === undefined || !canPassOver(error)) throw error;
      refused.add(candidateKey(plan.checkpoint));
      firstError ??= isGone(error) ? checkpointGone(error) : error;
      continue;
    }
    try {
      return await replaySegment(log, plan, base, options.signal);
    } catch (error) {
      if (!isGone(error)) throw error;
      if (loads >= MAX_LISTINGS) throw goneForGood(error);
    }
  }
}

export interface RefreshOptions {
  /** A version that is known to exist. */
  readonly atLeast?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The newest snapshot, given one that may be. Lists the log only from the snapshot's own version on and reads only the
 * commits behind it; with none it is the same object. A listing that does not show what is known to exist is behind:
 * then versions are asked for by their names.
 *
 * The own version must still be there unchanged: a table that was dropped and made again is seen by that.
 * @throws NotFoundError (kind `table`) when the table is gone, or another one is in its place
 * @throws CorruptDataError when versions that were read are gone; whatever {@link loadSnapshot} throws
 */
export async function refreshSnapshot(
  log: LogContext,
  previous: Snapshot,
  options: RefreshOptions = {},
): Promise<Snapshot> {
  const { atLeast = previous.version, signal } = options;
  const bodies = new Map<string, StoredObject>();
  const from = previous.version;
  const listed = await listLog(log.store, { from, probe: { bodies }, signal });
  const { anchor } = previous.parts;
  const known = atLeast > from ? [anchor.key, commitKey(atLeast)] : [anchor.key];
  const isBehind = known.some((wanted) => !listed.some(({ key }) => key === wanted));
  const listing =
    isBehind && log.store.access !== 'get-only'
      ? mergeListings(listed, await probeLog(log.store, { from, bodies, signal }))
      : listed;
  const own = listing.find(({ key }) => key === anchor.key);
  const commits = commitsAfter(listing, previous.version);
  if (own === undefined || own.etag !== anchor.etag || commits === undefined) {
    return await reload(log, previous, signal);
  }
  if (commits.length === 0) return previous;
  if (commits.length > MAX_INCREMENTAL_COMMITS && hasCheckpoint(listing, previous.version)) {
    return await reload(log, previous, signal);
  }
  const replay = new Replay(log, previous.parts.state, previous.timestampMs);
  try {
    await replay.readCommits({ commits, bodies }, signal);
  } catch (error) {
    if (!isGone(error)) throw error;
    return await reload(log, previous, signal);
  }
  const next = await replay.finish({ base: previous.parts.base, previous, signal });
  checkSameTable(log, previous, next);
  return next;
}

/**
 * The snapshot that our own commit `version` made of `previous`, without reading it back.
 * @param previous - the version before; undefined when the commit created the table
 * @param actions - the commit's actions, with or without its commitInfo
 */
export async function advanceSnapshot(
  log: LogContext,
  previous: Snapshot | undefined,
  version: number,
  actions: readonly Action[],
): Promise<Snapshot> {
  assert(
    (previous?.version ?? -1) + 1 === version,
    'a commit follows the snapshot it was built on',
  );
  const replay = new Replay(log, previous?.parts.state, previous?.timestampMs);
  replay.apply(actions, await commitFile(log, version));
  return await replay.finish({ base: previous?.parts.base, previous, signal: undefined });
}

/** What is known of the file of a commit that was just made. */
async function commitFile(log: LogContext, version: number): Promise<CommitFile> {
  const key = commitKey(version);
  try {
    const info = await log.store.head(key);
    if (info !== undefined) return info;
  } catch (error) {
    // The commit is durable; that its file cannot be looked at now must not make it look failed. Without an etag the
    // next refresh reads the table anew.
    if (!isVarveError(error, 'STORAGE_UNAVAILABLE', 'ACCESS_DENIED')) throw error;
  }
  return { key, etag: undefined, modifiedMs: log.clock.now() };
}

interface CommitFile extends Anchor {
  readonly modifiedMs: number;
}

interface Finish {
  readonly base: CheckpointBase | undefined;
  readonly previous: Snapshot | undefined;
  readonly signal: AbortSignal | undefined;
}

/** One run over a log: the state so far, and what must be checked at its end. */
class Replay {
  readonly #log: LogContext;
  readonly #rules: ReplayRules;
  readonly #protocols: Protocol[] = [];
  #state: TableState;
  #file: CommitFile | undefined;
  #timeMs: number | undefined;
  #info: CommitInfo | undefined | 'not read';

  constructor(log: LogContext, state: TableState | undefined, timeMs: number | undefined) {
    this.#log = log;
    this.#timeMs = timeMs;
    this.#rules = {
      tableUrl: log.url,
      meetProtocol: (protocol) => {
        this.#protocols.push(protocol);
      },
    };
    this.#state = state ?? emptyState(this.#rules);
  }

  startAt(content: CheckpointContent, version: number): void {
    this.#state = checkpointState(content, version, this.#rules);
  }

  async readCommits(
    segment: Pick<LogSegment, 'commits' | 'compactions' | 'bodies'>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for await (const { actions, files, commits, isCompacted } of readCommits(
      this.#log.store,
      segment,
      signal,
    )) {
      const version = this.#state.version + commits.length;
      this.#state = reconcile(this.#state, { actions, files, version }, this.#rules);
      for (const file of commits) this.#meet(file, undefined);
      // The last of several may be wanted for its time.
      this.#info = isCompacted ? 'not read' : commitInfoOf(actions);
    }
  }

  apply(actions: readonly Action[], file: CommitFile): void {
    this.#state = reconcile(this.#state, { actions }, this.#rules);
    this.#meet(file, commitInfoOf(actions));
  }

  #meet(file: CommitFile, info: CommitInfo | undefined): void {
    this.#file = file;
    this.#timeMs = monotonic(file.modifiedMs, this.#timeMs);
    this.#info = info;
  }

  async finish({ base, previous, signal }: Finish): Promise<Snapshot> {
    const key = this.#file?.key ?? commitKey(Math.max(this.#state.version, 0));
    const state = requireComplete(this.#state, key);
    const { metadata, protocol } = state;
    const isSame = previous?.metadata === metadata;
    const schema = isSame ? previous.schema : parseSchemaString(metadata.schemaString, key);
    // An earlier protocol is held against the newest metadata: what it allowed and nobody uses any more is no bar.
    const protocols = isSame ? this.#protocols : new Set([...this.#protocols, protocol]);
    for (const met of protocols) checkReadable(met, metadata, schema);
    checkMappedSchema(schema, columnMapping(protocol, metadata), key);
    const file = this.#file ?? (await this.#checkpointFile(base, signal));
    const ownTimeMs = usesInCommitTimestamps(metadata)
      ? inCommitTimestamp(await this.#lastInfo(file.key, signal))
      : undefined;
    return new Snapshot({
      log: this.#log,
      state,
      schema,
      base,
      ownTimeMs,
      storeMs: Math.floor(file.modifiedMs),
      timestampMs: ownTimeMs ?? this.#timeMs ?? monotonic(file.modifiedMs, undefined),
      anchor: { key: file.key, etag: file.etag },
      madeMs: this.#log.clock.now(),
    });
  }

  async #lastInfo(key: string, signal: AbortSignal | undefined): Promise<CommitInfo | undefined> {
    if (this.#info !== 'not read') return this.#info;
    const commit = await this.#log.store.get(key, { signal });
    return commit && readCommitInfo(commit.bytes, key);
  }

  /** What stands for a version that was read from its checkpoint alone: its commit, or once that is gone, the former. */
  async #checkpointFile(
    base: CheckpointBase | undefined,
    signal: AbortSignal | undefined,
  ): Promise<CommitFile> {
    const key = commitKey(this.#state.version);
    const commit = await optionalCommit(this.#log, key, signal);
    if (commit !== undefined) {
      this.#info = readCommitInfo(commit.bytes, key);
      return commit.info;
    }
    assert(base !== undefined, 'a version without a commit was read from a checkpoint');
    return base.file;
  }
}

/** The commit of a checkpoint that was read. A store that cannot list may refuse what is not there. */
async function optionalCommit(
  { store }: LogContext,
  key: string,
  signal: AbortSignal | undefined,
): Promise<StoredObject | undefined> {
  try {
    return await store.get(key, { signal });
  } catch (error) {
    if (store.access === 'get-only' && isVarveError(error, 'ACCESS_DENIED')) return undefined;
    throw error;
  }
}

async function replaySegment(
  log: LogContext,
  plan: LogSegment,
  base: CheckpointBase | undefined,
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  const replay = new Replay(log, undefined, undefined);
  if (base !== undefined) replay.startAt(base.content, base.version);
  await replay.readCommits(plan, signal);
  return await replay.finish({ base, previous: undefined, signal });
}

async function readBase(
  log: LogContext,
  candidate: CheckpointCandidate | undefined,
  signal: AbortSignal | undefined,
): Promise<CheckpointBase | undefined> {
  const [file] = candidate?.files ?? [];
  if (candidate === undefined || file === undefined) return undefined;
  const content = await readCheckpoint(log, candidate, signal);
  return { version: candidate.version, content, file };
}

/** Whether another way to the same version may be tried: never when the store failed or the caller left. */
function canPassOver(error: unknown): error is VarveError {
  return isGone(error) || isVarveError(error, 'CORRUPT_DATA', 'UNSUPPORTED_FEATURE', 'LIMIT');
}

function candidateKey(candidate: CheckpointCandidate): string {
  return candidate.files[0]?.key ?? String(candidate.version);
}

/** The commits that follow `version` without a gap; undefined when there is one, or a later version is proven. */
function commitsAfter(listing: readonly ObjectInfo[], version: number): ObjectInfo[] | undefined {
  const commits: ObjectInfo[] = [];
  let newest = version;
  for (const info of listing) {
    const name = parseLogName(info.key.slice(LOG.length));
    if (name.kind === 'commit' && name.version > version) commits.push(info);
    if (name.kind === 'commit' || name.kind.startsWith('checkpoint')) {
      newest = Math.max(newest, 'version' in name ? name.version : version);
    }
  }
  // Listings are ordered by key, and the digits of versions are padded, so these are ascending.
  const isWhole = commits.every(({ key }, index) => key === commitKey(version + 1 + index));
  return isWhole && version + commits.length === newest ? commits : undefined;
}

function hasCheckpoint(listing: readonly ObjectInfo[], version: number): boolean {
  return listing.some(({ key }) => {
    const name = parseLogName(key.slice(LOG.length));
    return name.kind.startsWith('checkpoint') && 'version' in name && name.version > version;
  });
}

async function reload(
  log: LogContext,
  previous: Snapshot,
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  const next = await loadSnapshot(log, { signal });
  checkSameTable(log, previous, next);
  if (next.version >= previous.version) return next;
  const { anchor } = previous.parts;
  const own = await log.store.head(anchor.key, { signal });
  // Unchanged where it was, so that it is the listing that is behind.
  if (own !== undefined && own.etag === anchor.etag) return previous;
  throw new CorruptDataError({
    message: `the log ends at version ${next.version}, but version ${previous.version} was read before`,
    key: commitKey(previous.version),
  });
}

function checkSameTable(log: LogContext, previous: Snapshot, next: Snapshot): void {
  const was = previous.metadata.id;
  const is = next.metadata.id;
  if (was === is) return;
  throw new NotFoundError({
    message: `another table is now at ${log.url}: it was dropped and made again; open it anew`,
    kind: 'table',
    thing: was,
    available: is,
  });
}

/** A checkpoint that vanished in a clean-up is no damage: the version went with it. */
function whyNot(plan: SegmentProblem, firstError: VarveError | undefined, url: string): VarveError {
  const isCleanedUp = plan.problem === 'no-version' && plan.isCleanedUp;
  if (firstError === undefined || (isCleanedUp && isGone(firstError.cause))) {
    return segmentError(plan, url);
  }
  return firstError;
}

function checkpointGone(cause: NotFoundError): CorruptDataError {
  return new CorruptDataError({
    message: 'a file of the checkpoint is gone, and no other way leads to the version',
    key: cause.thing,
    cause,
  });
}
