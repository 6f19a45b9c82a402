import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptDataError, isVarveError } from '../../../../src/errors.js';
import {
  decodeVariant,
  MAX_VARIANT_DEPTH,
  type VariantShape,
} from '../../../../src/log/schema/variant/decode.js';
import { VariantDictionary } from '../../../../src/log/schema/variant/dictionary.js';
import { encodeArray, encodeObject } from '../../../../src/log/schema/variant/encode.js';
import type { Fail } from '../../../../src/log/schema/variant/layout.js';

const fail: Fail = (problem) => {
  throw new CorruptDataError({ message: problem, key: 'k' });
};

/** Keeps everything that was decoded. */
const PLAIN: VariantShape<unknown> = {
  scalar: ({ kind, ...rest }) => [kind, ...Object.values(rest)],
  array: (elements) => elements,
  object: (names, values) => new Map(names.map((name, at) => [name, values[at]])),
};

const bytes = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** The names `a` and `b`. */
const NAMES = '01 02 00 01 02 6162';

const decode = (value: Uint8Array, metadata: Uint8Array = bytes(NAMES)): unknown =>
  decodeVariant(value, new VariantDictionary(metadata, fail), PLAIN, fail);

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isVarveError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'decoded';
};

describe('decodeVariant', () => {
  it.each<[string, string, unknown]>([
    ['null', '00', ['null']],
    ['true', '04', ['boolean', true]],
    ['false', '08', ['boolean', false]],
    ['int8', '0c 80', ['integer', -128]],
    ['int16', '10 0080', ['integer', -32768]],
    ['int32', '14 ffffff7f', ['integer', 2147483647]],
    ['int64', '18 0000000000000080', ['integer', -(2n ** 63n)]],
    ['double', '1c 000000000000f8bf', ['double', -1.5]],
    ['decimal4', '20 02 6affffff', ['decimal', -150n, 2]],
    ['decimal8', '24 12 0100000000000080', ['decimal', -(2n ** 63n) + 1n, 18]],
    ['decimal16', `28 26 ${'00'.repeat(15)}80`, ['decimal', -(2n ** 127n), 38]],
    ['date', '2c ffffffff', ['date', -1]],
    ['timestamp', '30 ffffffffffffffff', ['timestamp', -1n, 'micros']],
    ['timestamp_ntz', '34 0100000000000000', ['timestamp_ntz', 1n, 'micros']],
    ['float', '38 0000c03f', ['float', 1.5]],
    ['binary', '3c 02000000 00ff', ['binary', bytes('00ff')]],
    ['string', '40 02000000 c3bc', ['string', 'ü']],
    ['time', '44 0100000000000000', ['time', 1n]],
    ['timestamp of nanoseconds', '48 0200000000000000', ['timestamp', 2n, 'nanos']],
    ['timestamp_ntz of nanoseconds', '4c 0200000000000000', ['timestamp_ntz', 2n, 'nanos']],
    ['uuid', `50 ${'0f'.repeat(16)}`, ['uuid', bytes('0f'.repeat(16))]],
    ['short string', '09 c3bc', ['string', 'ü']],
    ['empty string', '01', ['string', '']],
    ['empty array', '03 00 00', []],
    ['array', '03 02 00 01 02 00 04', [['null'], ['boolean', true]]],
    ['large array, wide offsets', '1f 01000000 00000000 01000000 00', [['null']]],
    ['empty object', '02 00 00', new Map()],
    [
      'object whose members are in another order',
      '02 02 00 01 01 00 03 00 0c 07',
      new Map([
        ['a', ['integer', 7]],
        ['b', ['null']],
      ]),
    ],
    [
      'large object, wide ids and offsets',
      '76 01000000 01000000 0000 0100 04',
      new Map([['b', ['boolean', true]]]),
    ],
  ])('%s', (_name, hex, expected) => {
    expect(decode(bytes(hex))).toEqual(expected);
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'cut off'],
    ['a type of a later version', '54', 'type 21'],
    ['a cut integer', '18 00', 'cut off'],
    ['a cut length', '40 0200', 'cut off'],
    ['a length beyond the end', '40 ffffffff 61', 'cut off'],
    ['a short string beyond the end', '0d 61', 'cut off'],
    ['bytes that are no text', '05 ff', 'UTF-8'],
    ['an array without offsets', '03 05', 'cut off'],
    ['an array of 2^32 elements', '13 ffffffff 00', 'cut off'],
    ['an element beyond the end', '03 01 00 09 00', 'cut off'],
    ['an element that begins where its array ends', '03 01 01 01 00', 'outside'],
    ['an element that reaches out of its array', '03 01 00 01 0c 01', 'cut off'],
    ['a field without a name', '02 01 02 00 01 00', 'number 2'],
    ['a decimal of too many digits', '20 27 01000000', 'scale 39'],
  ])('refuses %s', (_name, hex, problem) => {
    expect(codeOf(() => decode(bytes(hex)))).toContain(problem);
  });

  it.each<[string, string, string]>([
    ['no metadata', '', 'version 0'],
    ['another version', '02 00 00', 'version 2'],
    ['names without offsets', '01 05 00', 'cut off'],
    ['names beyond the end', 'c1 ffffffff', 'cut off'],
    ['a name beyond the end', '01 02 00 01 09 61', 'outside'],
    ['a name that ends before it begins', '01 02 00 01 00 61', 'outside'],
    ['a name that is no text', '01 02 00 01 02 61ff', 'UTF-8'],
  ])('refuses %s', (_name, metadata, problem) => {
    const object = bytes('02 02 00 01 00 01 02 00 00');
    expect(codeOf(() => decode(object, bytes(metadata)))).toContain(problem);
  });

  it('refuses members that lie on each other, which would make much of little', () => {
    // Each of ten levels has 255 members, all at the same place.
    let value = bytes('00');
    for (let level = 0; level < 10; level++) {
      const head = new Uint8Array(2 + 256 * 2);
      head.set([3 | (1 << 2), 255]);
      head.set([value.length & 0xff, value.length >> 8], 2 + 255 * 2);
      value = Uint8Array.from([...head, ...value]);
    }
    expect(codeOf(() => decode(value))).toContain('lie on each other');
    const text = Uint8Array.from([0x40, 0x00, 0x10, 0, 0, ...new Uint8Array(4096)]);
    const many = Uint8Array.from([3 | (1 << 2), 200, ...new Uint8Array(400), 5, 16, ...text]);
    expect(codeOf(() => decode(many))).toContain('lie on each other');
  });

  it('nests to a stated depth', () => {
    const nested = (levels: number): Uint8Array => {
      let value = bytes('00');
      for (let level = 0; level < levels; level++) {
        value = level % 2 === 0 ? encodeArray([value]) : encodeObject([{ id: 1, value }]);
      }
      return value;
    };
    expect(codeOf(() => decode(nested(MAX_VARIANT_DEPTH)))).toBe('decoded');
    expect(codeOf(() => decode(nested(MAX_VARIANT_DEPTH + 1)))).toContain('LIMIT');
  });

  it('gives a value or a typed error for any bytes', () => {
    const damaged = fc
      .tuple(
        fc.constantFrom('02 02 00 01 00 02 04 0c07 0c08', '03 02 00 02 09 0561 40 02000000 c3bc'),
        fc.array(fc.tuple(fc.nat(13), fc.nat(255)), { maxLength: 3 }),
      )
      .map(([hex, changes]) => {
        const value = bytes(hex);
        for (const [at, byte] of changes) value[at % value.length] = byte;
        return value;
      });
    fc.assert(
      fc.property(
        fc.oneof(damaged, fc.uint8Array({ maxLength: 40 })),
        fc.oneof(fc.constant(bytes(NAMES)), fc.uint8Array({ maxLength: 12 })),
        (value, metadata) => {
          expect(codeOf(() => decode(value, metadata))).toMatch(/^(decoded|CORRUPT_DATA|LIMIT)/u);
        },
      ),
      { numRuns: 5000, seed: 11 },
    );
  });
});
