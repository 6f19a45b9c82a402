import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../../src/errors.js';
import type { DataType, StructField, StructType } from '../../../src/log/schema/types.js';
import { rowDecoder } from '../../../src/table/row/row-decoder.js';
import { RowEncoder } from '../../../src/table/row/row-encoder.js';
import { timestamp } from '../../../src/table/row/timestamp.js';

const field = (name: string, type: DataType, nullable = true): StructField => ({
  name,
  type,
  nullable,
  metadata: {},
});
const struct = (...fields: StructField[]): StructType => ({ type: 'struct', fields });

/** The value of one column after a round trip. */
function through(type: DataType, value: unknown): unknown {
  const schema = struct(field('v', type));
  const encoder = new RowEncoder(schema);
  encoder.append({ v: value });
  const [row] = [...rowDecoder(schema)(encoder.flush())];
  return (row as { v: unknown }).v;
}

function refusal(schema: StructType, ...rows: unknown[]): Record<string, unknown> {
  const encoder = new RowEncoder(schema);
  try {
    for (const row of rows) encoder.append(row as object);
  } catch (error) {
    if (!isVarveError(error, 'SCHEMA_MISMATCH')) throw error;
    const { row, column, expected, actual, message } = error;
    return { row, column, expected, actual, message };
  }
  throw new Error('accepted');
}

const refused = (type: DataType, value: unknown): Record<string, unknown> =>
  refusal(struct(field('v', type)), { v: value });

