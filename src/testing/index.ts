/**
 * What Varve's own tests of concurrent commits use, for yours: tables in memory, a scheduler whose seed replays a
 * history, and stores that fail on request.
 *
 * @example
 * ```ts
 * import { DeltaTable } from 'varve';
 * import { memoryStorage, Scheduler, scheduledStorage } from 'varve/testing';
 *
 * const lake = memoryStorage();
 * const scheduler = new Scheduler(seed);
 * const worker = (name: string) => async () => {
 *   const storage = scheduledStorage(lake, scheduler, name);
 *   const table = await DeltaTable.open('memory://lake/orders', { storage });
 *   await table.append(rows);
 * };
 * await scheduler.run({ a: worker('a'), b: worker('b') });
 * ```
 *
 * @packageDocumentation
 */
export type { Clock, Entropy } from '../clock.js';
export { type MemoryStorageOptions, memoryStorage } from '../storage/memory-store.js';
export type { ObjectStore, StorageProvider } from '../storage/object-store.js';
export {
  type Fault,
  type FaultPlan,
  faultStore,
  type StoreCall,
  type StoreOperation,
  seededFaults,
} from './fault-store.js';
export { scheduledStorage, scheduledStore } from './scheduled-store.js';
export { Scheduler, type Settled } from './scheduler.js';
export { seededEntropy, seededNumbers } from './seeded.js';
