/** Small inputs that ask for much: each meets a limit that has a name, or is found to be a lie, in little memory. */
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isVarveError, not, predicateFromJson, predicateFromSql } from '../../src/index.js';
import { readDeletionVector } from '../../src/log/deletion-vector/read-deletion-vector.js';
import { FILE } from './bases.js';
import {
  BROTLI,
  BYTE_ARRAY,
  bombFile,
  deepFile,
  GZIP,
  INT32,
  little,
  PLAIN,
  RLE_DICTIONARY,
  run,
  SNAPPY,
  UNCOMPRESSED,
  wideFile,
  ZSTD,
  zstdZeros,
} from './bomb-file.js';
import { fileText } from './file-answer.js';
import { joined } from './mutate-bytes.js';
import { overlayStore } from './overlay-store.js';
import { rowsText, TABLE_URL } from './table-answer.js';

const GIB = 1024 * 1024 * 1024;
const MIB = 1024 * 1024;
const ROWS = 2_000_000_000;
const LONG_TEXT = joined(little(MIB), new Uint8Array(MIB));

/** A page of zeros that says that it is `said` bytes long once it is expanded. */
const zeros = (codec: number, body: Uint8Array, said: number): Uint8Array =>
  bombFile({
    type: INT32,
    codec,
    numRows: said / 4,
    pages: [{ body, uncompressedBytes: said, numValues: said / 4, encoding: PLAIN }],
  });

let gzipped: Uint8Array | undefined;
/** Made once, and only when it is wanted: it takes seconds. */
const gzipGiB = (): Uint8Array => (gzipped ??= gzipSync(new Uint8Array(GIB), { level: 6 }));
const brotli = (): Uint8Array =>
  brotliCompressSync(new Uint8Array(256 * MIB), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
  });

const FILES: readonly (readonly [string, () => Uint8Array])[] = [
  ['a gzip page of 1 GiB that says so', () => zeros(GZIP, gzipGiB(), GIB)],
  ['a gzip page of 1 GiB that says 4000 bytes', () => zeros(GZIP, gzipGiB(), 4000)],
  ['a gzip page of 1 GiB that says 2 MiB', () => zeros(GZIP, gzipGiB(), 2 * MIB)],
  ['a zstd page of 1 GiB that says so', () => zeros(ZSTD, zstdZeros(GIB), GIB)],
  ['a zstd page of 1 GiB that says 4000 bytes', () => zeros(ZSTD, zstdZeros(GIB), 4000)],
  ['a brotli page of 256 MiB that says 4000 bytes', () => zeros(BROTLI, brotli(), 4000)],
  [
    'a snappy page that says 2 GiB inside',
    () => zeros(SNAPPY, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 0, 0), 4000),
  ],
  [
    'a run of two billion nulls',
    () => {
      const levels = run(ROWS, 0);
      const body = joined(little(levels.length), levels);
      const page = { body, uncompressedBytes: body.length, numValues: ROWS, encoding: PLAIN };
      return bombFile({
        type: INT32,
        isOptional: true,
        codec: UNCOMPRESSED,
        numRows: ROWS,
        pages: [page],
      });
    },
  ],
  [
    'two billion rows that are not there',
    () => bombFile({ type: INT32, codec: UNCOMPRESSED, numRows: ROWS, pages: [] }),
  ],
  ['groups a hundred thousand deep', () => deepFile(100_000)],
  ['three hundred thousand columns', () => wideFile(300_000)],
];

const SCHEMA =
  '{"type":"struct","fields":[{"name":"x","type":"long","nullable":true,"metadata":{}}]}';

function tableOf(schemaString: string, more: string = ''): ReadonlyMap<string, Uint8Array> {
  const metaData = {
    id: 'b4f6b5c0-9d2c-4a68-8f6c-0d8d1d1c5a10',
    format: { provider: 'parquet', options: {} },
    schemaString,
    partitionColumns: [],
    configuration: {},
  };
  const lines = [
    '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}',
    JSON.stringify({ metaData }),
    more,
  ];
  const bytes = new TextEncoder().encode(lines.join('\n'));
  return new Map([['_delta_log/00000000000000000000.json', bytes]]);
}

function deepType(depth: number): string {
  const open = '{"type":"array","containsNull":true,"elementType":';
  return SCHEMA.replace('"long"', `${open.repeat(depth)}"long"${'}'.repeat(depth)}`);
}

function wideSchema(columns: number): string {
  const fields = Array.from(
    { length: columns },
    (_, at) => `{"name":"c${at}","type":"long","nullable":true,"metadata":{}}`,
  );
  return `{"type":"struct","fields":[${fields.join(',')}]}`;
}

