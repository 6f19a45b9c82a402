import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrowType } from '../../../src/log/schema/arrow-type.js';
import { type ConformFile, conformColumn } from '../../../src/log/schema/conform.js';
import type { DataType } from '../../../src/log/schema/types.js';
import { columnOf, decimals, raw, thrown, unscaled, values, withNulls } from './arrow-columns.js';

const KEY = 'part-0.parquet';

function conform(
  data: arrow.Data,
  target: DataType,
  file: Omit<ConformFile, 'key'> = {},
): arrow.Data {
  const conformed = conformColumn(data, target, data.length, { key: KEY, column: 'c', ...file });
  expect(String(conformed.type)).toBe(String(arrowType(target)));
  return conformed;
}

const PLAIN: readonly (readonly [DataType, readonly unknown[]])[] = [
  ['string', ['a', null, 'ü']],
  ['binary', [new Uint8Array([1]), null]],
  ['long', [1n, null, -(2n ** 63n)]],
  ['integer', [1, null]],
  ['short', [1, null]],
  ['byte', [-128, null]],
  ['float', [1.5, null]],
  ['double', [0.1, null]],
  ['boolean', [true, null, false]],
  ['date', [new Date(0), null]],
];

describe('a column that has the type already', () => {
  it.each(PLAIN)('%s is not copied', (type, given) => {
    const data = columnOf(arrowType(type), given);
    const conformed = conform(data, type);
    expect(conformed.values).toBe(data.values);
    expect(conformed.valueOffsets).toBe(data.valueOffsets);
    expect(conformed.nullBitmap).toBe(data.nullBitmap);
    expect(conformed.nullCount).toBe(1);
  });

  it.each(PLAIN)('%s keeps its rows when it is a slice', (type, given) => {
    const data = columnOf(arrowType(type), [...given, ...given, ...given]).slice(2, 4);
    expect(values(conform(data, type))).toEqual(values(data));
  });

  it('of timestamps and decimals is not copied either', () => {
    const micros = arrow.makeData({
      type: new arrow.TimestampMicrosecond('Europe/Berlin'),
      data: BigInt64Array.of(1n, 2n),
    });
    expect(conform(micros, 'timestamp').values).toBe(micros.values);
    expect(conform(micros, 'timestamp_ntz').values).toBe(micros.values);
    const amounts = decimals([1n, null], { precision: 9, scale: 2 });
    expect(conform(amounts, 'decimal(10,2)').values).toBe(amounts.values);
  });
});

describe('a missing column', () => {
  const nested: DataType = {
    type: 'struct',
    fields: [
      {
        name: 'm',
        nullable: false,
        metadata: {},
        type: {
          type: 'map',
          keyType: 'string',
          valueType: 'decimal(3,1)',
          valueContainsNull: true,
        },
      },
    ],
  };

  it.each<DataType>([...PLAIN.map(([type]) => type), 'timestamp', 'decimal(38,1)', 'void', nested])(
    'is null: %o',
    (type) => {
      const data = conformColumn(undefined, type, 5, { key: KEY, column: 'c' });
      expect(data.length).toBe(5);
      expect(data.nullCount).toBe(5);
      expect(values(data)).toEqual([null, null, null, null, null]);
      expect(String(data.type)).toBe(String(arrowType(type)));
    },
  );

  it('of void is null whatever the file has', () => {
    expect(values(conform(columnOf(new arrow.Int32(), [1, 2]), 'void'))).toEqual([null, null]);
  });

  it('of a type that varve does not know is refused by name', () => {
    const unknown: DataType = { type: 'unknown', name: 'geometry', json: 'geometry' };
    expect(
      thrown(() => conformColumn(undefined, unknown, 1, { key: KEY, column: 'c' })),
    ).toMatchObject({ code: 'UNSUPPORTED_FEATURE', features: ['geometry'], side: 'read' });
  });
});

