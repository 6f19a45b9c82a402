/**
 * A scheduler for tests of concurrent programs: a seed decides who goes on, so a seed replays a whole history.
 *
 * Actors are ordinary asynchronous functions. Wherever they touch a scheduled store, or sleep on their clock, they
 * wait for their turn; the seed picks one of those that wait, and everything between two such points runs on without
 * interruption. Time is virtual: it moves only when the scheduler moves it. What an actor does beside those (a timer, a
 * request, a file) is not scheduled, and a history with it need not replay.
 */
import { prepareWasm } from '#parquet-host';
import { type Clock, type Entropy, nextTurn } from '../clock.js';
import { LimitError } from '../errors.js';
import { seededEntropy, seededNumbers } from './seeded.js';

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
  readonly #seed: number;
  readonly #random: () => number;
  #waiting: Waiting[] = [];
  #nowMs = START_MS;
  readonly #trace: string[] = [];
  #hash = FNV_OFFSET;

  /** @param seed - an integer; the same seed gives the same history of the same actors */
  constructor(seed: number) {
    this.#seed = seed;
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

  /**
   * Virtual time for one actor: sleeping is waiting for a turn, and moves time on.
   *
   * @param skewMs - how far this actor's clock is ahead of the others', or behind
   */
  clock(actor: string, skewMs = 0): Clock {
    return {
      now: () => this.#nowMs + skewMs,
      monotonicMs: () => this.#nowMs,
      sleep: async (delayMs, signal) => {
        signal?.throwIfAborted();
        await this.#wait(actor, `sleep ${Math.ceil(delayMs)} ms`, this.#nowMs + Math.ceil(delayMs));
        signal?.throwIfAborted();
      },
    };
  }

  /** Chance for one actor: the same for the same seed and name. */
  entropy(actor: string): Entropy {
    return seededEntropy(this.#seed ^ Number(BigInt.asUintN(32, hashOf(actor, FNV_OFFSET))));
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
    // Compiled in the midst of a history it would take real time, and others would go on meanwhile.
    await prepareWasm();
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
    this.#hash = hashOf(event, this.#hash);
  }
}

/** FNV-1a, going on from `before`. */
function hashOf(text: string, before: bigint): bigint {
  let hash = before;
  for (let at = 0; at < text.length; at++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * FNV_PRIME);
  }
  return hash;
}

function endless(steps: number): LimitError {
  return new LimitError({
    message: 'the actors do not end; look at the end of scheduler.trace',
    limit: 'MAX_STEPS',
    value: steps,
    max: MAX_STEPS,
  });
}
