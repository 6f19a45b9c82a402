/** What every history must keep, whatever its seed: each broken rule by its name. */
import { AUDIT, type History, type Outcome } from './history.js';
import { type Replay, type ReplayedCommit, replay } from './replayer.js';

/** A rule that a history broke. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
}

/** Every violation of one history; none when it is as it must be. */
export function judge(history: History): readonly Violation[] {
  const replayed = replay(history.log);
  const found: Violation[] = replayed.faults.map((detail) => ({
    rule: 'the log is whole',
    detail,
  }));
  if (found.length > 0) return found;
  const reasons = history.hadOutage ? [...REASONS, 'STORAGE_UNAVAILABLE'] : REASONS;
  for (const outcome of history.outcomes) found.push(...judgeOutcome(outcome, replayed, reasons));
  found.push(...judgeFiles(history, replayed.commits));
  found.push(...judgeIds(replayed.commits), ...judgeSequences(replayed.commits));
  return found;
}

/** What a step may fail for when every store answers in the end. */
const REASONS: readonly string[] = ['COMMIT_CONFLICT'];

function judgeOutcome(
  outcome: Outcome,
  { commits, live }: Replay,
  reasons: readonly string[],
): readonly Violation[] {
  const { op, step, result } = outcome;
  const at = commits.filter(({ adds }) => adds.some((file) => file.op === op));
  const versions = at.map(({ version }) => version).join(', ');
  switch (result.kind) {
    case 'ok':
      if (!result.applied) {
        if (at.length > 0) return [broken('a skipped write is nowhere', op, versions)];
        return step.kind === 'once' && wasApplied(step.sequence, result.version, commits)
          ? []
          : [broken('only what was applied is skipped', op, `version ${result.version}`)];
      }
      if (at.length !== 1 || at[0]?.version !== result.version) {
        const wanted = `acknowledged at ${result.version}, in the log at [${versions}]`;
        return [broken('an acknowledged commit is in the log exactly once', op, wanted)];
      }
      return judgeReplacement(outcome, result.version, live);
    case 'failed':
      if (!reasons.includes(result.code)) {
        return [
          broken('only conflicts and refusals fail', op, `${result.code}: ${result.message}`),
        ];
      }
      return at.length === 0 ? [] : [broken('a failed commit is nowhere', op, versions)];
    case 'unknown': {
      const said = result.resolved === 'committed' ? 1 : 0;
      const fits = at.length === said || (result.resolved === 'unknown' && at.length <= 1);
      return fits
        ? []
        : [broken('resolveCommit tells the truth', op, `${result.resolved}: [${versions}]`)];
    }
    case 'read': {
      const files = [...(live[result.version]?.values() ?? [])];
      const paths = files.map(({ path }) => path).toSorted();
      const ops = files.map((file) => file.op).toSorted();
      if (op === AUDIT && result.version !== commits.length - 1) {
        return [broken('who comes last sees the last version', op, `version ${result.version}`)];
      }
      const same =
        paths.join() === result.paths.toSorted().join() && ops.join() === result.ops.join();
      return same
        ? []
        : [broken('readers see whole versions', op, `${step.kind} of ${result.version}`)];
    }
  }
}

/** After an overwrite nothing of what it replaced is left, and nothing that came in between is hidden from it. */
function judgeReplacement(
  { op, step }: Outcome,
  version: number,
  live: Replay['live'],
): readonly Violation[] {
  if (step.kind !== 'overwrite' && step.kind !== 'replace') return [];
  const files = [...(live[version]?.values() ?? [])];
  const others = files.filter(
    (file) => file.op !== op && (step.kind !== 'replace' || file.part === step.part),
  );
  if (others.length === 0) return [];
  const left = others.map((file) => file.op).join(', ');
  return [
    broken('an overwrite replaces all that was there', op, `version ${version} still has ${left}`),
  ];
}

function wasApplied(
  sequence: number,
  version: number,
  commits: readonly ReplayedCommit[],
): boolean {
  return commits
    .slice(0, version + 1)
    .some((commit) => commit.sequences.some((one) => one.version >= sequence));
}

/** Every file that a version names is there; one that no version names is what an unknown outcome left. */
function judgeFiles(
  { files, outcomes }: History,
  commits: readonly ReplayedCommit[],
): readonly Violation[] {
  const named = new Set(commits.flatMap(({ adds }) => adds.map(({ path }) => path)));
  const gone = [...named].filter((path) => !files.has(path));
  if (gone.length > 0) return [broken('no committed file is deleted', 'store', gone.join(', '))];
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

function broken(rule: string, op: string, detail: string): Violation {
  return { rule, detail: `${op}: ${detail}` };
}
