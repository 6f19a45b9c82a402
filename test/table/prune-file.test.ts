import { describe, expect, it } from 'vitest';
import {
  type AnyRow,
  and,
  DeltaTable,
  eq,
  gt,
  gte,
  isNull,
  lt,
  ne,
  not,
  or,
  type Predicate,
  startsWith,
} from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import type { StorageProvider } from '../../src/storage/object-store.js';
import { readFooter } from '../../src/storage/parquet/footer.js';
import type { ParquetFooter } from '../../src/storage/parquet/footer-types.js';
import { storeSource } from '../../src/storage/parquet/source.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';

const URL_TEXT = 'memory://lake/groups';
const ROWS = 400_000;

interface Made {
  readonly table: DeltaTable;
  readonly requests: StoreRequest[];
  readonly footer: ParquetFooter;
}

/** One file of several row groups, of which the log knows nothing. */
async function make(): Promise<Made> {
  const inner = memoryStorage();
  const made = await DeltaTable.create(URL_TEXT, {
    schema: { id: 'long not null', name: 'string', ratio: 'double', gap: 'integer' },
    storage: inner,
  });
  await made.append(
    Array.from({ length: ROWS }, (_, id) => ({
      id,
      name: `n${String(id).padStart(7, '0')}`,
      ratio: id % 1000 === 999 ? Number.NaN : id / 2,
      gap: id < 140_000 ? null : id,
    })),
  );
  const store = inner.open(new URL(URL_TEXT));
  const key = '_delta_log/00000000000000000001.json';
  const text = new TextDecoder().decode((await store.get(key))?.bytes);
  const bare = text.replace(/"stats":"(?:[^"\\]|\\.)*"/, '"stats":"not json"');
  await store.put(key, new TextEncoder().encode(bare));
  const requests: StoreRequest[] = [];
  const storage: StorageProvider = {
    schemes: ['memory'],
    open: (url) => recordingStore(inner.open(url), requests),
  };
  const table = await DeltaTable.open(URL_TEXT, { storage });
  const [file] = (await table.snapshot()).files();
  const source = storeSource(store, file?.path ?? '', { sizeBytes: file?.sizeBytes ?? 0 });
  return { table, requests, footer: await readFooter(source) };
}

const made = await make();

/** The row groups of which bytes were asked for, and the ids that were found. */
async function run(where: Predicate): Promise<{ groups: readonly number[]; rows: AnyRow[] }> {
  made.requests.length = 0;
  const rows = await made.table.scan({ where }).toArray();
  const ranges = made.requests.flatMap(({ range }) => (range === undefined ? [] : [range]));
  const groups = [...made.footer.rowGroups.keys()].filter((index) => {
    const chunks = made.footer.rowGroups[index]?.chunks ?? [];
    // The last bytes are read for the footer.
    return chunks.some(({ start, end }) =>
      ranges.some((range) => range.start <= start && range.end >= end && range.end <= lastChunk()),
    );
  });
  return { groups, rows };
}

function lastChunk(): number {
  return Math.max(...made.footer.rowGroups.flatMap(({ chunks }) => chunks.map(({ end }) => end)));
}

describe('rowGroupFilter', () => {
  it.each<[string, Predicate, readonly number[], number]>([
    ['a value in the second', eq('id', 200_000), [1], 1],
    ['a range over two', and(gte('id', 131_070), lt('id', 131_074)), [0, 1], 4],
    ['nothing', lt('id', 0), [], 0],
    ['text by its order', startsWith('name', 'n02'), [1, 2], 100_000],
    ['two ends', or(lt('id', 2), gt('id', 399_997)), [0, 3], 4],
    ['a negation', not(lt('id', 399_999)), [3], 1],
    ['a group of nulls', eq('gap', 139_999), [], 0],
    ['beyond every number, for NaN is', gt('ratio', 1e9), [0, 1, 2, 3], 400],
    // That a count of nulls is zero is not relied on.
    ['a null', and(ne('id', 5), isNull('gap'), gt('id', 139_990)), [1, 2, 3], 9],
  ])('fetches only row groups that may hold %s', async (_, where, groups, count) => {
    const found = await run(where);
    expect(found.groups).toEqual(groups);
    expect(found.rows).toHaveLength(count);
  });

  it('has several row groups to leave out', () => {
    expect(made.footer.rowGroups.map(({ numRows }) => numRows)).toEqual([
      131_072, 131_072, 131_072, 6_784,
    ]);
  });
});
