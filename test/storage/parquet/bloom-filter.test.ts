import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBloomFilter } from '../../../src/storage/parquet/bloom-filter.js';
import { columnChunk, columnMetaData } from '../../../src/storage/parquet/footer-fields.js';
import { bytesSource } from '../../../src/storage/parquet/source.js';
import { ThriftStruct } from '../../../src/storage/parquet/thrift.js';
import { encode, everyType, type OpenFile, open } from './batches.js';

const file = open(
  new Uint8Array(readFileSync(new URL('files/pyarrow-pages.parquet', import.meta.url))),
);

const long = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return bytes;
};
const double = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const leafOf = ({ footer }: OpenFile, name: string): number =>
  footer.leaves.findIndex(({ path }) => path.join('.') === name);

const read = (from: OpenFile, name: string, rowGroup = 0) =>
  readBloomFilter(from.source, from.footer, { rowGroup, leaf: leafOf(from, name) });

/** Without the length in the footer, as writers before format 2.10 leave it. */
const withoutLengths = (from: OpenFile): OpenFile => {
  const rowGroups = from.footer.rowGroups.map((group) => ({
    ...group,
    chunks: group.chunks.map((chunk) => {
      const meta = chunk.raw.field(columnChunk.metaData);
      if (!(meta?.value instanceof ThriftStruct)) return chunk;
      const value = meta.value.without(columnMetaData.bloomFilterLength);
      return { ...chunk, raw: chunk.raw.with({ ...meta, value }) };
    }),
  }));
  return { ...from, footer: { ...from.footer, rowGroups } };
};

describe('a filter that pyarrow wrote', () => {
  it.each([
    ['n', (row: number) => long(row * 7), (row: number) => long(row * 7 + 3)],
    ['s', (row: number) => text(`name ${row}`), (row: number) => text(`none ${row}`)],
    ['d', (row: number) => double(row * 0.5), (row: number) => double(row * 0.5 + 0.1)],
  ] as const)('has every value of %s, and few others', async (name, value, other) => {
    for (const from of [file, withoutLengths(file)]) {
      const filter = await read(from, name);
      let wrong = 0;
      for (let row = 0; row < 700; row += 1) {
        expect(filter?.mayContain(value(row))).toBe(true);
        if (filter?.mayContain(other(row))) wrong += 1;
      }
      expect(wrong).toBeLessThan(35);
    }
  });

  it('is of its row group alone', async () => {
    const second = await read(file, 'n', 1);
    expect(second?.mayContain(long(700 * 7))).toBe(true);
    const found = Array.from({ length: 700 }, (_, row) => second?.mayContain(long(row * 7)));
    expect(found.filter((is) => is).length).toBeLessThan(35);
  });
});

it('is not there when none was written', async () => {
  const plain = open((await encode([everyType(40)])).body);
  expect(await read(plain, 'long')).toBeUndefined();
  expect(await read(file, 'l.list.element')).toBeUndefined();
});

it('is taken as none when it is damaged, never as an error', async () => {
  const chunk = file.footer.rowGroups[0]?.chunks[leafOf(file, 'n')];
  const meta = chunk?.raw.field(columnChunk.metaData)?.value;
  const start = Number(
    meta instanceof ThriftStruct ? meta.field(columnMetaData.bloomFilterOffset)?.value : 0,
  );
  expect(start).toBeGreaterThan(0);
  await fc.assert(
    fc.asyncProperty(fc.nat(20), fc.nat(255), async (at, byte) => {
      const bytes = file.bytes.slice();
      bytes[start + at] = byte;
      const filter = await read({ ...file, bytes, source: bytesSource(bytes, 'f') }, 'n');
      expect(['undefined', 'boolean']).toContain(typeof filter?.mayContain(long(7)));
    }),
    { numRuns: 300, seed: 3 },
  );
});
