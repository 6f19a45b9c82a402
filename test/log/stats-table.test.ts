import type { Data } from 'apache-arrow';
import { Bool, Field, Int32, Int64, makeData, Struct, Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextColumn } from '../../src/log/arrow-column.js';
import { buildColumn } from '../../src/log/build-column.js';
import { ActionColumns, type FileColumns } from '../../src/log/file-list.js';
import { parseFileStats, type WantedColumn } from '../../src/log/file-stats.js';
import type { PrimitiveName } from '../../src/log/schema/types.js';
import type { BoundValue } from '../../src/log/stat-bounds.js';
import { KEPT_STATS_COLUMNS, statsTable } from '../../src/log/stats-table.js';
import { Utf8Text } from '../../src/log/utf8-text.js';
import { addFile } from './log-fixture.js';

/** Files with these statistics: as commits have them, and as a checkpoint's column has them. */
function inCommits(texts: readonly (string | undefined)[]): FileColumns {
  return new ActionColumns(texts.map((stats, at) => addFile(`f${at}`, { stats })));
}
function inCheckpoint(texts: readonly (string | undefined)[]): FileColumns {
  const statsTexts = new TextColumn(buildColumn(new Utf8(), texts));
  return Object.assign(inCommits(texts), { statsTexts });
}
function inStruct(statsStruct: Data): FileColumns {
  const texts = Array.from({ length: statsStruct.length }, () => undefined);
  return Object.assign(inCommits(texts), { statsStruct });
}

/** Numbers and bigints of one value alike, texts as strings; that a bound is NaN is not kept, for it says nothing. */
function shown(value: BoundValue | undefined): string | undefined {
  if (value === undefined || Number.isNaN(value)) return undefined;
  return value instanceof Utf8Text || !Object.is(value, -0) ? String(value) : '0';
}

function read(files: FileColumns, row: number, column: WantedColumn): readonly unknown[] {
  const table = statsTable(files);
  const [stats] = table.columns([column]);
  const nulls = stats?.nullCounts[row] ?? -1;
  const records = table.numRecords[row] ?? Number.NaN;
  return [
    Number.isNaN(records) ? undefined : records,
    table.hasTightBounds(row),
    shown(stats?.min.at(row)),
    shown(stats?.max.at(row)),
    nulls < 0 ? undefined : nulls,
  ];
}

function parsed(text: string | undefined, column: WantedColumn): readonly unknown[] {
  const stats = parseFileStats(text, [column]);
  return [
    stats?.numRecords,
    stats?.tightBounds ?? true,
    shown(stats?.min(column.path)),
    shown(stats?.max(column.path)),
    smallCount(stats?.nullCount(column.path)),
  ];
}

/** Counts that 32 bits do not hold are not kept. */
function smallCount(count: number | undefined): number | undefined {
  return count !== undefined && count > 2 ** 31 - 1 ? undefined : count;
}

const BOUNDS: Readonly<Record<string, readonly string[]>> = {
  long: ['0', '-0', '12', '-9007199254740993', '9223372036854775807', '1.0', '1e3', '2.5', '"7"'],
  integer: ['0', '-5', '2147483647', '1.0', '1.5', 'null', 'true', '{}', '[1]'],
  double: ['0.1', '-0.0', '1e300', '123456789012345.6', '0.30000000000000004', '5', '"NaN"'],
  float: ['0.1', '3.4028235E38', '"-Infinity"', '"x"', '16777217'],
  'decimal(10,2)': ['1', '1.5', '-0.05', '12345678.90', '123456789.01', '0.001', '"3.25"', '1e2'],
  'decimal(38,10)': ['1.5', '-7', '0', '100000.0000000001'],
  date: ['"2024-02-29"', '"2023-02-29"', '"1969-12-31"', '"0001-01-01"', '"+10000-01-01"', '5'],
  timestamp: [
    '"2024-01-01T00:00:00.123Z"',
    '"2024-01-01T00:00:00Z"',
    '"1969-12-31T23:59:59.999Z"',
    '"2024-01-01T00:00:00.123456Z"',
    '"2024-01-01T12:00:00.123+02:00"',
    '"9999-12-31T23:59:59.999Z"',
    '"2024-01-01T24:00:00.000Z"',
    '"2024-01-01T00:00:00.1234567Z"',
    '"2024-01-01"',
  ],
  timestamp_ntz: ['"2024-01-01T00:00:00.123"', '"2024-01-01"', '"2024-01-01T00:00:00.5Z"'],
  string: ['"abc"', '""', '"ä"', '"\\n"', '"\\ud800"', '"cut \ufffd"', '1', '"__proto__"'],
  boolean: ['true'],
  binary: ['"00"'],
};

