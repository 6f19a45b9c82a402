/** Ends a request that a service neither answers nor refuses. */
import type { Clock } from '../clock.js';

/** How long a request may take that moves no bytes to speak of. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Slower than this a connection counts as broken. */
export const MIN_BYTES_PER_SECOND: number = 64 * 1024;

/** Timers take a longer time for none. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One request's time. */
export class Deadline {
  /** Aborted by the caller's signal, and when the time is over. */
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #pending = new AbortController();

  constructor(clock: Clock, signal: AbortSignal | undefined, bytes = 0) {
    this.#clock = clock;
    this.signal =
      signal === undefined ? this.#over.signal : AbortSignal.any([signal, this.#over.signal]);
    this.#start(bytes);
  }

  /** Begins anew: from here on, `bytes` are to be moved. */
  allow(bytes: number): void {
    this.end();
    this.#pending = new AbortController();
    this.#start(bytes);
  }

  /** The request has ended; nothing is kept waiting. */
  end(): void {
    this.#pending.abort();
  }

  #start(bytes: number): void {
    const wantedMs = REQUEST_TIMEOUT_MS + (bytes / MIN_BYTES_PER_SECOND) * 1000;
    const allowedMs = Math.min(wantedMs, MAX_TIMER_MS);
    this.#clock.sleep(allowedMs, this.#pending.signal).then(
      () => this.#over.abort(),
      // Ended in time.
      () => undefined,
    );
  }
}
