/** The commits a log still holds, with the times of their files. */
import type { CallContext, ObjectInfo, ObjectStore } from '../storage/object-store.js';
import { monotonic } from './commit-clock.js';
import { commitKey, LOG, parseLogName } from './log-path.js';
import { type CheckpointCandidate, listLog, readListing } from './log-segment.js';

/** One commit. */
export interface ListedCommit {
  readonly version: number;
  readonly info: ObjectInfo;
  /** The time of its file, milliseconds since 1970, made to increase from the oldest commit in the log on. */
  readonly fileTimeMs: number;
}

export interface CommitListing {
  /** Ascending; there may be gaps. */
  readonly commits: readonly ListedCommit[];
  /** Complete checkpoints. */
  readonly checkpoints: readonly CheckpointCandidate[];
}

export interface ListCommitsOptions extends CallContext {
  /** A version that was read: a listing that does not reach it is behind. */
  readonly upTo: number;
}

/** Lists the whole log: the time of a commit's file depends on those before it. */
export async function listCommits(
  store: ObjectStore,
  { upTo, signal }: ListCommitsOptions,
): Promise<CommitListing> {
  const listed = await listLog(store, { signal });
  const listing = [...listed, ...(await unlisted(store, listed, { upTo, signal }))];
  const commits: ListedCommit[] = [];
  for (const info of listing) {
    const name = parseLogName(info.key.slice(LOG.length));
    if (name.kind !== 'commit') continue;
    const fileTimeMs = monotonic(info.modifiedMs, commits.at(-1)?.fileTimeMs);
    commits.push({ version: name.version, info, fileTimeMs });
  }
  return { commits, checkpoints: readListing(listing).checkpoints };
}

/** The commits from behind the listing's end up to a version that was read, asked for by their names. */
async function unlisted(
  store: ObjectStore,
  listed: readonly ObjectInfo[],
  { upTo, signal }: ListCommitsOptions,
): Promise<readonly ObjectInfo[]> {
  if (store.access === 'get-only') return [];
  const found: ObjectInfo[] = [];
  const { newest } = readListing(listed);
  for (let version = upTo; version > newest; version--) {
    const info = await store.head(commitKey(version), { signal });
    if (info === undefined) break;
    found.unshift(info);
  }
  return found;
}

/**
 * The oldest version from which every version up to `latest` can be read: 0, or that of a checkpoint, with all commits
 * behind it.
 */
export function oldestReadable(listing: CommitListing, latest: number): number {
  const present = new Set(listing.commits.map(({ version }) => version));
  let first = latest;
  while (present.has(first)) first--;
  // `first` is the newest version whose commit is missing.
  if (first < 0) return 0;
  const versions = listing.checkpoints.map(({ version }) => version);
  const usable = versions.filter((version) => version >= first && version <= latest);
  return usable.length === 0 ? latest : Math.min(...usable);
}
