import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../../src/errors.js';
import { type ThriftField, ThriftStruct, thriftType } from '../../../src/storage/parquet/thrift.js';
import {
  decodeThrift,
  MAX_THRIFT_DEPTH,
  MAX_THRIFT_FIELDS,
} from '../../../src/storage/parquet/thrift-decode.js';
import { encodeThrift } from '../../../src/storage/parquet/thrift-encode.js';
import { itWithOracles } from '../../support/oracles.js';
import { corpusFiles, footerBytes } from './corpora.js';

const decode = (bytes: Uint8Array): ThriftStruct => decodeThrift(bytes, 'f').value;

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

const integers = {
  [thriftType.i8]: fc.integer({ min: -128, max: 127 }),
  [thriftType.i16]: fc.integer({ min: -32768, max: 32767 }),
  [thriftType.i32]: fc.integer(),
  [thriftType.i64]: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  [thriftType.double]: bytes(8),
  [thriftType.binary]: fc.uint8Array({ maxLength: 200 }),
  [thriftType.uuid]: bytes(16),
};

const typed = Object.entries(integers).map(([type, value]) =>
  value.map((drawn) => ({ type: Number(type), value: drawn })),
);

const { struct } = fc.letrec<{ struct: ThriftStruct; field: Omit<ThriftField, 'id'> }>((tie) => ({
  field: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ...typed,
    fc.boolean().map((value) => ({ type: thriftType.bool, value })),
    fc.array(fc.integer(), { maxLength: 40 }).map((values) => ({
      type: thriftType.list,
      value: { kind: 'list' as const, elementType: thriftType.i32, values },
    })),
    fc.array(tie('struct'), { maxLength: 3 }).map((values) => ({
      type: thriftType.set,
      value: { kind: 'list' as const, elementType: thriftType.struct, values },
    })),
    fc
      .array(fc.tuple(fc.integer(), tie('struct')), { minLength: 1, maxLength: 3 })
      .map((entries) => ({
        type: thriftType.map,
        value: {
          kind: 'map' as const,
          keyType: thriftType.i32,
          valueType: thriftType.struct,
          entries,
        },
      })),
    tie('struct').map((value) => ({ type: thriftType.struct, value })),
  ),
  struct: fc
    .uniqueArray(fc.record({ id: fc.integer({ min: -100, max: 30_000 }), field: tie('field') }), {
      selector: ({ id }) => id,
      maxLength: 6,
    })
    .map((fields) => new ThriftStruct(fields.map(({ id, field }) => ({ id, ...field })))),
}));

describe('thrift', () => {
  it('gives back every struct that it wrote, unknown fields and odd ids too', () => {
    fc.assert(
      fc.property(struct, (value) => {
        const encoded = encodeThrift(value);
        const decoded = decodeThrift(encoded, 'f');
        expect(decoded.value).toEqual(value);
        expect(decoded.length).toBe(encoded.length);
      }),
    );
  });

  it('answers any bytes with a struct or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        try {
          decode(noise);
        } catch (error) {
          expect(isVarveError(error, 'CORRUPT_DATA', 'LIMIT')).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses every proper prefix', () => {
    fc.assert(
      fc.property(struct, fc.nat(), (value, at) => {
        const encoded = encodeThrift(value);
        const cut = encoded.subarray(0, at % encoded.length);
        expect(() => decode(cut)).toThrow(expect.objectContaining({ code: 'CORRUPT_DATA' }));
      }),
    );
  });

  const refused = {
    'structs nested without end': new Uint8Array(MAX_THRIFT_DEPTH + 2).fill(0x1c),
    'lists nested without end': new Uint8Array([0x19, ...new Uint8Array(1000).fill(0x19)]),
    'a list longer than its bytes': new Uint8Array([0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x07, 0]),
    'a map longer than its bytes': new Uint8Array([0x1b, 0xff, 0xff, 0xff, 0xff, 0x07, 0x55, 0]),
    'a binary longer than its bytes': new Uint8Array([0x18, 0xff, 0xff, 0xff, 0xff, 0x07, 0]),
    'a field twice': new Uint8Array([0x13, 1, 0x03, 2, 1, 0]),
    'an integer of eleven bytes': new Uint8Array([0x16, ...new Uint8Array(10).fill(0xff), 1, 0]),
    'an integer beyond 64 bits': new Uint8Array([0x16, ...new Uint8Array(9).fill(0xff), 2, 0]),
    'an integer beyond 32 bits': new Uint8Array([0x15, 0xff, 0xff, 0xff, 0xff, 0x1f, 0]),
    'an unknown type': new Uint8Array([0x1e, 0]),
    'nothing at all': new Uint8Array(0),
  };
  for (const [name, hostile] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      expect(() => decode(hostile)).toThrow(expect.objectContaining({ code: 'CORRUPT_DATA' }));
    });
  }

  it('refuses more fields than any struct has', () => {
    const fields = Array.from({ length: MAX_THRIFT_FIELDS + 1 }, (_, index) => index + 1);
    const wide = new ThriftStruct(fields.map((id) => ({ id, type: thriftType.bool, value: true })));
    expect(() => decode(encodeThrift(wide))).toThrow(/too many fields/);
  });

  it('sets a field in the order of ids and leaves the original alone', () => {
    const one = new ThriftStruct([{ id: 3, type: thriftType.i32, value: 1 }]);
    const two = one.with(
      { id: 1, type: thriftType.bool, value: false },
      { id: 3, type: thriftType.i32, value: 2 },
    );
    expect(two.fields.map(({ id, value }) => [id, value])).toEqual([
      [1, false],
      [3, 2],
    ]);
    expect(one.field(3)?.value).toBe(1);
    expect(two.without(1).only(3).field(3)?.value).toBe(2);
  });

  itWithOracles('writes every footer of the corpora byte for byte as it was', ['corpora'], () => {
    const files = corpusFiles();
    expect(files.length).toBeGreaterThan(700);
    for (const file of files) {
      const original = footerBytes(file);
      const again = encodeThrift(decode(original));
      expect(Buffer.compare(again, original), file.path).toBe(0);
    }
  });
});
