/** The stores of a history: one place, seen by each actor through faults of its own, and what is kept of it all. */
import type { CommitAttempt } from '../../src/errors.js';
import type { CommitDecisions } from '../../src/log/commit.js';
import type { Identify } from '../../src/log/committer.js';
import type { ObjectInfo, PutOutcome } from '../../src/storage/object-store.js';
import { joinBody } from '../../src/storage/object-store.js';
import {
  type FaultPlan,
  faultStore,
  type ObjectStore,
  type Scheduler,
  type StorageProvider,
  scheduledStorage,
  seededFaults,
  seededNumbers,
} from '../../src/testing/index.js';
import type { Variant } from '../faults/line.js';

/** What a planted fault puts in the place of the real thing. */
export interface Planted {
  readonly decisions?: Partial<CommitDecisions>;
  readonly identify?: Identify;
  /** Around each actor's store, below the scheduler: where the effect of a call is. */
  readonly store?: (store: ObjectStore, point: (what: string) => Promise<void>) => ObjectStore;
}

/** How often requests and answers are lost. */
export interface Rates {
  readonly putIfAbsent: Readonly<
    Partial<Record<'lost-request' | 'late-request' | 'lost-reply', number>>
  >;
}

export interface WorldOptions {
  readonly seed: number;
  readonly planted: Planted;
  readonly variant: Variant | undefined;
  /** More or fewer than usual. */
  readonly rates?: Rates | undefined;
}

const USUAL: Rates = {
  putIfAbsent: { 'lost-request': 0.06, 'late-request': 0.06, 'lost-reply': 0.1 },
};
const DARK = { 'lost-request': 0.7, 'late-request': 0.15, 'lost-reply': 0.15 };
/** One history in so many has an actor who is cut off from the commits for a while. */
const OUTAGE_EVERY = 4;
/** More requests than settling one commit takes. */
const MAX_OUTAGE_CALLS = 120;
const YEAR_MS = 365 * 24 * 3_600_000;
/** No network holds a request for longer. */
const REQUEST_LIFETIME_MS = 3_600_000;
/** How far behind a stale listing is at most. */
const STALE_MS = 60;

/** Whatever was put, and what became ambiguous. */
export class World {
  readonly lake: StorageProvider;
  readonly hadOutage: boolean;
  /** The bytes of every commit that ever was, by key; clean-up takes none away. */
  readonly commits: Map<string, Uint8Array> = new Map();
  /** Puts of commits that were answered by nothing. */
  ambiguous: number = 0;
  readonly #options: WorldOptions;
  readonly #scheduler: Scheduler;

  constructor(lake: StorageProvider, scheduler: Scheduler, options: WorldOptions) {
    this.lake = { ...lake, open: (url) => recorded(lake.open(url), this.commits) };
    this.#scheduler = scheduler;
    this.#options = options;
    this.hadOutage = options.seed % OUTAGE_EVERY === 0;
  }

  /** Storage as an actor of its own process sees it. */
  storage(name: string, at: number): StorageProvider {
    const scheduler = this.#scheduler;
    const seed = this.#options.seed * 31 + at;
    const clock = scheduler.clock(name);
    const usual = seededFaults(seed, this.#options.rates ?? USUAL);
    const plan = this.counted(at === 0 && this.hadOutage ? withOutage(seed, usual) : usual);
    const arrival = async (): Promise<void> => {
      const sentMs = clock.now();
      await scheduler.point(name, 'late request');
      if (clock.now() - sentMs > REQUEST_LIFETIME_MS) throw new Error('the request was given up');
    };
    const point = async (what: string): Promise<void> => await scheduler.point(name, what);
    const sent = new Map<string, number>();
    const lake = this.lake;
    const inner = scheduledStorage(lake, scheduler, name, (store) => {
      const alive = perishable(store, sent, () => clock.now());
      const planted = this.#options.planted.store?.(alive, point) ?? alive;
      const seen =
        this.#options.variant === 'stale-lists' ? stale(planted, seed, () => clock.now()) : planted;
      return faultStore(seen, plan, { arrival });
    });
    return {
      ...inner,
      open: (url) =>
        this.#elected(
          dated(inner.open(url), sent, () => clock.now()),
          lake.open(url),
        ),
    };
  }

