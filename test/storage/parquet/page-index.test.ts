import { readFileSync } from 'node:fs';
import type { RecordBatch } from 'apache-arrow';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeRowGroup } from '../../../src/storage/parquet/decode.js';
import { longField, structsField } from '../../../src/storage/parquet/footer-encode.js';
import {
  columnChunk,
  offsetIndex,
  pageLocation,
} from '../../../src/storage/parquet/footer-fields.js';
import { type IndexedPage, readPageIndex } from '../../../src/storage/parquet/page-index.js';
import { type CodecPool, sharedPool } from '../../../src/storage/parquet/pool.js';
import type { RowRange } from '../../../src/storage/parquet/row-ranges.js';
import { bytesSource } from '../../../src/storage/parquet/source.js';
import { ThriftStruct } from '../../../src/storage/parquet/thrift.js';
import { decodeThrift } from '../../../src/storage/parquet/thrift-decode.js';
import { encodeThrift } from '../../../src/storage/parquet/thrift-encode.js';
import { describeWithOracles } from '../../support/oracles.js';
import { encode, everyType, type OpenFile, open, plainRows } from './batches.js';
import { corpusFiles } from './corpora.js';

/** Ascending, disjoint ranges of the rows, by the lengths of what is left out and taken in turn. */
function rangesBy(steps: readonly number[], numRows: number): RowRange[] {
  const ranges: RowRange[] = [];
  let at = 0;
  for (let index = 0; index + 1 < steps.length && at < numRows; index += 2) {
    const start = Math.min(numRows, at + (steps[index] ?? 0));
    const end = Math.min(numRows, start + (steps[index + 1] ?? 0));
    ranges.push({ start, end });
    at = end;
  }
  return ranges;
}

const cutOf = (whole: readonly unknown[], ranges: readonly RowRange[]): unknown[] =>
  ranges.flatMap(({ start, end }) => whole.slice(start, end));

const steps = (most: number) =>
  fc.array(fc.nat(most), { minLength: 2, maxLength: 8 }).map((list) => list);

const pagesOf = async (
  { source, footer }: OpenFile,
  leaf: number,
  rowGroup = 0,
): Promise<readonly IndexedPage[] | undefined> =>
  (await readPageIndex(source, footer, { rowGroup, leaves: [leaf] }))[0];

