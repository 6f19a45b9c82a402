/** Stores that fail when a test says so. */
import { nextTurn } from '../clock.js';
import { StorageUnavailableError } from '../errors.js';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.js';
import { seededNumbers } from './seeded.js';

export const STORE_OPERATIONS = ['get', 'head', 'putIfAbsent', 'put', 'list', 'delete'] as const;
export type StoreOperation = (typeof STORE_OPERATIONS)[number];

/** One call of a store. */
export interface StoreCall {
  readonly operation: StoreOperation;
  /** The key, or a listing's prefix. */
  readonly key: string;
  /** How many calls of any kind the store had before. */
  readonly calls: number;
}

/**
 * `fail`: the request is refused and has no effect. `lost-request`: it is lost on its way, and the caller cannot know.
 * `late-request`: the caller gives up on it, and it has its effect afterwards. `lost-reply`: it has its effect, and the
 * answer is lost. A put-if-absent whose request or answer is lost or late is `unknown`; any other operation is
 * STORAGE_UNAVAILABLE.
 */
export type Fault = 'fail' | 'lost-request' | 'late-request' | 'lost-reply';

/** Decides for each call whether, and how, it fails. */
export type FaultPlan = (call: StoreCall) => Fault | undefined;

/** What a store with faults may be told. */
export interface FaultOptions {
  /**
   * When a late request arrives: the next turn of the event loop when not given. With a scheduler, its turn:
   * `() => scheduler.point('late requests', 'arrive')`.
   */
  readonly arrival?: (() => Promise<void>) | undefined;
}

/** `store`, with the faults that the plan asks for. */
export function faultStore(
  store: ObjectStore,
  plan: FaultPlan,
  options: FaultOptions = {},
): ObjectStore {
  const { arrival = nextTurn } = options;
  let calls = 0;
  const faulty = async <T>(
    operation: StoreOperation,
    key: string,
    run: () => Promise<T>,
    lost?: T,
  ): Promise<T> => {
    const fault = plan({ operation, key, calls: calls++ });
    if (fault === undefined) return await run();
    if (fault === 'lost-reply') await run();
    // What becomes of it nobody learns, as with any request whose sender has gone.
    if (fault === 'late-request') void arrival().then(run).catch(ignore);
    if (fault !== 'fail' && lost !== undefined) return lost;
    throw unavailable(operation, key, fault);
  };
  return {
    access: store.access,
    get: async (key, call) => await faulty('get', key, () => store.get(key, call)),
    head: async (key, call) => await faulty('head', key, () => store.head(key, call)),
    putIfAbsent: async (key, body, call) =>
      await faulty('putIfAbsent', key, () => store.putIfAbsent(key, body, call), 'unknown'),
    put: async (key, body, call) => await faulty('put', key, () => store.put(key, body, call)),
    delete: async (key, call) => await faulty('delete', key, () => store.delete(key, call)),
    async *list(prefix, call) {
      const found = await faulty('list', prefix, async () => {
        const all: ObjectInfo[] = [];
        for await (const info of store.list(prefix, call)) all.push(info);
        return all;
      });
      yield* found;
    },
  };
}

/** A plan by chance: each call fails with the probability of its operation. */
export function seededFaults(
  seed: number,
  rates: Readonly<Partial<Record<StoreOperation, Readonly<Partial<Record<Fault, number>>>>>>,
): FaultPlan {
  const random = seededNumbers(seed);
  return ({ operation }) => {
    let position = random();
    for (const [fault, rate] of Object.entries(rates[operation] ?? {})) {
      if (position < rate) return fault as Fault;
      position -= rate;
    }
    return undefined;
  };
}

function ignore(): void {}

function unavailable(
  operation: StoreOperation,
  key: string,
  fault: Fault,
): StorageUnavailableError {
  return new StorageUnavailableError({ message: `a planned fault: ${fault}`, key, operation });
}
