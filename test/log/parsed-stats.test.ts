import {
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  FixedSizeBinary,
  Float32,
  Float64,
  Int32,
  Int64,
  makeData,
  Struct,
  TimestampMicrosecond,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { parseFileStats } from '../../src/log/file-stats.js';
import { parsedStats } from '../../src/log/parsed-stats.js';

type Column = readonly [name: string, data: Data];

function column(values: readonly unknown[], type: DataType): Data {
  const [data] = vectorFromArray(values as never, type as never).data;
  if (data === undefined) throw new Error('no data');
  return data as Data;
}

function structOf(...columns: readonly Column[]): Data {
  const type = new Struct(columns.map(([name, data]) => new Field(name, data.type, true)));
  const length = columns[0]?.[1].length ?? 0;
  return makeData({
    type,
    length,
    nullCount: 0,
    children: columns.map(([, data]) => data),
  }) as Data;
}

function statsOf(...minValues: readonly Column[]): string | undefined {
  const data = structOf(
    ['numRecords', column([5n], new Int64())],
    ['minValues', structOf(...minValues)],
  );
  return parsedStats(data)(0);
}

describe('parsedStats', () => {
  it('writes what a commit would have had', () => {
    const text = parsedStats(
      structOf(
        ['numRecords', column([2n ** 53n + 1n], new Int64())],
        ['tightBounds', column([false], new Bool())],
        [
          'minValues',
          structOf(['a"b', column([1], new Int32())], ['s', column(['x\n'], new Utf8())]),
        ],
        [
          'maxValues',
          structOf(['a"b', column([2], new Int32())], ['s', column([null], new Utf8())]),
        ],
        ['nullCount', structOf(['a"b', column([0n], new Int64())])],
      ),
    )(0);
    expect(text).toBe(
      '{"numRecords":9007199254740993,"tightBounds":false,"minValues":{"a\\"b":1,"s":"x\\n"},' +
        '"maxValues":{"a\\"b":2},"nullCount":{"a\\"b":0}}',
    );
  });

  it('writes every type of bound so that it is read as the same value', () => {
    const decimal = makeData({
      type: new Decimal(2, 10, 128),
      length: 1,
      data: new Uint32Array([0xffffff85, 0xffffffff, 0xffffffff, 0xffffffff]),
    });
    const text = statsOf(
      ['d', column([Date.UTC(2020, 1, 29)], new DateDay())],
      [
        't',
        makeData({
          type: new TimestampMicrosecond('UTC'),
          length: 1,
          data: new BigInt64Array([1_500_000n]),
        }),
      ],
      ['f', column([0.1], new Float32())],
      ['g', column([Number.NaN], new Float64())],
      ['c', decimal],
      ['n', structOf(['i', column([7n], new Int64())])],
    );
    expect(text).toContain('"c":-1.23');
    const stats = parseFileStats(text, [
      { path: ['d'], type: 'date' },
      { path: ['f'], type: 'float' },
      { path: ['g'], type: 'double' },
      { path: ['c'], type: 'decimal(10,2)' },
      { path: ['n', 'i'], type: 'long' },
    ]);
    expect(stats?.numRecords).toBe(5);
    expect(stats?.min(['d'])).toBe(18_321);
    expect(stats?.min(['f'])).toBe(Math.fround(0.1));
    expect(stats?.min(['g'])).toBeNaN();
    expect(stats?.min(['c'])).toBe(-123n);
    expect(stats?.min(['n', 'i'])).toBe(7n);
  });

  it('reads the INT96 timestamps of Spark', () => {
    const bytes = new Uint8Array(12);
    const view = new DataView(bytes.buffer);
    view.setBigInt64(0, 1_000_000n, true);
    view.setInt32(8, 2_440_588 + 1, true);
    const int96 = makeData({ type: new FixedSizeBinary(12), length: 1, data: bytes });
    expect(statsOf(['t', int96])).toContain('"t":"1970-01-02T00:00:00.001');
  });

  it('gives nothing for a row without statistics', () => {
    const type = new Struct([new Field('numRecords', new Int64(), true)]);
    const children = [column([1n, null], new Int64())];
    const nulls = makeData({
      type,
      length: 2,
      nullCount: 1,
      nullBitmap: new Uint8Array([1]),
      children,
    });
    expect(parsedStats(nulls)(0)).toBe('{"numRecords":1}');
    expect(parsedStats(nulls)(1)).toBeUndefined();
  });
});
