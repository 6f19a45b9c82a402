import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { ActionColumns, FileEntry } from '../../src/log/file-list.js';
import type { StructType } from '../../src/log/schema/types.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';
import { memoryStore } from '../../src/storage/memory-store.js';
import { decodeRowGroup } from '../../src/storage/parquet/decode.js';
import { parseFile } from '../../src/storage/parquet/footer.js';
import type { RowRange } from '../../src/storage/parquet/row-ranges.js';
import { bytesSource } from '../../src/storage/parquet/source.js';
import { bindPredicate } from '../../src/table/expression/bind.js';
import {
  and,
  between,
  eq,
  gt,
  gte,
  isIn,
  isNull,
  lt,
  lte,
  ne,
  not,
  or,
} from '../../src/table/expression/builders.js';
import { selectRows } from '../../src/table/expression/evaluate.js';
import type { Predicate } from '../../src/table/expression/predicate-types.js';
import { rowsToRead } from '../../src/table/page-ranges.js';
import { fileReading, type OpenedFile } from '../../src/table/read-file.js';
import { addFile } from '../log/log-fixture.js';

const field = (name: string, type: 'long' | 'string' | 'double') => ({
  name,
  type,
  nullable: true,
  metadata: {},
});
const schema: StructType = {
  type: 'struct',
  fields: [field('n', 'long'), field('s', 'string'), field('d', 'double')],
};

/** A file of pyarrow's with page indexes and Bloom filters, as a file of a table. */
const bytes = new Uint8Array(
  readFileSync(new URL('../storage/parquet/files/pyarrow-pages.parquet', import.meta.url)),
);
const snapshot = {
  schema,
  log: { store: memoryStore(), url: 'memory://lake/pages', clock: systemClock },
  columnMapping: 'none',
  partitionColumns: [],
  metadata: { partitionColumns: [] },
} as unknown as Snapshot;
const opened: OpenedFile = {
  reading: fileReading(snapshot, schema),
  file: {
    key: 'f',
    sizeBytes: bytes.length,
    entry: new FileEntry(new ActionColumns([addFile('f')]), 0),
  },
  source: bytesSource(bytes, 'f'),
  footer: parseFile(bytes, 'f'),
  deleted: undefined,
  only: undefined,
  add: undefined,
};
const ROWS = opened.footer.rowGroups[0]?.numRows ?? 0;

async function ask(predicate: Predicate): Promise<readonly RowRange[] | undefined> {
  const where = bindPredicate(predicate, schema);
  return await rowsToRead(where, opened, 0, { signal: new AbortController().signal });
}

function covers(ranges: readonly RowRange[], row: number): boolean {
  return ranges.some(({ start, end }) => start <= row && row < end);
}

const comparison = (path: 'n' | 's' | 'd', values: fc.Arbitrary<never>): fc.Arbitrary<Predicate> =>
  fc
    .tuple(fc.constantFrom(eq, ne, lt, lte, gt, gte), values)
    .map(([compare, value]) => compare(path, value));
const row = fc.nat(2 * ROWS);
const leaf = fc.oneof(
  comparison('n', row.map((at) => BigInt(at * 7)) as fc.Arbitrary<never>),
  comparison('s', row.map((at) => `name ${at}`) as fc.Arbitrary<never>),
  comparison('d', row.map((at) => at * 0.5) as fc.Arbitrary<never>),
  fc.array(row, { minLength: 1, maxLength: 3 }).map((list) =>
    isIn(
      'n',
      list.map((at) => BigInt(at * 7)),
    ),
  ),
  fc.constantFrom('n', 's', 'd').map((path) => isNull(path)),
);
const predicate: fc.Arbitrary<Predicate> = fc.letrec<{ tree: Predicate }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => and(a, b)),
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => or(a, b)),
    tie('tree').map((inner) => not(inner)),
  ),
})).tree;

describe('rowsToRead', () => {
  let all: Awaited<ReturnType<typeof decodeRowGroup>>;
  beforeAll(async () => {
    all = await decodeRowGroup(opened.source, opened.footer, 0, {
      leaves: opened.footer.leaves.flatMap(({ path }, at) =>
        path.length === 1 && 'nsd'.includes(path[0] ?? '-') ? [at] : [],
      ),
    });
  });

  it('leaves out no row that matches', async () => {
    let fewer = 0;
    await fc.assert(
      fc.asyncProperty(predicate, async (condition) => {
        const ranges = await ask(condition);
        if (ranges === undefined) return;
        fewer++;
        for (const found of selectRows(bindPredicate(condition, schema), all)) {
          expect(covers(ranges, found)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
    // Otherwise it would hold of asking nobody.
    expect(fewer).toBeGreaterThan(100);
  });

  it('finds the page of a value by its bounds', async () => {
    const [only, ...more] = (await ask(between('n', 70n, 77n))) ?? [];
    expect(more).toEqual([]);
    expect((only?.end ?? 0) - (only?.start ?? 0)).toBeLessThan(ROWS / 2);
    expect(only?.start).toBe(0);
  });

  it('leaves out a row group by its Bloom filter alone', async () => {
    // Within the bounds of the row group and of a page, and not there.
    const missing = Array.from({ length: 20 }, (_, at) => BigInt(at * 7 + 3));
    const answers = await Promise.all(missing.map(async (value) => await ask(eq('n', value))));
    expect(answers.filter((ranges) => ranges?.length === 0).length).toBeGreaterThan(15);
    const either = or(eq('n', 3n), eq('n', 14n));
    expect((await ask(either))?.length).toBe(1);
    expect(await ask(not(eq('n', 3n)))).toBeUndefined();
  });
});