  skewOf(at: number): number {
    const position = seededNumbers((this.#options.seed * 31 + at) ^ 0x51ed270b)();
    // Its clocks are set anew all the time.
    if (this.#options.variant === 'skew') return 0;
    if (position < 0.8) return 0;
    return Math.floor((position - 0.9) * 100 * YEAR_MS);
  }

  /** The attempt that made a version, or the newest that there is yet. */
  attemptOf(wanted: number): CommitAttempt {
    const version = Math.min(wanted, this.commits.size - 1);
    const text = new TextDecoder().decode(this.commits.get(commitKey(version)));
    const { commitInfo } = JSON.parse(text.slice(0, text.indexOf('\n'))) as CommitLine;
    return { version, txnId: commitInfo.txnId };
  }

  counted(plan: FaultPlan): FaultPlan {
    return (call) => {
      const fault = plan(call);
      const isPut = call.operation === 'putIfAbsent' && isCommit(call.key);
      if (isPut && fault !== undefined && fault !== 'fail') this.ambiguous++;
      return fault;
    };
  }

  /** Maintenance is done by one process at a time, or, where locks do nothing, by any. */
  #elected(store: ObjectStore, base: ObjectStore): ObjectStore {
    if (this.#options.variant !== 'no-locks') {
      return {
        ...store,
        exclusively: async (key, work) => (await base.exclusively?.(key, work)) ?? false,
      };
    }
    return {
      ...store,
      exclusively: async (_, work) => {
        await work();
        return true;
      },
    };
  }
}

interface CommitLine {
  readonly commitInfo: { readonly txnId: string };
}

const commitKey = (version: number): string =>
  `_delta_log/${String(version).padStart(20, '0')}.json`;

export function isCommit(key: string): boolean {
  return /^_delta_log\/\d{20}\.json$/u.test(key);
}

function recorded(store: ObjectStore, commits: Map<string, Uint8Array>): ObjectStore {
  return {
    ...bound(store),
    putIfAbsent: async (key, body, options) => {
      const outcome = await store.putIfAbsent(key, body, options);
      if (outcome === 'created' && isCommit(key)) commits.set(key, joinBody(body));
      return outcome;
    },
    put: async (key, body, options) => {
      const info = await store.put(key, body, options);
      if (isCommit(key)) commits.set(key, joinBody(body));
      return info;
    },
  };
}

/** The operations as functions: those of a class are lost where an object is spread. */
function bound(store: ObjectStore): ObjectStore {
  return {
    access: store.access,
    get: async (key, options) => await store.get(key, options),
    head: async (key, options) => await store.head(key, options),
    putIfAbsent: async (key, body, options) => await store.putIfAbsent(key, body, options),
    put: async (key, body, options) => await store.put(key, body, options),
    delete: async (key, options) => await store.delete(key, options),
    list: (prefix, options) => store.list(prefix, options),
    ...(store.exclusively === undefined
      ? {}
      : { exclusively: async (key, work) => (await store.exclusively?.(key, work)) ?? false }),
  };
}

/** Notes when each put was sent. */
function dated(store: ObjectStore, sent: Map<string, number>, now: () => number): ObjectStore {
  return {
    ...store,
    putIfAbsent: async (key, body, options) => {
      sent.set(key, now());
      return await store.putIfAbsent(key, body, options);
    },
  };
}

/** A put whose request is older than any network would hold it never comes. */
function perishable(store: ObjectStore, sent: Map<string, number>, now: () => number): ObjectStore {
  return {
    ...bound(store),
    putIfAbsent: async (key, body, options): Promise<PutOutcome> => {
      if (now() - (sent.get(key) ?? now()) > REQUEST_LIFETIME_MS) return 'unknown';
      return await store.putIfAbsent(key, body, options);
    },
  };
}

/** Listings that do not show, for a while, what was written last; the making of the table they do show. */
function stale(store: ObjectStore, seed: number, now: () => number): ObjectStore {
  const madeMs = now();
  const random = seededNumbers(seed ^ 0x7f4a7c15);
  return {
    ...bound(store),
    async *list(prefix, options) {
      const newestMs = Math.max(madeMs, now() - Math.floor(random() * STALE_MS));
      const shown: ObjectInfo[] = [];
      for await (const info of store.list(prefix, options)) {
        if (info.modifiedMs <= newestMs) shown.push(info);
      }
      yield* shown;
    },
  };
}

/** For a while nothing that this actor puts as a commit is answered, and in every other outage none can be read. */
function withOutage(seed: number, usual: FaultPlan): FaultPlan {
  const random = seededNumbers(seed ^ 0x2c1b3c6d);
  const from = Math.floor(random() * 6);
  const to = from + Math.floor(random() * MAX_OUTAGE_CALLS);
  const areReadsRefused = random() < 0.5;
  const dark = seededFaults(seed, { putIfAbsent: DARK });
  let calls = 0;
  return (call) => {
    if (!isCommit(call.key)) return usual(call);
    const at = calls++;
    if (at < from || at >= to) return usual(call);
    return dark(call) ?? (areReadsRefused && call.operation === 'get' ? 'fail' : undefined);
  };
}
