import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatPartitionValue,
  parsePartitionValue,
  partitionPath,
} from '../../src/log/partition-value.js';
import type { Scalar } from '../../src/log/schema/scalar.js';
import type { PrimitiveName } from '../../src/log/schema/types.js';

const place = { key: '_delta_log/00000000000000000000.json', column: 'p' };
const parse = (text: string | null, type: PrimitiveName): Scalar =>
  parsePartitionValue(text, type, place);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('parsePartitionValue', () => {
  it.each<[string, PrimitiveName, Scalar]>([
    ['-128', 'byte', -128],
    ['+7', 'integer', 7],
    ['007', 'short', 7],
    ['3.0', 'integer', 3],
    [' 12 ', 'long', 12n],
    ['9223372036854775807', 'long', 2n ** 63n - 1n],
    ['0.1', 'float', Math.fround(0.1)],
    ['1.0E10', 'double', 1e10],
    ['1e10', 'double', 1e10],
    ['NaN', 'float', Number.NaN],
    ['-Infinity', 'double', -Infinity],
    ['1.230000000000000000', 'decimal(38,18)', 1_230_000_000_000_000_000n],
    ['1.5', 'decimal(5,2)', 150n],
    ['TRUE', 'boolean', true],
    ['false', 'boolean', false],
    ['2024-02-29', 'date', 19_782],
    ['2024-2-9', 'date', 19_762],
    ['0001-01-01', 'date', -719_162],
    ['10000-01-01', 'date', 2_932_897],
    ['2024-01-02 00:00:00', 'date', 19_724],
    [' a ', 'string', ' a '],
    ['\ufeffa', 'string', '\ufeffa'],
    ['\u0001\u0002', 'binary', bytes(1, 2)],
  ])('reads %s as %s', (text, type, value) => {
    expect(parse(text, type)).toEqual(value);
  });

  it.each<[string, PrimitiveName, bigint]>([
    ['1970-01-01 00:00:01', 'timestamp', 1_000_000n],
    ['1970-01-01 00:00:00.000001', 'timestamp', 1n],
    ['1970-01-01T00:00:00.123456Z', 'timestamp', 123_456n],
    ['1970-01-01T02:00:00+02:00', 'timestamp', 0n],
    ['1970-01-02', 'timestamp', 86_400_000_000n],
    ['1969-12-31 23:59:59.999999', 'timestamp_ntz', -1n],
    ['1970-01-01T00:00:01', 'timestamp_ntz', 1_000_000n],
    ['1970-01-01T00:00:01+09:00', 'timestamp_ntz', 1_000_000n],
    ['1970-01-02', 'timestamp_ntz', 86_400_000_000n],
  ])('reads the instant %s as %s, whatever zone this process is in', (text, type, micros) => {
    expect(parse(text, type)).toBe(micros);
  });

  it.each<PrimitiveName>(['string', 'binary', 'integer', 'timestamp'])(
    'takes null, empty text and the name of null of %s as null',
    (type) => {
      expect(parse(null, type)).toBeNull();
      expect(parse('', type)).toBeNull();
      expect(parse('__HIVE_DEFAULT_PARTITION__', type)).toBeNull();
    },
  );

  it.each<[string, PrimitiveName]>([
    ['128', 'byte'],
    ['1.5', 'integer'],
    ['9223372036854775808', 'long'],
    ['x', 'double'],
    ['1.234', 'decimal(5,2)'],
    ['maybe', 'boolean'],
    ['2023-02-29', 'date'],
    ['2023-01-01 25:00:00', 'timestamp'],
    ['yesterday', 'timestamp_ntz'],
    ['x', 'void'],
  ])('calls %j corrupt as %s, and says where', (text, type) => {
    expect(() => parse(text, type)).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA', key: place.key, field: 'partitionValues.p' }),
    );
  });
});

describe('formatPartitionValue', () => {
  it.each<[Scalar, PrimitiveName, string | null]>([
    [null, 'integer', null],
    ['', 'string', null],
    [bytes(), 'binary', null],
    [-5, 'byte', '-5'],
    [2n ** 63n - 1n, 'long', '9223372036854775807'],
    [1e10, 'double', '1.0E10'],
    [Math.fround(0.1), 'float', '0.1'],
    [Number.NaN, 'float', 'NaN'],
    [1_230_000_000_000_000_000n, 'decimal(38,18)', '1.230000000000000000'],
    [true, 'boolean', 'true'],
    [19_782, 'date', '2024-02-29'],
    [1_700_000_000_123_456n, 'timestamp', '2023-11-14T22:13:20.123456Z'],
    [1_700_000_000_123_456n, 'timestamp_ntz', '2023-11-14 22:13:20.123456'],
    [1_700_000_000_000_000n, 'timestamp_ntz', '2023-11-14 22:13:20'],
    [bytes(0xef, 0xbb, 0xbf, 0x61), 'binary', '\ufeffa'],
  ])('writes %s of %s', (value, type, text) => {
    expect(formatPartitionValue(value, type)).toBe(text);
  });

  it('refuses binary that is not UTF-8 and the name of null', () => {
    const mismatch = expect.objectContaining({ code: 'SCHEMA_MISMATCH', column: 'p' });
    expect(() => formatPartitionValue(bytes(0xff), 'binary', 'p')).toThrow(mismatch);
    expect(() => formatPartitionValue('__HIVE_DEFAULT_PARTITION__', 'string', 'p')).toThrow(
      mismatch,
    );
  });

  const values: readonly [PrimitiveName, fc.Arbitrary<Scalar>][] = [
    ['byte', fc.integer({ min: -128, max: 127 })],
    ['integer', fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
    ['long', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    ['float', fc.float()],
    ['double', fc.double()],
    ['decimal(38,10)', fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })],
    ['string', fc.string({ minLength: 1, unit: 'binary' })],
    ['boolean', fc.boolean()],
    ['date', fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
    ['timestamp', fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })],
    ['timestamp_ntz', fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })],
  ];
  it.each(values)('reads back what it wrote of %s', (type, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(parse(formatPartitionValue(value, type), type)).toEqual(value);
      }),
    );
  });
});

describe('partitionPath', () => {
  it('escapes as Hive does, in names and values, and nothing else', () => {
    expect(partitionPath([])).toBe('');
    expect(
      partitionPath([
        ['a', '1'],
        ['b=c', null],
      ]),
    ).toBe('a=1/b%3Dc=__HIVE_DEFAULT_PARTITION__');
    expect(partitionPath([['p', 'x/y:z "q" 50% #*?\\{}[]^\u0001\u007f\'']])).toBe(
      'p=x%2Fy%3Az %22q%22 50%25 %23%2A%3F%5C%7B}%5B%5D%5E%01%7F%27',
    );
    expect(partitionPath([['p', 'ü+ & ~.;,<>|']])).toBe('p=ü+ & ~.;,<>|');
    expect(partitionPath([['t', '2024-01-01T00:00:00.000000Z']])).toBe(
      't=2024-01-01T00%3A00%3A00.000000Z',
    );
  });

  it('keeps every value within its own directory', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(partitionPath([['p', text]]).split('/')).toHaveLength(1);
      }),
    );
  });
});
