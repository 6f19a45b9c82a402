/** Cleans expired versions out of a log. PROTOCOL.md "Metadata Cleanup". */
import { isVarveError } from '../errors.js';
import type { ObjectInfo } from '../storage/object-store.js';
import { readCheckpoint } from './checkpoint.js';
import { putCheckpointFile } from './checkpoint-put.js';
import { monotonic } from './commit-clock.js';
import { inOrder } from './in-order.js';
import { readLastCheckpoint } from './last-checkpoint.js';
import { checkpointKey, LOG, parseLogName } from './log-path.js';
import { type CheckpointCandidate, listLog } from './log-segment.js';
import { type CleanupFacts, type CleanupPlan, cleanupCutoff, planCleanup } from './plan-cleanup.js';
import { deleteSidecars } from './sidecar-cleanup.js';
import { tableProperties } from './table-properties.js';
import type { LogContext, Snapshot } from './table-snapshot.js';

export interface CleanUpOptions {
  /** The time it is, milliseconds since 1970; by the store's clock where that is known. */
  readonly nowMs: number;
  /**
   * Asked once something is about to be deleted: gives the versions that must stay readable. Whoever pins one that is
   * older than `before` from now on must find out that it goes.
   */
  readonly pins?: ((before: number) => Promise<readonly number[]>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was cleaned up. */
export interface CleanUpOutcome {
  /** The version that the log begins with now; undefined when nothing was old enough, or nothing may go. */
  readonly oldest: number | undefined;
  /** How many objects were deleted. */
  readonly deleted: number;
}

/** Deletes that run at once. */
const DELETES_AHEAD = 16;

/** Leftovers of writers that died are older; so long may a writer need between its first file and its last. */
const LEFTOVER_AGE_MS = 86_400_000;

const PROTECTED_BEFORE = 'delta.requireCheckpointProtectionBeforeVersion';

/**
 * Deletes commits, checkpoints and what belongs to them from before the newest checkpoint that no version within
 * `delta.logRetentionDuration` (a day at least) and no pin needs. The checkpoint is read before anything is deleted.
 * Two may do it at once, and one that dies half way leaves a table that opens to the same rows; the next one goes on.
 * What a crash left of files that were never finished goes too, after a day.
 *
 * The caller has made sure that the table may be written (`checkWritable`).
 * @param snapshot - what the table was read as; nothing that leads to it is deleted
 * @throws whatever the store throws; InvalidArgumentError for a property that is not understood
 */
export async function cleanUpLog(
  log: LogContext,
  snapshot: Snapshot,
  options: CleanUpOptions,
): Promise<CleanUpOutcome> {
  const { nowMs, signal } = options;
  const { enableExpiredLogCleanup, logRetentionMs } = tableProperties(snapshot.configuration);
  if (!enableExpiredLogCleanup) return { oldest: undefined, deleted: 0 };
  const cutoffMs = cleanupCutoff(nowMs, logRetentionMs);
  const plan = await planChecked(log, snapshot, cutoffMs, options);
  let deleted = 0;
  if (plan !== undefined) {
    await keepClassic(log, plan.anchor, signal);
    deleted += await deleteAll(log, plan.commits, signal);
    deleted += await deleteAll(log, plan.checkpoints, signal);
    deleted += await deleteSidecars(log, nowMs - LEFTOVER_AGE_MS, signal);
  }
  deleted += (await log.store.sweep?.(LOG, nowMs - LEFTOVER_AGE_MS, { signal })) ?? 0;
  return { oldest: plan?.anchor.version, deleted };
}

/** A plan whose anchor can be read, made with the pins at hand; the pins are asked for once there is one. */
async function planChecked(
  log: LogContext,
  snapshot: Snapshot,
  cutoffMs: number,
  { pins, signal }: CleanUpOptions,
): Promise<CleanupPlan | undefined> {
  const listing = await listExpired(log, cutoffMs, signal);
  const refused = new Set<string>();
  const facts: CleanupFacts = {
    cutoffMs,
    version: snapshot.version,
    pins: [],
    protectedBefore: protectedBefore(snapshot),
    accept: (candidate) => !refused.has(keyOf(candidate)),
  };
  let kept: readonly number[] | undefined;
  for (;;) {
    const plan = planCleanup(listing, { ...facts, pins: kept ?? [] });
    if (plan === undefined) return undefined;
    if (!(await canRead(log, snapshot, plan.anchor, signal))) refused.add(keyOf(plan.anchor));
    else if (kept !== undefined) return plan;
    else kept = [...((await pins?.(plan.anchor.version)) ?? []), ...(await hinted(log, signal))];
  }
}

/** The log up to its first commit that has not expired. */
async function listExpired(
  log: LogContext,
  cutoffMs: number,
  signal: AbortSignal | undefined,
): Promise<readonly ObjectInfo[]> {
  let timeMs: number | undefined;
  const until = ({ key, modifiedMs }: ObjectInfo): boolean => {
    if (parseLogName(key.slice(LOG.length)).kind !== 'commit') return false;
    timeMs = monotonic(modifiedMs, timeMs);
    return timeMs > cutoffMs;
  };
  return await listLog(log.store, { until, signal });
}

/** Whether a checkpoint holds a whole table: a damaged one is passed over as long as commits lead past it. */
async function canRead(
  log: LogContext,
  snapshot: Snapshot,
  candidate: CheckpointCandidate,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (snapshot.parts.base?.file.key === keyOf(candidate)) return true;
  try {
    const { protocol, metadata } = await readCheckpoint(log, candidate, signal);
    return protocol !== undefined && metadata !== undefined;
  } catch (error) {
    if (isVarveError(error, 'CORRUPT_DATA', 'UNSUPPORTED_FEATURE', 'LIMIT', 'NOT_FOUND')) {
      return false;
    }
    throw error;
  }
}

/** What the hint points at stays: over HTTP there is no other way to a checkpoint. */
async function hinted(
  log: LogContext,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const hint = await readLastCheckpoint(log.store, { signal });
  return hint === undefined ? [] : [hint.version];
}

/**
 * Gives a checkpoint that is named by a UUID the classic name too: a client that does not know such names would take a
 * log that begins with one for a log without a beginning, and by the classic name it finds the protocol that it lacks.
 * Writers should do so now and then; classic names are for Parquet alone, so one in JSON, which other writers make, is
 * left as it is.
 * PROTOCOL.md "Handling Backward compatibility while moving to UUID-named v2 Checkpoints".
 */
async function keepClassic(
  { store }: LogContext,
  { version, kind, files }: CheckpointCandidate,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [file] = files;
  if (kind !== 'v2' || file === undefined || !file.key.endsWith('.parquet')) return;
  const object = await store.get(file.key, { ifMatch: file.etag, signal });
  if (object !== undefined) {
    await putCheckpointFile(store, checkpointKey(version), object.bytes, signal);
  }
}

async function deleteAll(
  log: LogContext,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let deleted = 0;
  const work = inOrder(keys, DELETES_AHEAD, signal, async (key, stop) => {
    return await log.store.delete(key, { signal: stop });
  });
  for await (const outcome of work) if (outcome === 'deleted') deleted++;
  return deleted;
}

function protectedBefore({ configuration }: Snapshot): number | undefined {
  const text = configuration.get(PROTECTED_BEFORE) ?? undefined;
  if (text === undefined) return undefined;
  // What cannot be read may protect everything.
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.MAX_SAFE_INTEGER;
}

function keyOf(candidate: CheckpointCandidate): string {
  return candidate.files[0]?.key ?? '';
}
