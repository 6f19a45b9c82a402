import { describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.js';
import { Deadline, MIN_BYTES_PER_SECOND, REQUEST_TIMEOUT_MS } from '../../src/storage/deadline.js';

/** Timers take longer for none: they fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Time that passes when told: what sleeps, for how long, and what wakes it. */
function byHand(): { readonly clock: Clock; readonly asleep: Map<number, () => void> } {
  const asleep = new Map<number, () => void>();
  const sleep: Clock['sleep'] = async (delayMs, signal) =>
    await new Promise((resolve, reject) => {
      asleep.set(delayMs, resolve);
      signal?.addEventListener('abort', () => {
        asleep.delete(delayMs);
        reject(signal.reason as Error);
      });
    });
  return { clock: { now: () => 0, sleep }, asleep };
}

describe('a deadline', () => {
  it.each([
    ['no bytes', 0, REQUEST_TIMEOUT_MS],
    ['some seconds of bytes', 5 * MIN_BYTES_PER_SECOND, REQUEST_TIMEOUT_MS + 5000],
    [
      'the most that a timer takes',
      ((MAX_TIMER_MS - REQUEST_TIMEOUT_MS) * MIN_BYTES_PER_SECOND) / 1000,
      MAX_TIMER_MS,
    ],
    ['more than a timer takes', 1e15, MAX_TIMER_MS],
    ['bytes without a known end', Number.POSITIVE_INFINITY, MAX_TIMER_MS],
  ])('gives the time that %s need', async (_, bytes, expectedMs) => {
    const { clock, asleep } = byHand();
    const deadline = new Deadline(clock, undefined, bytes);
    expect([...asleep.keys()].map(Math.round)).toEqual([expectedMs]);
    expect(deadline.signal.aborted).toBe(false);
    for (const wake of asleep.values()) wake();
    await vi.waitFor(() => expect(deadline.signal.aborted).toBe(true));
  });

  it('of more than a timer takes is no deadline that is over at once', async () => {
    const deadline = new Deadline(systemClock, undefined, 1e15);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(deadline.signal.aborted).toBe(false);
    deadline.end();
  });

  it('that begins anew forgets the time before', async () => {
    const { clock, asleep } = byHand();
    const deadline = new Deadline(clock, undefined);
    deadline.allow(MIN_BYTES_PER_SECOND);
    expect([...asleep.keys()]).toEqual([REQUEST_TIMEOUT_MS + 1000]);
    deadline.allow(1e15);
    expect([...asleep.keys()]).toEqual([MAX_TIMER_MS]);
    for (const wake of asleep.values()) wake();
    await vi.waitFor(() => expect(deadline.signal.aborted).toBe(true));
  });

  it('that has ended keeps nothing waiting and aborts nothing', async () => {
    const { clock, asleep } = byHand();
    const deadline = new Deadline(clock, undefined);
    deadline.end();
    await Promise.resolve();
    expect(asleep.size).toBe(0);
    expect(deadline.signal.aborted).toBe(false);
  });

  it('is over when the caller says so, with the caller’s reason', () => {
    const { clock } = byHand();
    const caller = new AbortController();
    const deadline = new Deadline(clock, caller.signal);
    const reason = new Error('the caller has left');
    caller.abort(reason);
    expect(deadline.signal.reason).toBe(reason);
    expect(deadline.signal.aborted).toBe(true);
  });
});
