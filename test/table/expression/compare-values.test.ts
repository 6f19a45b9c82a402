import { describe, expect, it } from 'vitest';
import { bindPredicate } from '../../../src/table/expression/bind.js';
import { selectRows } from '../../../src/table/expression/evaluate.js';
import { mayMatch } from '../../../src/table/expression/prune.js';
import { predicateFromSql } from '../../../src/table/expression/sql/sql.js';
import { batchOf, schema, type TestRow } from './columns.js';

const select = (text: string, items: readonly Partial<TestRow>[]): number[] => [
  ...selectRows(bindPredicate(predicateFromSql(text), schema), batchOf(items as TestRow[], 5)),
];

describe('comparisons of expressions', () => {
  it.each<[string, readonly Partial<TestRow>[], readonly number[]]>([
    [
      'l > i',
      [
        { l: 2n ** 53n + 1n, i: 1 },
        { l: 1n, i: 1 },
        { l: null, i: 1 },
      ],
      [0],
    ],
    // A double cannot hold the long: only an exact comparison tells them apart.
    [
      'l > d',
      [
        { l: 2n ** 53n + 1n, d: 2 ** 53 },
        { l: 2n ** 53n, d: 2 ** 53 },
      ],
      [0],
    ],
    [
      'd >= l',
      [
        { l: 1n, d: Number.NaN },
        { l: 1n, d: -Infinity },
      ],
      [0],
    ],
    [
      'f = d',
      [
        { f: Number.NaN, d: Number.NaN },
        { f: 0, d: -0 },
        { f: Math.fround(0.1), d: 0.1 },
      ],
      [0, 1],
    ],
    [
      'dec = big',
      [
        { dec: 10n, big: 10n ** 9n },
        { dec: 10n, big: 10n ** 9n + 1n },
      ],
      [0],
    ],
    [
      'dec = d',
      [
        { dec: 10n, d: 0.1 },
        { dec: 11n, d: 0.1 },
      ],
      [0],
    ],
    [
      'd < big',
      [
        { big: 1n, d: 0 },
        { big: 1n, d: Number.NaN },
      ],
      [0],
    ],
    [
      'da = ts',
      [
        { da: 1, ts: 86_400_000_000n },
        { da: 1, ts: 86_400_000_001n },
      ],
      [0],
    ],
    [
      'ts < nz',
      [
        { ts: -1n, nz: 0n },
        { ts: 0n, nz: 0n },
      ],
      [0],
    ],
    [
      's = st.y.z',
      [
        { s: 'ä', st: { x: 1, y: { z: 'ä' } } },
        { s: 'ä', st: { x: 1, y: null } },
      ],
      [0],
    ],
    ['bin < bin', [{ bin: Uint8Array.of(1) }], []],
    [
      'i <=> sh',
      [
        { i: null, sh: null },
        { i: 1, sh: null },
        { i: 2, sh: 2 },
      ],
      [0, 2],
    ],
    [
      'i is distinct from sh',
      [
        { i: null, sh: null },
        { i: 1, sh: null },
        { i: 2, sh: 2 },
      ],
      [1],
    ],
    [
      'i in (sh, 5)',
      [
        { i: 1, sh: 1 },
        { i: 5, sh: null },
        { i: 6, sh: null },
      ],
      [0, 1],
    ],
    [
      'i between sh and b',
      [
        { i: 2, sh: 1, b: 3 },
        { i: 4, sh: 1, b: 3 },
      ],
      [0],
    ],
    ['v = i or i = 7', [{ i: 7 }, { i: 8 }], [0]],
    ["'5' = 5.0 and 1 < 2", [{ i: 1 }], [0]],
  ])('%s', (text, items, rows) => {
    expect(select(text, items)).toEqual(rows);
  });

  it.each<[string, readonly Partial<TestRow>[], readonly number[]]>([
    ['i % 3 = -1', [{ i: -4 }, { i: 4 }, { i: null }], [0]],
    ['l % 10 = 7', [{ l: 2n ** 63n - 1n }, { l: 7n }, { l: 8n }], [0, 1]],
    ['l % 4294967296 < 0', [{ l: -(2n ** 63n) + 1n }, { l: 1n }], [0]],
    ['dec % 0.3 = 0.1', [{ dec: 100n }, { dec: 90n }], [0]],
    ['d % 1.5D = 0.5D', [{ d: 2 }, { d: -2 }], [0]],
    ['i % 2 = 0.5', [{ i: 1 }], []],
    [
      'i % sh = 1',
      [
        { i: 4, sh: 3 },
        { i: 4, sh: 0 },
        { i: 4, sh: null },
      ],
      [0],
    ],
    [
      'not i % sh = 1',
      [
        { i: 5, sh: 3 },
        { i: 4, sh: 0 },
      ],
      [0],
    ],
    [
      '(i % sh) is null',
      [
        { i: 5, sh: 3 },
        { i: 4, sh: 0 },
        { i: null, sh: 1 },
      ],
      [1, 2],
    ],
    ['i % 7 % 2 = 1', [{ i: 10 }, { i: 9 }], [0]],
  ])('with a remainder: %s', (text, items, rows) => {
    expect(select(text, items)).toEqual(rows);
  });

  it.each<[string, readonly Partial<TestRow>[], readonly number[]]>([
    [
      "concat(s, '-', st.y.z) = 'ä-😀'",
      [{ s: 'ä', st: { x: 1, y: { z: '😀' } } }, { s: 'ä' }],
      [0],
    ],
    ["s || 'b' > 'aa'", [{ s: 'a' }, { s: '' }, { s: null }], [0, 1]],
    ["concat(s, 'x') is null", [{ s: 'a' }, { s: null }], [1]],
    ["repeat(s, 3) = 'ababab'", [{ s: 'ab' }, { s: 'abab' }], [0]],
    [
      "repeat(s, i) = ''",
      [
        { s: 'ab', i: -1 },
        { s: 'ab', i: 0 },
        { s: '', i: 9 },
        { s: 'ab', i: null },
      ],
      [0, 1, 2],
    ],
  ])('with made text: %s', (text, items, rows) => {
    expect(select(text, items)).toEqual(rows);
  });

  it('repeat a text to its last byte', () => {
    for (let times = 0; times < 9; times++) {
      const wanted = 'abc'.repeat(times);
      expect(select(`repeat(s, ${times}) = '${wanted}'`, [{ s: 'abc' }])).toEqual([0]);
    }
    expect(select("repeat(s, 349525) = 'x'", [{ s: 'abc' }])).toEqual([]);
  });

  it('make no text beyond a limit', () => {
    expect(() => select("repeat(s, 1000000) = 'a'", [{ s: 'ab' }])).toThrow(
      expect.objectContaining({ code: 'LIMIT', limit: 'MAX_MADE_TEXT_BYTES' }),
    );
  });

  it.each([
    ['s = i', /text is not compared with a number/],
    ['bo = i', /a boolean is not compared with a number/],
    ['ts < i', /a timestamp is not compared with a number/],
    ["i % 2 = 'x'", /a number is not compared with text/],
    ["concat(i, 'a') = 'x'", /concat takes text, and column i is a number/],
    ['s % 2 = 1', /% takes numbers, and column s is text/],
    ['repeat(s, l) = s', /repeat takes how often/],
    ['l % d = 1', /would be rounded/],
    ['st = st', /st is of type struct/],
  ])('of kinds that do not meet are refused: %s', (text, message) => {
    const attempt = (): unknown => bindPredicate(predicateFromSql(text), schema);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(attempt).toThrow(message);
  });

  it('rule out no file', () => {
    const bound = bindPredicate(predicateFromSql('i % 2 = 5 or null'), schema);
    expect(mayMatch(bound, { partition: () => undefined, stats: undefined })).toBe(true);
  });
});
