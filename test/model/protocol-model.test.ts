import { describe, expect, it } from 'vitest';
import { settle } from '../../src/log/committer.js';
import { checkConflict } from '../../src/log/conflict.js';
import { PLANTED } from '../planted/faults.js';
import { type Explored, explore } from './explore.js';
import { type ProtocolOptions, protocolModel } from './protocol-model.js';
import { settleTable } from './settle-table.js';

const decisions = { settle, checkConflict };
const SMALL: ProtocolOptions = {
  writers: [
    [
      { kind: 'append', part: 'p' },
      { kind: 'replace', part: 'p' },
    ],
    [{ kind: 'replace', part: 'p' }],
  ],
  decisions,
};

async function explored(options: Partial<ProtocolOptions>): Promise<Explored> {
  return explore(await protocolModel({ ...SMALL, ...options }), 1_000_000);
}

describe('the model of the commit protocol', () => {
  it('breaks no rule in any state', async () => {
    expect(await explored({})).toEqual({ states: 3369, violation: undefined });
  });

  it('lets a writer pass blind appends where the isolation does, and nothing else', async () => {
    const writers: ProtocolOptions['writers'][number][] = [
      [{ kind: 'append', part: 'p' }],
      [{ kind: 'replace', part: 'p' }],
    ];
    const strict = await explored({ writers });
    const weak = await explored({ writers, isolation: 'WriteSerializable' });
    expect(weak.violation).toBeUndefined();
    expect(weak.states).not.toBe(strict.states);
    const lax = { ...decisions, checkConflict: () => undefined };
    const none = await explored({ writers, isolation: 'WriteSerializable', decisions: lax });
    expect(none).toEqual(weak);
    writers.push([{ kind: 'replace', part: 'p' }]);
    const broken = await explored({ writers, isolation: 'WriteSerializable', decisions: lax });
    expect(broken.violation?.rule).toContain('would have done alone');
  });

  it('breaks no rule with writers who crash, checkpoints and clean-up', async () => {
    const { states, violation } = await explored({ keepsHouse: true, crashes: true });
    expect(violation).toBeUndefined();
    expect(states).toBeGreaterThan(100_000);
  });

  it.each<[string, Partial<ProtocolOptions>, RegExp]>([
    [
      'no txnId check',
      { mistakes: { knowsNoTxnId: true } },
      /more than once|failed and is in the log/,
    ],
    [
      'the next version after an unknown outcome',
      {
        decisions: {
          ...decisions,
          settle: PLANTED['next version after an unknown outcome']?.decisions?.settle ?? settle,
        },
      },
      /more than once|failed and is in the log/,
    ],
    ['no put-if-absent', { mistakes: { putsOver: true } }, /acknowledged at 1 and is not there/],
    [
      'no conflict check',
      { decisions: { ...decisions, checkConflict: () => undefined } },
      /would have done alone/,
    ],
    [
      'clean-up without a checkpoint',
      { keepsHouse: true, mistakes: { cleansWithoutCheckpoint: true } },
      /cannot be read/,
    ],
    [
      'clean-up while a request may still arrive',
      { keepsHouse: true, mistakes: { cleansAtOnce: true } },
      /not there|more than once|not at the version|would have done alone/,
    ],
  ])('shows what is wrong with %s, and the way there', async (_, options, rule) => {
    const { violation } = await explored(options);
    expect(violation?.rule).toMatch(rule);
    expect(violation?.path[0]).toContain('writer 0 op 0 reads');
    expect(violation?.path.length).toBeGreaterThan(3);
  });

  it('refuses to speak of a model that it did not see whole', async () => {
    const model = await protocolModel(SMALL);
    expect(() => explore(model, 100)).toThrow('more than 100 states');
  });
});

describe('the table of what settle decides', () => {
  it('is what is promised', async () => {
    const table = await settleTable(settle);
    const met = { answer: 'unknown', seen: 'absent', isOutOfTime: false } as const;
    expect(table(met, false)).toBe('again');
    expect(table({ ...met, isOutOfTime: true }, false)).toBe('unknown');
    expect(table({ ...met, seen: 'ours' }, false)).toBe('committed');
    expect(table({ ...met, seen: 'other' }, false)).toBe('lost');
    expect(table({ ...met, answer: 'denied' }, false)).toBe('throws');
    expect(table({ ...met, answer: 'denied' }, true)).toBe('again');
    expect(table({ ...met, answer: 'refused', isOutOfTime: true }, false)).toBe('throws');
    expect(table({ ...met, answer: 'refused', isOutOfTime: true }, true)).toBe('unknown');
  });
});
