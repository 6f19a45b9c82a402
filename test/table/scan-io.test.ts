/** What a scan asks of its store: no more than it needs, no further ahead than it may, nothing once it is left. */
import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { DeltaTable, gte, lt, openStore, type StorageProvider } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const LOCATION = 'memory://lake/io';
const FILES = 40;
const ROWS = 50;

/** Puts something before each get of a data file. */
function hooked(
  inner: StorageProvider,
  before: (key: string, signal: AbortSignal | undefined) => Promise<void>,
): StorageProvider {
  const over = (store: ObjectStore): ObjectStore => ({
    get: async (key, options) => {
      if (!key.startsWith('_delta_log')) await before(key, options?.signal);
      return await store.get(key, options);
    },
    head: (key, options) => store.head(key, options),
    list: (prefix, options) => store.list(prefix, options),
    put: (key, body, options) => store.put(key, body, options),
    putIfAbsent: (key, body, options) => store.putIfAbsent(key, body, options),
    delete: (key, options) => store.delete(key, options),
  });
  return { schemes: inner.schemes, open: (url) => over(inner.open(url)) };
}

async function fill(location: string, storage?: StorageProvider): Promise<void> {
  const table = await DeltaTable.create(location, {
    schema: { id: 'long not null', note: 'string' },
    ...(storage === undefined ? {} : { storage }),
  });
  for (let file = 0; file < FILES; file++) {
    const id = (at: number): number => file * ROWS + at;
    await table.append(
      Array.from({ length: ROWS }, (_, at) => ({ id: id(at), note: `note ${id(at)}` })),
    );
  }
}

const inner = memoryStorage();
await fill(LOCATION, inner);

const settled = async (): Promise<void> => {
  await new Promise((resolve) => {
    setTimeout(resolve, 30);
  });
};

describe('a scan', () => {
  let begun: string[] = [];
  afterEach(() => {
    begun = [];
  });
  const recorded = hooked(inner, async (key) => {
    begun.push(key);
    await Promise.resolve();
  });

  it('reads a bounded number of files ahead of a consumer that is slow, all the way', async () => {
    const table = await DeltaTable.open(LOCATION, { storage: recorded });
    let taken = 0;
    for await (const batch of table.scan().batches()) {
      expect(batch.numRows).toBe(ROWS);
      taken++;
      await settled();
      // The file in hand, two being decoded and four being opened.
      expect(new Set(begun).size).toBeLessThanOrEqual(taken + 7);
    }
    expect(taken).toBe(FILES);
  });

  it('asks for nothing more once its loop is left', async () => {
    const table = await DeltaTable.open(LOCATION, { storage: recorded });
    for await (const batch of table.scan().batches()) {
      expect(batch.numRows).toBe(ROWS);
      break;
    }
    const asked = begun.length;
    await settled();
    expect(begun.length).toBe(asked);
  });

  it('stops at its limit', async () => {
    const table = await DeltaTable.open(LOCATION, { storage: recorded });
    const rows = await table.scan({ limit: ROWS + 1 }).toArray();
    expect(rows).toHaveLength(ROWS + 1);
    expect(new Set(begun).size).toBeLessThanOrEqual(2 + 7);
    await settled();
    expect(new Set(begun).size).toBeLessThanOrEqual(2 + 7);
  });

  it('stops at once when it is aborted, with every request it has under way', async () => {
    const waiting: (AbortSignal | undefined)[] = [];
    const stuck = hooked(inner, async (_key, signal) => {
      waiting.push(signal);
      if (waiting.length < 5) return;
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    });
    const table = await DeltaTable.open(LOCATION, { storage: stuck });
    const stop = new AbortController();
    const reason = new Error('enough');
    const reading = table.scan({ signal: stop.signal }).toArray();
    const outcome = expect(reading).rejects.toBe(reason);
    await settled();
    const asked = waiting.length;
    expect(asked).toBeGreaterThanOrEqual(5);
    stop.abort(reason);
    await outcome;
    await settled();
    expect(waiting.length).toBe(asked);
    expect(waiting.every((signal) => signal?.aborted)).toBe(true);
  });

  it('counts what it reads and what it could leave out', async () => {
    const table = await DeltaTable.open(LOCATION, { storage: recorded });
    const scan = (await table.snapshot()).scan({ where: lt('id', 2 * ROWS + 10) });
    expect(scan.metrics()).toBeUndefined();
    expect(await scan.toArray()).toHaveLength(2 * ROWS + 10);
    const { bytesSkipped, bytesFetched, ...metrics } = scan.metrics() ?? {};
    expect(metrics).toEqual({
      filesRead: 3,
      filesSkipped: FILES - 3,
      rowGroupsRead: 3,
      rowGroupsSkipped: 0,
      pagesRead: 0,
      pagesSkipped: 0,
      requests: begun.length,
      requestsSkipped: FILES - 3,
      rows: 2 * ROWS + 10,
    });
    const plan = await scan.plan();
    expect(bytesSkipped).toBe(plan.bytesSkipped);
    // Each of these files is read whole by the request for its footer.
    expect(bytesFetched).toBe(plan.bytes);
  });

  it.skipIf(process.platform !== 'linux')('leaves no file open, however it ends', async () => {
    const folder = temporaryFolder();
    await fill(folder);
    const storage: StorageProvider = { schemes: ['file'], open: (url) => openStore(url) };
    const table = await DeltaTable.open(folder, { storage });
    // What a first scan opens for good, such as its workers.
    await table.scan().toArray();
    const before = openFiles(folder);
    for await (const batch of table.scan().batches()) {
      expect(batch.numRows).toBe(ROWS);
      break;
    }
    await table.scan({ limit: 3 }).toArray();
    const stop = new AbortController();
    const reading = table.scan({ where: gte('id', 0), signal: stop.signal }).toArray();
    stop.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    expect(openFiles(folder)).toEqual(before);
    expect(before).toEqual([]);
  });
});

function openFiles(folder: string): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    const path = linkOf(`/proc/self/fd/${fd}`);
    return path?.startsWith(folder) ? [path] : [];
  });
}

/** Undefined for the handle that lists the folder, which is closed by now. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
