/** The commits of a change feed, one after the other, each with what is needed to read its files. */
import { CorruptDataError, NotFoundError } from '../errors.js';
import { forEachAction } from '../log/action-codec.js';
import type { CommitInfo, Metadata, Protocol } from '../log/actions.js';
import { inCommitTimestamp, monotonic, usesInCommitTimestamps } from '../log/commit-clock.js';
import { type CommitListing, listCommits, oldestReadable } from '../log/commit-listing.js';
import { inOrder } from '../log/in-order.js';
import { commitKey } from '../log/log-path.js';
import { checkReadable } from '../log/protocol.js';
import { parseSchemaString } from '../log/schema/schema-json.js';
import { loadSnapshot } from '../log/snapshot.js';
import { tableProperties } from '../log/table-properties.js';
import type { LogContext, Snapshot } from '../log/table-snapshot.js';
import type { StoredObject } from '../storage/object-store.js';
import { ChangeCollector, type ChangedFiles } from './changes-of.js';
import { readableWith, refuseChangeColumns, type TableDescription } from './changes-schema.js';

/** What one commit changed and how it is read. */
export interface CommitChanges {
  readonly version: number;
  readonly timestampMs: number;
  readonly files: ChangedFiles;
  /** Says the schema that the rows are given in. */
  readonly target: TableDescription;
  /** The partition columns, by their names in `target`, of the files that the commit brings, and takes away. */
  readonly partitionColumns: {
    readonly brought: readonly string[];
    readonly taken: readonly string[];
  };
}

export interface CommitRange {
  readonly from: number;
  /** Infinite when there is no end. */
  readonly to: number;
  readonly signal: AbortSignal | undefined;
}

/** Commits fetched ahead of the one that is worked on. */
const COMMITS_AHEAD = 4;

/**
 * Finds the beginning of a feed.
 *
 * @throws NotFoundError (kind `changes`) when a version of the range that should be there is not
 */
export async function openChanges(
  log: LogContext,
  latest: Snapshot,
  range: CommitRange,
): Promise<CommitReader> {
  const { from, to, signal } = range;
  const listing = await listCommits(log.store, { upTo: latest.version, signal });
  const oldest = oldestChanges(listing, latest.version);
  const available = `${oldest}..${latest.version}`;
  if (from < oldest || from > latest.version + 1) throw gone(from, available);
  const last = Math.min(to, latest.version);
  const load = async (version: number): Promise<Snapshot> =>
    version === latest.version ? latest : await loadSnapshot(log, { version, signal });
  // The version before says how files were read that the first commit takes away; it may be gone from the log.
  const readable = oldestReadable(listing, latest.version);
  const before = from === 0 ? undefined : await load(Math.max(from - 1, readable));
  const end = last < from ? undefined : await load(last);
  const times = new Map(listing.commits.map(({ version, fileTimeMs }) => [version, fileTimeMs]));
  return new CommitReader(log, { from, before, end, times, available });
}

/** The oldest version whose changes can be read: its commit, all behind it, and a snapshot at or before it are there. */
function oldestChanges(listing: CommitListing, latest: number): number {
  const present = new Set(listing.commits.map(({ version }) => version));
  let first = latest + 1;
  while (present.has(first - 1)) first--;
  return Math.max(first, oldestReadable(listing, latest));
}

interface Beginning {
  readonly from: number;
  readonly before: Snapshot | undefined;
  /** The version whose schema holds for all up to it; a later one is read with its own. */
  readonly end: Snapshot | undefined;
  readonly times: ReadonlyMap<number, number>;
  readonly available: string;
}

/** Reads commits in order; remembers how the table is to be read after the last. */
export class CommitReader {
  /** The version that comes next. */
  next: number;
  readonly #log: LogContext;
  readonly #beginning: Beginning;
  #before: TableDescription | undefined;
  #fileTimeMs: number | undefined;

  constructor(log: LogContext, beginning: Beginning) {
    this.#log = log;
    this.#beginning = beginning;
    this.#before = beginning.before;
    this.next = beginning.from;
    this.#fileTimeMs = beginning.times.get(this.next - 1);
  }

