/** What every history must keep, whatever its seed: each broken rule by its name. */
import type { History, Outcome } from './history.js';
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
  for (const outcome of history.outcomes) found.push(...judgeOutcome(outcome, replayed));
  found.push(...judgeIds(replayed.commits), ...judgeSequences(replayed.commits));
  return found;
}

function judgeOutcome(outcome: Outcome, { commits, live }: Replay): readonly Violation[] {
  const { op, step, result } = outcome;
  const at = commits.filter(({ adds }) => adds.some((file) => file.op === op));
  const versions = at.map(({ version }) => version).join(', ');
  switch (result.kind) {
    case 'ok':
      if (!result.applied)
        return at.length === 0 ? [] : [broken('a skipped write is nowhere', op, versions)];
      if (at.length !== 1 || at[0]?.version !== result.version) {
        const wanted = `acknowledged at ${result.version}, in the log at [${versions}]`;
        return [broken('an acknowledged commit is in the log exactly once', op, wanted)];
      }
      return judgeReplacement(outcome, result.version, live);
    case 'failed':
      if (result.code !== 'COMMIT_CONFLICT') {
        return [broken('only conflicts fail', op, `${result.code}: ${result.message}`)];
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
