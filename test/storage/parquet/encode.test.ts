import {
  Field,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
} from 'apache-arrow';
import { readParquet } from 'parquet-wasm/esm';
import { describe, expect, it } from 'vitest';
import {
  ParquetFileEncoder,
  ROW_GROUP_ARROW_BYTES,
  ROW_GROUP_ROWS,
} from '../../../src/storage/parquet/encode.js';
import { columnChunk, columnMetaData } from '../../../src/storage/parquet/footer-fields.js';
import type { CodecPool } from '../../../src/storage/parquet/pool.js';
import { ThriftStruct, type ThriftValue } from '../../../src/storage/parquet/thrift.js';
import { decodeThrift } from '../../../src/storage/parquet/thrift-decode.js';
import {
  batchOf,
  bitmap,
  doubleData,
  encode,
  everyType,
  longData,
  open,
  plainRows,
  rowsOf,
  textData,
} from './batches.js';

const longs = (rows: number, start = 0): RecordBatch =>
  batchOf({ n: longData(Array.from({ length: rows }, (_, row) => BigInt(start + row))) });

describe('ParquetFileEncoder', () => {
  for (const codec of ['zstd', 'snappy', 'uncompressed', 'gzip', 'brotli', 'lz4_raw'] as const) {
    it(`writes every type so that the same rows come back, with ${codec}`, async () => {
      const batch = everyType(100);
      const file = open((await encode([batch], { codec })).body);
      expect(await rowsOf(file)).toEqual(plainRows(batch));
      const [chunk] = file.footer.rowGroups[0]?.chunks ?? [];
      expect(chunk?.codec.toLowerCase()).toBe(codec);
    });
  }

  it('writes the names of nested groups, the field ids and no ARROW:schema', async () => {
    const { footer } = open((await encode([everyType(10)])).body);
    expect(footer.leaves.map(({ path, fieldId }) => [path.join('.'), fieldId])).toEqual([
      ['long', 1],
      ['int', 2],
      ['flag', 3],
      ['day', 4],
      ['at', 5],
      ['price', 6],
      ['inner.a', 12],
      ['inner.b', 13],
      ['list.list.element', 14],
      ['map.key_value.key', 15],
      ['map.key_value.value', 16],
    ]);
    expect(footer.schema.children.map(({ fieldId }) => fieldId)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(footer.leaves[9]?.maxDefinitionLevel).toBe(2);
    expect([...footer.keyValue.keys()]).toEqual([]);
  });

  it('combines small batches and cuts large ones into row groups of one size', async () => {
    const small = Array.from({ length: 50 }, (_, index) => longs(1000, index * 1000));
    const batches = [...small, longs(2 * ROW_GROUP_ROWS, 50_000)];
    const encoded = await encode(batches);
    const { footer } = open(encoded.body);
    expect(encoded.numRows).toBe(50_000 + 2 * ROW_GROUP_ROWS);
    expect(footer.rowGroups.map(({ numRows }) => numRows)).toEqual([
      ROW_GROUP_ROWS,
      ROW_GROUP_ROWS,
      50_000,
    ]);
  });

  it('cuts a row group by its bytes when rows are wide', async () => {
    const text = 'x'.repeat(1024 * 1024);
    const wide = batchOf({ s: textData(Array.from({ length: 40 }, (_, row) => `${row}${text}`)) });
    const encoded = await encode([wide, wide]);
    const { footer } = open(encoded.body);
    expect(ROW_GROUP_ARROW_BYTES).toBe(64 * 1024 * 1024);
    expect(footer.rowGroups.map(({ numRows }) => numRows)).toEqual([63, 17]);
  });

  it('keeps rows apart that share one buffer between columns', async () => {
    const shared = longData([1n, 2n, 3n]);
    const data = makeData({ type: new Int64(), length: 3, data: shared.values });
    const batch = batchOf({ a: data, b: data, c: data });
    const rows = await rowsOf(open((await encode([batch])).body));
    expect(rows).toEqual([1n, 2n, 3n].map((n) => ({ a: n, b: n, c: n })));
  });

  it('writes slices at odd places', async () => {
    const batch = everyType(100);
    const parts = [
      batch.slice(0, 3),
      batch.slice(3, 50),
      batch.slice(50, 51),
      batch.slice(51, 100),
    ];
    expect(await rowsOf(open((await encode(parts)).body))).toEqual(plainRows(batch));
  });

  it('leaves the batches that it was given as they were', async () => {
    const batch = everyType(20);
    const before = plainRows(batch);
    await encode([batch, batch]);
    expect(plainRows(batch)).toEqual(before);
  });

  it('writes a file without rows', async () => {
    const encoder = new ParquetFileEncoder({ schema: everyType(1).schema, key: 'f' });
    const encoded = await encoder.finish();
    const file = open(encoded.body);
    expect(encoded.numRows).toBe(0);
    expect(file.footer.leaves).toHaveLength(11);
    expect(await rowsOf(file)).toEqual([]);
    expect(encoded.leaves[0]).toEqual({ path: ['long'], nullCount: 0 });
  });

  it('reports the size of its pieces', async () => {
    const encoded = await encode([everyType(10)]);
    expect(encoded.body.reduce((sum, part) => sum + part.length, 0)).toBe(encoded.sizeBytes);
  });

  it('estimates the size of the file from the rows alone', async () => {
    const sizes = async (): Promise<number[]> => {
      const encoder = new ParquetFileEncoder({ schema: longs(1).schema, key: 'f' });
      const seen: number[] = [];
      for (let index = 0; index < 6; index += 1) {
        await encoder.write(longs(ROW_GROUP_ROWS, index));
        seen.push(encoder.encodedBytesSoFar);
      }
      const { sizeBytes } = await encoder.finish();
      expect(Math.abs((seen.at(-1) ?? 0) - sizeBytes)).toBeLessThan(sizeBytes / 10);
      return seen;
    };
    expect(await sizes()).toEqual(await sizes());
  });

  it('refuses a batch of other types, also of the same names', async () => {
    const encoder = new ParquetFileEncoder({ schema: longs(1).schema, key: 'f' });
    const other = batchOf({ n: textData(['a']) });
    await expect(encoder.write(other)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('rejects with the reason of an aborted signal', async () => {
    const signal = AbortSignal.abort('enough');
    await expect(encode([longs(1)], { signal })).rejects.toBe('enough');
  });

  it('never has more row groups in work than it says', async () => {
    let running = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const pool: CodecPool = {
      run: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => waiting.push(resolve));
        running -= 1;
        return { ok: false, message: 'refused', trapped: false, wasmBytes: 0 };
      },
    };
    const encoder = new ParquetFileEncoder({ schema: longs(1).schema, key: 'f', pool });
    const writing = encoder.write(longs(10 * ROW_GROUP_ROWS));
    await new Promise((resolve) => setImmediate(resolve));
    expect(most).toBe(4);
    for (const go of waiting) go();
    await expect(writing).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('merged files', () => {
  const merged = async () => {
    const text = Array.from({ length: 1000 }, (_, row) => `text ${row % 97}`);
    const rows = 3 * ROW_GROUP_ROWS + 10;
    const batch = batchOf({
      n: longData(Array.from({ length: rows }, (_, row) => BigInt(row))),
      s: textData(Array.from({ length: rows }, (_, row) => text[row % 1000] ?? null)),
    });
    return open((await encode([batch])).body);
  };

  const number = (value: ThriftValue | undefined): number => Number(value);

  it('have no bounds where a row group holds NaN, which a reader of bounds would not find', async () => {
    const rows = 1010;
    const doubles = Array.from({ length: rows }, (_, row) => (row === 5 ? Number.NaN : row));
    const under = new Field('x', new Float64(), true);
    const inner = makeData({
      type: new Struct([under]),
      length: rows,
      children: [doubleData(doubles)],
    });
    const batch = batchOf({ d: doubleData(doubles), n: doubleData([...doubles.keys()]), s: inner });
    const file = open((await encode([batch], { rowGroupRows: 1000 })).body);
    expect(await rowsOf(file)).toEqual(plainRows(batch));
    const seen = file.footer.rowGroups.map(({ chunks }) =>
      chunks.map(({ raw, statistics }) => {
        const { min, max, nullCount } = statistics ?? {};
        const meta = raw.field(columnChunk.metaData)?.value as ThriftStruct;
        const kept = meta.field(columnMetaData.statistics)?.value as ThriftStruct;
        const pages = pageLocations(file.bytes, raw).length > 0;
        const indexed = raw.field(columnChunk.columnIndexOffset) !== undefined;
        return [
          min !== undefined,
          max !== undefined,
          nullCount,
          kept.fields.length > 1,
          indexed,
          pages,
        ];
      }),
    );
    const bounded = [true, true, 0, true, true, true];
    const bare = [false, false, 0, false, false, true];
    expect(seen).toEqual([
      [bare, bounded, bare],
      [bounded, bounded, bounded],
    ]);
  });

  it('say where each chunk, page and index lies', async () => {
    const { bytes, footer } = await merged();
    expect(footer.rowGroups).toHaveLength(4);
    let end = 4;
    for (const [ordinal, group] of footer.rowGroups.entries()) {
      expect(number(group.raw.field(7)?.value)).toBe(ordinal);
      expect(number(group.raw.field(5)?.value)).toBe(group.chunks[0]?.start);
      let compressed = 0;
      for (const chunk of group.chunks) {
        expect(chunk.start).toBe(end);
        end = chunk.end;
        compressed += chunk.end - chunk.start;
        const meta = chunk.raw.field(columnChunk.metaData)?.value as ThriftStruct;
        const pages = pageLocations(bytes, chunk.raw);
        expect(pages[0]?.offset).toBe(number(meta.field(columnMetaData.dataPageOffset)?.value));
        for (const { offset, size } of pages) {
          // A page's header says its compressed size, which with the header's own makes the page.
          const header = decodeThrift(bytes.subarray(offset), 'f');
          expect(header.length + number(header.value.field(3)?.value)).toBe(size);
        }
        const last = pages.at(-1);
        expect((last?.offset ?? 0) + (last?.size ?? 0)).toBe(chunk.end);
        const index = decodeThrift(sliceOf(bytes, chunk.raw, 'column'), 'f').value;
        const nulls = index.field(1)?.value as { readonly values: readonly ThriftValue[] };
        expect(nulls.values).toHaveLength(pages.length);
      }
      expect(number(group.raw.field(6)?.value)).toBe(compressed);
    }
  });

  it('are read by their page index as by a whole read', async () => {
    const { bytes } = await merged();
    const from = 2 * ROW_GROUP_ROWS + 70_000;
    const table = readParquet(bytes, { offset: from, limit: 3, batchSize: 10 });
    const { RecordBatchReader } = await import('apache-arrow');
    const [batch] = [...RecordBatchReader.from(table.intoIPCStream())];
    expect(batch?.toArray().map(({ n, s }) => [n, s])).toEqual(
      [0, 1, 2].map((row) => [BigInt(from + row), `text ${((from + row) % 1000) % 97}`]),
    );
  });

  interface Page {
    readonly offset: number;
    readonly size: number;
  }

  function pageLocations(bytes: Uint8Array, chunk: ThriftStruct): Page[] {
    const index = decodeThrift(sliceOf(bytes, chunk, 'offset'), 'f').value;
    const pages = index.field(1)?.value as { readonly values: readonly ThriftStruct[] };
    return pages.values.map((page) => ({
      offset: number(page.field(1)?.value),
      size: number(page.field(2)?.value),
    }));
  }

  function sliceOf(bytes: Uint8Array, chunk: ThriftStruct, kind: 'column' | 'offset'): Uint8Array {
    const { columnIndexOffset, columnIndexLength, offsetIndexOffset, offsetIndexLength } =
      columnChunk;
    const [at, length] =
      kind === 'column'
        ? [columnIndexOffset, columnIndexLength]
        : [offsetIndexOffset, offsetIndexLength];
    const start = number(chunk.field(at)?.value);
    return bytes.subarray(start, start + number(chunk.field(length)?.value));
  }
});

describe('leaf statistics', () => {
  const statisticsOf = async (...batches: RecordBatch[]) => (await encode(batches)).leaves;

  it('cover every leaf under structs, and none under a list or map', async () => {
    const leaves = await statisticsOf(everyType(10));
    expect(leaves).toEqual([
      { path: ['long'], nullCount: 0, min: 0n, max: 9n },
      { path: ['int'], nullCount: 4, min: -8, max: -1 },
      { path: ['flag'], nullCount: 2 },
      { path: ['day'], nullCount: 0, min: -5, max: 4 },
      { path: ['at'], nullCount: 0, min: 0n, max: 9_000_009n },
      { path: ['price'], nullCount: 0, min: 0n, max: 36n },
      { path: ['inner', 'a'], nullCount: 3, min: 1n, max: 9n },
      { path: ['inner', 'b'], nullCount: 4, min: 'b1', max: 'b9' },
    ]);
  });

  it('join a null struct into its leaves, floats too, and ignore what lies under it', async () => {
    const struct = makeData({
      type: new Struct<{ d: ReturnType<typeof doubleData>['type'] }>([
        new Field('d', doubleData([]).type, true),
      ]),
      length: 3,
      nullBitmap: bitmap(3, (row) => row !== 1),
      children: [doubleData([1, -99, 3])],
    });
    expect(await statisticsOf(batchOf({ s: struct }))).toEqual([
      { path: ['s', 'd'], nullCount: 1, min: 1, max: 3 },
    ]);
  });

  const floats: Readonly<
    Record<string, [(number | null)[], number | undefined, number | undefined]>
  > = {
    'any NaN is the max': [[1, Number.NaN, 3], 1, Number.NaN],
    'only NaN is both': [[Number.NaN, null], Number.NaN, Number.NaN],
    'zero is -0 as min and +0 as max': [[0, -0, 0], -0, 0],
    'a lone +0 too': [[0], -0, 0],
    'a lone -0 too': [[-0], -0, 0],
    infinities: [[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], -Infinity, Infinity],
    'nulls alone have none': [[null, null], undefined, undefined],
  };
  for (const [name, [values, min, max]] of Object.entries(floats)) {
    it(`of doubles: ${name}`, async () => {
      const [leaf] = await statisticsOf(batchOf({ d: doubleData(values) }));
      expect(leaf?.min).toBe(min);
      expect(leaf?.max).toBe(max);
    });
  }

  it('of floats lie on the 32-bit value', async () => {
    const { Float32 } = await import('apache-arrow');
    const data = makeData({ type: new Float32(), length: 1, data: new Float32Array([0.1]) });
    const [leaf] = await statisticsOf(batchOf({ f: data }));
    expect(leaf?.max).toBe(Math.fround(0.1));
  });

  it('of strings order by UTF-8 bytes, in full length', async () => {
    const long = `z${'y'.repeat(500)}`;
    const [short] = await statisticsOf(batchOf({ s: textData(['\u{1F600}', '\uFFFD', 'a']) }));
    expect(short).toMatchObject({ min: 'a', max: '\u{1F600}' });
    const [full] = await statisticsOf(batchOf({ s: textData([long, `${long}é`, null]) }));
    expect(full).toMatchObject({ min: long, max: `${long}é`, nullCount: 1 });
    const [marked] = await statisticsOf(batchOf({ s: textData(['\uFEFFa', 'ä', '']) }));
    expect(marked).toMatchObject({ min: '', max: '\uFEFFa' });
  });

  it('are merged over row groups', async () => {
    const rows = ROW_GROUP_ROWS;
    const part = (text: string, value: number | null) =>
      batchOf({
        s: textData(Array.from({ length: rows }, () => text)),
        d: doubleData(Array.from({ length: rows }, () => value)),
      });
    const leaves = await statisticsOf(
      part('\u{10000}', Number.NaN),
      part('\uFFFF', null),
      part('m', -3),
    );
    expect(leaves).toEqual([
      { path: ['s'], nullCount: 0, min: 'm', max: '\u{10000}' },
      { path: ['d'], nullCount: rows, min: -3, max: Number.NaN },
    ]);
  });

  it('are left out when nobody asked', async () => {
    expect((await encode([everyType(5)], { statistics: false })).leaves).toEqual([]);
  });

  it('take a decimal of every width exactly', async () => {
    const { Decimal } = await import('apache-arrow');
    for (const precision of [5, 18, 38]) {
      const words = Uint32Array.of(7, 0, 0, 0, ...Array.from({ length: 4 }, () => 0xffff_ffff));
      const data = makeData({ type: new Decimal(2, precision, 128), length: 2, data: words });
      const [leaf] = await statisticsOf(batchOf({ d: data }));
      expect(leaf).toMatchObject({ min: -1n, max: 7n });
    }
  });
});

describe('schemas', () => {
  it('keep required fields required', async () => {
    const schema = new Schema([
      new Field('a', new Int32(), false),
      new Field('b', new Utf8(), true),
    ]);
    const children = [
      makeData({ type: new Int32(), length: 2, data: Int32Array.of(1, 2) }),
      textData(['x', null]),
    ];
    const data = makeData({ type: new Struct(schema.fields), length: 2, children });
    const { footer } = open((await encode([new RecordBatch(schema, data)])).body);
    expect(footer.schema.children.map(({ repetition }) => repetition)).toEqual([
      'required',
      'optional',
    ]);
  });
});
