/** What opening, refreshing and scanning ask of a store: requests are what object storage is slow at. */
import { beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { checkpointKey, commitKey, LAST_CHECKPOINT_KEY, LOG } from '../../src/log/log-path.js';
import type { StorageProvider } from '../../src/storage/object-store.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';
import { memoryStorage } from '../../src/testing/index.js';

const URL = 'memory://lake/budget';
const DAYS = 24;

function recorded(storage: StorageProvider, requests: StoreRequest[]): StorageProvider {
  return {
    schemes: storage.schemes,
    open: (url) => recordingStore(storage.open(url), requests),
  };
}

const listing: StoreRequest = { operation: 'list', key: LOG };

function keysGot(requests: readonly StoreRequest[]): string[] {
  return requests.filter(({ operation }) => operation === 'get').map(({ key }) => key);
}

describe('requests', () => {
  const storage = memoryStorage();
  const requests: StoreRequest[] = [];

  /** A handle that nobody else shares what it knows with. */
  async function openAnew(): Promise<DeltaTable> {
    requests.length = 0;
    return await DeltaTable.open(URL, { storage: recorded(storage, requests) });
  }

  beforeAll(async () => {
    const table = await DeltaTable.create(URL, {
      storage,
      schema: { id: 'long', day: 'string' },
      partitionBy: ['day'],
    });
    for (let day = 1; day < DAYS; day++) {
      await table.append([
        { id: day, day: `d${day}` },
        { id: -day, day: `d${day}` },
      ]);
    }
  });

  it('of opening: the hint, one listing, the checkpoint and the commits behind it', async () => {
    await openAnew();
    const gets = [LAST_CHECKPOINT_KEY, checkpointKey(20), ...[21, 22, 23].map(commitKey)];
    expect(requests.filter(({ operation }) => operation !== 'get')).toEqual([listing]);
    expect(keysGot(requests)).toEqual(gets);
  });

  it('of refreshing when nothing changed: one listing', async () => {
    const table = await openAnew();
    requests.length = 0;
    await table.snapshot();
    expect(requests).toEqual([listing]);
  });

  it('of refreshing: one listing, and the commits that are new', async () => {
    const other = await DeltaTable.open(URL, { storage });
    const table = await openAnew();
    await other.append([{ id: 99, day: 'd1' }]);
    requests.length = 0;
    const { version } = await table.snapshot();
    expect(requests).toEqual([listing, { operation: 'get', key: commitKey(version) }]);
  });

  it('of an old version: the hint, one listing, the checkpoint below and the commits behind it', async () => {
    const table = await openAnew();
    requests.length = 0;
    await table.snapshot({ version: 12 });
    expect(requests.filter(({ operation }) => operation !== 'get')).toEqual([listing]);
    const gets = [LAST_CHECKPOINT_KEY, checkpointKey(10), commitKey(11), commitKey(12)];
    expect(keysGot(requests)).toEqual(gets);
  });

  it('of a selective scan: a refresh, and the files that can match', async () => {
    const table = await openAnew();
    requests.length = 0;
    const rows = await table.scan({ where: eq('day', 'd7') }).toArray();
    expect(rows).toHaveLength(2);
    const files = keysGot(requests);
    expect(requests.filter(({ operation }) => operation !== 'get')).toEqual([listing]);
    expect(new Set(files).size).toBe(1);
    // The file is small: its footer's read has it all.
    expect(files).toHaveLength(1);
    expect(files[0]).toContain('day=d7/');
  });

  it('of counting by a partition: a refresh alone', async () => {
    const table = await openAnew();
    requests.length = 0;
    expect(await table.scan({ where: eq('day', 'd7') }).count()).toBe(2);
    expect(requests).toEqual([listing]);
  });
});