describe('integers', () => {
  const BOUNDS = { byte: 7n, short: 15n, integer: 31n, long: 63n } as const;
  const KINDS = [
    [new arrow.Int8(), -(2n ** 7n), 2n ** 7n - 1n],
    [new arrow.Int16(), -(2n ** 15n), 2n ** 15n - 1n],
    [new arrow.Int32(), -(2n ** 31n), 2n ** 31n - 1n],
    [new arrow.Int64(), -(2n ** 63n), 2n ** 63n - 1n],
    [new arrow.Uint8(), 0n, 2n ** 8n - 1n],
    [new arrow.Uint16(), 0n, 2n ** 16n - 1n],
    [new arrow.Uint32(), 0n, 2n ** 32n - 1n],
    [new arrow.Uint64(), 0n, 2n ** 64n - 1n],
  ] as const;

  it.each(KINDS)('of %s are kept or refused, never changed', (type, min, max) => {
    const value = fc.oneof(
      fc.bigInt({ min, max }),
      fc
        .constantFrom(...[7n, 8n, 15n, 16n, 31n, 32n, 63n].map((bit) => 2n ** bit), 0n)
        .map((at) => (at > max ? max : at)),
    );
    const target = fc.constantFrom('byte', 'short', 'integer', 'long');
    fc.assert(
      fc.property(fc.array(fc.option(value)), target, (given, to) => {
        const isBig = type.bitWidth === 64;
        const data = columnOf(
          type,
          given.map((item) => (item === null || isBig ? item : Number(item))),
        );
        const limit = 2n ** BOUNDS[to];
        const first = given.findIndex((item) => item !== null && (item >= limit || item < -limit));
        if (first === -1) {
          expect(
            raw(conform(data, to)).map((item) => (item === null ? null : BigInt(item as 1))),
          ).toEqual(given);
        } else {
          expect(thrown(() => conform(data, to, { firstRow: 100 }))).toMatchObject({
            code: 'CORRUPT_DATA',
            key: KEY,
            field: 'c',
            position: 100 + first,
          });
        }
      }),
    );
  });

  it('that are garbage under a null do not raise', () => {
    const data = withNulls(columnOf(new arrow.Int32(), [1, 70_000, 3]), (row) => row === 1);
    expect(raw(conform(data, 'short'))).toEqual([1, null, 3]);
    const long = withNulls(columnOf(new arrow.Uint64(), [1n, 2n ** 64n - 1n]), (row) => row === 1);
    expect(raw(conform(long, 'long'))).toEqual([1n, null]);
  });

  it('become doubles where that is exact, and nothing else', () => {
    expect(raw(conform(columnOf(new arrow.Int32(), [2 ** 31 - 1, null]), 'double'))).toEqual([
      2 ** 31 - 1,
      null,
    ]);
    expect(thrown(() => conform(columnOf(new arrow.Int64(), [1n]), 'double'))).toMatchObject({
      code: 'CORRUPT_DATA',
      message: expect.stringMatching(/expected double, found Int64.*key=part-0.parquet.*field=c/s),
    });
    expect(thrown(() => conform(columnOf(new arrow.Int32(), [1]), 'float'))).toBeDefined();
    expect(thrown(() => conform(columnOf(new arrow.Float64(), [1]), 'float'))).toBeDefined();
    expect(thrown(() => conform(columnOf(new arrow.Float64(), [1]), 'long'))).toBeDefined();
  });

  it('of half precision become floats', () => {
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0xfc00, 0x8000);
    const data = arrow.makeData({ type: new arrow.Float16(), data: bits });
    const expected = [1, -2, 65504, 2 ** -24, Infinity, -Infinity, -0];
    expect(raw(conform(data, 'float'))).toEqual(expected);
    expect(raw(conform(data, 'double'))).toEqual(expected);
    const nan = arrow.makeData({ type: new arrow.Float16(), data: Uint16Array.of(0x7e00) });
    expect(raw(conform(nan, 'float'))).toEqual([NaN]);
  });
});

