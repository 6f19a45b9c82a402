import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/storage/memory-store.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { decodeRowGroup } from '../../../src/storage/parquet/decode.js';
import { planWhole } from '../../../src/storage/parquet/part-plan.js';
import { readMiniFiles } from '../../../src/storage/parquet/read-mini-files.js';
import {
  FOOTER_READ_BYTES,
  type ParquetSource,
  storeSource,
} from '../../../src/storage/parquet/source.js';
import { encode, everyType, type OpenFile, open, plainRows } from './batches.js';

/** A source that reads into the memory it is given, and how often it was given some. */
function filling({ source }: OpenFile): { readonly source: ParquetSource; filled: number } {
  const counted = {
    filled: 0,
    source: {
      ...source,
      read: async (...[range, signal, into]: Parameters<ParquetSource['read']>) => {
        const bytes = await source.read(range, signal);
        if (into === undefined) return bytes;
        counted.filled += 1;
        into.set(bytes);
        return into;
      },
    },
  };
  return counted;
}

const pages = open(
  new Uint8Array(readFileSync(new URL('files/pyarrow-pages.parquet', import.meta.url))),
);

describe('a row group read into the files that are decoded', () => {
  it('holds what it holds when each chunk is copied, for any columns and rows', async () => {
    const nested = open((await encode([everyType(500)])).body);
    const wanted = fc.constantFrom(nested, pages).chain((file) => {
      const { leaves, rowGroups } = file.footer;
      const numRows = rowGroups[0]?.numRows ?? 0;
      return fc.record({
        file: fc.constant(file),
        leaves: fc.subarray(
          leaves.map((_, leaf) => leaf),
          { minLength: 1 },
        ),
        ranges: fc.option(
          fc
            .tuple(fc.nat(numRows), fc.nat(numRows))
            .map(([a, b]) => [{ start: Math.min(a, b), end: Math.max(a, b) }]),
          { nil: undefined },
        ),
      });
    });
    let filled = 0;
    await fc.assert(
      fc.asyncProperty(wanted, async ({ file, leaves, ranges }) => {
        const counted = filling(file);
        const options = { leaves, ranges };
        const direct = await decodeRowGroup(counted.source, file.footer, 0, options);
        const copied = await decodeRowGroup(file.source, file.footer, 0, options);
        expect(plainRows(direct)).toEqual(plainRows(copied));
        filled += counted.filled;
      }),
      { numRuns: 60 },
    );
    expect(filled).toBeGreaterThan(0);
  });

  it('is copied where two parts want the same bytes: the file of one may be gone before the other is built', async () => {
    const [group] = pages.footer.rowGroups;
    if (group === undefined) throw new TypeError('no row group');
    const counted = filling(pages);
    const parts = [0, 0].flatMap((leaf) => planWhole(pages.footer, group, [leaf]));
    const reading = { footer: pages.footer, group, signal: undefined };
    const files = readMiniFiles(counted.source, reading, parts).map((file) => file());
    const [first, second] = await Promise.all(files);
    expect(counted.filled).toBe(0);
    expect(first?.file).toEqual(second?.file);
    expect(first?.file.buffer).not.toBe(second?.file.buffer);
  });

  it('gives the file of a part before the bytes of another are there', async () => {
    const [group] = pages.footer.rowGroups;
    if (group === undefined) throw new TypeError('no row group');
    const { start } = group.chunks[0] ?? { start: 0 };
    const stalled: ParquetSource = {
      ...pages.source,
      read: async (range, signal) =>
        range.start <= start
          ? await pages.source.read(range, signal)
          : await new Promise<never>(() => undefined),
    };
    const far = 1024 * 1024;
    const parts = planWhole(pages.footer, group, [0]);
    const never = parts.map((part) => ({
      ...part,
      chunks: part.chunks.map((chunk) => ({
        ...chunk,
        ranges: chunk.ranges.map((range) => ({ start: range.start + far, end: range.end + far })),
      })),
    }));
    const reading = { footer: pages.footer, group, signal: undefined };
    const [file] = readMiniFiles(stalled, reading, [...parts, ...never]);
    expect((await file?.())?.file.length).toBeGreaterThan(0);
  });
});

describe('storeSource', () => {
  it('does not keep bytes that were read into memory of the caller', async () => {
    const store = memoryStore();
    const info = await store.put('k', new Uint8Array(10).fill(7));
    const fills: ObjectStore = {
      ...store,
      get: async (key, options) => {
        const object = await store.get(key, options);
        if (object === undefined || options?.into === undefined) return object;
        options.into.set(object.bytes);
        return { ...object, bytes: options.into };
      },
    };
    const source = storeSource(fills, 'k', info);
    const range = { start: 0, end: 10 };
    expect(range.end).toBeLessThan(FOOTER_READ_BYTES);
    const into = new Uint8Array(10);
    expect(await source.read(range, undefined, into)).toBe(into);
    into.fill(0);
    expect(await source.read(range)).toEqual(new Uint8Array(10).fill(7));
  });
});
