import {
  DataType,
  Field,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
} from 'apache-arrow';
import fc from 'fast-check';
import {
  Compression,
  Table as WasmTable,
  WriterPropertiesBuilder,
  writeParquet,
} from 'parquet-wasm/esm';
import { beforeAll, describe, expect, it } from 'vitest';
import { isVarveError } from '../../../src/errors.js';
import { divideLeaves, joinParts } from '../../../src/storage/parquet/column-parts.js';
import { decodeRowGroup, readParquetFile } from '../../../src/storage/parquet/decode.js';
import { ROW_GROUP_ROWS } from '../../../src/storage/parquet/encode.js';
import { prepareWasm } from '../../../src/storage/parquet/host-node.js';
import { bytesSource, type ParquetSource } from '../../../src/storage/parquet/source.js';
import { itWithOracles } from '../../support/oracles.js';
import { batchOf, encode, everyType, longData, type OpenFile, open, plainRows } from './batches.js';
import { corpusFiles } from './corpora.js';

const leavesNamed = ({ footer }: OpenFile, ...paths: string[]): number[] =>
  paths.map((path) => footer.leaves.findIndex((leaf) => leaf.path.join('.') === path));

const watched = (source: ParquetSource): ParquetSource & { readonly reads: [number, number][] } => {
  const reads: [number, number][] = [];
  return {
    ...source,
    reads,
    read: (range, signal) => {
      reads.push([range.start, range.end]);
      return source.read(range, signal);
    },
  };
};