describe('page indexes and ranges of rows', () => {
  const rows = 45_000;
  let file: OpenFile;
  let whole: unknown[];
  beforeAll(async () => {
    file = open((await encode([everyType(rows)])).body);
    whole = plainRows(await decodeRowGroup(file.source, file.footer, 0));
  });

  it('says where pages begin, what they hold and what bounds them', async () => {
    const pages = (await pagesOf(file, 0)) ?? [];
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.reduce((sum, { numRows }) => sum + numRows, 0)).toBe(rows);
    for (const { firstRow, numRows, min, max, nullCount, isAllNull } of pages) {
      const long = (bytes: Uint8Array | undefined): bigint =>
        new DataView((bytes ?? new Uint8Array(8)).slice().buffer).getBigInt64(0, true);
      expect([nullCount, isAllNull]).toEqual([0, false]);
      expect([long(min), long(max)]).toEqual([BigInt(firstRow), BigInt(firstRow + numRows - 1)]);
    }
  });

  it('decodes any ranges as a cut of the whole, nested columns too', async () => {
    await fc.assert(
      fc.asyncProperty(steps(3000), async (list) => {
        const ranges = rangesBy(list, rows);
        const batch = await decodeRowGroup(file.source, file.footer, 0, { ranges });
        expect(plainRows(batch)).toEqual(cutOf(whole, ranges));
      }),
      { numRuns: 8, seed: 9 },
    );
  });

  it('decodes only the pages that hold the rows', async () => {
    const decoded: number[] = [];
    const pool: CodecPool = {
      run: (task, context) => {
        decoded.push(task.numRows);
        return sharedPool().run(task, context);
      },
    };
    const [leaf, last] = [0, (await pagesOf(file, 0))?.at(-1)];
    const ranges = [{ start: rows - 5, end: rows - 2 }];
    const batch = await decodeRowGroup(file.source, file.footer, 0, {
      leaves: [leaf],
      ranges,
      pool,
    });
    expect([...(batch.getChildAt(0) ?? [])]).toEqual([rows - 5, rows - 4, rows - 3].map(BigInt));
    expect(decoded).toEqual([last?.numRows]);
  });

  it('gives no rows for no ranges, and all for all', async () => {
    const none = await decodeRowGroup(file.source, file.footer, 0, { ranges: [] });
    expect([none.numRows, none.numCols]).toEqual([0, 9]);
    const all = await decodeRowGroup(file.source, file.footer, 0, {
      ranges: [
        { start: 0, end: 7 },
        { start: 7, end: rows },
      ],
    });
    expect(all.numRows).toBe(rows);
    const counted = await decodeRowGroup(file.source, file.footer, 0, {
      leaves: [],
      ranges: [{ start: 3, end: 7 }],
    });
    expect(counted.numRows).toBe(4);
  });

  it.each([
    [[{ start: 5, end: 4 }]],
    [[{ start: 0, end: rows + 1 }]],
    [
      [
        { start: 0, end: 9 },
        { start: 8, end: 10 },
      ],
    ],
    [[{ start: -1, end: 4 }]],
    [[{ start: Number.NaN, end: 4 }]],
  ])('refuses ranges that are none: %j', async (ranges) => {
    await expect(decodeRowGroup(file.source, file.footer, 0, { ranges })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'ranges',
    });
  });

  /** The file with the first rows of a chunk's pages changed in its offset index. */
  const withFirstRows = (change: (firstRow: number, page: number) => number): OpenFile => {
    const group = file.footer.rowGroups[0];
    const chunk = group?.chunks[0];
    const start = Number(chunk?.raw.field(columnChunk.offsetIndexOffset)?.value);
    const index = decodeThrift(file.bytes.subarray(start), 'f').value;
    const list = index.field(offsetIndex.pageLocations)?.value;
    const locations = typeof list === 'object' && 'elementType' in list ? list.values : [];
    const changed = locations.map((location, page) => {
      if (!(location instanceof ThriftStruct)) throw new TypeError('no location');
      const { firstRowIndex } = pageLocation;
      const firstRow = Number(location.field(firstRowIndex)?.value);
      return location.with(longField(firstRowIndex, change(firstRow, page)));
    });
    const written = encodeThrift(index.with(structsField(offsetIndex.pageLocations, changed)));
    const bytes = file.bytes.slice();
    bytes.set(written, start);
    return { bytes, footer: file.footer, source: bytesSource(bytes, 'f.parquet') };
  };

  it('finds an index that lies about its rows', async () => {
    const lying = withFirstRows((firstRow, page) => (page === 1 ? firstRow - 1 : firstRow));
    const decoding = decodeRowGroup(lying.source, lying.footer, 0, {
      leaves: [0],
      ranges: [{ start: 30_000, end: 30_001 }],
    });
    await expect(decoding).rejects.toMatchObject({ code: 'CORRUPT_DATA', field: 'long' });
  });

  it.each([
    ['does not ascend', () => 0],
    ['does not begin at the first row', (firstRow: number) => firstRow + 1],
    ['goes beyond the last row', (firstRow: number, page: number) => (page > 0 ? firstRow * 9 : 0)],
  ])('does without an index that %s', async (_name, change) => {
    const lying = withFirstRows(change);
    expect(await pagesOf(lying, 0)).toBeUndefined();
    const ranges = [{ start: 30_000, end: 30_002 }];
    const batch = await decodeRowGroup(lying.source, lying.footer, 0, { ranges });
    expect(plainRows(batch)).toEqual(cutOf(whole, ranges));
  });

  it('answers damaged indexes with the rows or a typed error', async () => {
    const [group] = file.footer.rowGroups;
    const first = Math.max(...(group?.chunks.map(({ end }) => end) ?? []));
    const last = file.bytes.length - 8;
    const ranges = [{ start: 20_500, end: 20_520 }];
    const expected = cutOf(whole, ranges);
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(255),
        async (at, byte) => {
          const bytes = file.bytes.slice();
          bytes[Math.floor(first + at * (last - first - 1))] = byte;
          let batch: RecordBatch;
          try {
            batch = await decodeRowGroup(bytesSource(bytes, 'f'), file.footer, 0, { ranges });
          } catch (error) {
            expect(error).toMatchObject({ code: 'CORRUPT_DATA' });
            return;
          }
          expect(plainRows(batch)).toEqual(expected);
        },
      ),
      { numRuns: 30, seed: 11 },
    );
  });
});

describe('a file of pyarrow, of second-version pages at other rows in each column', () => {
  const path = new URL('files/pyarrow-pages.parquet', import.meta.url);
  const file = open(new Uint8Array(readFileSync(path)));

  it('has an index of many pages for each column', async () => {
    for (const leaf of file.footer.leaves.keys()) {
      expect((await pagesOf(file, leaf))?.length).toBeGreaterThan(3);
    }
  });

  it('decodes any ranges as a cut of the whole', async () => {
    for (const [index, { numRows }] of file.footer.rowGroups.entries()) {
      const whole = plainRows(await decodeRowGroup(file.source, file.footer, index));
      await fc.assert(
        fc.asyncProperty(steps(200), fc.uniqueArray(fc.nat(6)), async (list, some) => {
          const ranges = rangesBy(list, numRows);
          const leaves = some.length === 0 ? undefined : some;
          const options = { ranges, leaves };
          const batch = await decodeRowGroup(file.source, file.footer, index, options);
          const alone = await decodeRowGroup(file.source, file.footer, index, { leaves });
          expect(plainRows(batch)).toEqual(
            cutOf(leaves === undefined ? whole : plainRows(alone), ranges),
          );
        }),
        { numRuns: 40, seed: index },
      );
    }
  });
});

describeWithOracles('files of other writers', ['corpora'], () => {
  it('decode in ranges as they do whole', async () => {
    let ranged = 0;
    let indexed = 0;
    for (const [number, { path, bytes }] of corpusFiles().entries()) {
      const file = open(bytes, path);
      for (const [index, group] of file.footer.rowGroups.entries()) {
        const { numRows } = group;
        const list = [number % 3, 2 + (number % 5), number % 2, 1 + (number % 7)];
        const ranges = rangesBy(list, numRows);
        const whole = await decodeRowGroup(file.source, file.footer, index);
        const part = await decodeRowGroup(file.source, file.footer, index, { ranges });
        expect(plainRows(part), path).toEqual(cutOf(plainRows(whole), ranges));
        ranged += 1;
        if ((await pagesOf(file, 0, index)) !== undefined) indexed += 1;
      }
    }
    expect(ranged).toBeGreaterThan(500);
    expect(indexed).toBeGreaterThan(200);
  });
});
