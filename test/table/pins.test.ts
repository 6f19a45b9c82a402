import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const LOCATION = 'memory://lake/t';

async function pinned() {
  const storage = memoryStorage();
  const table = await DeltaTable.create(LOCATION, { schema: { id: 'long' }, storage });
  await table.append([{ id: 1 }]);
  await table.append([{ id: 2 }]);
  return { table, store: storage.open(new URL(LOCATION)), storage };
}

describe('pins', () => {
  it('are side files with a name and a version', async () => {
    const { table, store } = await pinned();
    const pin = await table.pins.create('paper-2026', { version: 1, note: 'table 3' });
    expect(pin).toMatchObject({ name: 'paper-2026', version: 1, note: 'table 3' });
    const object = await store.get('_varve/pins/paper-2026.json');
    const text = new TextDecoder().decode(object?.bytes);
    expect(JSON.parse(text)).toMatchObject({ name: 'paper-2026', version: 1 });
    expect(await table.pins.list()).toEqual([pin]);
  });

  it('are created only if absent, by one of many', async () => {
    const { table } = await pinned();
    const made = await Promise.allSettled(
      Array.from({ length: 8 }, async () => await table.pins.create('one')),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of made) {
      if (result.status === 'rejected') {
        expect(result.reason).toMatchObject({ code: 'ALREADY_EXISTS', kind: 'pin', thing: 'one' });
      }
    }
  });

  it('verify names missing and changed files', async () => {
    const { table, store } = await pinned();
    await table.pins.create('whole');
    expect(await table.pins.verify('whole')).toEqual({
      ok: true,
      version: 2,
      files: 2,
      missing: [],
      resized: [],
    });
    const [first, second] = (await table.snapshot()).files();
    await store.delete(first?.path ?? '');
    await store.put(second?.path ?? '', new Uint8Array(3));
    expect(await table.pins.verify('whole')).toMatchObject({
      ok: false,
      missing: [first?.path],
      resized: [second?.path],
    });
  });

  it('are not left behind when files of the version are gone', async () => {
    const { table, store } = await pinned();
    const [first] = (await table.snapshot()).files();
    await store.delete(first?.path ?? '');
    await expect(table.pins.create('late')).rejects.toMatchObject({
      code: 'DATA_GONE',
      missing: [first?.path],
    });
    expect(await table.pins.list()).toEqual([]);
  });

  it('are deleted only as they were read', async () => {
    const { table } = await pinned();
    const old = await table.pins.create('p', { version: 1 });
    await table.pins.delete('p');
    await expect(table.pins.delete('p')).rejects.toMatchObject({ code: 'NOT_FOUND', kind: 'pin' });
    await table.pins.create('p', { version: 2 });
    await expect(table.pins.delete('p', { ifMatch: old.etag })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    expect((await table.pins.get('p')).version).toBe(2);
  });

  it('are refused where their file is none, or dates them beyond every date', async () => {
    const { table, store } = await pinned();
    await table.pins.create('p');
    const text = new TextDecoder().decode((await store.get('_varve/pins/p.json'))?.bytes);
    for (const damaged of ['', '{}', text.replace(/"createdMs":\d+/u, '"createdMs":9e15')]) {
      await store.put('_varve/pins/p.json', new TextEncoder().encode(damaged));
      await expect(table.pins.list()).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
    }
  });

  it('belong to the table that was pinned, not to another at its place', async () => {
    const { table, store, storage } = await pinned();
    await table.pins.create('p', { version: 0 });
    const pin = await store.get('_varve/pins/p.json');
    for await (const { key } of store.list('')) await store.delete(key);
    const other = await DeltaTable.create(LOCATION, {
      schema: { id: 'long' },
      storage: { schemes: storage.schemes, open: (url) => storage.open(url) },
    });
    await store.put('_varve/pins/p.json', pin?.bytes ?? new Uint8Array());
    await expect(other.snapshot({ pin: 'p' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    // The old handle must not take the new table for its own either.
    await expect(table.append([{ id: 1 }])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each(['', '../x', 'a/b', '.hidden', 'x'.repeat(201), 'ü'])(
    'refuse the name %j',
    async (name) => {
      const { table } = await pinned();
      await expect(table.pins.create(name)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        option: 'name',
      });
    },
  );
});
