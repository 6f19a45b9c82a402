import { describe, expect, it } from 'vitest';
import {
  and,
  between,
  eq,
  everyRow,
  gt,
  isIn,
  isNull,
  like,
  lt,
  ne,
  not,
  or,
  startsWith,
} from '../../../src/table/expression/builders.js';
import { predicateFromJson } from '../../../src/table/expression/json.js';
import type { Predicate } from '../../../src/table/expression/predicate-types.js';
import { timestamp } from '../../../src/table/row/timestamp.js';

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
const nothing = undefined as never;

describe('conditions', () => {
  it.each<[string, () => unknown]>([
    ['undefined value', () => eq('a', nothing)],
    ['null value', () => eq('a', null as never)],
    ['undefined column', () => eq(nothing, 1)],
    ['empty column', () => eq('', 1)],
    ['empty path', () => isNull([] as never)],
    ['undefined in a path', () => isNull(['a', nothing])],
    ['undefined in a list', () => isIn('a', [1, nothing])],
    ['hole in a list', () => isIn('a', Array.from<never>({ length: 2 }))],
    ['undefined list', () => isIn('a', nothing)],
    ['text for a list', () => isIn('a', 'abc' as never)],
    ['undefined end of a range', () => between('a', 1, nothing)],
    ['undefined pattern', () => like('a', nothing)],
    ['undefined prefix', () => startsWith('a', nothing)],
    ['undefined condition of and', () => and(eq('a', 1), nothing)],
    ['undefined condition of or', () => or(nothing)],
    ['undefined condition of not', () => not(nothing)],
    ['something else as a condition', () => not({ toJSON: () => ({}) } as never)],
    ['and of nothing', () => and()],
    ['or of nothing', () => or()],
    ['invalid Date', () => eq('a', new Date(Number.NaN))],
    ['Date with wild micros', () => eq('a', Object.assign(new Date(0), { micros: 1000 }))],
    ['object value', () => eq('a', {} as never)],
    ['function value', () => eq('a', (() => 1) as never)],
    ['half a surrogate pair', () => eq('a', '\ud800')],
    ['dangling backslash', () => like('a', 'x\\')],
    ['backslash before a letter', () => like('a', '\\x')],
  ])('refuse %s at once', (_what, make) => {
    expect(make).toThrow(invalid);
  });

  it('say what to use instead of null', () => {
    expect(() => eq('a', null as never)).toThrow(/isNull/);
  });

  it('are frozen through and through, and keep what they were made of', () => {
    const bytes = Uint8Array.of(1);
    const date = new Date(0);
    const values = [1, 2];
    const path = ['s', 'b'] as [string, string];
    const made = and(eq('x', bytes), eq('t', date), isIn('i', values), not(isNull(path)));
    const before = JSON.stringify(made);
    bytes[0] = 2;
    date.setTime(1);
    values.push(3);
    path[1] = 'c';
    expect(JSON.stringify(made)).toBe(before);
    expect(Object.isFrozen(made)).toBe(true);
  });

  it('nest to a stated depth, and however long in one bracket', () => {
    let deep: Predicate<{ a: number }> = eq('a', 1);
    expect(() => {
      for (let i = 0; i < 1000; i++) deep = not(deep);
    }).toThrow(expect.objectContaining({ code: 'LIMIT', limit: 'MAX_PREDICATE_DEPTH' }));
    let chain: Predicate = eq('a', 0);
    for (let i = 1; i < 1000; i++) chain = or(chain, eq('a', i));
    expect((chain.toJSON() as { readonly conditions?: unknown }).conditions).toHaveLength(1000);
  });
});

