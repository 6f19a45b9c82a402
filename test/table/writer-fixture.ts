/** A lake for tests of writers: time that stands still until it is told, and stores that fail when they are told. */
import { nextTurn } from '../../src/clock.js';
import type { Clock, ObjectStore, StorageProvider } from '../../src/index.js';
import { commitKey } from '../../src/log/log-path.js';
import {
  type FaultPlan,
  faultStore,
  memoryStorage,
  seededEntropy,
} from '../../src/testing/index.js';

export const LOCATION = 'memory://lake/t';

/** A clock that moves when it is moved; a sleep of a commit in trouble (below `longMs`) passes at once. */
export class StillClock implements Clock {
  nowMs: number = Date.UTC(2026, 0, 1);
  readonly #sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();
  readonly #longMs: number;

  constructor(longMs = 5_000) {
    this.#longMs = longMs;
  }

  now(): number {
    return this.nowMs;
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (delayMs < this.#longMs) {
      this.nowMs += Math.ceil(delayMs);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const sleeper = { dueMs: this.nowMs + delayMs, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  }

  /** Who sleeps. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Moves on, and wakes whoever has slept long enough. */
  advance(byMs: number): void {
    this.nowMs += byMs;
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueMs > this.nowMs) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}

export interface Lake {
  readonly clock: StillClock;
  /** What is stored, without faults. */
  readonly storage: StorageProvider;
  /** The storage of another process, whose calls fail as the plan says. */
  process(plan?: FaultPlan): StorageProvider;
}

export function lake(): Lake {
  const clock = new StillClock();
  const storage = memoryStorage({ clock });
  let processes = 0;
  const process = (plan: FaultPlan = () => undefined): StorageProvider => ({
    schemes: storage.schemes,
    clock,
    entropy: seededEntropy(++processes),
    open: (url) => faultStore(storage.open(url), plan),
  });
  return { clock, storage: process(), process };
}

/** Storage where nothing is put if absent before the gate is opened. */
export interface Gate {
  readonly storage: StorageProvider;
  /** Resolves when somebody waits before it. */
  readonly reached: Promise<void>;
  readonly open: () => void;
}

export function gated(storage: StorageProvider): Gate {
  let open = (): void => undefined;
  let reach = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const openStore = (url: URL): ObjectStore => {
    const store = storage.open(url);
    const putIfAbsent: ObjectStore['putIfAbsent'] = async (...args) => {
      reach();
      await opened;
      return await store.putIfAbsent(...args);
    };
    return { ...store, putIfAbsent };
  };
  return { storage: { ...storage, open: openStore }, reached, open };
}

/** Goes on when `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

/** Lets everything that waits for nothing go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
}

export const isCommit = (key: string, version?: number): boolean =>
  version === undefined ? /^_delta_log\/\d{20}\.json$/u.test(key) : key === commitKey(version);

/** Commits a schema as another program would. */
export async function changeSchema(
  storage: StorageProvider,
  version: number,
  fields: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[],
): Promise<void> {
  const store = storage.open(new URL(LOCATION));
  const first = await store.get(commitKey(0));
  const lines = new TextDecoder().decode(first?.bytes).split('\n');
  const made = lines.find((line) => line.startsWith('{"metaData"')) ?? '{}';
  const { metaData } = JSON.parse(made) as { readonly metaData: object };
  const struct = { type: 'struct', fields: fields.map((field) => ({ ...field, metadata: {} })) };
  const action = { metaData: { ...metaData, schemaString: JSON.stringify(struct) } };
  await store.putIfAbsent(commitKey(version), new TextEncoder().encode(JSON.stringify(action)));
}
