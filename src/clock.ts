/** Time and chance: the only file that reads either, so that one seed and one clock replay a whole history. */

/** Where the time comes from. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /**
   * Milliseconds since some moment, never set back or forward: what every budget and deadline is measured with. Where
   * it is absent `now` is taken, which must then do the same.
   */
  monotonicMs?(): number;
  /** Resolves after `delayMs` milliseconds; rejects with `signal.reason` when aborted before. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** Where chance comes from. */
export interface Entropy {
  /** A random UUID, version 4, lower case. */
  uuid(): string;
  /** A number in [0, 1). */
  random(): number;
}

/** The longest that one timer of the platform waits: one that is to wait longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      let timer: ReturnType<typeof setTimeout>;
      const wait = (leftMs: number): void => {
        timer = setTimeout(
          () => {
            if (leftMs > MAX_TIMER_MS) return wait(leftMs - MAX_TIMER_MS);
            signal?.removeEventListener('abort', stop);
            resolve();
          },
          Math.min(leftMs, MAX_TIMER_MS),
        );
      };
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      wait(delayMs);
      signal?.addEventListener('abort', stop, { once: true });
    }),
};

/** What `clock` measures durations with, in milliseconds. */
export function monotonicMs(clock: Clock): number {
  return clock.monotonicMs?.() ?? clock.now();
}

/** The machine's own randomness. */
export const systemEntropy: Entropy = {
  uuid: () => globalThis.crypto.randomUUID(),
  random: () => Math.random(),
};

/**
 * Resolves when everything that needed no more than settled promises to go on has gone on: one turn of the event loop.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
