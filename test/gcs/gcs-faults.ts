/** Which requests of a double fail, and how. */
import type { GcsOperation, SeenRequest } from './gcs-route.js';

/**
 * `lost-reply`: it has its effect, and the connection is cut. `lost-request`: it has none, and the connection is cut.
 * `reset-body`: the answer is cut in its middle. `corrupt-body`: its first byte is another. `stale-list`: the newest
 * object is not in it. `partial-chunk`: half of it arrives. `hang`: there is no answer. `redirect`: to `elsewhere`; `foreign-upload`: the
 * address of an upload is there.
 * The others are refusals with that status, without effect.
 */
export type GcsFault =
  | 'lost-reply'
  | 'lost-request'
  | 'reset-body'
  | 'corrupt-body'
  | 'stale-list'
  | 'partial-chunk'
  | 'hang'
  | 'redirect'
  | 'foreign-upload'
  | 'unauthorized-401'
  | 'forbidden-403'
  | 'timeout-408'
  | 'conflict-409'
  | 'throttled-429'
  | 'internal-500'
  | 'unavailable-503';

export const STATUS_FAULTS: Readonly<Partial<Record<GcsFault, number>>> = {
  'unauthorized-401': 401,
  'forbidden-403': 403,
  'timeout-408': 408,
  'conflict-409': 409,
  'throttled-429': 429,
  'internal-500': 500,
  'unavailable-503': 503,
};

/** Requests that fail. In JSON as in a program, so that a child process can be told too. */
export interface FaultRule {
  readonly fault: GcsFault;
  /** Of these operations; of all when not given. */
  readonly operations?: readonly GcsOperation[];
  /** Of keys that hold this text; of all when not given. */
  readonly key?: string;
  /** How often: once when not given; `null` is for ever. */
  readonly times?: number | null;
  /** With this probability, of `seed`; always when not given. */
  readonly rate?: number;
  readonly seed?: number;
  readonly retryAfterSeconds?: number | undefined;
}

/** The script of a double. */
export class Faults {
  /** Where redirects lead. */
  elsewhere = '';
  /** What the last refusal asks for. */
  retryAfterSeconds: number | undefined;
  #rules: { readonly rule: FaultRule; left: number; readonly chance: () => number }[] = [];

  /** Replaces what was scripted before. */
  script(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({
      rule,
      left: rule.times === null ? Number.POSITIVE_INFINITY : (rule.times ?? 1),
      chance: numbers(rule.seed ?? 1),
    }));
  }

  /** The fault of this request; the first rule that means it counts. */
  choose({ operation, key }: SeenRequest): GcsFault | undefined {
    for (const entry of this.#rules) {
      const { fault, operations, key: part = '', rate = 1, retryAfterSeconds } = entry.rule;
      const isMeant = operations?.includes(operation) !== false && key.includes(part);
      if (!isMeant || entry.left <= 0 || entry.chance() >= rate) continue;
      entry.left--;
      this.retryAfterSeconds = retryAfterSeconds;
      return fault;
    }
    return undefined;
  }
}

/** Numbers in [0, 1) that a seed repeats. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
