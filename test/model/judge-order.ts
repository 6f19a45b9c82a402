/** Real time: what had ended before something began comes before it. */
import type { History } from './history.js';
import type { Outcome } from './step.js';
import { broken, type Violation } from './violation.js';

/** Steps that read the newest version. */
const NEWEST: readonly string[] = ['read', 'fetch'];

export function judgeOrder({ outcomes, hadStaleLists }: History): readonly Violation[] {
  const found: Violation[] = [];
  for (const outcome of outcomes) {
    const version = versionOf(outcome);
    const { turns, op, step, result } = outcome;
    if (version === undefined || turns === undefined || step.kind === 'travel') continue;
    if (result.kind === 'read' && !NEWEST.includes(step.kind)) continue;
    const before = acknowledgedBefore(outcomes, turns.began);
    const own = shownBefore(outcomes, outcome);
    if (result.kind === 'ok' && result.applied && version <= before) {
      found.push(broken('versions follow real time', op, `${version} began after ${before}`));
    }
    if (result.kind === 'read' && hadStaleLists !== true && version < before) {
      found.push(broken('readers see what was acknowledged', op, `${version}, not ${before}`));
    }
    if (version < own) {
      found.push(broken('a handle never goes back', op, `${version}, after ${own}`));
    }
  }
  return found;
}

/** The newest version that was acknowledged to anybody before the turn; -1 for none. */
function acknowledgedBefore(outcomes: readonly Outcome[], turn: number): number {
  let newest = -1;
  for (const { turns, result } of outcomes) {
    if (turns === undefined || turns.ended >= turn || result.kind !== 'ok') continue;
    newest = Math.max(newest, result.version);
  }
  return newest;
}

/** The newest version that the handle had shown before the step; -1 for none. */
function shownBefore(outcomes: readonly Outcome[], outcome: Outcome): number {
  const own = outcomes.filter((one) => isOwn(one, outcome));
  return Math.max(-1, ...own.map((one) => shownBy(one) ?? -1));
}

/**
 * The version that a step can but have seen when it began: the newest that was acknowledged to anybody, or where
 * listings are behind the newest that its own handle had shown.
 */
export function seenBefore({ outcomes, hadStaleLists }: History, outcome: Outcome): number {
  return hadStaleLists === true
    ? shownBefore(outcomes, outcome)
    : acknowledgedBefore(outcomes, outcome.turns?.began ?? 0);
}

/** The newest version of which the handle has told. */
function shownBy(outcome: Outcome): number | undefined {
  const { result } = outcome;
  if (result.kind === 'failed') return result.conflict?.version;
  return result.kind === 'pinned' ? result.version : versionOf(outcome);
}

/** Whether the same actor had done `one` before it began `outcome`. */
function isOwn(one: Outcome, outcome: Outcome): boolean {
  const actorOf = (op: string): string => op.split('.')[0] ?? '';
  return (
    actorOf(one.op) === actorOf(outcome.op) &&
    one.step.kind !== 'travel' &&
    one.step.kind !== 'instant' &&
    // Another handle's.
    one.step.kind !== 'fetch' &&
    outcome.step.kind !== 'fetch' &&
    (one.turns?.ended ?? Number.MAX_VALUE) <= (outcome.turns?.began ?? 0)
  );
}

function versionOf({ result }: Outcome): number | undefined {
  return result.kind === 'ok' || result.kind === 'read' ? result.version : undefined;
}
