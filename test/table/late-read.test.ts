import type { RecordBatch } from 'apache-arrow';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { and, DeltaTable, eq, gte, isNull, lt, not, or, startsWith } from '../../src/index.js';
import { RowBitmap } from '../../src/log/deletion-vector/row-bitmap.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';
import { scanBatches } from '../../src/table/scan-batches.js';
import { planScan } from '../../src/table/scan-plan.js';

const URL_TEXT = 'memory://lake/late';
const ROWS = 150_000;

interface Known {
  readonly id: number;
  readonly k: number | null;
  readonly name: string;
  readonly part: string;
}

const rowOf = (id: number): Known => ({
  id,
  k: id % 11 === 0 ? null : (id * 7919) % 1000,
  name: `name ${(id * 31) % 977}`,
  part: id % 3 === 0 ? 'a' : 'b',
});

let snapshot: Snapshot;
const requests: StoreRequest[] = [];

beforeAll(async () => {
  const storage = memoryStorage();
  const table = await DeltaTable.create(URL_TEXT, {
    schema: { id: 'long', k: 'integer', name: 'string', tags: { array: 'long' }, part: 'string' },
    partitionBy: ['part'],
    storage,
  });
  await table.append(
    Array.from({ length: ROWS }, (_, id) => ({
      ...rowOf(id),
      tags: id % 5 === 0 ? null : [id, 1],
    })),
  );
  const store = recordingStore(storage.open(new URL(URL_TEXT)), requests);
  snapshot = await loadSnapshot({ store, url: URL_TEXT, clock: systemClock });
});

/** Conditions, and what they mean of a row that is known. */
const condition: fc.Arbitrary<[unknown, (row: Known) => boolean]> = fc.oneof(
  fc
    .tuple(fc.nat(ROWS), fc.nat(20_000))
    .map(([from, length]): [unknown, (row: Known) => boolean] => [
      and(gte('id', from), lt('id', from + length)),
      ({ id }) => id >= from && id < from + length,
    ]),
  fc
    .nat(1000)
    .map((k): [unknown, (row: Known) => boolean] => [
      lt('k', k),
      (row) => row.k !== null && row.k < k,
    ]),
  fc.constant<[unknown, (row: Known) => boolean]>([isNull('k'), (row) => row.k === null]),
  fc
    .nat(ROWS)
    .map((id): [unknown, (row: Known) => boolean] => [
      and(eq('part', 'a'), or(eq('id', id), startsWith('name', 'name 97'))),
      (row) => row.part === 'a' && (row.id === id || row.name.startsWith('name 97')),
    ]),
  fc
    .nat(ROWS)
    .map((id): [unknown, (row: Known) => boolean] => [not(lt('id', id)), (row) => row.id >= id]),
);

/** The rows of one file that are kept, as the places of every nth; undefined: all. */
const kept = fc.option(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 40_000 })), {
  nil: undefined,
});

const select = fc.subarray(['name', 'tags', 'k', 'part', '_metadata.row_index'], { minLength: 1 });

interface Found {
  readonly ids: number[];
  readonly places: Map<number, unknown>;
}

async function scan(
  request: Parameters<typeof planScan>[1],
  only: RowBitmap | undefined,
  see: (batch: RecordBatch) => void,
): Promise<Found> {
  const plan = planScan(snapshot, request);
  const files = Array.from(plan.files, (file) => ({ ...file, only }));
  const found: Found = { ids: [], places: new Map() };
  for await (const batch of scanBatches({ ...plan, files }, {})) {
    for (const id of batch.getChild('id')?.toArray() ?? []) found.ids.push(Number(id));
    see(batch);
  }
  return found;
}

describe('late reads', () => {
  it('give what reading everything and then asking gives', async () => {
    await fc.assert(
      fc.asyncProperty(condition, kept, select, fc.option(fc.nat(5000)), async (...given) => {
        const [[where, holds], every, columns, limit] = given;
        const only =
          every &&
          RowBitmap.of(
            Array.from({ length: ROWS / 3 }, (_, at) => at).filter(
              (at) => (at - every[0]) % every[1] === 0,
            ),
          );
        const all = await scan({ select: ['id'] }, only, () => undefined);
        const expected = all.ids.filter((id) => holds(rowOf(id))).slice(0, limit ?? undefined);
        const request = { where, select: ['id', ...columns], limit: limit ?? undefined };
        let seen = 0;
        const { ids } = await scan(request, only, (batch) => {
          const column = (name: string) => batch.getChild(name);
          for (let row = 0; row < batch.numRows; row++, seen++) {
            const id = expected[seen] ?? -1;
            const known = rowOf(id);
            for (const name of columns) {
              const value: unknown = column(name)?.get(row);
              if (name === 'tags') {
                const tags = value as { toArray(): BigInt64Array } | null;
                expect(tags && [...tags.toArray()]).toEqual(id % 5 === 0 ? null : [BigInt(id), 1n]);
              } else if (name === '_metadata.row_index') {
                const place = id % 3 === 0 ? id / 3 : id - 1 - Math.floor(id / 3);
                expect(value).toBe(BigInt(place));
              } else expect(value).toBe(known[name as keyof Known]);
            }
          }
        });
        expect(ids).toEqual(expected);
      }),
      { numRuns: 40, seed: 2026 },
    );
  });

  /** How many bytes of data files a scan reads. */
  async function bytesRead(request: Parameters<typeof planScan>[1]): Promise<number> {
    requests.length = 0;
    await scan(request, undefined, () => undefined);
    const ranges = requests.flatMap(({ key, range }) => (key.endsWith('.parquet') ? [range] : []));
    return ranges.reduce((sum, range) => sum + (range ? range.end - range.start : 0), 0);
  }

  it('read no other column where nothing matches', async () => {
    const columns = ['id', 'k', 'name', 'tags'];
    const none = await bytesRead({ where: and(eq('k', 500), lt('id', 3)), select: columns });
    const condition = await bytesRead({ select: ['id', 'k'] });
    const all = await bytesRead({ select: columns });
    expect(none).toBeLessThanOrEqual(condition);
    expect(condition).toBeLessThan(all);
  });
});
