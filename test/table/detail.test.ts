import { describe, expect, it } from 'vitest';
import { DeltaTable, type StorageProvider } from '../../src/index.js';
import { encodeCommit } from '../../src/log/action-codec.js';
import type { Action } from '../../src/log/actions.js';
import { commitKey } from '../../src/log/log-path.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';

const LOCATION = 'memory://lake/t';
const schema = { id: 'long not null', city: 'string', s: { struct: { deep: 'string' } } } as const;

async function table(storage: StorageProvider = memoryStorage(), properties = {}) {
  const made = await DeltaTable.create(LOCATION, {
    schema,
    partitionBy: ['city'],
    name: 'places',
    description: 'where it was',
    properties,
    storage,
  });
  return made;
}

async function commit(
  storage: StorageProvider,
  version: number,
  ...actions: Action[]
): Promise<void> {
  await storage.open(new URL(LOCATION)).put(commitKey(version), encodeCommit(actions));
}

const domain = (name: string, configuration: string, removed = false): Action => ({
  kind: 'domainMetadata',
  domainMetadata: { domain: name, configuration, removed },
});

describe('detail', () => {
  it('tells what the newest version is', async () => {
    const t = await table(undefined, { 'delta.appendOnly': 'true', mine: 'x' });
    await t.append([{ id: 1, city: 'Bonn' }]);
    const snapshot = await t.snapshot();
    expect(await t.detail()).toEqual({
      tableId: snapshot.tableId,
      name: 'places',
      description: 'where it was',
      url: LOCATION,
      version: 1,
      createdAt: expect.any(Date),
      modifiedAt: snapshot.timestamp,
      partitionColumns: ['city'],
      clusteringColumns: [],
      numFiles: 1,
      sizeBytes: snapshot.sizeBytes,
      properties: new Map([
        ['delta.appendOnly', 'true'],
        ['mine', 'x'],
      ]),
      minReaderVersion: 1,
      minWriterVersion: 2,
      features: ['appendOnly', 'invariants'],
    });
  });

  it('tells the clustering columns by their paths', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    const text = '{"clusteringColumns":[["id"],["s","deep"]],"domainName":"delta.clustering"}';
    await commit(storage, 1, domain('delta.clustering', text));
    expect((await t.detail()).clusteringColumns).toEqual([['id'], ['s', 'deep']]);
    await commit(storage, 2, domain('delta.clustering', '', true));
    expect((await t.detail()).clusteringColumns).toEqual([]);
  });

  it.each(['{"clusteringColumns":[["nope"]]}', '{"clusteringColumns":[["id","x"]]}', '{}', 'x'])(
    'refuses clustering columns that are %s',
    async (text) => {
      const storage = memoryStorage();
      const t = await table(storage);
      await commit(storage, 1, domain('delta.clustering', text));
      await expect(t.detail()).rejects.toMatchObject({
        code: 'CORRUPT_DATA',
        key: 'delta.clustering',
      });
    },
  );
});

describe('rowCount', () => {
  it('is what the log says, and undefined when it does not say it of every file', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    expect((await t.snapshot()).rowCount).toBe(0);
    await t.append([
      { id: 1, city: 'Bonn' },
      { id: 2, city: 'Ulm' },
    ]);
    expect((await t.snapshot()).rowCount).toBe(2);
    const bare: Action = {
      kind: 'add',
      add: {
        path: 'x',
        partitionValues: new Map([['city', 'Ulm']]),
        size: 1,
        modificationTime: 1,
        dataChange: true,
      },
    };
    await commit(storage, 2, bare);
    expect((await t.snapshot()).rowCount).toBeUndefined();
    expect((await t.snapshot({ version: 1 })).rowCount).toBe(2);
  });
});

describe('domains and transactions of a snapshot', () => {
  it('are those of its version: the last of each, removed domains left out', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    await commit(storage, 1, domain('delta.own', '{"a":1}'), domain('mine', 'any text'));
    await commit(storage, 2, domain('mine', '', true), domain('delta.own', '{"a":2}'));
    const [past, latest] = [await t.snapshot({ version: 1 }), await t.snapshot()];
    expect([...past.domains]).toEqual([
      ['delta.own', '{"a":1}'],
      ['mine', 'any text'],
    ]);
    expect([...latest.domains]).toEqual([['delta.own', '{"a":2}']]);
  });

  it('tell the last sequence of each application', async () => {
    const t = await table();
    for (const [appId, sequence] of [
      ['a', 3],
      ['b', 1],
      ['a', 9],
    ] as const) {
      await t.append([{ id: sequence, city: 'x' }], { idempotency: { appId, sequence } });
    }
    expect((await t.snapshot()).transactions).toEqual(
      new Map([
        ['a', 9],
        ['b', 1],
      ]),
    );
    expect((await t.snapshot({ version: 2 })).transactions).toEqual(
      new Map([
        ['a', 3],
        ['b', 1],
      ]),
    );
  });

  it('leave out what has expired, and what never said when it was', async () => {
    const storage = memoryStorage();
    const t = await table(storage, { 'delta.setTransactionRetentionDuration': 'interval 1 day' });
    const txn = (appId: string, lastUpdated?: number): Action => ({
      kind: 'txn',
      txn: { appId, version: 1n, lastUpdated },
    });
    const day = 86_400_000;
    const now = Date.now();
    await commit(storage, 1, txn('new', now), txn('old', now - 2 * day), txn('undated'));
    expect([...(await t.snapshot()).transactions.keys()]).toEqual(['new']);
  });

  it('refuse a sequence that no number can hold, and tell everything else', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    await commit(storage, 1, { kind: 'txn', txn: { appId: 'huge', version: 2n ** 60n } });
    const snapshot = await t.snapshot();
    expect(snapshot.version).toBe(1);
    expect(() => snapshot.transactions).toThrow(expect.objectContaining({ code: 'LIMIT' }));
  });
});

describe('history', () => {
  it('reads no more commits than it is asked for', async () => {
    const storage = memoryStorage();
    const made = await table(storage);
    for (let id = 1; id <= 20; id++) await made.append([{ id, city: 'x' }]);
    const requests: StoreRequest[] = [];
    const recorded: StorageProvider = {
      schemes: ['memory'],
      open: (url) => recordingStore(storage.open(url), requests),
    };
    const t = await DeltaTable.open(LOCATION, { storage: recorded });
    requests.splice(0);
    const versions = (await t.history({ limit: 3 })).map(({ version }) => version);
    expect(versions).toEqual([20, 19, 18]);
    const gets = requests.filter(({ operation }) => operation === 'get').map(({ key }) => key);
    expect(gets.toSorted()).toEqual([18, 19, 20].map(commitKey));
  });
});
