/**
 * Which files of the log make a version: a checkpoint and the commits behind it. The decision is
 * pure, the listing around it thin. PROTOCOL.md "Action Reconciliation", "Checkpoints".
 */
import { CorruptDataError, NotFoundError, type VarveError } from '../errors.js';
import type {
  CallContext,
  ObjectInfo,
  ObjectStore,
  StoredObject,
} from '../storage/object-store.js';
import { commitKey, LOG, parseLogName, versionDigits } from './log-path.js';
import { type HintAnswer, hintedKeys, probeLog, readHint } from './probe-log.js';

/** A complete checkpoint, not yet opened. */
export interface CheckpointCandidate {
  readonly version: number;
  /** By its name: a `classic` file may still hold the v2 spec. */
  readonly kind: 'classic' | 'multi-part' | 'v2';
  /** One file, or the parts in order. */
  readonly files: readonly ObjectInfo[];
}

/** A log compaction file, and the commits of the segment that it stands for. */
export interface LogCompaction {
  /** The index of the first of them. */
  readonly first: number;
  readonly count: number;
  readonly info: ObjectInfo;
}

/** What to read for one version. */
export interface LogSegment {
  readonly version: number;
  /** Absent when the log is read from version 0. */
  readonly checkpoint: CheckpointCandidate | undefined;
  /** The commits behind the checkpoint, ascending, without a gap, up to `version`. */
  readonly commits: readonly ObjectInfo[];
  /** Log compaction files that stand for some of them, disjoint, ascending. */
  readonly compactions?: readonly LogCompaction[] | undefined;
  /** Commits that were read already to find out whether they are there. */
  readonly bodies?: ReadonlyMap<string, StoredObject> | undefined;
}

/**
 * Why there is no segment. An expected outcome of a decision; {@link segmentError} makes it an
 * error.
 */
export type SegmentProblem =
  | { readonly problem: 'no-table' }
  | { readonly problem: 'gap'; readonly missing: number }
  | {
      readonly problem: 'no-version';
      readonly version: number;
      /** The versions that can be read, `0..7`. */
      readonly available: string;
      /** Whether it lies before them: then the log was cleaned up, for no log begins later than at 0. */
      readonly isCleanedUp: boolean;
    };

export interface PlanOptions {
  /** The version wanted; the newest when absent. */
  readonly version?: number | undefined;
  /**
   * Whether a checkpoint may be used; one that turned out damaged is refused here. Default: all.
   */
  readonly accept?: ((candidate: CheckpointCandidate) => boolean) | undefined;
}

/**
 * Chooses the newest usable checkpoint at or below the version, and the commits that must follow
 * it.
 *
 * A checkpoint without all its parts, or with an empty file, is not one. Whatever is refused still
 * proves that its version was committed, so falling back past it never yields an older version in
 * silence: the commits must bridge the gap.
 *
 * @param listing - the objects of `_delta_log/` in any order, all of them or those from some
 *   version
 */
export function planSegment(
  listing: readonly ObjectInfo[],
  options: PlanOptions = {},
): LogSegment | SegmentProblem {
  return segmentOf(readListing(listing), options);
}

/** {@link planSegment} of a listing whose names were read already, for whoever asks it of many versions. */
export function segmentOf(log: Listing, options: PlanOptions): LogSegment | SegmentProblem {
  const { newest } = log;
  if (newest < 0) return { problem: 'no-table' };
  const version = options.version ?? newest;
  const { accept } = options;
  const usable = log.checkpoints.filter((candidate) => accept?.(candidate) ?? true);
  const checkpoint = usable.find((candidate) => candidate.version <= version);
  const first = checkpoint === undefined ? 0 : checkpoint.version + 1;
  const commits: ObjectInfo[] = [];
  for (let next = first; next <= Math.min(version, newest); next++) {
    const commit = log.commits.get(next);
    if (commit === undefined) {
      // A checkpoint behind the gap: the log is read from there, and what lies before it is being cleaned up.
      const oldest = usable.findLast((candidate) => candidate.version >= next)?.version;
      return oldest !== undefined && options.version !== undefined
        ? { problem: 'no-version', version, available: `${oldest}..${newest}`, isCleanedUp: true }
        : { problem: 'gap', missing: next };
    }
    commits.push(commit);
  }
  if (version > newest) {
    const available = `${oldestOf(log, usable)}..${newest}`;
    return { problem: 'no-version', version, available, isCleanedUp: false };
  }
  const compactions = chooseCompactions(log.compactions, first, version);
  return { version, checkpoint, commits, ...(compactions.length > 0 ? { compactions } : {}) };
}

/**
 * The compactions to read instead of commits: of those that begin at a version, the longest; only such as lie wholly
 * between the checkpoint and the version. That all of their commits are there was found out before.
 */
