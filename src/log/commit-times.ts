/** Which version a table had at an instant. PROTOCOL.md "Recommendations for Readers of Tables with In-Commit Timestamps". */
import { CorruptDataError, NotFoundError } from '../errors.js';
import {
  inCommitTimestamp,
  inCommitTimestampsFrom,
  inCommitTimestampsSince,
} from './commit-clock.js';
import {
  type CommitListing,
  type ListedCommit,
  listCommits,
  oldestReadable,
} from './commit-listing.js';
import { fetchCommitInfo } from './history.js';
import { withFreshListings } from './listed-and-gone.js';
import { CLEAN_UP } from './log-segment.js';
import type { LogContext, Snapshot } from './table-snapshot.js';

/**
 * The newest version that was committed at or before an instant.
 *
 * Without in-commit timestamps the times are those of the commits' files, made to increase. With them, file times are
 * looked at only for instants before they were enabled, and only of the versions before.
 *
 * @param latest - the newest snapshot
 * @param timestampMs - milliseconds since 1970
 * @throws NotFoundError (kind `version`) before the first version that can still be read, and after the last commit:
 * what is committed next may be dated before the instant. `available` is the range.
 * @throws CorruptDataError when a commit lacks the time that it should carry
 */
export async function versionAt(
  log: LogContext,
  latest: Snapshot,
  timestampMs: number,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const { signal } = options;
  return await withFreshListings(async () => await listedAt(log, latest, timestampMs, signal));
}

async function listedAt(
  log: LogContext,
  latest: Snapshot,
  timestampMs: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const listing = await listCommits(log.store, { upTo: latest.version, signal });
  const oldest = oldestReadable(listing, latest.version);
  const dated = datedCommits(listing, oldest, latest.version);
  const ownFrom = inCommitTimestampsFrom(latest.metadata);
  const fromFiles = dated.filter(({ version }) => ownFrom === undefined || version < ownFrom);
  const fromCommits = listing.commits.filter(
    ({ version }) =>
      ownFrom !== undefined && version >= Math.max(ownFrom, oldest) && version <= latest.version,
  );
  const ownTimeMs = (commit: ListedCommit): Promise<number> => readTime(log, commit, signal);

  const lastMs = await lastTime(fromFiles, fromCommits, ownTimeMs);
  const firstMs = await firstTime(fromFiles, fromCommits, ownTimeMs);
  if (lastMs === undefined || firstMs === undefined) throw noVersion(timestampMs, 'none');
  if (timestampMs < firstMs || timestampMs > lastMs) {
    const isCleanedUp = timestampMs < firstMs && oldest > 0;
    throw noVersion(timestampMs, `${isoText(firstMs)}..${isoText(lastMs)}`, isCleanedUp);
  }
  const [firstOwn] = fromCommits;
  const sinceMs =
    firstOwn && (inCommitTimestampsSince(latest.metadata) ?? (await ownTimeMs(firstOwn)));
  const isOwn = sinceMs !== undefined && (timestampMs >= sinceMs || fromFiles.length === 0);
  const found = isOwn
    ? await lastAtOrBefore(fromCommits, timestampMs, ownTimeMs)
    : await lastAtOrBefore(fromFiles, timestampMs, ({ fileTimeMs }) => fileTimeMs);
  if (found !== undefined) return found;
  throw noVersion(timestampMs, `${isoText(firstMs)}..${isoText(lastMs)}`);
}

/** Commits that can be read as versions. One that is left only as a checkpoint is dated by that, before its successor. */
function datedCommits(
  listing: CommitListing,
  oldest: number,
  latest: number,
): readonly ListedCommit[] {
  const dated = listing.commits.filter(({ version }) => version >= oldest && version <= latest);
  const [first] = dated;
  if (first?.version === oldest) return dated;
  const info = listing.checkpoints.find(({ version }) => version === oldest)?.files[0];
  if (info === undefined) return dated;
  const beforeMs = first === undefined ? Number.POSITIVE_INFINITY : first.fileTimeMs - 1;
  const fileTimeMs = Math.min(Math.floor(info.modifiedMs), beforeMs);
  return [{ version: oldest, info, fileTimeMs }, ...dated];
}

type TimeOf = (commit: ListedCommit) => number | Promise<number>;

async function firstTime(
  fromFiles: readonly ListedCommit[],
  fromCommits: readonly ListedCommit[],
  ownTimeMs: TimeOf,
): Promise<number | undefined> {
  const [file] = fromFiles;
  if (file !== undefined) return file.fileTimeMs;
  const [commit] = fromCommits;
  return commit && (await ownTimeMs(commit));
}

async function lastTime(
  fromFiles: readonly ListedCommit[],
  fromCommits: readonly ListedCommit[],
  ownTimeMs: TimeOf,
): Promise<number | undefined> {
  const commit = fromCommits.at(-1);
  return commit === undefined ? fromFiles.at(-1)?.fileTimeMs : await ownTimeMs(commit);
}

/** Times increase with versions, so halving finds it in few reads. */
async function lastAtOrBefore(
  commits: readonly ListedCommit[],
  timestampMs: number,
  timeMs: TimeOf,
): Promise<number | undefined> {
  let low = 0;
  let high = commits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const commit = commits[middle];
    if (commit !== undefined && (await timeMs(commit)) <= timestampMs) low = middle + 1;
    else high = middle;
  }
  return commits[low - 1]?.version;
}

async function readTime(
  log: LogContext,
  commit: ListedCommit,
  signal: AbortSignal | undefined,
): Promise<number> {
  const info = await fetchCommitInfo(log, commit, signal);
  const time = inCommitTimestamp(info);
  if (time !== undefined) return time;
  throw new CorruptDataError({
    message: `version ${commit.version} does not carry its time, though the table has in-commit timestamps`,
    key: commit.info.key,
    field: 'commitInfo.inCommitTimestamp',
  });
}

function noVersion(timestampMs: number, available: string, isCleanedUp = false): NotFoundError {
  return new NotFoundError({
    message: isCleanedUp
      ? `the log no longer leads to a version of this instant: ${CLEAN_UP}`
      : 'the table has no version for this instant; ask for one within the range',
    kind: 'version',
    thing: isoText(timestampMs),
    available,
  });
}

const LAST_INSTANT_MS = 8_640_000_000_000_000;

function isoText(timestampMs: number): string {
  return Math.abs(timestampMs) <= LAST_INSTANT_MS
    ? new Date(timestampMs).toISOString()
    : String(timestampMs);
}
