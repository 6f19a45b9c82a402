/** Faults in the order and number that a test asks for. */

export type S3FaultKind =
  /** Does what was asked and drops the connection instead of answering. */
  | 'lost-reply'
  /** Drops the connection and does nothing. */
  | 'lost-request'
  /** 409 ConditionalRequestConflict: nothing was written, ask again. */
  | 'conflict-409'
  /** 503 SlowDown with Retry-After. */
  | 'unavailable-503'
  /** The head of the answer, a part of its body, then the end of the connection. */
  | 'reset-body'
  /** The same, and no end. */
  | 'stall-body'
  /** A listing without the newest objects. */
  | 'stale-list'
  /** No answer for ever. */
  | 'hang';

/** Plain data, so that it can be sent to a server in another process. */
export interface S3Fault {
  readonly kind: S3FaultKind;
  /** Only operations of this name: `PutObject`, `GetObject`, `ListObjectsV2` and so on. Default: all. */
  readonly operation?: string | undefined;
  /** Only keys (or prefixes of listings) that this regular expression finds. Default: all. */
  readonly key?: string | undefined;
  /** How often it happens. Default: once. */
  readonly times?: number | undefined;
  /** Happens to each nth request that it is about. Default: to each. */
  readonly every?: number | undefined;
  /** Seconds in Retry-After of `unavailable-503`; none when not given. */
  readonly retryAfter?: number | undefined;
  /** How much of the body comes before `reset-body` or `stall-body`, from 0 to 1. Default: half. */
  readonly share?: number | undefined;
  /** How many objects `stale-list` hides. Default: 1. */
  readonly newest?: number | undefined;
}

/** What was asked, as far as a fault looks at it. */
export interface FaultTarget {
  readonly operation: string;
  readonly key: string;
}

/** The faults that are still to come. */
export class S3Faults {
  #waiting: { readonly fault: S3Fault; left: number; seen: number }[] = [];

  add(fault: S3Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1, seen: 0 });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The fault that this request meets, which then is spent once. */
  next(target: FaultTarget): S3Fault | undefined {
    for (const waiting of this.#waiting) {
      const { fault } = waiting;
      if (waiting.left === 0 || !isAbout(fault, target)) continue;
      waiting.seen++;
      if (waiting.seen % (fault.every ?? 1) !== 0) continue;
      waiting.left--;
      return fault;
    }
    return undefined;
  }
}

function isAbout({ operation, key }: S3Fault, target: FaultTarget): boolean {
  if (operation !== undefined && operation !== target.operation) return false;
  return key === undefined || new RegExp(key, 'u').test(target.key);
}
