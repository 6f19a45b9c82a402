import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { isVarveError } from '../../../src/errors.js';
import { decodeRowGroup } from '../../../src/storage/parquet/decode.js';
import { intField, structField } from '../../../src/storage/parquet/footer-encode.js';
import { pageHeader } from '../../../src/storage/parquet/footer-fields.js';
import { emptyMiniFile, fillMiniFile, miniChunk } from '../../../src/storage/parquet/mini-file.js';
import * as node from '../../../src/storage/parquet/page-bytes-node.js';
import * as web from '../../../src/storage/parquet/page-bytes-web.js';
import {
  type ChunkSpan,
  PageFaultError,
  type PageSpan,
  walkPages,
} from '../../../src/storage/parquet/page-walk.js';
import { bytesSource } from '../../../src/storage/parquet/source.js';
import { type ThriftField, ThriftStruct } from '../../../src/storage/parquet/thrift.js';
import { encodeThrift } from '../../../src/storage/parquet/thrift-encode.js';
import { zstdBound } from '../../../src/storage/parquet/zstd-bound.js';
import { itWithOracles } from '../../support/oracles.js';
import { encode, everyType, type OpenFile, open } from './batches.js';
import { corpusFiles } from './corpora.js';

interface Chunk {
  readonly bytes: Uint8Array;
  readonly span: ChunkSpan;
  readonly pages: readonly PageSpan[];
}

/** One chunk of a file as the small file of its own. */
function chunkOf({ footer, bytes }: OpenFile, leaf: number, rowGroup = 0): Chunk {
  const group = footer.rowGroups[rowGroup];
  const chunk = group?.chunks[leaf];
  if (group === undefined || chunk === undefined) throw new TypeError('no such chunk');
  const { start, end } = chunk;
  const plan = { leaf, ranges: [{ start, end }], dataPosition: undefined, isWhole: true };
  const { numRows } = group;
  const held = miniChunk({ footer, group }, plan, { numRows });
  if (held === undefined) throw new TypeError('the values of a whole chunk are known');
  const mini = emptyMiniFile({ footer, numRows, leaves: [leaf], chunks: [held] });
  fillMiniFile(mini, [bytes.subarray(start, end)]);
  const [span] = mini.chunks;
  if (span === undefined) throw new TypeError('no span');
  return { bytes: mini.file, span, pages: walkPages(mini.file, span) };
}

/** The chunk with one page's header, and perhaps its body, put in place of what it has. */
function withPage(chunk: Chunk, index: number, changed: ThriftStruct, body?: Uint8Array): Chunk {
  const page = chunk.pages[index];
  if (page === undefined) throw new TypeError('no such page');
  const parts = [
    chunk.bytes.subarray(0, page.start),
    encodeThrift(changed),
    body ?? chunk.bytes.subarray(page.bodyStart, page.end),
    chunk.bytes.subarray(page.end),
  ];
  const bytes = new Uint8Array(Buffer.concat(parts));
  const end = chunk.span.end + bytes.length - chunk.bytes.length;
  return { ...chunk, bytes, span: { ...chunk.span, end } };
}

function faultOf({ bytes, span }: Chunk): PageFaultError['fault'] | undefined {
  try {
    walkPages(bytes, span);
    return undefined;
  } catch (error) {
    if (error instanceof PageFaultError) return error.fault;
    throw error;
  }
}

