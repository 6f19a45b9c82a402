import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runHistory } from './history.js';
import { judge } from './judge.js';
import { programOf } from './program.js';
import { PARTS, type Step } from './step.js';

const part = fc.constantFrom(...PARTS);
const inPart = fc.record({
  kind: fc.constantFrom('append', 'pair', 'group', 'buffer', 'replace', 'sum', 'compact'),
  part,
});
const plain = fc.record({
  kind: fc.constantFrom('overwrite', 'both', 'alter', 'read', 'pin', 'checkpoint', 'clean'),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: inPart },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('once' as const),
      sequence: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('swap' as const), slot: fc.nat({ max: 1 }) }),
  },
  { weight: 3, arbitrary: plain },
);
const program = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
  minLength: 2,
  maxLength: 4,
});

describe('concurrent commits', () => {
  it('keep every rule in any interleaving, with requests and answers lost', async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.nat({ max: 2 ** 31 - 1 }), async (steps, seed) => {
        expect(judge(await runHistory(steps, seed))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('replay from their seed: the same seed, the same trace', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const first = await runHistory(programOf(seed), seed);
      const again = await runHistory(programOf(seed), seed);
      expect(again.traceHash).toBe(first.traceHash);
      expect(again.trace).toEqual(first.trace);
      // Not only who did what when: every byte of every commit, so no time and no chance came from elsewhere.
      expect(again.log).toEqual(first.log);
      expect(again.files).toEqual(first.files);
    }
  });

  // Listings that do not show what the handle has read: see test/table/listing-behind.test.ts for what went wrong.
  it.each([7, 25, 108])('keep every rule where listings are behind, seed %i', async (seed) => {
    const history = await runHistory(programOf(seed), seed, { variant: 'stale-lists' });
    expect(judge(history)).toEqual([]);
  });

  it('differ between seeds', async () => {
    const hashes = new Set<string>();
    for (let seed = 1; seed <= 5; seed++) {
      hashes.add((await runHistory(programOf(3), seed)).traceHash);
    }
    expect(hashes.size).toBe(5);
  });
});
