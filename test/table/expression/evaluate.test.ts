import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bindPredicate } from '../../../src/table/expression/bind.js';
import {
  and,
  eq,
  gt,
  isIn,
  isNull,
  like,
  lt,
  not,
  or,
} from '../../../src/table/expression/builders.js';
import { evaluate, selectRows } from '../../../src/table/expression/evaluate.js';
import { predicateFromJson } from '../../../src/table/expression/json.js';
import type { Predicate } from '../../../src/table/expression/predicate-types.js';
import { batchOf, rows, schema, type TestRow } from './columns.js';
import { anyCase } from './reference.js';

const CODES = new Map([
  [false, 0],
  [null, 1],
  [true, 2],
]);

describe('evaluate', () => {
  it('answers as the reference does, for every type, null, slice and condition', () => {
    fc.assert(
      fc.property(rows(20), fc.nat(11), anyCase, (items, before, { predicate, expect: wanted }) => {
        const batch = batchOf(items, before);
        const outcomes = evaluate(bindPredicate(predicate, schema), batch);
        const expected = items.map((item) => CODES.get(wanted(item)));
        expect([...outcomes]).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('answers the same after a trip through JSON text', () => {
    fc.assert(
      fc.property(rows(8), anyCase, (items, { predicate }) => {
        const batch = batchOf(items, 3);
        const text = JSON.stringify(predicate);
        const again = predicateFromJson(JSON.parse(text));
        expect(JSON.stringify(again)).toBe(text);
        expect(evaluate(bindPredicate(again, schema), batch)).toEqual(
          evaluate(bindPredicate(predicate, schema), batch),
        );
      }),
      { numRuns: 500 },
    );
  });
});

const select = (predicate: Predicate, items: readonly Partial<TestRow>[]): number[] => [
  ...selectRows(bindPredicate(predicate, schema), batchOf(items as TestRow[], 5)),
];

describe('selectRows', () => {
  it('keeps a row only when the condition is true, not when it is unknown', () => {
    const items = [{ i: 1 }, { i: null }, { i: 3 }];
    expect(select(eq('i', 1), items)).toEqual([0]);
    expect(select(not(eq('i', 1)), items)).toEqual([2]);
    expect(select(or(eq('i', 1), isNull('i')), items)).toEqual([0, 1]);
  });

  it('takes a field as null where its struct is null, whatever stands below', () => {
    const items = [{ st: null }, { st: { x: null, y: null } }, { st: { x: -2147483648, y: null } }];
    expect(select(isNull(['st', 'x']), items)).toEqual([0, 1]);
    expect(select(isNull('st'), items)).toEqual([0]);
    expect(select(lt(['st', 'x'], 0), items)).toEqual([2]);
  });

  it('compares long and decimal columns with fractions exactly', () => {
    const items = [
      { l: 2n ** 53n + 1n, dec: 10n },
      { l: 1n, dec: 11n },
    ];
    expect(select(gt('l', 2 ** 53), items)).toEqual([0]);
    expect(select(gt('l', 1.5), items)).toEqual([0]);
    expect(select(eq('dec', 0.1), items)).toEqual([0]);
    expect(select(eq('dec', '0.11'), items)).toEqual([1]);
    expect(select(gt('dec', 0.105), items)).toEqual([1]);
  });

  it('does not take 0.1 for the float nearest to it', () => {
    const items = [{ f: Math.fround(0.1) }];
    expect(select(eq('f', 0.1), items)).toEqual([]);
    expect(select(eq('f', Math.fround(0.1)), items)).toEqual([0]);
  });

  it('has NaN equal itself and be above infinity, and both zeros equal', () => {
    const items = [{ d: Number.NaN }, { d: Infinity }, { d: -0 }];
    expect(select(eq('d', Number.NaN), items)).toEqual([0]);
    expect(select(gt('d', Infinity), items)).toEqual([0]);
    expect(select(isIn('d', [0, Number.NaN]), items)).toEqual([0, 2]);
    expect(select(lt('d', Number.NaN), items)).toEqual([1, 2]);
  });

  it('orders text by code point, not by UTF-16 unit', () => {
    const items = [{ s: '\uffff' }, { s: '\u{10000}' }];
    expect(select(gt('s', '\uffff'), items)).toEqual([1]);
  });

  it('refuses a batch that lacks the column as a mistake of our own', () => {
    const bound = bindPredicate(eq('i', 1), schema);
    const batch = batchOf([], 0).select(['b']);
    expect(() => evaluate(bound, batch)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('matches a hostile pattern in time that grows with the text only', () => {
    const items = [{ s: 'a'.repeat(100_000) }];
    const pattern = `${'%a'.repeat(200)}%b`;
    expect(select(and(like('s', pattern), like('s', '%a%')), items)).toEqual([]);
  });
});