function chooseCompactions(
  all: readonly ListedCompaction[],
  first: number,
  version: number,
): readonly LogCompaction[] {
  const chosen: LogCompaction[] = [];
  let next = first;
  for (const { from, to, info } of all) {
    if (from < next || to > version) continue;
    chosen.push({ first: from - first, count: to - from + 1, info });
    next = to + 1;
  }
  return chosen;
}

/** Why the beginning of a log is missing, and what helps. */
export const CLEAN_UP =
  'log clean-up removed it (delta.logRetentionDuration); ask for one that is left, and pin what must last';

/** The error of a table that has no segment. */
export function segmentError(problem: SegmentProblem, tableUrl: string): VarveError {
  switch (problem.problem) {
    case 'no-table':
      return new NotFoundError({
        message:
          'there is no delta table here: its log is missing or empty; check the url, or make one with DeltaTable.create',
        kind: 'table',
        thing: tableUrl,
      });
    case 'gap':
      return new CorruptDataError({
        message: `the log lacks version ${problem.missing}, and a version above it is there`,
        key: commitKey(problem.missing),
      });
    case 'no-version':
      return new NotFoundError({
        message: problem.isCleanedUp
          ? `the log of the table at ${tableUrl} no longer leads to this version: ${CLEAN_UP}`
          : `the table at ${tableUrl} has no such version`,
        kind: 'version',
        thing: String(problem.version),
        available: problem.available,
      });
  }
}

export interface ListLogOptions extends CallContext {
  /** Where to begin; 0 when absent. */
  readonly from?: number | undefined;
  /** Ends the listing with the first object for which it is true. */
  readonly until?: ((info: ObjectInfo) => boolean) | undefined;
  /** For a store that cannot list: where to end, what is known of the hint, and what gets the commits it reads. */
  readonly probe?:
    | {
        readonly upTo?: number | undefined;
        readonly hint?: HintAnswer | undefined;
        readonly bodies?: Map<string, StoredObject> | undefined;
      }
    | undefined;
}

/**
 * The objects of `_delta_log/` whose names begin with a version, from `from` on; sub-folders are
 * left out. Where the store cannot list, those that asking by name finds.
 */
export async function listLog(
  store: ObjectStore,
  options: ListLogOptions = {},
): Promise<readonly ObjectInfo[]> {
  const { from = 0, until, probe = {}, signal } = options;
  if (store.access === 'get-only') {
    const hint = probe.hint ?? (from === 0 ? await readHint(store, { signal }) : {});
    const { upTo, bodies } = probe;
    return await probeLog(store, { ...hint, upTo, bodies, from, signal });
  }
  const listed: ObjectInfo[] = [];
  // Greater than every name of the version before, smaller than every name of this one.
  const startAfter = `${LOG}${versionDigits(from)}`;
  for await (const info of store.list(LOG, { startAfter, signal })) {
    const name = info.key.slice(LOG.length);
    // Names are ordered, and everything behind the digits (`_last_checkpoint`, `_sidecars/`) is not
    // a version.
    if (name > '9~') break;
    if (name.includes('/')) continue;
    listed.push(info);
    if (until?.(info) === true) break;
  }
  return listed;
}

export interface FindSegmentOptions extends PlanOptions, CallContext {}

/**
 * Lists the log and plans the segment of a version. The hint only spares the listing of what lies
 * before it: where it does not lead to a usable checkpoint, the whole log is listed. Where what is listed leads to no
 * version, the listing may be behind a clean-up, so the checkpoint that the hint names is asked for by its name.
 * @throws StorageUnavailableError, AccessDeniedError of the store
 */
export async function findSegment(
  store: ObjectStore,
  options: FindSegmentOptions = {},
): Promise<LogSegment | SegmentProblem> {
  const { signal, version } = options;
  const hint = await readHint(store, { signal });
  const bodies = new Map<string, StoredObject>();
  const planFrom = async (from: number): Promise<LogSegment | SegmentProblem> => {
    const probe = { upTo: version, hint, bodies };
    const listed = await listLog(store, { from, probe, signal });
    let plan = planSegment(listed, options);
    if ('problem' in plan) {
      const asked = await unlistedCheckpoint(store, hint, listed, signal);
      if (asked.length > 0) plan = planSegment(mergeListings(listed, asked), options);
    }
    return 'problem' in plan || bodies.size === 0 ? plan : { ...plan, bodies };
  };
  const hinted = hint.hint?.version;
  if (hinted !== undefined && hinted <= (version ?? hinted)) {
    const plan = await planFrom(hinted);
    if (!('problem' in plan)) return plan;
    // To ask for every version from 0 on would not make one appear at the end.
    if (store.access === 'get-only' && plan.problem === 'no-version') return plan;
  }
  const plan = await planFrom(0);
  return 'problem' in plan && endsEarly(plan) ? await askBeyond(store, plan, options) : plan;
}

