import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { DeltaTable, isVarveError } from '../../src/index.js';
import { joinBody } from '../../src/storage/object-store.js';
import { columnOf } from '../log/schema/arrow-columns.js';
import { batchOf, encode } from '../storage/parquet/batches.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { relabelled } from './parquet-message.js';

describe('a data file may keep', () => {
  const folder = temporaryFolder();
  let tables = 0;

  async function read(type: unknown, file: Uint8Array): Promise<unknown[]> {
    const path = join(folder, `t${tables++}`);
    mkdirSync(join(path, '_delta_log'), { recursive: true });
    writeFileSync(join(path, 'f.parquet'), file);
    const schema = { type: 'struct', fields: [{ name: 'c', type, nullable: true, metadata: {} }] };
    const features = ['timestampNtz', 'variantType'];
    const actions = [
      {
        protocol: {
          minReaderVersion: 3,
          minWriterVersion: 7,
          readerFeatures: features,
          writerFeatures: features,
        },
      },
      {
        metaData: {
          id: 'forms',
          format: { provider: 'parquet', options: {} },
          schemaString: JSON.stringify(schema),
          partitionColumns: [],
          configuration: {},
        },
      },
      {
        add: {
          path: 'f.parquet',
          partitionValues: {},
          size: file.length,
          modificationTime: 0,
          dataChange: true,
        },
      },
    ];
    writeFileSync(
      join(path, '_delta_log', '00000000000000000000.json'),
      actions.map((action) => `${JSON.stringify(action)}\n`).join(''),
    );
    const rows = await (await DeltaTable.open(path)).scan().toArray();
    return rows.map((row) => (row as { c: unknown }).c);
  }

  async function written(column: arrow.Data, message: string): Promise<Uint8Array> {
    const { body } = await encode([batchOf({ c: column })]);
    return relabelled(joinBody(body), message);
  }

  const int32 = new arrow.Int32();
  const int64 = new arrow.Int64();
  const binary = new arrow.Binary();
  const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
  const fixed = (hexes: readonly string[]): arrow.Data =>
    columnOf(new arrow.FixedSizeBinary((hexes[0] ?? '').length / 2), hexes.map(bytes));
  const field = (name: string, type: arrow.DataType, nullable = false): arrow.Field =>
    new arrow.Field(name, type, nullable);
  const list = (element: arrow.DataType, nullable = false): arrow.List =>
    new arrow.List(field('element', element, nullable));
  const map = (key: arrow.DataType, value: arrow.DataType, nullable = false): arrow.DataType =>
    list(new arrow.Struct([field('key', key), field('value', value, nullable)]));
  const array = (elementType: unknown): object => ({
    type: 'array',
    elementType,
    containsNull: true,
  });
  const mapOf = (keyType: unknown, valueType: unknown): object => ({
    type: 'map',
    keyType,
    valueType,
    valueContainsNull: true,
  });

  it.each<[string, unknown, arrow.Data, string, unknown[]]>([
    ['short', 'short', columnOf(int32, [255, null]), 'optional int32 c (UINT_8)', [255, null]],
    ['integer', 'integer', columnOf(int32, [65535]), 'optional int32 c (UINT_16)', [65535]],
    ['long', 'long', columnOf(int32, [-1, 7]), 'optional int32 c (UINT_32)', [4294967295n, 7n]],
    [
      'decimal',
      'decimal(20,0)',
      columnOf(int64, [-1n]),
      'optional int64 c (UINT_64)',
      ['18446744073709551615'],
    ],
    ['nothing but null', 'string', columnOf(int32, [null]), 'optional int32 c (NULL)', [null]],
    ['void', 'void', columnOf(int32, [7]), 'optional int32 c', [null]],
    ['byte', 'byte', columnOf(int32, [-128]), 'optional int32 c', [-128]],
    ['short', 'short', columnOf(int32, [-300]), 'optional int32 c (INT_16)', [-300]],
    ['date', 'date', columnOf(int32, [-1]), 'optional int32 c', ['1969-12-31']],
    [
      'decimal',
      'decimal(9,2)',
      columnOf(int32, [-150]),
      'optional int32 c (DECIMAL(9,2))',
      ['-1.50'],
    ],
    [
      'decimal',
      'decimal(18,3)',
      columnOf(int64, [-(10n ** 18n) + 1n]),
      'optional int64 c (DECIMAL(18,3))',
      ['-999999999999999.999'],
    ],
    [
      'decimal',
      'decimal(20,4)',
      columnOf(int64, [150n]),
      'optional int64 c (DECIMAL(5,2))',
      ['1.5000'],
    ],
    [
      'decimal',
      'decimal(11,2)',
      fixed(['ffffffff6a', '0000000001']),
      'optional fixed[5] c (DECIMAL(11,2))',
      ['-1.50', '0.01'],
    ],
    [
      'decimal',
      'decimal(38,0)',
      fixed(['4b3b4ca85a86c47a098a223fffffffff', 'b4c4b357a5793b85f675ddc000000001']),
      'optional fixed[16] c (DECIMAL(38,0))',
      ['9'.repeat(38), `-${'9'.repeat(38)}`],
    ],
    [
      'decimal',
      'decimal(38,10)',
      columnOf(binary, [
        bytes('01'),
        bytes('ff6a'),
        bytes('4b3b4ca85a86c47a098a223fffffffff'),
        null,
      ]),
      'optional binary c (DECIMAL(38,10))',
      ['0.0000000001', '-0.0000000150', '9999999999999999999999999999.9999999999', null],
    ],
    [
      'timestamp',
      'timestamp_ntz',
      columnOf(int64, [-1n]),
      'optional int64 c (TIMESTAMP_MILLIS)',
      ['1969-12-31T23:59:59.999000'],
    ],
    [
      'timestamp',
      'timestamp_ntz',
      columnOf(int64, [-1n]),
      'optional int64 c (TIMESTAMP(MICROS,false))',
      ['1969-12-31T23:59:59.999999'],
    ],
    [
      'timestamp',
      'timestamp_ntz',
      columnOf(int64, [-1n, 1999n]),
      'optional int64 c (TIMESTAMP(NANOS,false))',
      ['1969-12-31T23:59:59.999999', '1970-01-01T00:00:00.000001'],
    ],
    [
      'timestamp',
      'timestamp_ntz',
      columnOf(int64, [7n]),
      'optional int64 c',
      ['1970-01-01T00:00:00.000007'],
    ],
    ['string', 'string', columnOf(binary, [bytes('c3bc')]), 'optional binary c', ['ü']],
    ['string', 'string', columnOf(binary, [bytes('61')]), 'optional binary c (ENUM)', ['a']],
    ['string', 'string', columnOf(binary, [bytes('7b7d')]), 'optional binary c (JSON)', ['{}']],
    ['binary', 'binary', fixed(['0102']), 'optional fixed[2] c', [bytes('0102')]],
    [
      'binary',
      'binary',
      columnOf(binary, [bytes('61')]),
      'optional binary c (UTF8)',
      [bytes('61')],
    ],
    [
      'array',
      array('integer'),
      columnOf(list(int32), [[1, 2], [], null]),
      `
      optional group c (LIST)
        repeated int32 array`,
      [[1, 2], [], null],
    ],
    [
      'array',
      array('integer'),
      columnOf(list(int32, true), [[1, null]]),
      `
      optional group c (LIST)
        repeated group bag
          optional int32 array_element`,
      [[1, null]],
    ],
    [
      'array of structs of one field',
      array({
        type: 'struct',
        fields: [{ name: 'x', type: 'integer', nullable: true, metadata: {} }],
      }),
      columnOf(list(new arrow.Struct([field('x', int32, true)])), [[{ x: 1 }, { x: null }]]),
      `
      optional group c (LIST)
        repeated group array
          optional int32 x`,
      [[{ x: 1 }, { x: null }]],
    ],
    [
      'array of structs of one field',
      array({
        type: 'struct',
        fields: [{ name: 'x', type: 'integer', nullable: true, metadata: {} }],
      }),
      columnOf(list(new arrow.Struct([field('x', int32, true)])), [[{ x: 1 }]]),
      `
      optional group c (LIST)
        repeated group c_tuple
          optional int32 x`,
      [[{ x: 1 }]],
    ],
    [
      'array of structs',
      array({
        type: 'struct',
        fields: [
          { name: 'x', type: 'integer', nullable: true, metadata: {} },
          { name: 'y', type: 'integer', nullable: true, metadata: {} },
        ],
      }),
      columnOf(list(new arrow.Struct([field('x', int32, true), field('y', int32, true)])), [
        [{ x: 1, y: 2 }],
        null,
      ]),
      `
      optional group c (LIST)
        repeated group element
          optional int32 x
          optional int32 y`,
      [[{ x: 1, y: 2 }], null],
    ],
    [
      'array of arrays',
      array(array('integer')),
      columnOf(list(list(int32)), [[[1], []], [], null]),
      `
      optional group c (LIST)
        repeated group array (LIST)
          repeated int32 array`,
      [[[1], []], [], null],
    ],
    [
      'array of maps',
      array(mapOf('string', 'integer')),
      columnOf(list(map(new arrow.Utf8(), int32)), [
        [[{ key: 'a', value: 1 }], []],
        [
          [
            { key: 'b', value: 2 },
            { key: 'c', value: 3 },
          ],
        ],
        null,
      ]),
      `
      optional group c (LIST)
        repeated group array (MAP)
          repeated group key_value (MAP_KEY_VALUE)
            required binary key (UTF8)
            required int32 value`,
      [
        [new Map([['a', 1]]), new Map()],
        [
          new Map([
            ['b', 2],
            ['c', 3],
          ]),
        ],
        null,
      ],
    ],
    [
      'array of arrays of maps',
      array(array(mapOf('integer', array('integer')))),
      columnOf(list(list(map(int32, list(int32), true))), [
        [[[{ key: 1, value: [2, 3] }], []], []],
      ]),
      `
      optional group c (LIST)
        repeated group array (LIST)
          repeated group array (MAP)
            repeated group key_value
              required int32 key
              optional group value (LIST)
                repeated int32 array`,
      [[[new Map([[1, [2, 3]]]), new Map()], []]],
    ],
    [
      'map',
      mapOf('string', 'integer'),
      columnOf(map(new arrow.Utf8(), int32, true), [[{ key: 'a', value: null }], [], null]),
      `
      optional group c (MAP_KEY_VALUE)
        repeated group map
          required binary key (UTF8)
          optional int32 value`,
      [new Map([['a', null]]), new Map(), null],
    ],
    [
      'map',
      mapOf('string', 'integer'),
      columnOf(map(new arrow.Utf8(), int32), [[{ key: 'a', value: 1 }]]),
      `
      optional group c (MAP)
        repeated group entries (MAP_KEY_VALUE)
          required binary k (UTF8)
          required int32 v`,
      [new Map([['a', 1]])],
    ],
    [
      'map without annotation of its entries` text',
      mapOf('string', 'integer'),
      columnOf(map(binary, int32), [[{ key: bytes('61'), value: 1 }]]),
      `
      optional group c (LIST)
        repeated group map
          required binary _1
          required int32 _2`,
      [new Map([['a', 1]])],
    ],
  ])(
    '%s of type %o as it is written elsewhere %#',
    async (...[, type, column, message, expected]) => {
      expect(await read(type, await written(column, message))).toEqual(expected);
    },
  );

  it('timestamps of INT96 at all dates', async () => {
    const julian = (day: number, nanos: bigint): string => {
      const data = new DataView(new ArrayBuffer(12));
      data.setBigInt64(0, nanos, true);
      data.setInt32(8, day, true);
      return Buffer.from(data.buffer).toString('hex');
    };
    const lastNano = 86_399_999_999_999n;
    const column = fixed([
      julian(1_721_426, 0n),
      julian(2_440_587, lastNano),
      julian(2_440_588, 1_000n),
      julian(5_373_484, lastNano),
      julian(102_440_588, 0n),
    ]);
    const file = await written(column, 'optional int96 c');
    expect(await read('timestamp_ntz', file)).toEqual([
      '0001-01-01T00:00:00.000000',
      '1969-12-31T23:59:59.999999',
      '1970-01-01T00:00:00.000001',
      '9999-12-31T23:59:59.999999',
      '+275760-09-13T00:00:00.000000',
    ]);
  });

  it('the gzip form of an empty dictionary', async () => {
    // pyarrow 26: `write_table({c: [None, None]}, compression='gzip', write_statistics=False)`.
    const base64 = [
      'UEFSMRUEFQAVKEwVABUAEgAAH4sIAAAAAAACAwMAAAAAAAAAAAAVABUOFTYsFQQVEBUGFQYcAAAAH4sIAAAA',
      'AAACA2NiYGBgYWAAAItm+g0HAAAAFQQZLDUAGAZzY2hlbWEVAgAVDCUCGAFjJQBMHAAAABYEGRwZHCYAHBUM',
      'GTUABhAZGAFjFQQWBBZQFqABJkwmCCksFQQVABUCABUAFRAVAgA8FgAZBhkmBAAAAAAWUBYEJggWoAEAKCBw',
      'YXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRkcHAAAAI4AAABQQVIx',
    ];
    const file = new Uint8Array(Buffer.from(base64.join(''), 'base64'));
    expect(await read('string', file)).toEqual([null, null]);
  });

  it.each<[string, string, arrow.Data, string, string]>([
    [
      'an unsigned long beyond a long',
      'long',
      columnOf(int64, [-1n]),
      'optional int64 c (UINT_64)',
      'CORRUPT_DATA',
    ],
    [
      'an integer beyond a byte',
      'byte',
      columnOf(int32, [128]),
      'optional int32 c',
      'CORRUPT_DATA',
    ],
    ['a time', 'long', columnOf(int64, [1n]), 'optional int64 c (TIME_MICROS)', 'CORRUPT_DATA'],
    [
      'text that is none',
      'string',
      columnOf(binary, [bytes('ff')]),
      'optional binary c',
      'CORRUPT_DATA',
    ],
    [
      'a decimal of more digits',
      'decimal(5,2)',
      columnOf(int32, [100_000]),
      'optional int32 c (DECIMAL(9,2))',
      'CORRUPT_DATA',
    ],
  ])('but not %s', async (...[, type, column, message, code]) => {
    const file = await written(column, message);
    const error: unknown = await read(type, file).catch((thrown: unknown) => thrown);
    expect(isVarveError(error) ? error.code : error).toBe(code);
  });
});