describe('pages of other writers', () => {
  itWithOracles('are all what they say', ['corpora'], () => {
    let pages = 0;
    for (const { bytes } of corpusFiles()) {
      const file = open(bytes);
      for (const [index, group] of file.footer.rowGroups.entries()) {
        for (const leaf of group.chunks.keys()) pages += chunkOf(file, leaf, index).pages.length;
      }
    }
    expect(pages).toBeGreaterThan(5000);
  });

  itWithOracles('are refused when a byte of any of them is another', ['corpora'], async () => {
    let refused = 0;
    for (const { path, bytes } of corpusFiles().slice(0, 60)) {
      const file = open(bytes, path);
      const [group] = file.footer.rowGroups;
      if (group === undefined) continue;
      for (const leaf of group.chunks.keys()) {
        const chunk = chunkOf(file, leaf);
        for (const { start, bodyStart, end, header } of chunk.pages) {
          if (header.crc === undefined || bodyStart === end) continue;
          const damaged = bytes.slice();
          const position = (group.chunks[leaf]?.start ?? 0) + start - chunk.span.start;
          const at = position + header.headerBytes + ((start * 31) % (end - bodyStart));
          damaged[at] = (damaged[at] ?? 0) ^ 0x10;
          const decoding = decodeRowGroup(bytesSource(damaged, path), file.footer, 0);
          await expect(decoding).rejects.toMatchObject({
            code: 'CORRUPT_DATA',
            key: path,
            field: file.footer.leaves[leaf]?.path.join('.'),
            position,
          });
          refused += 1;
        }
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});

describe('walkPages', () => {
  let file: OpenFile;
  let flat: Chunk;
  let text: Chunk;
  beforeAll(async () => {
    file = open((await encode([everyType(400)], { codec: 'snappy' })).body);
    flat = chunkOf(file, 0);
    text = chunkOf(file, 7);
  });

  const headerOf = (chunk: Chunk, kind: 'data' | 'dictionary'): [number, ThriftStruct] => {
    const index = chunk.pages.findIndex(({ header }) => header.kind === kind);
    const raw = chunk.pages[index]?.header.raw;
    if (raw === undefined) throw new TypeError(`no ${kind} page`);
    return [index, raw];
  };

  const inner = (raw: ThriftStruct, id: number, ...changed: ThriftField[]): ThriftStruct => {
    const header = raw.field(id)?.value;
    if (!(header instanceof ThriftStruct)) throw new TypeError('no such part');
    return raw.with(structField(id, header.with(...changed)));
  };

  it('answers each lie of a header with the page and the reason', () => {
    const { dataPageHeader, dictionaryPageHeader, uncompressedPageSize, compressedPageSize, type } =
      pageHeader;
    const [at, raw] = headerOf(flat, 'data');
    const [first, dictionary] = headerOf(text, 'dictionary');
    const size = flat.pages[at]?.header.compressedBytes ?? 0;
    const table: [Chunk, number, ThriftStruct, RegExp][] = [
      [flat, at, inner(raw, dataPageHeader, intField(1, 399)), /399 values instead of 400/u],
      [flat, at, inner(raw, dataPageHeader, intField(1, 2 ** 30)), /values instead of 400/u],
      [flat, at, inner(raw, dataPageHeader, intField(1, -1)), /num_values is negative/u],
      [flat, at, inner(raw, dataPageHeader, intField(2, 5)), /encoding 5 is not among/u],
      [flat, at, inner(raw, dataPageHeader, intField(2, 77)), /encoding 77/u],
      [flat, at, inner(raw, dataPageHeader, intField(3, 4)), /levels/u],
      [flat, at, raw.with(intField(uncompressedPageSize, 2 ** 29)), /more than it can/u],
      [flat, at, raw.with(intField(uncompressedPageSize, 2 ** 30)), /too large/u],
      [flat, at, raw.with(intField(compressedPageSize, size + 1)), /beyond its chunk/u],
      [flat, at, raw.with(intField(compressedPageSize, -1)), /compressed_page_size is negative/u],
      [flat, at, raw.with(intField(pageHeader.crc, 7)), /CRC/u],
      [flat, at, raw.with(intField(type, 3)), /lacks the part/u],
      [flat, at, raw.with(intField(type, 1)), /values instead of|needs a dictionary/u],
      [flat, at, raw.without(type), /type is missing/u],
      [text, first, inner(dictionary, dictionaryPageHeader, intField(2, 8)), /dictionary has/u],
      [text, first, dictionary.with(intField(type, 1)), /needs a dictionary/u],
    ];
    for (const [chunk, index, changed, reason] of table) {
      const fault = faultOf(withPage(chunk, index, changed));
      expect(fault?.problem, String(reason)).toMatch(reason);
      expect(fault?.column).toBe(chunk.span.column);
    }
  });

  it('takes a CRC that is right', () => {
    const [at, raw] = headerOf(flat, 'data');
    const page = flat.pages[at];
    const crc = node.crc32(flat.bytes.subarray(page?.bodyStart, page?.end)) | 0;
    const good = withPage(flat, at, raw.with(intField(pageHeader.crc, crc)));
    expect(faultOf(good)).toBeUndefined();
  });

  it('answers any header with its pages or a fault', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.nat(400), (where, byte, seed) => {
        const headers = flat.pages.flatMap(({ start, bodyStart }) =>
          Array.from({ length: bodyStart - start }, (_, at) => start + at),
        );
        const at = headers[(where + seed) % headers.length] ?? 0;
        const bytes = flat.bytes.slice();
        bytes[at] = byte;
        // Whatever it answers, it answers with a fault or with pages.
        faultOf({ ...flat, bytes });
      }),
      { numRuns: 2000, seed: 5 },
    );
  });
});

describe('bombs', () => {
  it('of rows that take no bytes meet a limit before memory is taken', async () => {
    const { source, footer } = open((await encode([everyType(40)])).body);
    const numRows = 2 ** 32;
    const rowGroups = footer.rowGroups.map((group) => ({
      ...group,
      numRows,
      chunks: group.chunks.map((chunk) => ({ ...chunk, numValues: numRows })),
    }));
    const before = process.memoryUsage().rss;
    await expect(decodeRowGroup(source, { ...footer, rowGroups }, 0)).rejects.toMatchObject({
      code: 'LIMIT',
      limit: 'MAX_EXPANSION',
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  for (const codec of ['gzip', 'brotli'] as const) {
    it(`of ${codec} end where the header says`, async () => {
      const file = open((await encode([everyType(400)], { codec })).body);
      const chunk = chunkOf(file, 0);
      const page = chunk.pages.at(-1);
      if (page === undefined) throw new TypeError('no page');
      const params = { [constants.BROTLI_PARAM_QUALITY]: 1 };
      const zeros = new Uint8Array(400 * 1024 * 1024);
      const bomb =
        codec === 'gzip' ? gzipSync(zeros, { level: 1 }) : brotliCompressSync(zeros, { params });
      const raw = page.header.raw.with(intField(pageHeader.compressedPageSize, bomb.length));
      const head = encodeThrift(raw);
      const [group] = file.footer.rowGroups;
      const original = group?.chunks[0];
      if (group === undefined || original === undefined) throw new TypeError('no chunk');
      const first = original.start + page.start - chunk.span.start;
      const bytes = new Uint8Array(Buffer.concat([file.bytes.subarray(0, first), head, bomb]));
      const chunks = [{ ...original, end: bytes.length }, ...group.chunks.slice(1)];
      const footer = { ...file.footer, rowGroups: [{ ...group, chunks }] };
      const start = performance.now();
      const decoding = decodeRowGroup(bytesSource(bytes, 'f'), footer, 0, { leaves: [0] });
      await expect(decoding).rejects.toSatisfy((error) => isVarveError(error, 'CORRUPT_DATA'));
      expect(performance.now() - start).toBeLessThan(2000);
    });
  }

  it('of zstd are seen by their blocks', () => {
    const frame = (...blocks: number[][]): Uint8Array =>
      Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, ...blocks.flat()]);
    const block = (type: number, size: number, isLast: boolean): number[] => {
      const header = (size << 3) | (type << 1) | Number(isLast);
      return [header & 255, (header >> 8) & 255, header >> 16];
    };
    const run = [...block(1, 100_000, true), 7];
    expect(zstdBound(frame(run))).toBe(100_000);
    expect(zstdBound(frame([...block(0, 2, true), 1, 2]))).toBe(2);
    expect(zstdBound(frame([...block(2, 3, true), 1, 2, 3]))).toBe(128 * 1024);
    expect(zstdBound(Uint8Array.from([...frame(run), ...frame(run)]))).toBe(200_000);
    expect(zstdBound(frame(block(3, 0, true)))).toBeUndefined();
    expect(zstdBound(frame(run).subarray(0, 8))).toBeUndefined();
    expect(zstdBound(Uint8Array.of(1, 2, 3))).toBeUndefined();
  });
});

describe('CRC-32', () => {
  it('is the same with and without zlib', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(web.crc32(bytes)).toBe(node.crc32(bytes));
      }),
    );
  });
});