  /**
   * The commits up to `last`, which have all been made.
   *
   * @throws NotFoundError (kind `changes`) at a version that is gone or had the feed off
   * @throws SchemaMismatchError at a version that cannot be read with the schema of the end
   */
  async *upTo(
    last: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<CommitChanges, void, undefined> {
    const fetch = (version: number, stop: AbortSignal): Promise<StoredObject | undefined> =>
      this.#log.store.get(commitKey(version), { signal: stop });
    for await (const object of inOrder(upTo(this.next, last), COMMITS_AHEAD, signal, fetch)) {
      if (object === undefined) throw gone(this.next, this.#beginning.available);
      const changes = this.#read(this.next, object);
      this.next++;
      yield changes;
    }
  }

  #read(version: number, { bytes, info }: StoredObject): CommitChanges {
    const said = readCommit(bytes, { key: info.key, tableUrl: this.#log.url });
    const before = this.#before;
    const after = describe(version, before, said, info.key);
    const { end } = this.#beginning;
    const target = end !== undefined && version <= end.version ? end : after;
    refuseFeedOff(after);
    refuseChangeColumns(target);
    this.#before = after;
    const fileTimeMs =
      this.#beginning.times.get(version) ?? monotonic(info.modifiedMs, this.#fileTimeMs);
    this.#fileTimeMs = fileTimeMs;
    const ownTimeMs = usesInCommitTimestamps(after.metadata)
      ? inCommitTimestamp(said.commitInfo)
      : undefined;
    const brought = readableWith(after, target);
    const takesAway = said.files.kind === 'derived' && said.files.deletes.length > 0;
    return {
      version,
      timestampMs: ownTimeMs ?? fileTimeMs,
      files: said.files,
      target,
      partitionColumns: {
        brought,
        taken: takesAway && before !== undefined ? readableWith(before, target) : brought,
      },
    };
  }
}

interface CommitSays {
  readonly files: ChangedFiles;
  readonly metadata: Metadata | undefined;
  readonly protocol: Protocol | undefined;
  readonly commitInfo: CommitInfo | undefined;
}

function readCommit(
  bytes: Uint8Array,
  place: { readonly key: string; readonly tableUrl: string },
): CommitSays {
  const collector = new ChangeCollector(place);
  let metadata: Metadata | undefined;
  let protocol: Protocol | undefined;
  let commitInfo: CommitInfo | undefined;
  forEachAction(bytes, place.key, (action) => {
    if (action.kind === 'metaData') metadata = action.metaData;
    else if (action.kind === 'protocol') protocol = action.protocol;
    else if (action.kind === 'commitInfo') commitInfo ??= action.commitInfo;
    else collector.take(action);
  });
  return { files: collector.finish(), metadata, protocol, commitInfo };
}

/** The table after a commit. */
function describe(
  version: number,
  before: TableDescription | undefined,
  said: CommitSays,
  key: string,
): TableDescription {
  const metadata = said.metadata ?? before?.metadata;
  const protocol = said.protocol ?? before?.protocol;
  if (metadata === undefined || protocol === undefined) {
    const field = metadata === undefined ? 'metaData' : 'protocol';
    throw new CorruptDataError({ message: `the first commit has no ${field} action`, key, field });
  }
  const isSame = metadata === before?.metadata;
  const schema = isSame ? before.schema : parseSchemaString(metadata.schemaString, key);
  checkReadable(protocol, metadata, schema);
  return { version, protocol, metadata, schema };
}

function* upTo(first: number, last: number): Generator<number, void, undefined> {
  for (let version = first; version <= last; version++) yield version;
}

function refuseFeedOff({ version, metadata }: TableDescription): void {
  if (tableProperties(metadata.configuration).enableChangeDataFeed) return;
  throw new NotFoundError({
    message:
      `version ${version} was committed while the change feed was off; ` +
      'ask for versions at which the table property delta.enableChangeDataFeed is true',
    kind: 'changes',
    thing: String(version),
  });
}

function gone(version: number, available: string): NotFoundError {
  return new NotFoundError({
    message: `the log does not hold the changes of version ${version}`,
    kind: 'changes',
    thing: String(version),
    available,
  });
}