describe('StatsTable', () => {
  it('reads what the parser reads, of every type, spelling and writer', () => {
    const column = fc.constantFrom(...Object.keys(BOUNDS)).chain((type) => {
      const bound = fc.constantFrom(...(BOUNDS[type] ?? []));
      const path = fc.constantFrom<readonly string[]>(['c'], ['s', 'c'], ['__proto__'], ['ä', '"']);
      const text = fc
        .record({
          path,
          min: bound,
          max: bound,
          nulls: fc.constantFrom('0', '3', '-1', '1.5', '"1"', '4294967296'),
          records: fc.constantFrom('3', '0', '-1', 'null', '1e3'),
          rest: fc.constantFrom('', ',"tightBounds":false', ',"x":NaN', ',"numRecords":1', '}'),
        })
        .map(({ path: at, min, max, nulls, records, rest }) => {
          const tree = (value: string): string =>
            at.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner},"o":1}`, value);
          const text = `{"numRecords":${records},"minValues":${tree(min)},"maxValues":${tree(max)}`;
          return { at, text: `${text},"nullCount":${tree(nulls)}${rest}}` };
        });
      return fc.record({ type: fc.constant(type as PrimitiveName), texts: fc.array(text) });
    });
    fc.assert(
      fc.property(column, ({ type, texts }) => {
        const all = [undefined, ...texts.map(({ text }) => text)];
        for (const files of [inCommits(all), inCheckpoint(all)]) {
          for (const [row, text] of all.entries()) {
            const wanted = { path: texts[row - 1]?.at ?? ['c'], type };
            expect(read(files, row, wanted)).toEqual(parsed(text, wanted));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps long bounds that no double holds', () => {
    const text = '{"minValues":{"c":-9007199254740993},"maxValues":{"c":9223372036854775807}}';
    const [stats] = statsTable(inCheckpoint([text])).columns([{ path: ['c'], type: 'long' }]);
    expect(stats?.min.at(0)).toBe(-9007199254740993n);
    expect(stats?.max.at(0)).toBe(9223372036854775807n);
  });

  it('moves a decimal that no double holds outwards, by less than writers round', () => {
    const digits = '1234567890123456789.1234567891';
    const text = `{"minValues":{"c":-${digits}},"maxValues":{"c":${digits}}}`;
    const column: WantedColumn = { path: ['c'], type: 'decimal(38,10)' };
    const [stats] = statsTable(inCheckpoint([text])).columns([column]);
    const exact = BigInt(digits.replace('.', ''));
    const max = BigInt(Number(stats?.max.at(0)));
    expect(max > exact && max < exact + (exact >> 48n)).toBe(true);
    expect(Number(stats?.min.at(0))).toBe(-Number(max));
  });

  it('takes no statistics of a column twice, and those of a few columns only', () => {
    const files = inCheckpoint(['{"minValues":{"c":1}}']);
    const column = (at: number): WantedColumn => ({ path: [`c${at}`], type: 'long' });
    const [first] = statsTable(files).columns([column(0)]);
    expect(statsTable(files).columns([column(0)])[0]).toBe(first);
    for (let at = 1; at < KEPT_STATS_COLUMNS; at++) statsTable(files).columns([column(at)]);
    expect(statsTable(files).columns([column(0)])[0]).toBe(first);
    for (let at = 1; at <= KEPT_STATS_COLUMNS; at++) statsTable(files).columns([column(at)]);
    expect(statsTable(files).columns([column(0)])[0]).not.toBe(first);
  });

  it('reads a struct without its text, minding the nulls of every struct around a value', () => {
    const one = (type: Int32 | Int64 | Utf8 | Bool, values: readonly unknown[]): Data =>
      buildColumn(type, values);
    const struct = (fields: Readonly<Record<string, Data>>, valid: readonly boolean[]): Data =>
      makeData({
        type: new Struct(Object.entries(fields).map(([k, v]) => new Field(k, v.type, true))),
        length: valid.length,
        nullCount: valid.filter((is) => !is).length,
        nullBitmap: Uint8Array.of(valid.reduce((bits, is, at) => bits | (is ? 1 << at : 0), 0)),
        children: Object.values(fields),
      }) as Data;
    const data = struct(
      {
        numRecords: one(new Int64(), [1n, 2n, 3n]),
        tightBounds: one(new Bool(), [true, false, true]),
        minValues: struct({ i: one(new Int32(), [1, 2, 3]), s: one(new Utf8(), ['a', 'ä', 'c']) }, [
          true,
          true,
          false,
        ]),
        nullCount: struct({ i: one(new Int64(), [0n, 1n, 2n]) }, [true, true, true]),
      },
      [false, true, true],
    );
    const files = inStruct(data);
    const integer: WantedColumn = { path: ['i'], type: 'integer' };
    const rows = [0, 1, 2].map((row) => read(files, row, integer));
    expect(rows).toEqual([
      [undefined, true, undefined, undefined, undefined],
      [2, false, '2', undefined, 1],
      [3, true, undefined, undefined, 2],
    ]);
    const text: WantedColumn = { path: ['s'], type: 'string' };
    expect([0, 1, 2].map((row) => read(files, row, text)[2])).toEqual([undefined, 'ä', undefined]);
    // The column was widened since: the bound is one of the older type.
    const widened: WantedColumn = { path: ['i'], type: 'decimal(12,2)' };
    expect(read(files, 1, widened)[2]).toBe('200');
  });
});