describe('JSON', () => {
  it('says every condition without loss', () => {
    const made = and(
      eq('a', 'x'),
      ne(['s', 'b.c'], 2n ** 63n),
      gt('t', timestamp(1_700_000_000_123_456n)),
      lt('d', Number.NaN),
      isIn('z', [-0, 1.5, -Infinity]),
      between('b', Uint8Array.of(0, 255), Uint8Array.of(255, 255)),
      or(like('p', '%\\%_'), startsWith('p', 'q')),
      not(isNull('n')),
      eq('ok', true),
      everyRow,
    );
    const text = JSON.stringify(made);
    expect(JSON.parse(text)).toEqual({
      op: 'and',
      conditions: [
        { op: 'eq', column: 'a', value: 'x' },
        { op: 'ne', column: ['s', 'b.c'], value: { long: '9223372036854775808' } },
        { op: 'gt', column: 't', value: { timestamp: '2023-11-14T22:13:20.123456Z' } },
        { op: 'lt', column: 'd', value: { number: 'NaN' } },
        { op: 'isIn', column: 'z', values: [{ number: '-0' }, 1.5, { number: '-Infinity' }] },
        { op: 'between', column: 'b', low: { binary: 'AP8=' }, high: { binary: '//8=' } },
        {
          op: 'or',
          conditions: [
            { op: 'like', column: 'p', pattern: '%\\%_' },
            { op: 'startsWith', column: 'p', prefix: 'q' },
          ],
        },
        { op: 'not', condition: { op: 'isNull', column: 'n' } },
        { op: 'eq', column: 'ok', value: true },
        { op: 'everyRow' },
      ],
    });
    expect(JSON.stringify(predicateFromJson(JSON.parse(text)))).toBe(text);
  });

  it.each<unknown>([
    undefined,
    null,
    'everyRow',
    [],
    {},
    { op: 'EQ', column: 'a', value: 1 },
    { op: 'unknown', value: 1 },
    { op: 'compare', left: { op: 'column', column: 'a' }, right: { op: 'column', column: 'b' } },
    { op: 'compare', comparison: 'like', left: { op: 'column', column: 'a' }, right: {} },
    { op: 'compare', comparison: 'eq', left: { op: 'column', column: 'a' }, right: { op: 'sum' } },
    { op: 'compare', comparison: 'eq', left: 'a', right: { op: 'literal', value: 1 } },
    { op: 'compare', comparison: 'eq', left: { op: 'concat' }, right: { op: 'literal', value: 1 } },
    { op: 'eq', column: 'a', value: { decimal: '1.x' } },
    { op: 'eq', column: 'a', value: { date: '2024-02-30' } },
    { op: 'eq', column: 'a', value: { timestamp_ntz: '2024-01-31T00:00:00Z' } },
    { op: 'eq', column: 'a', value: { text: '\ud800' } },
    { op: 'eq', column: 'a' },
    { op: 'eq', column: 'a', value: null },
    { op: 'eq', column: 'a', value: {} },
    { op: 'eq', column: 'a', value: { long: 1 } },
    { op: 'eq', column: 'a', value: { long: '1.5' } },
    { op: 'eq', column: 'a', value: { long: '1', number: '1' } },
    { op: 'eq', column: 'a', value: { binary: '@@==' } },
    { op: 'eq', column: 'a', value: { timestamp: '2024-01-01T00:00:00' } },
    { op: 'eq', column: 'a', value: 1, not: true },
    { op: 'eq', column: 3, value: 1 },
    { op: 'isIn', column: 'a', values: {} },
    { op: 'and', conditions: [] },
    { op: 'or', conditions: {} },
    { op: 'not', condition: undefined },
    { op: 'like', column: 'a', pattern: '\\' },
    { op: 'everyRow', column: 'a' },
    { op: 'sql', text: '1 = 1' },
  ])('refuses %j', (json) => {
    expect(() => predicateFromJson(json)).toThrow(invalid);
  });

  it('refuses nesting without an end before it runs out of stack', () => {
    let json: object = { op: 'everyRow' };
    for (let i = 0; i < 100_000; i++) json = { op: 'not', condition: json };
    expect(() => predicateFromJson(json)).toThrow(expect.objectContaining({ code: 'LIMIT' }));
  });
});
