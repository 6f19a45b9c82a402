/** The checks that planted faults are given to, seed after seed until a rule is broken. */
import { seededNumbers } from '../../src/testing/index.js';
import { failingPoints, failingRunPoints } from '../faults/fail-nth.js';
import { judgeState, record } from '../faults/power-loss.js';
import { runHistory } from '../model/history.js';
import { judge } from '../model/judge.js';
import { programOf } from '../model/program.js';
import { checkpointContent } from './checkpoint-content.js';
import { damage } from './damage.js';
import type { Caught, CheckName, SeededCheck } from './planted.js';
import { race } from './races.js';

const STATES_OF_A_RUN = 25;

export const SEEDED_CHECKS: Readonly<Record<CheckName, SeededCheck>> = {
  histories: (limit, planted) =>
    firstBroken(limit, async (seed) => {
      const found = judge(await runHistory(programOf(seed), seed, planted));
      return found.map(({ rule, detail }) => `${rule}; ${detail}`);
    }),
  races: (limit) => firstBroken(limit, race),
  'damaged logs': (limit) => firstBroken(limit, damage),
  checkpoints: (limit) => firstBroken(limit, checkpointContent),
  'power cuts': async (limit) => {
    let recording = await record(1);
    let random = seededNumbers(1);
    return await firstBroken(limit, async (seed) => {
      if (seed % STATES_OF_A_RUN === 0) {
        recording = await record(seed);
        random = seededNumbers(seed);
      }
      const cut = Math.floor(random() * (recording.events.length + 1));
      return await judgeState(recording, cut, random, false);
    });
  },
  'failing calls': async (limit) => await firstPoint(limit, failingPoints(1)),
  'failing calls of a tracker': async (limit) => await firstPoint(limit, failingRunPoints(1)),
};

async function firstPoint(
  limit: number,
  points: AsyncGenerator<readonly string[]>,
): Promise<Caught | undefined> {
  return await firstBroken(limit, async () => {
    const { value } = await points.next();
    return value ?? [];
  });
}

async function firstBroken(
  limit: number,
  run: (seed: number) => Promise<readonly string[]>,
): Promise<Caught | undefined> {
  for (let seed = 1; seed <= limit; seed++) {
    let broken: readonly string[];
    try {
      broken = await run(seed);
    } catch (error) {
      broken = [`every failure is an answer; ${String(error)}`];
    }
    const [violation] = broken;
    if (violation !== undefined) return { seeds: seed, violation };
  }
  return undefined;
}
