/** What the commits of a table say of themselves. PROTOCOL.md "Commit Provenance Information". */
import type { CommitInfo, Metadata } from './actions.js';
import { inCommitTimestamp, inCommitTimestampsFrom } from './commit-clock.js';
import { readCommitInfo } from './commit-info.js';
import { type ListedCommit, listCommits } from './commit-listing.js';
import { inOrder } from './in-order.js';
import { formatJson, isJsonObject, type Json } from './json.js';
import { listedAndGone, withFreshListings } from './listed-and-gone.js';
import { COMMITS_AHEAD } from './read-commits.js';
import { type LogContext, type Snapshot } from './table-snapshot.js';

/** One version; what its commit does not say is undefined. */
export interface CommitRecord {
  readonly version: number;
  /** Milliseconds since 1970: the commit's own time where the table keeps it, else that of its file. */
  readonly timestampMs: number;
  readonly operation?: string | undefined;
  readonly operationParameters: Readonly<Record<string, string>>;
  readonly operationMetrics: Readonly<Record<string, string>>;
  readonly isBlindAppend?: boolean | undefined;
  readonly engineInfo?: string | undefined;
  readonly readVersion?: number | undefined;
  readonly isolationLevel?: string | undefined;
  readonly txnId?: string | undefined;
  readonly userMetadata?: string | undefined;
}

export interface ReadHistoryOptions {
  /** The newest snapshot: tells where times come from, and which version is the last to be told of. */
  readonly latest: Snapshot;
  /** How many of the newest; all when undefined. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How much of a commit is read to find its first line; a commitInfo is seldom longer. */
const FIRST_LINE_BYTES: number = 32 * 1024;

/**
 * The commits that the log still holds, newest first.
 * @throws CorruptDataError when a commit is damaged
 */
export async function readHistory(
  log: LogContext,
  { latest, limit, signal }: ReadHistoryOptions,
): Promise<readonly CommitRecord[]> {
  return await withFreshListings(async () => await readListed(log, { latest, limit, signal }));
}

async function readListed(
  log: LogContext,
  { latest, limit, signal }: ReadHistoryOptions,
): Promise<readonly CommitRecord[]> {
  const { commits } = await listCommits(log.store, { upTo: latest.version, signal });
  const told = commits.filter(({ version }) => version <= latest.version).toReversed();
  const wanted = limit === undefined ? told : told.slice(0, limit);
  const records: CommitRecord[] = [];
  const read = (commit: ListedCommit, stop: AbortSignal): Promise<CommitInfo | undefined> =>
    fetchCommitInfo(log, commit, stop);
  for await (const info of inOrder(wanted, COMMITS_AHEAD, signal, read)) {
    const commit = wanted[records.length];
    if (commit !== undefined) records.push(recordOf(commit, info, latest.metadata));
  }
  return records;
}

/**
 * Reads what a commit says of itself: as a rule its first line, without the rest of a file that may be large.
 * @throws NotFoundError (kind `object`) when the commit is gone; CorruptDataError when it is damaged
 */
export async function fetchCommitInfo(
  log: LogContext,
  commit: ListedCommit,
  signal: AbortSignal | undefined,
): Promise<CommitInfo | undefined> {
  const { key } = commit.info;
  const range = { start: 0, end: FIRST_LINE_BYTES };
  const head = await log.store.get(key, { range, signal });
  if (head === undefined) throw listedAndGone(key);
  const line = firstLine(head.bytes, head.info.sizeBytes);
  const first = line && readCommitInfo(line, key);
  if (first !== undefined) return first;
  const whole = await log.store.get(key, { signal });
  if (whole === undefined) throw listedAndGone(key);
  return readCommitInfo(whole.bytes, key);
}

/** The bytes of the first line when they are all there. */
function firstLine(bytes: Uint8Array, sizeBytes: number): Uint8Array | undefined {
  const end = bytes.indexOf(NEWLINE);
  if (end > 0) return bytes.subarray(0, end);
  return bytes.length === sizeBytes ? bytes : undefined;
}

const NEWLINE = 10;

function recordOf(
  commit: ListedCommit,
  info: CommitInfo | undefined,
  metadata: Metadata,
): CommitRecord {
  const { version, fileTimeMs } = commit;
  const ownFrom = inCommitTimestampsFrom(metadata);
  const ownTimeMs =
    ownFrom !== undefined && version >= ownFrom ? inCommitTimestamp(info) : undefined;
  const isBlindAppend = info?.['isBlindAppend'];
  const readVersion = info?.['readVersion'];
  return {
    version,
    timestampMs: ownTimeMs ?? fileTimeMs,
    operation: textOf(info?.['operation']),
    operationParameters: textsOf(info?.['operationParameters']),
    operationMetrics: textsOf(info?.['operationMetrics']),
    isBlindAppend: typeof isBlindAppend === 'boolean' ? isBlindAppend : undefined,
    engineInfo: textOf(info?.['engineInfo']),
    readVersion: typeof readVersion === 'number' ? readVersion : undefined,
    isolationLevel: textOf(info?.['isolationLevel']),
    txnId: textOf(info?.['txnId']),
    userMetadata: textOf(info?.['userMetadata']),
  };
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Any JSON is accepted: what is not text is shown as JSON, as Spark writes it; null is left out. */
function textsOf(value: Json | undefined): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {};
  const texts: [string, string][] = [];
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined || item === null) continue;
    texts.push([name, typeof item === 'string' ? item : formatJson(item)]);
  }
  return Object.fromEntries(texts);
}