describe('decimals', () => {
  const WIDTHS = { 32: 9, 64: 18, 128: 38, 256: 60 } as const;

  it('are rescaled exactly or refused', () => {
    const kind = fc.constantFrom(32, 64, 128, 256).chain((bitWidth) =>
      fc.record({
        bitWidth: fc.constant(bitWidth),
        precision: fc.constant(WIDTHS[bitWidth as 32]),
        scale: fc.integer({ min: 0, max: 9 }),
        digits: fc.array(fc.option(fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }))),
        zeros: fc.integer({ min: 0, max: bitWidth === 32 ? 0 : WIDTHS[bitWidth as 32] - 10 }),
      }),
    );
    const target = fc
      .integer({ min: 1, max: 38 })
      .chain((precision) =>
        fc.tuple(fc.constant(precision), fc.integer({ min: 0, max: precision })),
      );
    fc.assert(
      fc.property(kind, target, ({ digits, zeros, ...from }, [precision, scale]) => {
        const given = digits.map((item) =>
          item === null ? null : (item * 10n ** BigInt(zeros)) % 10n ** BigInt(from.precision),
        );
        const expected = given.map((item) => {
          if (item === null) return null;
          const shift = BigInt(scale - from.scale);
          const unit = 10n ** (shift < 0n ? -shift : shift);
          if (shift < 0n && item % unit !== 0n) return undefined;
          const moved = shift < 0n ? item / unit : item * unit;
          const isIn = moved < 10n ** BigInt(precision) && moved > -(10n ** BigInt(precision));
          return isIn ? moved : undefined;
        });
        const data = decimals(given, from);
        const first = expected.indexOf(undefined);
        if (first === -1) {
          expect(unscaled(conform(data, `decimal(${precision},${scale})`))).toEqual(expected);
        } else {
          expect(thrown(() => conform(data, `decimal(${precision},${scale})`))).toMatchObject({
            code: 'CORRUPT_DATA',
            position: first,
          });
        }
      }),
    );
  });

  it('of integers mean the integer, as Spark widens them', () => {
    const data = columnOf(new arrow.Int32(), [7, null, -1]);
    expect(unscaled(conform(data, 'decimal(12,2)'))).toEqual([700n, null, -100n]);
    const wide = columnOf(new arrow.Uint64(), [2n ** 64n - 1n]);
    expect(unscaled(conform(wide, 'decimal(20,0)'))).toEqual([2n ** 64n - 1n]);
  });

  it('of bare bytes are big-endian digits at the scale of the table', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), (value) => {
        const bytes = new Uint8Array(17);
        for (let at = 0; at < 17; at++)
          bytes[at] = Number(BigInt.asUintN(8, value >> BigInt(128 - 8 * at)));
        const fixed = arrow.makeData({ type: new arrow.FixedSizeBinary(17), data: bytes });
        expect(unscaled(conform(fixed, 'decimal(38,10)'))).toEqual([value]);
        const binary = columnOf(new arrow.Binary(), [bytes, new Uint8Array(0)]);
        expect(unscaled(conform(binary, 'decimal(38,10)'))).toEqual([value, 0n]);
      }),
    );
  });

  it('of text are refused', () => {
    const error = thrown(() => conform(columnOf(new arrow.Utf8(), ['1']), 'decimal(3,0)'));
    expect(error).toMatchObject({ code: 'CORRUPT_DATA' });
  });
});