describe('decodeRowGroup', () => {
  let file: OpenFile;
  beforeAll(async () => {
    file = open((await encode([everyType(40)])).body);
  });

  it('gives the wanted columns in the order of the file, whatever order they are asked in', async () => {
    const leaves = leavesNamed(file, 'inner.b', 'long');
    const batch = await decodeRowGroup(file.source, file.footer, 0, { leaves });
    expect(batch.schema.fields.map(({ name }) => name)).toEqual(['long', 'inner']);
    expect(batch.numRows).toBe(40);
  });

  it('prunes a struct to its wanted leaves and keeps its nulls', async () => {
    const leaves = leavesNamed(file, 'inner.b');
    const batch = await decodeRowGroup(file.source, file.footer, 0, { leaves });
    const whole = plainRows(everyType(40)) as { inner: { b: unknown } | null }[];
    expect(plainRows(batch)).toEqual(
      whole.map(({ inner }) => ({ inner: inner && { b: inner.b } })),
    );
  });

  it('keeps field ids in the metadata of its fields', async () => {
    const { schema } = await decodeRowGroup(file.source, file.footer, 0);
    expect(schema.fields.map(({ metadata }) => metadata.get('PARQUET:field_id'))).toEqual(
      '123456789'.split(''),
    );
    const inner = schema.fields[6]?.type.children as Field[];
    expect(inner.map(({ metadata }) => metadata.get('PARQUET:field_id'))).toEqual(['12', '13']);
  });

  it('reads no more than the wanted chunks', async () => {
    const source = watched(file.source);
    const leaves = leavesNamed(file, 'day');
    await decodeRowGroup(source, file.footer, 0, { leaves });
    const wanted = file.footer.rowGroups[0]?.chunks[leaves[0] ?? -1];
    expect(source.reads).toEqual([[wanted?.start, wanted?.end]]);
  });

  it('reads nothing when no column is wanted, and still counts the rows', async () => {
    const source = watched(file.source);
    const batch = await decodeRowGroup(source, file.footer, 0, { leaves: [] });
    expect(batch.numRows).toBe(40);
    expect(batch.numCols).toBe(0);
    expect(source.reads).toEqual([]);
  });

  it('gives one batch of the whole row group', async () => {
    const large = open((await encode([everyType(70_000)])).body);
    const batch = await decodeRowGroup(large.source, large.footer, 0);
    expect(batch.numRows).toBe(70_000);
  });

  it('keeps columns of one name apart', async () => {
    const fields = ['x', 'x', ''].map((name) => new Field(name, longData([]).type, true));
    const children = [longData([1n]), longData([2n]), longData([3n])];
    const data = makeData({ type: new Struct(fields), length: 1, children });
    const twins = open((await encode([new RecordBatch(new Schema(fields), data)])).body);
    const batch = await decodeRowGroup(twins.source, twins.footer, 0, { leaves: [1, 2] });
    expect(batch.schema.fields.map(({ name }) => name)).toEqual(['x', '']);
    expect(batch.data.children.map(({ values }) => [...values])).toEqual([[2n], [3n]]);
  });

  it('gives a row group without rows its columns', async () => {
    const [group] = file.footer.rowGroups;
    const rowGroups = group === undefined ? [] : [{ ...group, numRows: 0 }];
    const empty = await decodeRowGroup(file.source, { ...file.footer, rowGroups }, 0);
    const whole = await decodeRowGroup(file.source, file.footer, 0);
    expect(empty.numRows).toBe(0);
    expect(String(empty.schema)).toBe(String(whole.schema));
    // Another reader accepts it, offsets of nested columns and all.
    expect(tableFromIPC(tableToIPC(new Table([empty]), 'stream')).numRows).toBe(0);
    expect(plainRows(empty)).toEqual([]);
  });

  it('ignores what ARROW:schema says', async () => {
    await prepareWasm();
    const { LargeUtf8 } = await import('apache-arrow');
    const type = new LargeUtf8();
    const data = makeData({
      type,
      length: 1,
      valueOffsets: BigInt64Array.of(0n, 1n),
      data: Uint8Array.of(97),
    });
    const ipc = tableToIPC(new Table([batchOf({ s: data })]), 'stream');
    const written = open(writeParquet(WasmTable.fromIPCStream(ipc)));
    expect([...written.footer.keyValue.keys()]).toEqual(['ARROW:schema']);
    const batch = await decodeRowGroup(written.source, written.footer, 0);
    expect(DataType.isUtf8(batch.schema.fields[0]?.type)).toBe(true);
    expect(plainRows(batch)).toEqual([{ s: 'a' }]);
  });

  it('refuses what does not exist', async () => {
    const { source, footer } = file;
    await expect(decodeRowGroup(source, footer, 1)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'rowGroupIndex',
    });
    await expect(decodeRowGroup(source, footer, 0, { leaves: [99] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'leaves',
    });
  });

  const altered = (change: object): OpenFile['footer'] => ({
    ...file.footer,
    rowGroups: file.footer.rowGroups.map((group) => ({
      ...group,
      chunks: group.chunks.map((chunk) => ({ ...chunk, ...change })),
    })),
  });

  it('refuses by name, before it reads, what it cannot decode', async () => {
    const source = watched(file.source);
    for (const [change, feature] of [
      [{ codec: 'LZO' }, 'parquet codec LZO'],
      [{ codec: 'CODEC_42' }, 'parquet codec CODEC_42'],
      [{ refusal: 'encrypted column' }, 'parquet encrypted column'],
    ] as const) {
      await expect(decodeRowGroup(source, altered(change), 0)).rejects.toMatchObject({
        code: 'UNSUPPORTED_FEATURE',
        features: [feature],
        side: 'read',
      });
    }
    expect(source.reads).toEqual([]);
  });

  it('refuses a row group that is larger than memory', async () => {
    const huge = altered({ uncompressedBytes: 2 ** 31 });
    await expect(decodeRowGroup(file.source, huge, 0)).rejects.toMatchObject({
      code: 'LIMIT',
      limit: 'MAX_ROW_GROUP_BYTES',
    });
  });

  it('refuses a chunk of other rows than the footer says', async () => {
    const [group] = file.footer.rowGroups;
    const lying = { ...file.footer, rowGroups: group ? [{ ...group, numRows: 41 }] : [] };
    await expect(decodeRowGroup(file.source, lying, 0)).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      key: 'f.parquet',
    });
  });

  it('rejects with the reason of an aborted signal', async () => {
    const signal = AbortSignal.abort('enough');
    await expect(decodeRowGroup(file.source, file.footer, 0, { signal })).rejects.toBe('enough');
  });

  it('answers damaged pages with rows or a typed error, and works on afterwards', async () => {
    const end = file.footer.rowGroups[0]?.chunks.at(-1)?.end ?? 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 4, max: end - 1 }), fc.nat(255)), { minLength: 1 }),
        async (changes) => {
          const bytes = file.bytes.slice();
          for (const [at, byte] of changes) bytes[at] = byte;
          const source = bytesSource(bytes, 'f.parquet');
          try {
            await decodeRowGroup(source, file.footer, 0);
          } catch (error) {
            const isTyped = isVarveError(error, 'CORRUPT_DATA', 'UNSUPPORTED_FEATURE', 'LIMIT');
            expect(isTyped, String(error)).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
    const batch = await decodeRowGroup(file.source, file.footer, 0);
    expect(plainRows(batch)).toEqual(plainRows(everyType(40)));
  });

  itWithOracles(
    'reads INT96 as its twelve bytes, the farthest dates too',
    ['corpora'],
    async () => {
      const file96 = corpusFiles().find(({ path }) => /INT96|timestamp.*int96/i.test(path));
      const files = file96 === undefined ? corpusFiles() : [file96];
      let columns = 0;
      for (const { bytes } of files) {
        const corpus = open(bytes);
        const int96 = [...corpus.footer.leaves.keys()].filter(
          (leaf) => corpus.footer.leaves[leaf]?.physicalType === 'INT96',
        );
        if (int96.length === 0 || corpus.footer.rowGroups.length === 0) continue;
        const flat = int96.filter((leaf) => corpus.footer.leaves[leaf]?.path.length === 1);
        const batch = await decodeRowGroup(corpus.source, corpus.footer, 0, { leaves: flat });
        for (const { type } of batch.schema.fields) {
          expect(DataType.isFixedSizeBinary(type) && type.byteWidth).toBe(12);
          columns += 1;
        }
      }
      expect(columns).toBeGreaterThan(0);
    },
  );
});

