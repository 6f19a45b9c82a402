/** R1: every state that a small model of the commit can reach, for several small worlds. */
import { settle } from '../../src/log/committer.js';
import { checkConflict } from '../../src/log/conflict.js';
import { explore } from '../model/explore.js';
import type { Operation } from '../model/protocol-facts.js';
import { type ProtocolOptions, protocolModel } from '../model/protocol-model.js';
import type { FaultLine, FaultOptions } from './line.js';

const append = (part: 'p' | 'q'): Operation => ({ kind: 'append', part });
const replace = (part: 'p' | 'q'): Operation => ({ kind: 'replace', part });
const metadata: Operation = { kind: 'metadata' };

const PAIR = [
  [append('p'), replace('p')],
  [replace('p'), append('q')],
] as const;

/** What is explored at every scale: a part of the states would prove nothing. */
export const WORLDS: Readonly<Record<string, Omit<ProtocolOptions, 'decisions'>>> = {
  'two writers, two operations each, with checkpoints and clean-up': {
    writers: PAIR,
    keepsHouse: true,
  },
  'two writers, two operations each, who may crash': { writers: PAIR, crashes: true },
  'three writers who may crash, with checkpoints and clean-up': {
    writers: [[append('p')], [replace('p')], [metadata]],
    keepsHouse: true,
    crashes: true,
  },
  'two writers, two operations each, WriteSerializable': {
    writers: PAIR,
    isolation: 'WriteSerializable',
  },
  'two writers, two operations each, SnapshotIsolation': {
    writers: PAIR,
    isolation: 'SnapshotIsolation',
  },
  'three writers, one of them with two operations': {
    writers: [[append('p'), replace('p')], [replace('p')], [metadata]],
  },
  'three writers, two operations each, of whose requests two go wrong': {
    writers: [...PAIR, [append('p'), metadata]],
    maxFaults: 2,
  },
};

/** Twice what the largest world has. */
const MAX_STATES = 3_000_000;

export async function protocol({ seed }: FaultOptions): Promise<FaultLine> {
  let count = 0;
  const violations: string[] = [];
  for (const [world, options] of Object.entries(WORLDS)) {
    const model = await protocolModel({ ...options, decisions: { settle, checkConflict } });
    const { states, violation } = explore(model, MAX_STATES);
    count += states;
    if (violation !== undefined) {
      violations.push([`${world}: ${violation.rule}`, ...violation.path].join('\n      '));
    }
  }
  return { id: 'R1', what: 'states of the protocol, all of them', count, seed, violations };
}
