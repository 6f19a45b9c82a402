/** The commits of a segment as they are replayed: one after the other, or several at one go from a log compaction file. */
import { isVarveError } from '../errors.js';
import type { ObjectInfo, ObjectStore, StoredObject } from '../storage/object-store.js';
import { inOrder } from './in-order.js';
import { listedAndGone } from './listed-and-gone.js';
import type { LogSegment } from './log-segment.js';
import { type ParsedCommit, parseFiles } from './parse-files.js';

/** Commits that are read ahead of the one that is replayed: they are small, and each costs a round trip. */
export const COMMITS_AHEAD = 64;

/** What one or several commits did. */
export interface CommitStep extends ParsedCommit {
  /** The commits that it stands for, ascending, at least one. */
  readonly commits: readonly [ObjectInfo, ...ObjectInfo[]];
  /** Whether it was read from a log compaction file, which holds no commitInfo. */
  readonly isCompacted: boolean;
}

type CommitsOfSegment = Pick<LogSegment, 'commits' | 'compactions' | 'bodies'>;

/**
 * Reads the commits of a segment in order, some ahead. A log compaction file that is gone or damaged is passed over
 * for the commits it stands for.
 * @throws NotFoundError (kind `object`) when a commit is gone; CorruptDataError, LimitError when one is damaged
 */
export async function* readCommits(
  store: ObjectStore,
  segment: CommitsOfSegment,
  signal: AbortSignal | undefined,
): AsyncGenerator<CommitStep, void, undefined> {
  const read = async (work: Work, stop: AbortSignal): Promise<() => Iterable<CommitStep>> => {
    const compacted = await readCompacted(store, work, stop);
    if (compacted !== undefined) return () => [compacted];
    const objects: StoredObject[] = [];
    for (const { key } of work.commits) {
      const object = segment.bodies?.get(key) ?? (await store.get(key, { signal: stop }));
      if (object === undefined) throw listedAndGone(key);
      objects.push(object);
    }
    return () => parsed(objects);
  };
  for await (const steps of inOrder(worksOf(segment), COMMITS_AHEAD, signal, read)) yield* steps();
}

interface Work {
  readonly commits: readonly ObjectInfo[];
  readonly compacted: ObjectInfo | undefined;
}

function worksOf({ commits, compactions = [] }: CommitsOfSegment): readonly Work[] {
  const works: Work[] = [];
  let at = 0;
  for (const { first, count, info } of compactions) {
    for (; at < first; at++)
      works.push({ commits: commits.slice(at, at + 1), compacted: undefined });
    works.push({ commits: commits.slice(first, first + count), compacted: info });
    at = first + count;
  }
  for (; at < commits.length; at++) {
    works.push({ commits: commits.slice(at, at + 1), compacted: undefined });
  }
  return works;
}

async function readCompacted(
  store: ObjectStore,
  { compacted, commits }: Work,
  signal: AbortSignal,
): Promise<CommitStep | undefined> {
  const [first, ...others] = commits;
  if (compacted === undefined || first === undefined) return undefined;
  const { key, etag } = compacted;
  try {
    const object = await store.get(key, { ifMatch: etag, signal });
    if (object === undefined) return undefined;
    return { ...parseFiles(object.bytes, key), commits: [first, ...others], isCompacted: true };
  } catch (error) {
    if (isVarveError(error, 'CORRUPT_DATA', 'LIMIT')) return undefined;
    throw error;
  }
}

/** One at a time: what a large commit holds is let go before the next is parsed. */
function* parsed(objects: readonly StoredObject[]): Generator<CommitStep> {
  for (const { bytes, info } of objects) {
    yield { ...parseFiles(bytes, info.key), commits: [info], isCompacted: false };
  }
}
