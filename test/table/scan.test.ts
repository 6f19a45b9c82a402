import { setTimeout as later } from 'node:timers/promises';
import { tableFromIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { and, DeltaTable, eq, gt, isNull, lt, not, type Scan } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import type { ObjectStore, StorageProvider } from '../../src/storage/object-store.js';

const schema = { id: 'long not null', k: 'integer', city: 'string' } as const;
const LOCATION = 'memory://lake/t';

/** 40 files of 10 rows, ids ascending, two cities. */
async function table(storage: StorageProvider = memoryStorage()) {
  const made = await DeltaTable.create(LOCATION, { schema, partitionBy: ['city'], storage });
  for (let file = 0; file < 20; file++) {
    await made.append(
      Array.from({ length: 20 }, (_, at) => ({
        id: BigInt(file * 20 + at),
        k: at % 7 === 0 ? null : at,
        city: at % 2 === 0 ? 'Bonn' : 'Köln',
      })),
    );
  }
  return made;
}

describe('scan', () => {
  it('gives the same rows in the same order every time, by path and then by place', async () => {
    const t = await table();
    const snapshot = await t.snapshot();
    const first = await snapshot.scan().toArray();
    expect(await snapshot.scan().toArray()).toEqual(first);
    const paths = snapshot.files().map(({ path }) => Buffer.from(path));
    expect(paths).toEqual(paths.toSorted((a, b) => Buffer.compare(a, b)));
    expect(first).toHaveLength(400);
    const cities = first.map(({ city }) => city);
    expect(cities.lastIndexOf('Bonn')).toBeLessThan(cities.indexOf('Köln'));
  });

  it('gives the selected columns in the order asked for, with conditions on others', async () => {
    const t = await table();
    const rows = await t.scan({ select: ['city', 'id'], where: eq('k', 3) }).toArray();
    expect(rows).toHaveLength(20);
    expect(Object.keys(rows[0] ?? {})).toEqual(['city', 'id']);
    expect(rows.every(({ city, id }) => city === 'Köln' && id % 20n === 3n)).toBe(true);
  });

  it('knows null: neither a condition nor its negation is true for it', async () => {
    const t = await table();
    const positive = await t.scan({ where: gt('k', 5) }).count();
    const negative = await t.scan({ where: not(gt('k', 5)) }).count();
    const unknown = await t.scan({ where: isNull('k') }).count();
    expect([positive, negative, unknown]).toEqual([240, 100, 60]);
  });

  it('leaves out files by partition and statistics, and says so in the plan', async () => {
    const t = await table();
    const where = and(eq('city', 'Köln'), lt('id', 45));
    const plan = await t.scan({ where }).plan();
    expect(plan.files).toHaveLength(3);
    expect(plan.filesSkipped).toBe(37);
    expect(await t.scan({ where }).count()).toBe(22);
  });

  it('tells how far it has come', async () => {
    const t = await table();
    const told: { readonly rows: number; readonly bytes: number }[] = [];
    await t.scan({ onProgress: (progress) => told.push(progress) }).toArray();
    expect(told).toHaveLength(40);
    expect(told.at(-1)?.rows).toBe(400);
    expect(told.at(-1)?.bytes).toBeGreaterThan(told[0]?.bytes ?? 0);
    expect(told[0]?.bytes).toBeGreaterThan(0);
  });

  it('stops at a limit', async () => {
    const t = await table();
    expect(await t.scan({ limit: 7 }).toArray()).toHaveLength(7);
    expect(await t.scan({ limit: 0 }).toArray()).toEqual([]);
    expect(await t.scan({ limit: 15, where: eq('city', 'Bonn') }).count()).toBe(15);
    expect(await t.scan({ limit: 15 }).toArrow()).toMatchObject({ numRows: 15 });
  });

  it('gives Arrow batches, cut to a size, and IPC that another copy can read', async () => {
    const t = await table();
    const sizes: number[] = [];
    for await (const batch of t.scan().batches({ maxRows: 4 })) sizes.push(batch.numRows);
    expect(Math.max(...sizes)).toBe(4);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(400);
    const arrow = tableFromIPC(await t.scan({ where: lt('id', 3) }).toIPC());
    expect(arrow.getChild('id')?.toArray().toSorted()).toEqual(BigInt64Array.of(0n, 1n, 2n));
  });

  it('filters by a function over batches', async () => {
    const t = await table();
    const rowFilter = {
      columns: ['k'],
      keep: (batch: { readonly numRows: number }) => new Uint32Array(Math.min(1, batch.numRows)),
    };
    expect(await t.scan({ rowFilter, select: ['id'] }).toArray()).toHaveLength(40);
    expect(await t.scan({ rowFilter }).count()).toBe(40);
  });

  it.each<[string, unknown]>([
    ['no indexes', undefined],
    ['indexes in an array', [0]],
    ['indexes beyond the batch', Uint32Array.of(1_000_000)],
    ['an index twice', Uint32Array.of(0, 0)],
  ])('refuses a function that gives %s', async (_, rows) => {
    const t = await table();
    const scan = t.scan({ rowFilter: { columns: ['k'], keep: () => rows as Uint32Array } });
    const wrong = { code: 'INVALID_ARGUMENT', option: 'rowFilter' };
    await expect(scan.toArray()).rejects.toMatchObject(wrong);
    await expect(scan.count()).rejects.toMatchObject(wrong);
  });

  it('counts without reading data where partitions and statistics are exact', async () => {
    const requests: string[] = [];
    const t = await table(recording(requests));
    const snapshot = await t.snapshot();
    requests.length = 0;
    expect(await snapshot.scan().count()).toBe(400);
    expect(await snapshot.scan({ where: eq('city', 'Bonn') }).count()).toBe(200);
    expect(requests.filter((key) => key.endsWith('.parquet'))).toEqual([]);
  });

  it('reads nothing before it is iterated, and little after the loop is left', async () => {
    const requests: string[] = [];
    const t = await table(recording(requests));
    const snapshot = await t.snapshot();
    requests.length = 0;
    const scan: Scan<object> = snapshot.scan();
    expect(requests).toEqual([]);
    for await (const row of scan) {
      expect(row).toBeDefined();
      break;
    }
    const files = new Set(requests);
    expect(files.size).toBeLessThan(12);
    await later(20);
    expect(new Set(requests)).toEqual(files);
  });

  it('holds its reading ahead to a bound while the consumer is slow', async () => {
    const requests: string[] = [];
    const t = await table(recording(requests));
    const snapshot = await t.snapshot();
    requests.length = 0;
    for await (const batch of snapshot.scan().batches()) {
      expect(batch.numRows).toBe(10);
      await later(20);
      expect(new Set(requests).size).toBeLessThan(12);
      break;
    }
  });

  it('names the files that are gone', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    const [first] = (await t.snapshot()).files();
    await storage.open(new URL(LOCATION)).delete(first?.path ?? '');
    await expect(t.scan().toArray()).rejects.toMatchObject({
      code: 'DATA_GONE',
      missing: [first?.path],
      version: 20,
    });
  });

  it.each([
    [{ select: ['nope'] }, 'select'],
    [{ select: ['id', 'ID'] }, 'select'],
    [{ where: eq('nope', 1) }, 'where'],
    [{ where: eq('id', 'x') }, 'where'],
    [{ where: undefined }, 'where'],
    [{ limit: -1 }, 'limit'],
    [{ nonsense: 1 }, 'nonsense'],
  ])('refuses %j', async (options, option) => {
    const t = await table();
    const scan = async () => await t.scan(options as never).toArray();
    await expect(scan()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', option });
  });
});

describe('time travel', () => {
  it('opens versions, instants and pins, and says what there is instead', async () => {
    const t = await table();
    const third = await t.snapshot({ version: 3 });
    expect(await third.scan().count()).toBe(60);
    const at = await t.snapshot({ timestamp: third.timestamp });
    expect(at.version).toBeGreaterThanOrEqual(3);
    await t.pins.create('paper', { version: 3, note: 'figure 2' });
    expect((await t.snapshot({ pin: 'paper' })).version).toBe(3);
    await expect(t.snapshot({ version: 99 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'version',
      available: '0..20',
    });
    await expect(t.snapshot({ timestamp: '1999-01-01T00:00:00Z' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'version',
    });
    await expect(t.snapshot({ pin: 'nope' })).rejects.toMatchObject({ kind: 'pin' });
    for (const wrong of [
      { version: -1 },
      { version: 1.5 },
      { timestamp: '2024-01-01' },
      { pin: 'x', version: 1 },
    ]) {
      await expect(t.snapshot(wrong as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('tells what was committed, newest first', async () => {
    const t = await table();
    const entries = await t.history({ limit: 2 });
    expect(entries.map(({ version }) => version)).toEqual([20, 19]);
    expect(entries[0]).toMatchObject({
      operation: 'WRITE',
      operationParameters: { mode: 'Append', partitionBy: '["city"]' },
      operationMetrics: { numFiles: '2', numOutputRows: '20' },
      isBlindAppend: true,
      readVersion: 19,
    });
    expect((await t.history()).at(-1)?.operation).toBe('CREATE TABLE');
  });
});

/** Storage that notes the key of every get. */
function recording(requests: string[]): StorageProvider {
  const inner = memoryStorage();
  return {
    schemes: inner.schemes,
    open: (url) => {
      const store: ObjectStore = inner.open(url);
      return {
        ...bound(store),
        get: async (key, options) => {
          requests.push(key);
          return await store.get(key, options);
        },
      };
    },
  };
}

function bound(store: ObjectStore): ObjectStore {
  return {
    get: async (...args) => await store.get(...args),
    head: async (...args) => await store.head(...args),
    putIfAbsent: async (...args) => await store.putIfAbsent(...args),
    put: async (...args) => await store.put(...args),
    list: (...args) => store.list(...args),
    delete: async (...args) => await store.delete(...args),
  };
}
