import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { type AnyRow, and, DeltaTable, eq, gt, lt, not } from '../../src/index.js';
import type { DeletionVectorDescriptor } from '../../src/log/actions.js';
import { RowBitmap } from '../../src/log/deletion-vector/row-bitmap.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import type { StorageProvider } from '../../src/storage/object-store.js';
import { scanBatches } from '../../src/table/scan-batches.js';
import { planScan } from '../../src/table/scan-plan.js';
import { inlineVector } from '../log/deletion-vector/roaring-bytes.js';

const URL_TEXT = 'memory://lake/deleted';
const PROTOCOL = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ['deletionVectors'],
  writerFeatures: ['deletionVectors'],
};

interface Made {
  readonly table: DeltaTable;
  readonly storage: StorageProvider;
}

/** Ids 0 to `rows - 1` in one file a city, of which a second commit removes some. */
async function tableWithout(
  rows: number,
  vectorOf: (path: string, rows: number) => DeletionVectorDescriptor,
): Promise<Made> {
  const storage = memoryStorage();
  const made = await DeltaTable.create(URL_TEXT, {
    schema: { id: 'long not null', city: 'string' },
    partitionBy: ['city'],
    storage,
  });
  await made.append(
    Array.from({ length: rows }, (_, id) => ({ id, city: id % 2 === 0 ? 'Bonn' : 'Köln' })),
  );
  const store = storage.open(new URL(URL_TEXT));
  const commit = await store.get('_delta_log/00000000000000000001.json');
  const lines = new TextDecoder().decode(commit?.bytes).trimEnd().split('\n');
  const adds = lines
    .map((line) => JSON.parse(line) as { add?: { path: string; stats: string } })
    .flatMap(({ add }) => (add === undefined ? [] : [add]));
  const actions = adds.flatMap((add) => {
    const { numRecords } = JSON.parse(add.stats) as { numRecords: number };
    const deletionVector = vectorOf(decodeURIComponent(add.path), numRecords);
    const remove = { path: add.path, deletionTimestamp: 1, dataChange: true };
    return [{ remove }, { add: { ...add, deletionVector } }];
  });
  const body = [{ protocol: PROTOCOL }, ...actions].map((action) => JSON.stringify(action));
  await store.put('_delta_log/00000000000000000002.json', Buffer.from(body.join('\n')));
  return { table: await DeltaTable.open(URL_TEXT, { storage }), storage };
}

async function ids(rows: AsyncIterable<AnyRow>): Promise<number[]> {
  const found: number[] = [];
  for await (const row of rows) found.push(Number(row['id']));
  return found;
}

describe('rows that a deletion vector removes', () => {
  it('are given by no scan and counted by no count', async () => {
    const deleted = fc.uniqueArray(fc.nat(49), { maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(deleted, deleted, fc.nat(100), async (bonn, koeln, bound) => {
        const { table } = await tableWithout(100, (path) =>
          inlineVector(path.includes('Bonn') ? bonn : koeln),
        );
        const left = Array.from({ length: 100 }, (_, id) => id).filter(
          (id) => !(id % 2 === 0 ? bonn : koeln).includes(Math.floor(id / 2)),
        );
        for (const [where, keeps] of [
          [undefined, () => true],
          [eq('city', 'Bonn'), (id: number) => id % 2 === 0],
          [lt('id', bound), (id: number) => id < bound],
          [and(gt('id', bound), eq('city', 'Köln')), (id: number) => id > bound && id % 2 === 1],
          [not(eq('id', bound)), (id: number) => id !== bound],
        ] as const) {
          const options = where === undefined ? {} : { where };
          const expected = left.filter(keeps);
          const found = await ids(table.scan(options));
          expect(found.toSorted((a, b) => a - b)).toEqual(expected);
          expect(await table.scan(options).count()).toBe(expected.length);
          const limited = await table.scan({ ...options, limit: 7 }).count();
          expect(limited).toBe(Math.min(7, expected.length));
        }
      }),
      { seed: 5, numRuns: 15 },
    );
  });

  it('are found by their place in the whole file, over several row groups', async () => {
    const rows = 2 * 150_000;
    const gone = Array.from({ length: 20_000 }, (_, at) => at * 7 + 3);
    const { table } = await tableWithout(rows, () => inlineVector(gone));
    const expected = rows / 2 - gone.length;
    const where = eq('city', 'Bonn');
    const places = (await ids(table.scan({ where }))).map((id) => id / 2);
    expect(places).toHaveLength(expected);
    const removed = new Set(gone);
    expect(places.some((place) => removed.has(place))).toBe(false);
    expect(await table.scan({ where }).count()).toBe(expected);
  });

  it('can be asked for by themselves, whatever the deletion vector says', async () => {
    const { storage } = await tableWithout(20, () => inlineVector([1, 2]));
    const store = storage.open(new URL(URL_TEXT));
    const snapshot = await loadSnapshot({ store, url: URL_TEXT, clock: systemClock });
    const plan = planScan(snapshot, { select: ['id'] });
    const files = Array.from(plan.files, (file) => ({ ...file, only: RowBitmap.of([0, 2, 9]) }));
    const found: unknown[] = [];
    for await (const batch of scanBatches({ ...plan, files }, {})) {
      found.push(...(batch.getChildAt(0)?.toArray() ?? []));
    }
    expect(found).toEqual([0n, 4n, 18n, 1n, 5n, 19n]);
  });

  it.each<[string, string, DeletionVectorDescriptor]>([
    ['a row beyond the end of the file', 'CORRUPT_DATA', inlineVector([50])],
    ['another cardinality', 'CORRUPT_DATA', { ...inlineVector([1]), cardinality: 2 }],
    ['a file outside the table', 'UNSUPPORTED_FEATURE', outside('s3://other/dv.bin')],
    ['a file that is gone', 'DATA_GONE', outside(`${URL_TEXT}/dv.bin`)],
  ])('are refused for %s with %s', async (_, code, vector) => {
    const { table } = await tableWithout(100, () => vector);
    await expect(table.scan().toArray()).rejects.toMatchObject({ code });
  });

  it('cannot be more than the file has, for the count would be wrong', async () => {
    const { table } = await tableWithout(100, () => ({ ...inlineVector([1]), cardinality: 51 }));
    await expect(table.scan().count()).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
  });

  it('stay deleted: writing to the table is refused by name', async () => {
    const { table } = await tableWithout(100, () => inlineVector([1]));
    for (const write of [table.append([{ id: 1n }] as never), table.overwrite([] as never)]) {
      await expect(write).rejects.toMatchObject({
        code: 'UNSUPPORTED_FEATURE',
        features: ['deletionVectors'],
      });
    }
  });
});

function outside(path: string): DeletionVectorDescriptor {
  return {
    storageType: 'p',
    pathOrInlineDv: path,
    offset: 1,
    sizeInBytes: 40,
    cardinality: 1,
  };
}