describe('values accepted beside those that are read', () => {
  const moment = new Date('2024-01-02T03:04:05.678Z');
  it.each<[DataType, unknown, unknown]>([
    ['long', 5, 5n],
    ['long', Number.MIN_SAFE_INTEGER, BigInt(Number.MIN_SAFE_INTEGER)],
    ['long', -4294967297, -4294967297n],
    ['long', '-9223372036854775808', -(2n ** 63n)],
    ['long', '0', 0n],
    ['float', 0.1, Math.fround(0.1)],
    ['float', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['double', Number.NaN, Number.NaN],
    ['double', -0, -0],
    ['decimal(5,2)', '1.5', '1.50'],
    ['decimal(5,2)', '-1.500', '-1.50'],
    ['decimal(5,2)', '-0', '0.00'],
    ['decimal(5,2)', '999.99', '999.99'],
    ['decimal(5,2)', 7n, '7.00'],
    ['decimal(3,3)', '.125', '0.125'],
    ['decimal(38,0)', '9'.repeat(38), '9'.repeat(38)],
    ['decimal(20,10)', '-123456789.0123456789', '-123456789.0123456789'],
    ['timestamp', moment, timestamp(1704164645678000n)],
    ['timestamp', '2024-01-02T05:04:05.678901+02:00', timestamp(1704164645678901n)],
    ['timestamp', new Date(8.64e15), timestamp(8_640_000_000_000_000_000n)],
    ['timestamp_ntz', '2024-01-02 03:04', '2024-01-02T03:04:00.000000'],
    ['string', 'a\u0000é😀', 'a\u0000é😀'],
    ['string', '\ufeffx', '\ufeffx'],
    ['string', '\ufffd', '\ufffd'],
    ['string', 'ü'.repeat(1000), 'ü'.repeat(1000)],
    ['binary', Buffer.from([1, 2]), new Uint8Array([1, 2])],
    [{ type: 'array', elementType: 'float', containsNull: true }, new Float32Array([1]), [1]],
    [{ type: 'array', elementType: 'long', containsNull: true }, new BigInt64Array([1n]), [1n]],
    // oxlint-disable-next-line no-sparse-arrays -- a hole is what is tested
    [{ type: 'array', elementType: 'long', containsNull: true }, [1, , 3], [1n, null, 3n]],
    [
      { type: 'map', keyType: 'string', valueType: 'long', valueContainsNull: true },
      { a: 1, __proto__: null },
      new Map([['a', 1n]]),
    ],
    ['void', null, null],
    ['timestamp', runInNewContext('new Date(0)'), timestamp(0n)],
    ['binary', runInNewContext('new Uint8Array([7])'), new Uint8Array([7])],
  ])('%s takes %s', (type, value, read) => {
    expect(through(type, value)).toStrictEqual(read);
  });
});

describe('values refused', () => {
  const list: DataType = { type: 'array', elementType: 'long', containsNull: false };
  const map: DataType = {
    type: 'map',
    keyType: 'long',
    valueType: 'string',
    valueContainsNull: false,
  };
  it.each<[DataType, unknown]>([
    ['long', 2 ** 53],
    ['long', 1.5],
    ['long', Number.NaN],
    ['long', 2n ** 63n],
    ['long', '9223372036854775808'],
    ['long', '01'],
    ['long', '-0'],
    ['long', '1e3'],
    ['long', ' 1'],
    ['long', ''],
    ['long', true],
    ['integer', 2 ** 31],
    ['integer', 1.5],
    ['integer', '1'],
    ['integer', 1n],
    ['integer', Number.NaN],
    ['integer', Number.POSITIVE_INFINITY],
    ['short', -32769],
    ['byte', 128],
    ['float', 1e39],
    ['float', '1'],
    ['double', 1n],
    ['double', '1'],
    ['boolean', 1],
    ['boolean', 'true'],
    ['string', 1],
    ['string', 'a\ud800'],
    ['string', `${'a'.repeat(100)}\udc00`],
    ['string', Buffer.from('a')],
    ['binary', 'a'],
    ['binary', [1]],
    ['binary', new Uint16Array(1)],
    ['decimal(5,2)', 1.5],
    ['decimal(5,2)', '1.005'],
    ['decimal(5,2)', '1000'],
    ['decimal(5,2)', '999.995'],
    ['decimal(5,2)', 'NaN'],
    ['decimal(5,2)', '1.2.3'],
    ['decimal(5,2)', '-'],
    ['decimal(5,2)', ''],
    ['decimal(5,2)', 1000n],
    ['decimal(38,0)', '1'.repeat(39)],
    ['date', new Date(0)],
    ['date', '2024-02-30'],
    ['date', '2024-01-01T00:00:00Z'],
    ['date', 19000],
    ['timestamp', new Date(Number.NaN)],
    ['timestamp', '2024-01-02T03:04:05'],
    ['timestamp', '2024-01-02T03:04:05.1234567Z'],
    ['timestamp', 1704164645678],
    ['timestamp', 1704164645678000n],
    ['timestamp', Object.assign(new Date(0), { micros: 1000 })],
    ['timestamp_ntz', new Date(0)],
    ['timestamp_ntz', '2024-01-02T03:04:05Z'],
    ['void', 0],
    [list, 'abc'],
    [list, new Set([1])],
    [list, new DataView(new ArrayBuffer(8))],
    [list, { length: 1, 0: 1 }],
    [map, { 1: 'a' }],
    [map, [[1, 'a']]],
    [struct(field('a', 'long')), [1]],
    [struct(field('a', 'long')), new Map()],
    [struct(field('a', 'long')), 'x'],
    [struct(field('a', 'long')), Promise.resolve({ a: 1 })],
  ])('%o refuses %o', (type, value) => {
    expect(refused(type, value)).toMatchObject({ row: 0, column: 'v' });
  });

  it('says what is expected and what came', () => {
    expect(refused('date', new Date(0))).toMatchObject({
      expected: 'date: YYYY-MM-DD text',
      actual: 'Date 1970-01-01T00:00:00.000Z',
      message: expect.stringContaining('toISOString().slice(0, 10)'),
    });
    expect(refused('decimal(5,2)', 1.5)).toMatchObject({
      expected: expect.stringContaining('decimal(5,2): exact text'),
      actual: 'number 1.5',
    });
    expect(refused('boolean', 'x'.repeat(500))['actual']).toHaveLength(48);
  });

  it('counts rows over all its batches', () => {
    const schema = struct(field('v', 'long'));
    const encoder = new RowEncoder(schema);
    for (let row = 0; row < 5; row += 1) {
      encoder.append({ v: row });
      encoder.flush();
    }
    expect(() => encoder.append({ v: 'x' })).toThrow(expect.objectContaining({ row: 5 }));
    expect(() => encoder.append({ v: 1 })).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(() => encoder.flush()).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('refuses what is no row', () => {
    const schema = struct(field('v', 'long'));
    for (const row of [null, undefined, 1, 'x', [1], new Map(), Promise.resolve({}), new Date(0)]) {
      expect(refusal(schema, { v: 1 }, row)).toMatchObject({ row: 1 });
    }
  });
});

describe('columns', () => {
  const schema = struct(
    field('id', 'long', false),
    field('s', struct(field('a', 'long', false), field('b', 'string'))),
    field('tags', { type: 'array', elementType: 'string', containsNull: false }),
    field('m', { type: 'map', keyType: 'string', valueType: 'long', valueContainsNull: false }),
  );

  it.each<[string, object, string]>([
    ['an unknown column', { id: 1, wings: 2 }, 'wings'],
    ['an unknown field', { id: 1, s: { a: 1, c: 1 } }, 's.c'],
    ['null in NOT NULL', { id: null }, 'id'],
    ['absence in NOT NULL', { s: null }, 'id'],
    ['undefined in NOT NULL', { id: undefined }, 'id'],
    ['null in a field that is NOT NULL', { id: 1, s: { b: 'x' } }, 's.a'],
    ['a null element', { id: 1, tags: ['a', null] }, 'tags.element'],
    // oxlint-disable-next-line unicorn/no-new-array -- a hole is what is tested
    ['a hole for an element', { id: 1, tags: new Array(1) }, 'tags.element'],
    ['a null map value', { id: 1, m: new Map([['a', null]]) }, 'm.value'],
    ['a null map key', { id: 1, m: new Map([[null, 1]]) }, 'm.key'],
    ['a wrong value deep down', { id: 1, m: { a: 'x' } }, 'm.value'],
  ])('refuses %s by its path', (_, row, column) => {
    expect(refusal(schema, { id: 1 }, row)).toMatchObject({ row: 1, column });
  });

  it('points to the column that differs only by case', () => {
    expect(refusal(schema, { ID: 1 })).toMatchObject({
      column: 'ID',
      message: expect.stringContaining('"id" is'),
    });
  });

  it('lets a struct be null whose fields are NOT NULL', () => {
    const encoder = new RowEncoder(schema);
    encoder.append({ id: 1, s: null });
    encoder.append({ id: 2, s: { a: 5 } });
    expect([...rowDecoder(schema)(encoder.flush())]).toEqual([
      { id: 1n, s: null, tags: null, m: null },
      { id: 2n, s: { a: 5n, b: null }, tags: null, m: null },
    ]);
  });

  it('reads own properties only, of instances of classes too', () => {
    class Parent {
      get id(): number {
        return 1;
      }
    }
    const inherits: object = Object.create({ id: 1 });
    expect(refusal(schema, inherits)).toMatchObject({ column: 'id', actual: 'absent' });
    expect(refusal(schema, { id: 1 }, inherits)).toMatchObject({ row: 1, actual: 'absent' });
    expect(refusal(schema, new Parent())).toMatchObject({ column: 'id', actual: 'absent' });
    class Own {
      readonly id = 7;
    }
    const encoder = new RowEncoder(schema);
    encoder.append(new Own());
    expect([...rowDecoder(schema)(encoder.flush())]).toMatchObject([{ id: 7n }]);
  });

  it('knows a column named __proto__ from the prototype', () => {
    const odd = struct(field('__proto__', 'long'), field('toString', 'long'));
    const encoder = new RowEncoder(odd);
    encoder.append(JSON.parse('{"__proto__": 1}') as object);
    encoder.append({});
    const rows = [...rowDecoder(odd)(encoder.flush())];
    expect(rows.map((row) => Object.entries(row))).toEqual([
      [
        ['__proto__', 1n],
        ['toString', null],
      ],
      [
        ['__proto__', null],
        ['toString', null],
      ],
    ]);
    expect(rows.map((row) => Object.getPrototypeOf(row) as unknown)).toEqual([
      Object.prototype,
      Object.prototype,
    ]);
  });

  it.each<[DataType, Map<unknown, unknown>]>([
    [
      'long',
      new Map<unknown, unknown>([
        [1, 'a'],
        [1n, 'b'],
      ]),
    ],
    [
      'decimal(5,2)',
      new Map([
        ['1.0', 'a'],
        ['1.00', 'b'],
      ]),
    ],
    [
      'timestamp',
      new Map([
        [new Date(0), 'a'],
        [new Date(0), 'b'],
      ]),
    ],
    [
      'binary',
      new Map([
        [new Uint8Array(1), 'a'],
        [new Uint8Array(1), 'b'],
      ]),
    ],
    [
      'float',
      new Map([
        [0.1, 'a'],
        [Math.fround(0.1), 'b'],
      ]),
    ],
    [
      { type: 'array', elementType: 'long', containsNull: true },
      new Map([
        [[1], 'a'],
        [['1'], 'b'],
      ]),
    ],
    [
      struct(field('a', 'long')),
      new Map([
        [{ a: null }, 'a'],
        [{}, 'b'],
      ]),
    ],
  ])('refuses two keys of %o that are one once written', (keyType, map) => {
    const type = { type: 'map', keyType, valueType: 'string', valueContainsNull: true } as const;
    expect(refused(type, map)).toMatchObject({ column: 'v' });
  });

  it('refuses a type that it does not know, by name', () => {
    const type = { type: 'unknown', name: 'geometry', json: 'geometry' } as const;
    expect(() => new RowEncoder(struct(field('v', type)))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', side: 'write' }),
    );
  });

  it('tells about how many bytes it holds', () => {
    const encoder = new RowEncoder(struct(field('a', 'long'), field('b', 'string')));
    for (let row = 0; row < 10; row += 1) encoder.append({ a: row, b: 'x'.repeat(100) });
    expect(encoder.sizeBytes).toBe(10 * (8 + 104));
    encoder.flush();
    expect([encoder.sizeBytes, encoder.length]).toEqual([0, 0]);
  });
});
