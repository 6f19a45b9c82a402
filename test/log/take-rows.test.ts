import {
  Bool,
  Decimal,
  Field,
  FixedSizeBinary,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  makeData,
  Null,
  Struct,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takeRows } from '../../src/log/take-rows.js';

const type = new Struct([
  new Field('text', new Utf8(), true),
  new Field('long', new Int64(), true),
  new Field('byte', new Int8(), true),
  new Field('short', new Int16(), true),
  new Field('int', new Int32(), true),
  new Field('double', new Float64(), true),
  new Field('decimal', new Decimal(2, 38, 128), true),
  new Field('bytes', new FixedSizeBinary(3), true),
  new Field('yes', new Bool(), true),
  new Field('list', new List(new Field('element', new Utf8(), true)), true),
]);
const row = fc.option(
  fc.record({
    text: fc.option(fc.oneof(fc.string(), fc.string({ minLength: 60, maxLength: 70 }))),
    long: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    byte: fc.option(fc.integer({ min: -128, max: 127 })),
    short: fc.option(fc.integer({ min: -32_768, max: 32_767 })),
    int: fc.option(fc.integer()),
    double: fc.option(fc.double({ noNaN: true })),
    decimal: fc.option(fc.uint32Array({ minLength: 4, maxLength: 4 })),
    bytes: fc.option(fc.uint8Array({ minLength: 3, maxLength: 3 })),
    yes: fc.option(fc.boolean()),
    list: fc.option(fc.array(fc.option(fc.string()), { maxLength: 3 })),
  }),
);

function plain(value: unknown): unknown {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? String(item) : item,
  );
}

describe('takeRows', () => {
  it('gives the rows that were asked for, in that order, also out of a slice', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        (rows, more) => {
          const cut = (more.next().value ?? 0) % rows.length;
          const sliced = vectorFromArray(rows, type).slice(cut);
          const [data] = sliced.data;
          if (data === undefined) throw new Error('no data');
          const picked = Uint32Array.from(
            { length: 6 },
            () => (more.next().value ?? 0) % data.length,
          );
          const taken = new Vector([takeRows(data, picked)]);
          expect([...taken].map(plain)).toEqual([...picked].map((at) => plain(sliced.get(at))));
        },
      ),
    );
  });

  it('takes rows of a column that is all null', () => {
    const taken = takeRows(makeData({ type: new Null(), length: 3 }), Uint32Array.of(1, 2));
    expect([taken.length, taken.typeId]).toEqual([2, new Null().typeId]);
  });
});
