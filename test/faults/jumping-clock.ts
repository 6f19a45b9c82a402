import { type Clock, monotonicMs } from '../../src/clock.js';
import { seededNumbers } from '../../src/testing/seeded.js';

const YEAR_MS = 365 * 24 * 3_600_000;
/** How far from the true time a clock is set, in either direction. */
const MOST_MS = 20 * YEAR_MS;
/** One reading of so many finds the clock set anew. */
const READINGS_PER_JUMP = 4;

/** `clock`, whose time of day is set forward or back by years now and then, also in the middle of a call. */
export function jumpingClock(clock: Clock, seed: number): Clock {
  const random = seededNumbers(seed);
  const anywhere = (): number => Math.floor((random() * 2 - 1) * MOST_MS);
  let aheadMs = anywhere();
  return {
    now: () => {
      if (random() < 1 / READINGS_PER_JUMP) aheadMs = anywhere();
      return clock.now() + aheadMs;
    },
    monotonicMs: () => monotonicMs(clock),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
  };
}
