/** What must be true of the log and of the store, whoever wrote them. */
import type { History } from './history.js';
import { judgeRowIds } from './judge-row-ids.js';
import type { MetadataJson, Replay, ReplayedCommit } from './replayer.js';
import { broken, type Violation } from './violation.js';

export function judgeLog(history: History, replayed: Replay): readonly Violation[] {
  const { commits } = replayed;
  return [
    ...judgeFiles(history, commits),
    ...judgeIds(commits),
    ...judgeSequences(commits),
    ...judgeTimes(commits),
    ...judgeRowIds(replayed),
    ...judgeRest(history),
    ...judgeMoves(commits),
    ...judgeChecksums(history, replayed),
  ];
}

/** Every file that a version names is there; one that no version names is what an unknown outcome left. */
function judgeFiles(
  { files, objects, outcomes }: History,
  commits: readonly ReplayedCommit[],
): readonly Violation[] {
  const adds = commits.flatMap((commit) => commit.adds);
  const named = new Set(adds.map(({ path }) => path));
  const gone = [...named].filter((path) => !files.has(path));
  if (gone.length > 0) return [broken('no committed file is deleted', 'store', gone.join(', '))];
  for (const { path, size } of adds) {
    const found = objects?.get(path)?.length ?? size;
    if (found !== size) return [broken('a file has the size that is told', path, String(found))];
  }
  if (outcomes.some(({ result }) => result.kind === 'unknown')) return [];
  const left = [...files].filter((path) => !named.has(path));
  return left.length === 0 ? [] : [broken('what failed leaves no file', 'store', left.join(', '))];
}

function judgeIds(commits: readonly ReplayedCommit[]): readonly Violation[] {
  const ids = commits.map(({ txnId }) => txnId);
  const isUnique = new Set(ids).size === ids.length && !ids.includes(undefined);
  return isUnique ? [] : [broken('every commit has an id of its own', 'log', ids.join(', '))];
}

function judgeSequences(commits: readonly ReplayedCommit[]): readonly Violation[] {
  const sequences = commits.flatMap((commit) => commit.sequences.map(({ version }) => version));
  const rises = sequences.every((sequence, at) => at === 0 || sequence > (sequences[at - 1] ?? 0));
  return rises ? [] : [broken('a sequence is applied once', 'log', sequences.join(', '))];
}

/** In-commit timestamps, from where they begin: each later than the one before, whatever the clocks said. */
function judgeTimes(commits: readonly ReplayedCommit[]): readonly Violation[] {
  const times = commits.map(({ inCommitTimestamp }) => inCommitTimestamp);
  const from = times.findIndex((time) => time !== undefined);
  if (from < 0) return [];
  const own = times.slice(from);
  const rises = own.every((time, at) => time !== undefined && time > (own[at - 1] ?? 0));
  return rises ? [] : [broken('in-commit timestamps rise', 'log', own.join(', '))];
}

interface ChecksumJson {
  readonly tableSizeBytes: number;
  readonly numFiles: number;
  readonly numMetadata: number;
  readonly numProtocol: number;
  readonly inCommitTimestampOpt?: number;
  readonly metadata: MetadataJson;
  readonly protocol: object;
}

/** A version checksum says what the replay of the log says: other engines believe it. */
function judgeChecksums({ objects }: History, { commits, live }: Replay): readonly Violation[] {
  const found: Violation[] = [];
  for (const [key, bytes] of objects ?? []) {
    const digits = /^_delta_log\/(\d{20})\.crc$/u.exec(key)?.[1];
    if (digits === undefined) continue;
    const version = Number(digits);
    const files = [...(live[version]?.values() ?? [])];
    const commit = commits[version];
    const said = JSON.parse(new TextDecoder().decode(bytes)) as ChecksumJson;
    const isTrue =
      said.numFiles === files.length &&
      said.tableSizeBytes === files.reduce((sum, { size }) => sum + size, 0) &&
      said.numMetadata === 1 &&
      said.numProtocol === 1 &&
      said.inCommitTimestampOpt === commit?.inCommitTimestamp &&
      canonical(said.metadata) === canonical(commit?.metadata) &&
      canonical(said.protocol) === canonical(commit?.protocol);
    if (!isTrue) found.push(broken('a version checksum is true', key, JSON.stringify(said)));
  }
  return found;
}

/** With the members of every object, and the features of a protocol, in one order. */
function canonical(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(canonical).toSorted().join()}]`;
  if (typeof json !== 'object' || json === null) return JSON.stringify(json) ?? '';
  const members = Object.entries(json).map(([name, value]) => `${name}:${canonical(value)}`);
  return `{${members.toSorted().join()}}`;
}

/** What clean-up left: commits without a gap up to the newest, from the beginning or with a checkpoint to begin at. */
function judgeRest({ objects, log }: History): readonly Violation[] {
  if (objects === undefined) return [];
  const versions = [...objects.keys()]
    .flatMap((key) => /^_delta_log\/(\d{20})\.json$/u.exec(key)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
  const [first = 0] = versions;
  const isWhole = versions.every((version, at) => version === first + at);
  if (!isWhole || versions.at(-1) !== log.size - 1) {
    return [broken('clean-up leaves no gap', 'store', versions.join(', '))];
  }
  if (first === 0) return [];
  const checkpoints = [...objects.keys()]
    .flatMap((key) => /^_delta_log\/(\d{20})\.checkpoint\./u.exec(key)?.[1] ?? [])
    .map(Number);
  return checkpoints.some((version) => version >= first)
    ? []
    : [broken('clean-up leaves a checkpoint', 'store', `commits from ${first}`)];
}

/** A commit that says it changes no data leaves every row as it was. */
function judgeMoves(commits: readonly ReplayedCommit[]): readonly Violation[] {
  const where = new Map<string, readonly string[]>();
  for (const { version, adds, removes, again } of commits) {
    const before = [...removes, ...again].flatMap((path) => where.get(path) ?? []).toSorted();
    for (const { path, rows } of adds) where.set(path, rows);
    if (adds.length === 0 || adds.some(({ dataChange }) => dataChange)) continue;
    const after = adds.flatMap(({ rows }) => rows).toSorted();
    if (before.join() !== after.join()) {
      return [broken('a rewrite keeps every row', `version ${version}`, after.join())];
    }
  }
  return [];
}
