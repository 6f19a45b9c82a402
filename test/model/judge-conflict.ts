/** A refusal has a reason: the commit that is named as the winner did what the name of the conflict says. */

import type { ReplayedCommit, ReplayedFile } from './replayer.js';
import type { Outcome, Step } from './step.js';
import { broken, type Violation } from './violation.js';

export function judgeConflict(
  { op, step, result }: Outcome,
  commits: readonly ReplayedCommit[],
  isolation: string | undefined,
): readonly Violation[] {
  if (result.kind !== 'failed' || result.conflict === undefined) return [];
  const { name, version } = result.conflict;
  const winner = commits[version];
  // There what others add is in nobody's way.
  if (isolation === 'SnapshotIsolation' && name === 'ConcurrentAppendException') {
    return [broken('a conflict is one of the isolation', op, `${name} at ${version}`)];
  }
  const isTrue = winner !== undefined && REASONS[name]?.(step, winner) === true;
  return isTrue ? [] : [broken('a conflict is with what it says', op, `${name} at ${version}`)];
}

type Reason = (step: Step, winner: ReplayedCommit) => boolean;

const REASONS: Readonly<Record<string, Reason>> = {
  ProtocolChangedException: (_, winner) => winner.changesProtocol,
  MetadataChangedException: (_, winner) => winner.changesMetadata,
  ConcurrentTransactionException: (step, winner) =>
    step.kind === 'once' && winner.sequences.length > 0,
  ConcurrentAppendException: (step, winner) =>
    winner.adds.some((file) => !winner.again.has(file.path) && mayRead(step, file)),
  ConcurrentDeleteReadException: (step, winner) => reads(step) && winner.removes.length > 0,
  ConcurrentDeleteDeleteException: (step, winner) => reads(step) && winner.removes.length > 0,
  ConcurrentWriteException: () => true,
};

function reads(step: Step): boolean {
  return ['replace', 'sum', 'swap', 'overwrite', 'compact', 'track'].includes(step.kind);
}

function mayRead(step: Step, { part }: ReplayedFile): boolean {
  if ('part' in step) return reads(step) && part === step.part;
  return reads(step);
}
