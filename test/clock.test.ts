import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../src/clock.js';

describe("the machine's clock", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([1, 2 ** 31 - 1, 2 ** 31, 2 ** 33 + 7])('sleeps %d ms, and not less', async (delayMs) => {
    const slept = systemClock.sleep(delayMs);
    await vi.advanceTimersByTimeAsync(delayMs - 1);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(vi.getTimerCount()).toBe(0);
    await slept;
  });

  it.each([
    ['before its first timer has run', 5],
    ['after it', 2 ** 31 + 5],
  ])('stops when it is aborted %s, and leaves no timer', async (_when, afterMs) => {
    const stop = new AbortController();
    const reason = new Error('stop');
    const slept = systemClock.sleep(2 ** 32, stop.signal);
    const rejected = expect(slept).rejects.toBe(reason);
    await vi.advanceTimersByTimeAsync(afterMs);
    stop.abort(reason);
    await rejected;
    expect(vi.getTimerCount()).toBe(0);
  });
});
