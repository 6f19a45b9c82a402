/**
 * A scheduler for tests of concurrent programs: a seed decides who goes on, so a seed replays a whole history.
 *
 * Actors are ordinary asynchronous functions. Wherever they touch a scheduled store, or sleep on their clock, they
 * wait for their turn; the seed picks one of those that wait, and everything between two such points runs on without
 * interruption. Time is virtual: it moves only when the scheduler moves it.
 */
import { type Clock, nextTurn } from '../clock.js';
import { LimitError } from '../errors.js';
import { seededNumbers } from './seeded.js';

/** What became of an actor. */
export type Settled<T> =
  | { readonly actor: string; readonly status: 'fulfilled'; readonly value: T }
  | { readonly actor: string; readonly status: 'rejected'; readonly reason: unknown };

interface Waiting {
  readonly actor: string;
  readonly what: string;
  /** Virtual time before which it does not go on. */
  readonly dueMs: number;
  readonly goOn: () => void;
}

/** 2026-01-01T00:00:00Z: where virtual time begins. */
const START_MS = 1_767_225_600_000;
/** Steps after which a history counts as one that does not end. */
const MAX_STEPS = 1_000_000;
const FNV_PRIME = 0x100000001b3n;
const FNV_OFFSET = 0xcbf29ce484222325n;

export class Scheduler {
  readonly #random: () => number;
  #waiting: Waiting[] = [];
  #nowMs = START_MS;
  readonly #trace: string[] = [];
  #hash = FNV_OFFSET;

  /** @param seed - an integer; the same seed gives the same history of the same actors */
  constructor(seed: number) {
    this.#random = seededNumbers(seed);
  }

  /** What happened, in order: `actor: what`. */
  get trace(): readonly string[] {
    return this.#trace;
  }

  /** A digest of the trace, in hex: equal for equal histories. */
  get traceHash(): string {
    return this.#hash.toString(16).padStart(16, '0');
  }

  /** Virtual time for one actor: sleeping is waiting for a turn, and moves time on. */
  clock(actor: string): Clock {
    return {
      now: () => this.#nowMs,
      sleep: async (delayMs, signal) => {
        signal?.throwIfAborted();
        await this.#wait(actor, `sleep ${Math.ceil(delayMs)} ms`, this.#nowMs + Math.ceil(delayMs));
        signal?.throwIfAborted();
      },
    };
  }

  /** Waits for the actor's next turn. */
  point(actor: string, what: string): Promise<void> {
    return this.#wait(actor, what, this.#nowMs);
  }

  /**
   * Runs the actors until all have ended, however they ended.
   *
   * @throws LimitError when they do not end within a million turns
   */
  async run<T>(actors: Readonly<Record<string, () => Promise<T>>>): Promise<readonly Settled<T>[]> {
    const settled: Settled<T>[] = [];
    const names = Object.keys(actors);
    for (const actor of names) {
      const start = async (): Promise<T | undefined> => {
        await this.point(actor, 'start');
        return await actors[actor]?.();
      };
      start().then(
        (value) => settled.push({ actor, status: 'fulfilled', value: value as T }),
        (reason: unknown) => settled.push({ actor, status: 'rejected', reason }),
      );
    }
    for (let steps = 0; settled.length < names.length; steps++) {
      if (steps > MAX_STEPS) throw endless(steps);
      await nextTurn();
      this.#step();
    }
    return names.flatMap((actor) => settled.filter((one) => one.actor === actor));
  }

  #wait(actor: string, what: string, dueMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ actor, what, dueMs, goOn: resolve });
    });
  }

  #step(): void {
    const chosen = this.#waiting[Math.floor(this.#random() * this.#waiting.length)];
    if (chosen === undefined) return;
    this.#waiting = this.#waiting.filter((one) => one !== chosen);
    this.#nowMs = Math.max(this.#nowMs + 1, chosen.dueMs);
    this.#note(`${chosen.actor}: ${chosen.what}`);
    chosen.goOn();
  }

  #note(event: string): void {
    this.#trace.push(event);
    for (let at = 0; at < event.length; at++) {
      this.#hash = BigInt.asUintN(64, (this.#hash ^ BigInt(event.charCodeAt(at))) * FNV_PRIME);
    }
  }
}

function endless(steps: number): LimitError {
  return new LimitError({
    message: 'the actors do not end; look at the end of scheduler.trace',
    limit: 'MAX_STEPS',
    value: steps,
    max: MAX_STEPS,
  });
}
