import { localStore } from '../../src/storage/local-store.js';
import { describeObjectStore } from '../contract/object-store.js';
import { SimulatedDisk } from './simulated-disk.js';

// What is proved on the simulated disk holds for the real one as far as the two are alike: the same contract binds both.
describeObjectStore('the local store on a simulated disk', async () => {
  const store = localStore('/lake/table', { fs: new SimulatedDisk(() => Date.now()) });
  // Locks are taken on the machine's disk, whatever files go through.
  return Object.assign(store, { exclusively: undefined });
});
