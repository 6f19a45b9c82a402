import { type Clock, nextTurn } from '../../src/clock.js';

/** 2026-01-01T00:00:00Z. */
const START_MS = 1_767_225_600_000;

export interface VirtualClock extends Clock {
  /** Lets time pass at once. */
  age(ms: number): void;
  /** How far it is ahead of one that is new. */
  agedMs(): number;
}

/** A clock that moves when somebody sleeps, and then at once; whatever else can go on goes on meanwhile. */
export function virtualClock(skewMs = 0): VirtualClock {
  let nowMs = START_MS + skewMs;
  return {
    age: (ms) => {
      nowMs += ms;
    },
    agedMs: () => nowMs - START_MS,
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (delayMs, signal) => {
      signal?.throwIfAborted();
      nowMs += Math.max(1, Math.ceil(delayMs));
      await nextTurn();
      signal?.throwIfAborted();
    },
  };
}