/** The files of the checkpoint that the hint names, where they are there and not all of them were listed. */
async function unlistedCheckpoint(
  store: ObjectStore,
  { hint }: HintAnswer,
  listed: readonly ObjectInfo[],
  signal: AbortSignal | undefined,
): Promise<readonly ObjectInfo[]> {
  if (hint === undefined || store.access === 'get-only') return [];
  const shown = new Set(listed.map(({ key }) => key));
  const files: ObjectInfo[] = [];
  // One after the other: a hint may claim any number of parts.
  for (const key of hintedKeys(hint)) {
    if (shown.has(key)) continue;
    const file = await store.head(key, { signal });
    if (file === undefined) return [];
    files.push(file);
  }
  return files;
}

/** Whether a listing that were not behind could show the version. */
function endsEarly(plan: SegmentProblem): boolean {
  return plan.problem === 'no-table' || (plan.problem === 'no-version' && !plan.isCleanedUp);
}

/** A version that the listing does not reach may be there: listings can be behind. */
async function askBeyond(
  store: ObjectStore,
  plan: SegmentProblem,
  options: FindSegmentOptions,
): Promise<LogSegment | SegmentProblem> {
  const { version, signal } = options;
  if (version === undefined || store.access === 'get-only') return plan;
  if ((await store.head(commitKey(version), { signal })) === undefined) return plan;
  const listed = await listLog(store, { signal });
  const from = readListing(listed).newest + 1;
  const asked = from > version ? [] : await probeLog(store, { from, upTo: version, signal });
  return planSegment(mergeListings(listed, asked), options);
}

/** Two views of the log as one; where they differ, what was asked for by its name is newer. */
export function mergeListings(
  listed: readonly ObjectInfo[],
  asked: readonly ObjectInfo[],
): readonly ObjectInfo[] {
  const all = new Map([...listed, ...asked].map((info) => [info.key, info]));
  return [...all.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

interface PartSet {
  readonly version: number;
  readonly parts: number;
  /** By number of the part. A map, because a name may claim any number of parts. */
  readonly files: Map<number, ObjectInfo>;
}

/** A log compaction file. */
export interface ListedCompaction {
  readonly from: number;
  readonly to: number;
  readonly info: ObjectInfo;
}

/** What the names of a log say. */
export interface Listing {
  /** By version, ascending. */
  readonly commits: ReadonlyMap<number, ObjectInfo>;
  /** Complete ones, newest first; of one version the classic file first. */
  readonly checkpoints: readonly CheckpointCandidate[];
  /** By their first version, ascending; of one the longest first. */
  readonly compactions: readonly ListedCompaction[];
  /** The newest version that any commit or checkpoint file proves; -1 without one. */
  readonly newest: number;
}

const KIND_ORDER = ['classic', 'multi-part', 'v2'] as const;

/** Sorts the objects of a log by what their names say. */
export function readListing(listing: readonly ObjectInfo[]): Listing {
  const commits: [number, ObjectInfo][] = [];
  const checkpoints: CheckpointCandidate[] = [];
  const compactions: ListedCompaction[] = [];
  const sets = new Map<string, PartSet>();
  let newest = -1;
  for (const info of listing) {
    const name = parseLogName(info.key.slice(LOG.length));
    if (name.kind === 'compaction') compactions.push({ from: name.from, to: name.to, info });
    if (name.kind === 'other' || name.kind === 'crc' || name.kind === 'compaction') continue;
    const { version } = name;
    newest = Math.max(newest, version);
    if (name.kind === 'commit') commits.push([version, info]);
    if (info.sizeBytes === 0) continue;
    if (name.kind === 'checkpoint') checkpoints.push({ version, kind: 'classic', files: [info] });
    if (name.kind === 'checkpoint-v2') checkpoints.push({ version, kind: 'v2', files: [info] });
    if (name.kind === 'checkpoint-part') {
      const { part, parts } = name;
      const set = sets.get(`${version}/${parts}`) ?? { version, parts, files: new Map() };
      set.files.set(part, info);
      sets.set(`${version}/${parts}`, set);
    }
  }
  for (const { version, parts, files } of sets.values()) {
    if (files.size < parts) continue;
    const inOrder = [...files].sort(([a], [b]) => a - b).map(([, info]) => info);
    checkpoints.push({ version, kind: 'multi-part', files: inOrder });
  }
  commits.sort(([a], [b]) => a - b);
  checkpoints.sort(
    (a, b) => b.version - a.version || KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind),
  );
  compactions.sort((a, b) => a.from - b.from || b.to - a.to);
  return { commits: new Map(commits), checkpoints, compactions, newest };
}

/** The oldest version that can be read: 0, or that of the oldest checkpoint. */
function oldestOf(log: Listing, usable: readonly CheckpointCandidate[]): number {
  return log.commits.has(0) ? 0 : (usable.at(-1)?.version ?? 0);
}