describe('text and bytes', () => {
  it.each<arrow.DataType>([new arrow.Binary(), new arrow.LargeBinary(), new arrow.BinaryView()])(
    'of %s are read as a string',
    (type) => {
      const texts = ['', 'a', null, 'grün', 'a text of more than twelve bytes 😀'];
      const bytes = texts.map((text) => (text === null ? null : new TextEncoder().encode(text)));
      const data = isView(type) ? views(type, bytes) : columnOf(type, bytes);
      expect(values(conform(data, 'string'))).toEqual(texts);
      expect(values(conform(data.slice(2, 3), 'string'))).toEqual(texts.slice(2));
    },
  );

  it.each<arrow.DataType>([new arrow.LargeUtf8(), new arrow.Utf8View()])(
    'of %s are read as a string and as binary',
    (type) => {
      const texts = ['x'.repeat(13), null, '', 'ü'];
      const bytes = texts.map((text) => (text === null ? null : new TextEncoder().encode(text)));
      const data = isView(type) ? views(type, bytes) : columnOf(type, texts);
      expect(values(conform(data, 'string'))).toEqual(texts);
      const binary = [...new arrow.Vector([conform(data.slice(1, 3), 'binary')])];
      expect(binary).toEqual(bytes.slice(1).map((item) => item && Uint8Array.from(item)));
    },
  );

  it.each([
    ['a broken byte', [[0x61], [0xff]], 1],
    ['half a surrogate pair', [[0x61], [0x62], [0xed, 0xa0, 0x80]], 2],
    ['a character that ends in the next value', [[0x61], [0xc3], [0xbc]], 1],
    ['an overlong slash', [[0xc0, 0xaf]], 0],
  ])('with %s are refused as a string', (_name, bytes, row) => {
    const data = columnOf(
      new arrow.Binary(),
      bytes.map((item) => Uint8Array.from(item)),
    );
    expect(thrown(() => conform(data, 'string'))).toMatchObject({
      code: 'CORRUPT_DATA',
      position: row,
    });
    expect(thrown(() => conform(data, 'binary'))).toBeUndefined();
  });

  it('that are garbage under a null are dropped, not refused', () => {
    const bytes = [[0x61], [0xff, 0xff], [0x62]].map((item) => Uint8Array.from(item));
    const data = withNulls(columnOf(new arrow.Binary(), bytes), (row) => row === 1);
    const conformed = conform(data, 'string');
    expect(values(conformed)).toEqual(['a', null, 'b']);
    expect(Array.from(conformed.values as Uint8Array)).toEqual([0x61, 0x62]);
  });

  it('find the broken value at any alignment and size', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.nat(), (texts, seed) => {
        const encoded = texts.map((text) => new TextEncoder().encode(text));
        const data = columnOf(new arrow.Binary(), encoded);
        expect(values(conform(data, 'string'))).toEqual(
          JSON.parse(JSON.stringify(wellFormed(texts))),
        );
        const broken = seed % (texts.length + 1);
        encoded.splice(broken, 0, Uint8Array.of(0x41, 0x80));
        expect(
          thrown(() => conform(columnOf(new arrow.Binary(), encoded), 'string')),
        ).toMatchObject({
          position: broken,
        });
      }),
    );
  });

  it('of a dictionary are decoded', () => {
    const data = columnOf(new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()), [
      'b',
      null,
      'a',
      'b',
    ]);
    expect(values(conform(data, 'string'))).toEqual(['b', null, 'a', 'b']);
    expect(values(conform(data.slice(1, 2), 'string'))).toEqual([null, 'a']);
  });
});

function wellFormed(texts: readonly string[]): string[] {
  return texts.map((text) => new TextDecoder().decode(new TextEncoder().encode(text)));
}

function isView(type: arrow.DataType): boolean {
  return arrow.DataType.isUtf8View(type) || arrow.DataType.isBinaryView(type);
}

function views(type: arrow.DataType, items: readonly (Uint8Array | null)[]): arrow.Data {
  const bytes = new Uint8Array(items.length * 16);
  const view = new DataView(bytes.buffer);
  const long: number[] = [];
  const nulls = new Uint8Array((items.length + 7) >> 3);
  for (const [row, item] of items.entries()) {
    if (item === null) {
      bytes.fill(0xee, row * 16, row * 16 + 16);
      continue;
    }
    nulls[row >> 3] = (nulls[row >> 3] ?? 0) | (1 << (row & 7));
    view.setInt32(row * 16, item.length, true);
    if (item.length <= 12) bytes.set(item, row * 16 + 4);
    else {
      view.setInt32(row * 16 + 12, long.length, true);
      long.push(...item);
    }
  }
  const variadicBuffers = [Uint8Array.from(long)];
  const props = { length: items.length, nullBitmap: nulls, views: bytes, variadicBuffers };
  return arrow.makeData({ type: type as arrow.Utf8View, ...props });
}
