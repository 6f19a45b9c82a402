/** Row ids: who has one, that each is given once, and that it stays. */
import type { Replay, ReplayedCommit, ReplayedFile } from './replayer.js';
import { broken, type Violation } from './violation.js';

/**
 * Where the protocol supports row tracking every commit gives ids to what it adds, above a mark that never falls; where
 * the table says that rows have ids every live file has them. A file keeps the ids that it got, and its remove says the
 * same.
 */
export function judgeRowIds({ commits, live }: Replay): readonly Violation[] {
  let mark = -1;
  for (const commit of commits) {
    const { version } = commit;
    const before = live[version - 1];
    const files = [...(live[version]?.values() ?? [])];
    const isTracked = commit.metadata?.configuration['delta.enableRowTracking'] === 'true';
    if (isTracked && files.some(({ baseRowId }) => baseRowId === undefined)) {
      return [broken('a tracked row has an id', 'log', `version ${version}`)];
    }
    const isSupported = commit.protocol?.writerFeatures?.includes('rowTracking') === true;
    if (isSupported && commit.adds.some((file) => !hasIds(file, commit))) {
      return [broken('a new file gets ids of its version', 'log', `version ${version}`)];
    }
    const changed = idsChanged(commit, before);
    if (changed !== undefined) {
      return [broken('a row keeps its id', `version ${version}`, changed)];
    }
    if ((commit.mark ?? -1) < Math.max(mark, ...commit.adds.map(lastId))) {
      return [broken('the mark is above every row id', `version ${version}`, String(commit.mark))];
    }
    mark = commit.mark ?? -1;
  }
  return givenTwice(commits);
}

function hasIds(
  { path, baseRowId, defaultRowCommitVersion: since }: ReplayedFile,
  { version, again }: ReplayedCommit,
): boolean {
  if (baseRowId === undefined || since === undefined) return false;
  return again.has(path) ? since <= version : since === version;
}

/** The first file whose ids are others than the version before had them. */
function idsChanged(
  { adds, removedIds, again }: ReplayedCommit,
  before: ReadonlyMap<string, ReplayedFile> | undefined,
): string | undefined {
  const isOther = (path: string, baseRowId: number | undefined): boolean => {
    const old = before?.get(path)?.baseRowId;
    return old !== undefined && old !== baseRowId;
  };
  const moved = adds.find(({ path, baseRowId }) => again.has(path) && isOther(path, baseRowId));
  return moved?.path ?? [...removedIds].find(([path, id]) => isOther(path, id))?.[0];
}

const lastId = ({ baseRowId, rows }: ReplayedFile): number =>
  baseRowId === undefined ? -1 : baseRowId + rows.length - 1;

function givenTwice(commits: readonly ReplayedCommit[]): readonly Violation[] {
  const files = new Map(
    commits.flatMap(({ adds }) => adds).map((file) => [file.path, file] as const),
  );
  const ranges = [...files.values()]
    .flatMap(({ baseRowId, rows }) => (baseRowId === undefined ? [] : [[baseRowId, rows.length]]))
    .toSorted(([a = 0], [b = 0]) => a - b);
  for (const [at, [from = 0]] of ranges.entries()) {
    const [before = 0, length = 0] = ranges[at - 1] ?? [];
    if (at > 0 && from < before + length) {
      return [broken('a row id belongs to one row', 'log', `${from} twice`)];
    }
  }
  return [];
}
