/** Which files of a log may go, decided on its listing alone. PROTOCOL.md "Metadata Cleanup". */
import type { ObjectInfo } from '../storage/object-store.js';
import { monotonic } from './commit-clock.js';
import { LOG, type LogName, parseLogName } from './log-path.js';
import { type CheckpointCandidate, type Listing, readListing, segmentOf } from './log-segment.js';

const DAY_MS = 86_400_000;

/**
 * Commits that are younger stay, whatever `delta.logRetentionDuration` says: writers and readers that began before they
 * were cleaned up still need them, and a request that was sent long ago must not make a version anew.
 */
export const LOG_RETENTION_FLOOR_MS: number = DAY_MS;

/** What decides a clean-up beside the listing. */
export interface CleanupFacts {
  /** Commits up to the newest that is not younger have expired; milliseconds since 1970. */
  readonly cutoffMs: number;
  /** A version that was read, and that all commits lead to; what is newer is not known. */
  readonly version: number;
  /** Versions that must stay readable. */
  readonly pins: readonly number[];
  /** `delta.requireCheckpointProtectionBeforeVersion`. */
  readonly protectedBefore?: number | undefined;
  /** Whether the log may begin with this checkpoint; one that turned out damaged is refused here. Default: all. */
  readonly accept?: ((candidate: CheckpointCandidate) => boolean) | undefined;
}

/** What goes, and what the log begins with then. */
export interface CleanupPlan {
  /** The log's first checkpoint from now on; its commit stays too. */
  readonly anchor: CheckpointCandidate;
  /** Commits, version checksums and log compactions, ascending: they go first, so that no commit outlives what leads to it. */
  readonly commits: readonly string[];
  /** Files of checkpoints, ascending: they go when every commit is gone. */
  readonly checkpoints: readonly string[];
}

/** Midnight, UTC, before which commits have expired: so a log is cleaned once a day and not with every checkpoint. */
export function cleanupCutoff(nowMs: number, retentionMs: number): number {
  const cutoffMs = nowMs - Math.max(retentionMs, LOG_RETENTION_FLOOR_MS);
  return Math.floor(cutoffMs / DAY_MS) * DAY_MS;
}

/**
 * Everything before the newest checkpoint that is no newer than the newest expired commit, or than a pin. What is
 * left after any of the deletes is a log that opens to the same rows.
 *
 * @param listing - the objects of the log, at least up to the first commit that has not expired
 * @returns undefined when nothing may go: no commit has expired, no checkpoint is old enough, or versions are protected
 * whose protocols would have to be looked at first
 */
export function planCleanup(
  listing: readonly ObjectInfo[],
  facts: CleanupFacts,
): CleanupPlan | undefined {
  const log = readListing(listing);
  const expired = newestExpired([...log.commits], facts.cutoffMs);
  if (expired === undefined) return undefined;
  let newest = Math.min(expired, facts.version);
  for (const pin of facts.pins) if (pin < newest && isKept(log, pin)) newest = pin;
  const anchor = log.checkpoints.find(
    (candidate) =>
      candidate.version <= newest &&
      log.commits.has(candidate.version) &&
      (facts.accept?.(candidate) ?? true),
  );
  if (anchor === undefined || anchor.version < (facts.protectedBefore ?? 0)) return undefined;
  const commits: string[] = [];
  const checkpoints: string[] = [];
  for (const { key } of listing) {
    const name = parseLogName(key.slice(LOG.length));
    if (!isBefore(name, anchor.version)) continue;
    (name.kind.startsWith('checkpoint') ? checkpoints : commits).push(key);
  }
  return commits.length + checkpoints.length === 0 ? undefined : { anchor, commits, checkpoints };
}

/** A pin of a version that the log does not lead to any more keeps nothing. */
function isKept(log: Listing, pin: number): boolean {
  return !('problem' in segmentOf(log, { version: pin }));
}

function newestExpired(
  commits: readonly (readonly [number, ObjectInfo])[],
  cutoffMs: number,
): number | undefined {
  let newest: number | undefined;
  let timeMs: number | undefined;
  for (const [version, info] of commits) {
    timeMs = monotonic(info.modifiedMs, timeMs);
    if (timeMs > cutoffMs) break;
    newest = version;
  }
  return newest;
}

function isBefore(name: LogName, version: number): boolean {
  switch (name.kind) {
    case 'other':
      return false;
    case 'compaction':
      return name.from <= version;
    default:
      return name.version < version;
  }
}
