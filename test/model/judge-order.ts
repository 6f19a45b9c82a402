/** Real time: what had ended before something began comes before it. */
import type { History } from './history.js';
import type { Outcome } from './step.js';
import { broken, type Violation } from './violation.js';

export function judgeOrder({ outcomes, hadStaleLists }: History): readonly Violation[] {
  const found: Violation[] = [];
  for (const outcome of outcomes) {
    const version = versionOf(outcome);
    const { turns, op, step, result } = outcome;
    if (version === undefined || turns === undefined || step.kind === 'travel') continue;
    if (result.kind === 'read' && step.kind !== 'read') continue;
    const before = acknowledgedBefore(outcomes, turns.began);
    const own = Math.max(
      -1,
      ...outcomes.filter((one) => isOwn(one, outcome)).map((one) => versionOf(one) ?? -1),
    );
    if (result.kind === 'ok' && result.applied && version <= before) {
      found.push(broken('versions follow real time', op, `${version} began after ${before}`));
    }
    if (result.kind === 'read' && hadStaleLists !== true && version < before) {
      found.push(broken('readers see what was acknowledged', op, `${version}, not ${before}`));
    }
    if (result.kind === 'read' && version < own) {
      found.push(broken('a handle never goes back', op, `${version}, after ${own}`));
    }
  }
  return found;
}

/** The newest version that was acknowledged to anybody before the turn; -1 for none. */
export function acknowledgedBefore(outcomes: readonly Outcome[], turn: number): number {
  let newest = -1;
  for (const { turns, result } of outcomes) {
    if (turns === undefined || turns.ended >= turn || result.kind !== 'ok') continue;
    newest = Math.max(newest, result.version);
  }
  return newest;
}

/** Whether the same actor did `one` before `outcome`. */
function isOwn(one: Outcome, outcome: Outcome): boolean {
  const actorOf = (op: string): string => op.split('.')[0] ?? '';
  return (
    actorOf(one.op) === actorOf(outcome.op) &&
    one.step.kind !== 'travel' &&
    (one.turns?.ended ?? Number.MAX_VALUE) <= (outcome.turns?.began ?? 0)
  );
}

function versionOf({ result }: Outcome): number | undefined {
  return result.kind === 'ok' || result.kind === 'read' ? result.version : undefined;
}