const TABLES: readonly (readonly [string, () => ReadonlyMap<string, Uint8Array>])[] = [
  ['a line of 129 MiB', () => tableOf(SCHEMA, `{"commitInfo":{"x":"${'x'.repeat(129 * MIB)}"}}`)],
  [
    'json a hundred thousand deep',
    () => tableOf(SCHEMA, `{"commitInfo":{"x":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`),
  ],
  ['a type ten thousand deep', () => tableOf(deepType(10_000))],
  ['a type two hundred deep', () => tableOf(deepType(200))],
  ['a million columns', () => tableOf(wideSchema(1_000_000))],
  [
    'a number of a million digits',
    () => tableOf(SCHEMA, `{"txn":{"appId":"a","version":1${'0'.repeat(1e6)}}}`),
  ],
];

const VECTORS = [
  [
    'that holds 2^40 rows',
    {
      storageType: 'p',
      pathOrInlineDv: `${TABLE_URL}/x`,
      offset: 1,
      sizeInBytes: 36,
      cardinality: 2 ** 40,
    },
  ],
  [
    'of 2^40 bytes',
    {
      storageType: 'p',
      pathOrInlineDv: `${TABLE_URL}/x`,
      offset: 1,
      sizeInBytes: 2 ** 40,
      cardinality: 2,
    },
  ],
  [
    'at an offset of 2^52',
    {
      storageType: 'p',
      pathOrInlineDv: `${TABLE_URL}/x`,
      offset: 2 ** 52,
      sizeInBytes: 36,
      cardinality: 2,
    },
  ],
  [
    'inline that says more than it has',
    { storageType: 'i', pathOrInlineDv: '00000', sizeInBytes: 2 ** 31, cardinality: 2 },
  ],
] as const;

/** More than this for one of them is too much; the bombs ask for at least twice of it. */
const MOST_BYTES = 400 * MIB;

describe('a Parquet file with', () => {
  it.each(FILES)('%s', async (_what, file) => {
    await expectRefusal(fileText, new Map([[FILE, file()]]));
  });
});

/** parquet-wasm finds out only when the texts have come to 2 GiB: what they add up to is inside compressed pages. */
it('a dictionary of one text of 1 MiB for a million rows is refused', async () => {
  const indexes = joined(Uint8Array.of(1), run(1_000_000, 0));
  const file = bombFile({
    type: BYTE_ARRAY,
    codec: UNCOMPRESSED,
    numRows: 1_000_000,
    pages: [
      {
        body: LONG_TEXT,
        uncompressedBytes: LONG_TEXT.length,
        numValues: 1,
        encoding: PLAIN,
        isDictionary: true,
      },
      {
        body: indexes,
        uncompressedBytes: indexes.length,
        numValues: 1_000_000,
        encoding: RLE_DICTIONARY,
      },
    ],
  });
  await expect(fileText(new Map([[FILE, file]]))).rejects.toMatchObject({ code: 'LIMIT' });
});

describe('a table with', () => {
  it.each(TABLES)('%s', async (_what, objects) => {
    await expectRefusal(rowsText, objects());
  });
});

describe('a deletion vector', () => {
  it.each(VECTORS)('%s', async (_what, descriptor) => {
    const log = { store: overlayStore(new Map([['x', new Uint8Array(100)]])), url: TABLE_URL };
    await expectRefusal(() => readDeletionVector(log as never, descriptor), undefined);
  });
});

describe('a condition', () => {
  const DEEP = 100_000;
  it.each([
    [
      'nested by calls',
      () => {
        let condition = predicateFromSql('x = 1');
        for (let depth = 0; depth < DEEP; depth++) condition = not(condition);
        return condition;
      },
    ],
    [
      'nested in JSON',
      () => {
        let json: unknown = { op: 'isNull', column: 'x' };
        for (let depth = 0; depth < DEEP; depth++) json = { op: 'not', condition: json };
        return predicateFromJson(json as never);
      },
    ],
    ['nested in SQL', () => predicateFromSql(`${'('.repeat(DEEP)}x = 1${')'.repeat(DEEP)}`)],
    ['negated in SQL', () => predicateFromSql(`${'not '.repeat(DEEP)}x = 1`)],
  ])('%s without end is refused', (_what, make) => {
    try {
      make();
      expect.unreachable('it was taken');
    } catch (error) {
      expect(isVarveError(error, 'LIMIT', 'INVALID_ARGUMENT'), String(error)).toBe(true);
    }
  });
});

async function expectRefusal<T>(read: (input: T) => Promise<unknown>, input: T): Promise<void> {
  const before = process.memoryUsage.rss();
  const peakBefore = process.resourceUsage().maxRSS * 1024;
  let failure: unknown = 'nothing was thrown';
  try {
    await read(input);
  } catch (error) {
    failure = error;
  }
  const peak = process.resourceUsage().maxRSS * 1024;
  expect(isVarveError(failure, 'LIMIT', 'CORRUPT_DATA'), String(failure)).toBe(true);
  expect(peak > peakBefore ? peak - before : 0).toBeLessThan(MOST_BYTES);
}
