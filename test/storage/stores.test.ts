import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemEntropy } from '../../src/clock.js';
import type { LocalFs } from '../../src/storage/local-fs.js';
import { diskFs, localStore } from '../../src/storage/local-store.js';
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

describeObjectStore(
  'local disk below folders that are not there yet',
  async () => await Promise.resolve(localStore(join(mkdtempSync(join(folder, 's-')), 'a/b'))),
);

/** Reads and writes that do a part of what they were asked, as the system may. */
const shortFs: LocalFs = {
  ...diskFs,
  read: async (fd, into, position) => await diskFs.read(fd, into.subarray(0, 99_991), position),
  write: async (fd, bytes, position) => await diskFs.write(fd, bytes.subarray(0, 99_991), position),
};

describeObjectStore(
  'local disk that reads and writes a little at a time',
  async () => await Promise.resolve(localStore(mkdtempSync(join(folder, 's-')), { fs: shortFs })),
);
