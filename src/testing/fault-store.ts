/** Stores that fail when a test says so. */
import { nextTurn } from '../clock.js';
import { StorageUnavailableError } from '../errors.js';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.js';
import { seededNumbers } from './seeded.js';

export const STORE_OPERATIONS = [
  'get',
  'head',
  'putIfAbsent',
  'put',
  'list',
  'delete',
  'copy',
  'exclusively',
] as const;
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
 * answer is lost. `torn`: a listing breaks off half-way; anything else is refused, for no store shows a part of an
 * object. A put-if-absent or copy whose request or answer is lost or late is `unknown`; any other operation is
 * STORAGE_UNAVAILABLE.
 *
 * `crash-before` and `crash-after`: the process dies before, or after, the effect, and never gets an answer. The plan
 * says `crash-before` for whatever the dead process still calls.
 */
export type Fault =
  | 'fail'
  | 'lost-request'
  | 'late-request'
  | 'lost-reply'
  | 'torn'
  | 'crash-before'
  | 'crash-after';

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
  const next = (operation: StoreOperation, key: string): FaultyCall => {
    const fault = plan({ operation, key, calls: calls++ });
    return { operation, key, fault, arrival };
  };
  const copy = store.copy?.bind(store);
  const exclusively = store.exclusively?.bind(store);
  return {
    access: store.access,
    get: (key, call) => perform(next('get', key), () => store.get(key, call)),
    head: (key, call) => perform(next('head', key), () => store.head(key, call)),
    putIfAbsent: (key, body, call) =>
      perform(next('putIfAbsent', key), () => store.putIfAbsent(key, body, call), 'unknown'),
    put: (key, body, call) => perform(next('put', key), () => store.put(key, body, call)),
    delete: (key, call) => perform(next('delete', key), () => store.delete(key, call)),
    list: (prefix, call) => listing(next('list', prefix), store.list(prefix, call)),
    ...(copy !== undefined && {
      copy: (from, to, call) => perform(next('copy', to), () => copy(from, to, call), 'unknown'),
    }),
    ...(exclusively !== undefined && {
      exclusively: (key, work) => perform(next('exclusively', key), () => exclusively(key, work)),
    }),
  };
}

interface FaultyCall extends Omit<StoreCall, 'calls'> {
  readonly fault: Fault | undefined;
  readonly arrival: () => Promise<void>;
}

/** @param lost - the answer when nobody can know what became of the call; without one it rejects */
async function perform<T>(call: FaultyCall, run: () => Promise<T>, lost?: T): Promise<T> {
  const { fault, arrival } = call;
  if (fault === undefined) return await run();
  if (fault === 'lost-reply' || fault === 'crash-after') await run();
  if (fault === 'crash-before' || fault === 'crash-after') return await never();
  // What becomes of it nobody learns, as with any request whose sender has gone.
  if (fault === 'late-request') void arrival().then(run).catch(ignore);
  const isTold = fault === 'fail' || fault === 'torn';
  if (!isTold && lost !== undefined) return lost;
  throw unavailable(call, fault);
}

async function* listing(
  call: FaultyCall,
  entries: AsyncIterable<ObjectInfo>,
): AsyncGenerator<ObjectInfo> {
  const collect = async (): Promise<readonly ObjectInfo[]> => {
    const all: ObjectInfo[] = [];
    for await (const info of entries) all.push(info);
    return all;
  };
  const { fault } = call;
  if (fault !== 'torn') return yield* await perform(call, collect);
  const found = await collect();
  yield* found.slice(0, Math.floor(found.length / 2));
  throw unavailable(call, fault);
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
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

function unavailable({ key, operation }: FaultyCall, fault: Fault): StorageUnavailableError {
  return new StorageUnavailableError({ message: `a planned fault: ${fault}`, key, operation });
}
