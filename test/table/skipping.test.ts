/** Scans of whole tables: with their statistics as we write them, as others do, and damaged, against the reference. */
import { Field, Int64, makeData, RecordBatch, Schema, Struct, Table } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaTable, isVarveError } from '../../src/index.js';
import type { StructType } from '../../src/log/schema/types.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { bindPredicate } from '../../src/table/expression/bind.js';
import { batchOf, schema as everyColumn, rows, type TestRow } from './expression/columns.js';
import { anyCase, type Case } from './expression/reference.js';

const LOCATION = 'memory://lake/skipping';
/** Void columns are in no file. */
const columns = everyColumn.fields.filter(({ type }) => type !== 'void');
const schema: StructType = {
  type: 'struct',
  fields: [{ name: 'id', type: 'long', nullable: true, metadata: {} }, ...columns],
};

/** Rows with their ids, as one Arrow table. */
function arrowOf(items: readonly TestRow[], firstId: number): Table {
  const batch = batchOf(items, 0);
  const ids = makeData({
    type: new Int64(),
    length: items.length,
    data: BigInt64Array.from(items, (_, at) => BigInt(firstId + at)),
  });
  const names = new Set(columns.map(({ name }) => name));
  const kept = batch.schema.fields.flatMap((field, at) =>
    names.has(field.name) ? [[field, batch.data.children[at]] as const] : [],
  );
  const arrow = new Schema([new Field('id', new Int64(), true), ...kept.map(([field]) => field)]);
  const data = makeData({
    type: new Struct(arrow.fields),
    length: items.length,
    nullCount: 0,
    children: [ids, ...kept.map(([, child]) => child)] as never,
  });
  return new Table([new RecordBatch(arrow, data)]);
}

/** What happened to a file's statistics, none of it a lie. */
const STATS: readonly ((text: string) => string | undefined)[] = [
  (text) => text,
  () => undefined,
  () => 'not json',
  (text) => text.slice(0, -3),
  (text) => text.replace(/:(-?\d)/g, ':"x$1'),
  (text) => text.replace('"numRecords"', '"tightBounds":false,"numRecords"'),
  (text) => text.replace('"maxValues"', '"maximum"'),
  (text) => text.replace('"nullCount":{', '"nullCount":{"s":"many",'),
  (text) => text.replaceAll('":', '" : '),
  (text) => text.replace('{', '{"__proto__":{"i":7},'),
];

const file = fc.record({
  items: rows(8).filter((items) => items.length > 0),
  stats: fc.constantFrom(...STATS),
});

interface Expected {
  readonly id: number;
  readonly row: TestRow;
}

async function make(
  files: readonly { readonly items: readonly TestRow[]; readonly stats: (typeof STATS)[number] }[],
): Promise<{ readonly table: DeltaTable; readonly all: readonly Expected[] }> {
  const storage = memoryStorage();
  const made = await DeltaTable.create(LOCATION, { schema, storage });
  const store = storage.open(new URL(LOCATION));
  const all: Expected[] = [];
  for (const [index, { items, stats }] of files.entries()) {
    await made.append(arrowOf(items, all.length) as never);
    all.push(...items.map((row, at) => ({ id: all.length + at, row })));
    const key = `_delta_log/${String(index + 1).padStart(20, '0')}.json`;
    const lines = new TextDecoder()
      .decode((await store.get(key))?.bytes)
      .trimEnd()
      .split('\n');
    const damaged = lines.map((line) => {
      const action = JSON.parse(line) as { add?: { stats?: string | undefined } };
      if (action.add?.stats !== undefined) action.add.stats = stats(action.add.stats);
      return JSON.stringify(action);
    });
    await store.put(key, new TextEncoder().encode(`${damaged.join('\n')}\n`));
  }
  return { table: await DeltaTable.open(LOCATION, { storage }), all };
}

/** Whether the condition is one of this table's: without the void column. */
function isOurs({ predicate }: Case): boolean {
  try {
    bindPredicate(predicate, schema);
    return true;
  } catch (error) {
    if (isVarveError(error, 'INVALID_ARGUMENT')) return false;
    throw error;
  }
}

describe('skipping', () => {
  it('loses no row of any table to any condition, and does skip', async () => {
    const skipped = { files: 0, rowGroups: 0 };
    const cases = fc.array(anyCase.filter(isOurs), { minLength: 8, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { minLength: 1, maxLength: 4 }),
        cases,
        async (files, asked) => {
          const { table, all } = await make(files);
          const snapshot = await table.snapshot();
          for (const { predicate, expect: wanted } of asked) {
            const scan = snapshot.scan({ where: predicate, select: ['id'] });
            const found = (await scan.toArray()).map(({ id }) => Number(id));
            const expected = all.filter(({ row }) => wanted(row) === true).map(({ id }) => id);
            expect(found.toSorted((a, b) => a - b)).toEqual(expected);
            const metrics = scan.metrics();
            skipped.files += metrics?.filesSkipped ?? 0;
            skipped.rowGroups += metrics?.rowGroupsSkipped ?? 0;
            expect(await snapshot.scan({ where: predicate }).count()).toBe(expected.length);
          }
        },
      ),
      { numRuns: 25 },
    );
    expect(skipped.files).toBeGreaterThan(15);
    expect(skipped.rowGroups).toBeGreaterThan(15);
  });
});
