import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemEntropy } from '../../src/clock.js';
import { localStore } from '../../src/storage/local-store.js';
import { memoryStorage, memoryStore } from '../../src/storage/memory-store.js';
import { recordingStore } from '../../src/storage/recording-store.js';
import { retryingStore } from '../../src/storage/retrying-store.js';
import { describeObjectStore } from '../contract/object-store.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder();
const context = { clock: systemClock, entropy: systemEntropy };

describeObjectStore('memory', async () => await Promise.resolve(memoryStore()));
describeObjectStore(
  'memory below a prefix',
  async () => await Promise.resolve(memoryStorage().open(new URL('memory://lake/table'))),
);
describeObjectStore(
  'local disk',
  async () => await Promise.resolve(localStore(mkdtempSync(join(folder, 'store-')))),
);
describeObjectStore(
  'recording, retrying memory',
  async () => await Promise.resolve(recordingStore(retryingStore(memoryStore(), context), [])),
);
