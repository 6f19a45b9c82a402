/**
 * What Varve's own tests of concurrent commits use, for yours: tables in memory, a scheduler whose seed replays a
 * history, and stores that fail on request.
 *
 * @example
 * ```ts
 * import { DeltaTable } from 'varve';
 * import { memoryStorage, Scheduler, scheduledStorage } from 'varve/testing';
 *
 * const scheduler = new Scheduler(seed);
 * const lake = memoryStorage({ clock: scheduler.clock('lake') });
 * await DeltaTable.create('memory://lake/orders', { schema, storage: lake });
 * const worker = (name: string) => async () => {
 *   const storage = scheduledStorage(lake, scheduler, name);
 *   const table = await DeltaTable.open('memory://lake/orders', { storage });
 *   await table.append(rows);
 * };
 * const settled = await scheduler.run({ a: worker('a'), b: worker('b') });
 * ```
 *
 * Each `scheduledStorage` is a process of its own: its tables share no snapshot and no queue of writers with another's,
 * and take their time and chance from the scheduler. When an assertion fails, its seed replays the history, and
 * `scheduler.trace` tells it.
 *
 * @packageDocumentation
 */
export type { Clock, Entropy } from '../clock.js';
export { type MemoryStorageOptions, memoryStorage } from '../storage/memory-store.js';
export type { ObjectStore, StorageProvider } from '../storage/object-store.js';
export {
  type Fault,
  type FaultOptions,
  type FaultPlan,
  faultStore,
  type StoreCall,
  type StoreOperation,
  seededFaults,
} from './fault-store.js';
export { scheduledStorage, scheduledStore } from './scheduled-store.js';
export { Scheduler, type Settled } from './scheduler.js';
export { seededEntropy, seededNumbers } from './seeded.js';
