/** What every history must keep, whatever its seed: each broken rule by its name. */
import { AUDIT, type History } from './history.js';
import { judgeConflict } from './judge-conflict.js';
import { judgeEffect } from './judge-effect.js';
import { judgeLog } from './judge-log.js';
import { judgeOrder } from './judge-order.js';
import { type Replay, type ReplayedCommit, replay } from './replayer.js';
import type { Outcome, Reading, Resolved } from './step.js';
import { broken, type Violation } from './violation.js';

export type { Violation } from './violation.js';

/** Every violation of one history; none when it is as it must be. */
export function judge(history: History): readonly Violation[] {
  const replayed = replay(history.log, history.objects);
  const found: Violation[] = replayed.faults.map((detail) => ({
    rule: 'the log is whole',
    detail,
  }));
  if (found.length > 0) return found;
  for (const outcome of history.outcomes) found.push(...judgeOutcome(outcome, history, replayed));
  found.push(...judgeOrder(history));
  found.push(...judgeLog(history, replayed));
  return found;
}

function judgeOutcome(outcome: Outcome, history: History, replayed: Replay): readonly Violation[] {
  const { op, step, result } = outcome;
  const { commits } = replayed;
  const at = commits.filter(({ ops }) => ops.includes(op));
  const versions = at.map(({ version }) => version).join(', ');
  switch (result.kind) {
    case 'ok':
      if (!result.applied) return judgeSkipped(outcome, result.version, at, commits);
      if (at.length !== 1 || at[0]?.version !== result.version) {
        const wanted = `acknowledged at ${result.version}, in the log at [${versions}]`;
        return [broken('an acknowledged commit is in the log exactly once', op, wanted)];
      }
      return judgeEffect(outcome, result.version, { history, replayed });
    case 'failed':
      if (!reasonsOf(outcome, history).includes(result.code)) {
        return [
          broken('only conflicts and refusals fail', op, `${result.code}: ${result.message}`),
        ];
      }
      if (at.length > 0) return [broken('a failed commit is nowhere', op, versions)];
      return judgeConflict(outcome, commits, history.isolation);
    case 'unknown': {
      const { attempt, resolved } = result;
      // Of the several commits of such a step only the last has the step's name.
      const own =
        step.kind === 'track' ? commits.filter((one) => one.txnId === attempt?.txnId) : at;
      const said = resolved === 'committed' ? 1 : 0;
      const isOpen = resolved === 'unknown' || resolved === 'expired';
      const fits = own.length === said || (isOpen && own.length <= 1);
      const isThere = own.every(({ version }) => version === (attempt?.version ?? version));
      return fits && isThere
        ? own.flatMap(({ version }) => judgeEffect(outcome, version, { history, replayed }))
        : [broken('resolveCommit tells the truth', op, `${resolved}: [${versions}]`)];
    }
    case 'resolved':
      return judgeResolved(op, result, history, commits);
    case 'read':
      return judgeReading(op, step.kind, result, replayed);
    case 'pinned':
    case 'done':
      return [];
  }
}

const READS_OLD: readonly string[] = ['travel', 'instant', 'pin', 'compact'];

/** What a step may fail for when every store answers in the end. */
function reasonsOf({ step }: Outcome, history: History): readonly string[] {
  const reasons = ['COMMIT_CONFLICT'];
  // What is no commit is asked once, and its answer may be lost.
  const isAskedOnce = ['pin', 'checkpoint', 'clean'].includes(step.kind);
  if (history.hadOutage || isAskedOnce) reasons.push('STORAGE_UNAVAILABLE');
  const isLogShort = history.outcomes.some((other) => other.step.kind === 'clean');
  // Versions that are not the newest may be gone when they are to be read.
  if (isLogShort && READS_OLD.includes(step.kind)) reasons.push('NOT_FOUND', 'DATA_GONE');
  return reasons;
}

/** Where a commit is in the log, only a clean-up makes it unknowable; where it is not, nothing makes it committed. */
function judgeResolved(
  op: string,
  { attempt: { version, txnId }, outcome }: Resolved,
  { objects }: History,
  commits: readonly ReplayedCommit[],
): readonly Violation[] {
  const isIn = commits[version]?.txnId === txnId;
  const isGone = objects?.has(`_delta_log/${String(version).padStart(20, '0')}.json`) === false;
  const isTrue = {
    committed: isIn,
    lost: !isIn && version < commits.length,
    expired: isGone && version < commits.length,
    unknown: version >= commits.length,
  }[outcome];
  const said = `${outcome} of version ${version}, ${isIn ? 'which it made' : 'which it did not make'}`;
  return isTrue === true ? [] : [broken('resolveCommit tells the truth', op, said)];
}

function judgeSkipped(
  { op, step, result }: Outcome,
  version: number,
  at: readonly ReplayedCommit[],
  commits: readonly ReplayedCommit[],
): readonly Violation[] {
  if (at.length > 0) return [broken('a skipped write is nowhere', op, JSON.stringify(result))];
  if (step.kind === 'compact') return [];
  const wasApplied =
    step.kind === 'once' &&
    commits
      .slice(0, version + 1)
      .some((commit) => commit.sequences.some((one) => one.version >= step.sequence));
  return wasApplied ? [] : [broken('only what was applied is skipped', op, `version ${version}`)];
}

function judgeReading(
  op: string,
  kind: string,
  { version, paths, rows, rowIds }: Reading,
  { commits, live }: Replay,
): readonly Violation[] {
  if (op === AUDIT && version !== commits.length - 1) {
    return [broken('who comes last sees the last version', op, `version ${version}`)];
  }
  const files = [...(live[version]?.values() ?? [])];
  const wantedPaths = files.map(({ path }) => path).toSorted();
  const wantedRows = files.flatMap((file) => file.rows).toSorted();
  const wantedIds = files.flatMap(({ baseRowId = Number.NaN, rows: own }) =>
    own.map((row, at) => `${row}=${baseRowId + at}`),
  );
  if (rowIds !== undefined && wantedIds.toSorted().join() !== rowIds.join()) {
    return [broken('readers see the ids of rows', op, `${kind} of ${version}: ${rowIds.join()}`)];
  }
  const isSame =
    wantedPaths.join() === paths.toSorted().join() && wantedRows.join() === rows.join();
  return isSame
    ? []
    : [broken('readers see whole versions', op, `${kind} of ${version}: ${rows.join()}`)];
}
