import { beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable, type StorageProvider } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const URL_TEXT = 'memory://lake/t';
const SCHEMA = { id: 'long' } as const;

describe('the table of a process, when another process drops it', () => {
  let storage: StorageProvider;
  let table: DeltaTable<typeof SCHEMA>;

  beforeEach(async () => {
    storage = memoryStorage();
    table = await DeltaTable.create(URL_TEXT, { schema: SCHEMA, storage });
    await table.append([{ id: 1n }]);
    const store = storage.open(new URL(URL_TEXT));
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    for (const key of keys) await store.delete(key);
  });

  /** Shares the objects and nothing else with this process. */
  const elsewhere = (): StorageProvider => ({ ...storage });

  it('is gone for every handle, and for who opens it', async () => {
    await expect(table.scan().count()).rejects.toMatchObject({ code: 'NOT_FOUND', kind: 'table' });
    expect(await DeltaTable.exists(URL_TEXT, { storage })).toBe(false);
    await expect(DeltaTable.open(URL_TEXT, { storage })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'table',
    });
  });

  it('is another one, when that was made: for who opens it anew, never for a handle of the first', async () => {
    const theirs = await DeltaTable.create(URL_TEXT, { schema: SCHEMA, storage: elsewhere() });
    await theirs.append([{ id: 2n }]);
    expect(await DeltaTable.exists(URL_TEXT, { storage })).toBe(true);
    const anew = await DeltaTable.open(URL_TEXT, { storage, schema: SCHEMA });
    expect(await anew.scan().toArray()).toEqual([{ id: 2n }]);
    const gone = { code: 'NOT_FOUND', kind: 'table' };
    await expect(table.scan().count()).rejects.toMatchObject(gone);
    await expect(table.append([{ id: 3n }])).rejects.toMatchObject(gone);
    expect((await anew.append([{ id: 4n }])).version).toBe(2);
  });

  it('is another one, when this process made that', async () => {
    const anew = await DeltaTable.create(URL_TEXT, { schema: SCHEMA, storage });
    await anew.append([{ id: 2n }]);
    await expect(table.scan().count()).rejects.toMatchObject({ code: 'NOT_FOUND', kind: 'table' });
    expect(await anew.scan().toArray()).toEqual([{ id: 2n }]);
  });
});