describe('parts of a row group', () => {
  it('are joined as if they had been decoded at once, however they are cut', async () => {
    const file = open((await encode([everyType(30)])).body);
    const { source, footer } = file;
    const whole = await decodeRowGroup(source, footer, 0);
    const units = footer.leaves.flatMap(({ path }, leaf) =>
      path[0] === 'map' && path.at(-1) === 'value' ? [] : [leaf],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: 11, maxLength: 11 }), async (choice) => {
        const parts = new Map<number, number[]>();
        for (const [index, leaf] of units.entries()) {
          const part = choice[index] ?? 0;
          const mapValue = footer.leaves[leaf]?.path.at(-1) === 'key' ? [leaf + 1] : [];
          parts.set(part, [...(parts.get(part) ?? []), leaf, ...mapValue]);
        }
        const decoded = await Promise.all(
          [...parts.values()].map(async (leaves) => ({
            leaves,
            batch: await decodeRowGroup(source, footer, 0, { leaves }),
          })),
        );
        const joined = joinParts(footer, decoded);
        expect(plainRows(joined)).toEqual(plainRows(whole));
        expect(String(joined.schema)).toBe(String(whole.schema));
      }),
      { numRuns: 30 },
    );
  });

  it('hold every leaf once and never divide a list or map', async () => {
    const { footer } = open((await encode([everyType(30)])).body);
    const [small] = footer.rowGroups;
    if (small === undefined) throw new TypeError('no row group');
    const heavy = {
      ...small,
      chunks: small.chunks.map((chunk) => ({ ...chunk, uncompressedBytes: 2 ** 30 })),
    };
    const all = [...footer.leaves.keys()];
    expect(divideLeaves(footer, heavy, all)).toEqual([
      [0],
      [1],
      [2],
      [3],
      [4],
      [5],
      [6],
      [7],
      [8],
      [9, 10],
    ]);
    expect(divideLeaves(footer, heavy, [2, 10])).toEqual([[2], [10]]);
    expect(divideLeaves(footer, small, all)).toEqual([all]);
  });
});

describe('readParquetFile', () => {
  const rows = 6 * ROW_GROUP_ROWS;
  let file: OpenFile;
  beforeAll(async () => {
    const batch = batchOf({ n: longData(Array.from({ length: rows }, (_, row) => BigInt(row))) });
    file = open((await encode([batch])).body);
  });

  it('gives every row group in order', async () => {
    const firsts: unknown[] = [];
    for await (const batch of readParquetFile(file.source))
      firsts.push(plainRows(batch.slice(0, 1))[0]);
    expect(firsts).toEqual(
      [0, 1, 2, 3, 4, 5].map((index) => ({ n: BigInt(index * ROW_GROUP_ROWS) })),
    );
  });

  it('reads a few row groups ahead, and no more once it was left', async () => {
    const source = watched(file.source);
    for await (const _batch of readParquetFile(source, { footer: file.footer })) break;
    const reads = source.reads.length;
    expect(reads).toBe(3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.reads.length).toBe(reads);
  });

  it('throws what a row group meets, after those before it', async () => {
    const bytes = file.bytes.slice();
    const chunk = file.footer.rowGroups[2]?.chunks[0];
    bytes.fill(0xff, chunk?.start, chunk?.end);
    let seen = 0;
    const reading = (async () => {
      for await (const _batch of readParquetFile(open(bytes).source)) seen += 1;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
    expect(seen).toBe(2);
  });
});

describe('parquet-wasm, as it is used', () => {
  it('writes codecs by the numbers that footers know', () => {
    const properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).build();
    const ipc = tableToIPC(new Table([batchOf({ n: longData([1n]) })]), 'stream');
    const { footer } = open(writeParquet(WasmTable.fromIPCStream(ipc), properties));
    expect(footer.rowGroups[0]?.chunks[0]?.codec).toBe('ZSTD');
  });
});
