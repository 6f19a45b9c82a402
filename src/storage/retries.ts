/** Tries again what a passing fault stopped, without adding to the trouble of a service that has some. */
import { type Clock, type Entropy, monotonicMs } from '../clock.js';
import { isVarveError } from '../errors.js';

/** Tries of one request, the first included. */
export const MAX_TRIES = 5;
/** Time after which no further try is begun. */
export const RETRY_BUDGET_MS = 30_000;
/** Retries that a store may make before any request succeeded, and all that it may save up. */
export const MAX_SPARE_RETRIES = 100;
/** What a success allows: however long the trouble lasts, at most a fifth of the requests are repeated. */
export const RETRIES_PER_SUCCESS = 0.2;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

export interface RetryContext {
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** The retries of one store: a service in trouble is asked less, not more, the longer it lasts. */
export class Retries {
  readonly #context: RetryContext;
  #spare = MAX_SPARE_RETRIES;

  constructor(context: RetryContext) {
    this.#context = context;
  }

  /**
   * Runs `attempt` until it ends with something else than STORAGE_UNAVAILABLE, or the tries, the time or the store's
   * retries are spent. Between two tries it waits for as long as the service asked, or for a pause that doubles; both
   * with jitter, so that writers that were stopped together do not come back together. An abort ends the waiting.
   */
  async run<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    const { clock, entropy } = this.#context;
    const deadline = monotonicMs(clock) + RETRY_BUDGET_MS;
    for (let tries = 1; ; tries++) {
      try {
        const result = await attempt();
        this.#spare = Math.min(this.#spare + RETRIES_PER_SUCCESS, MAX_SPARE_RETRIES);
        return result;
      } catch (error) {
        if (!isVarveError(error, 'STORAGE_UNAVAILABLE') || tries >= MAX_TRIES) throw error;
        const longest = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), MAX_PAUSE_MS);
        const pauseMs = (error.retryAfterMs ?? longest / 2) + (entropy.random() * longest) / 2;
        if (monotonicMs(clock) + pauseMs > deadline || this.#spare < 1) throw error;
        this.#spare--;
        await clock.sleep(pauseMs, signal);
      }
    }
  }
}
