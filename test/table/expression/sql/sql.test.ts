import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../../../src/errors.js';
import { bindPredicate } from '../../../../src/table/expression/bind.js';
import { eq, gt, isIn } from '../../../../src/table/expression/builders.js';
import { evaluate } from '../../../../src/table/expression/evaluate.js';
import { predicateFromJson } from '../../../../src/table/expression/json.js';
import type { Predicate } from '../../../../src/table/expression/predicate-types.js';
import { predicateFromSql, sql } from '../../../../src/table/expression/sql/sql.js';
import { toSqlText } from '../../../../src/table/expression/sql-text.js';
import { batchOf, rows, schema } from '../columns.js';
import { anyCase } from '../reference.js';

const json = (predicate: Predicate): unknown => JSON.parse(JSON.stringify(predicate));
const value = (text: string): unknown =>
  (json(predicateFromSql(`c = ${text}`)) as { value: unknown }).value;

describe('constants', () => {
  it.each<[string, unknown]>([
    ['5', { long: '5' }],
    ['-9223372036854775808', { long: '-9223372036854775808' }],
    [
      '12345678901234567890123456789012345678901',
      { long: '12345678901234567890123456789012345678901' },
    ],
    ['1.50', { decimal: '1.50' }],
    ['.5', { decimal: '0.5' }],
    ['5.', { decimal: '5.0' }],
    ['- 1e-3', { decimal: '-1.0e-3' }],
    ['1.5BD', { decimal: '1.5' }],
    ['127Y', { long: '127' }],
    ['1.5D', 1.5],
    ['0.1F', Math.fround(0.1)],
    ["double('NaN')", { number: 'NaN' }],
    ["double(' -Infinity ')", { number: '-Infinity' }],
    ["DOUBLE('1.5d')", 1.5],
    ['float(0.1)', Math.fround(0.1)],
    ["float('1e39')", { number: 'Infinity' }],
    ['true', true],
    ["'a''b'", "a'b"],
    ['"a""b\'c"', 'a"b\'c'],
    [`'a' "b"\n'c'`, 'abc'],
    [String.raw`'it\'s\n\t\\ \u0041\101\U0001F600\q'`, "it's\n\t\\ AA😀q"],
    [String.raw`'100\%\_'`, String.raw`100\%\_`],
    [String.raw`r'a\n'`, String.raw`a\n`],
    ["'5'", { text: '5' }],
    ["'2024-01-31 x'", '2024-01-31 x'],
    ["'2024-01-31'", { text: '2024-01-31' }],
    ["date'2024-1-31'", { date: '2024-01-31' }],
    ["DATE '2024'", { date: '2024-01-01' }],
    ["timestamp'2024-01-31'", { zoneless: '2024-01-31T00:00:00.000000' }],
    ["timestamp'2024-01-31T01:02:03.000004+02:00'", { timestamp: '2024-01-30T23:02:03.000004Z' }],
    ["timestamp'2024-01-31 1:2 UTC'", { timestamp: '2024-01-31T01:02:00.000000Z' }],
    ["timestamp_ntz'2024-01-31 01:02:03'", { timestamp_ntz: '2024-01-31T01:02:03.000000' }],
    ["X'1FF'", { binary: 'Af8=' }],
    ["repeat('ab', 2)", 'abab'],
    ["repeat('ab', -2)", ''],
    ["concat('a', 1, true, date'2024-01-31')", 'a1true2024-01-31'],
    ["'a' || 'b' || concat()", 'ab'],
    ['-7 % 4', { long: '-3' }],
    ['mod(7, 4)', { long: '3' }],
    ['- - 5', { long: '5' }],
    ['+5', { long: '5' }],
  ])('%s', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });
});

describe('a long text', () => {
  it('may have more pieces than a call takes arguments', () => {
    const inner = Array.from({ length: 250_000 }, () => 'a').join(',');
    const predicate = predicateFromSql(`b = concat(concat(${inner}), 'x')`);
    expect((json(predicate) as { right: { parts: unknown[] } }).right.parts).toHaveLength(250_001);
  });
});

describe('conditions', () => {
  const a = { op: 'eq', column: 'a', value: { long: '1' } };
  const b = { op: 'eq', column: 'b', value: { long: '2' } };
  const isNull = { op: 'isNull', column: 'a' };
  it.each<[string, unknown]>([
    ['a == 1', a],
    ['1 = a', a],
    ['5 < a', { op: 'gt', column: 'a', value: { long: '5' } }],
    ['a <> 1', { ...a, op: 'ne' }],
    ['a != 1 -- comment', { ...a, op: 'ne' }],
    [
      '/* c */ a = 1 OR b = 2 And a = 1',
      { op: 'or', conditions: [a, { op: 'and', conditions: [b, a] }] },
    ],
    [
      '(a = 1 or b = 2) and a = 1',
      { op: 'and', conditions: [{ op: 'or', conditions: [a, b] }, a] },
    ],
    ['not a = 1 and b = 2', { op: 'and', conditions: [{ op: 'not', condition: a }, b] }],
    ['! (a = 1)', { op: 'not', condition: a }],
    ['flag', { op: 'eq', column: 'flag', value: true }],
    ['true', { op: 'everyRow' }],
    ['false', { op: 'not', condition: { op: 'everyRow' } }],
    ['null', { op: 'unknown' }],
    ['a = null', { op: 'unknown' }],
    ['a.`b.c`.d is null', { op: 'isNull', column: ['a', 'b.c', 'd'] }],
    ['`or` is not null', { op: 'not', condition: { op: 'isNull', column: 'or' } }],
    ['date = 1', { ...a, column: 'date' }],
    ['ünï_1 = 1', { ...a, column: 'ünï_1' }],
    ['a in (1, 2)', { op: 'isIn', column: 'a', values: [{ long: '1' }, { long: '2' }] }],
    [
      'a not in (1)',
      { op: 'not', condition: { op: 'isIn', column: 'a', values: [{ long: '1' }] } },
    ],
    [
      'a in (1, null)',
      {
        op: 'or',
        conditions: [{ op: 'isIn', column: 'a', values: [{ long: '1' }] }, { op: 'unknown' }],
      },
    ],
    ['a between 1 and 2', { op: 'between', column: 'a', low: { long: '1' }, high: { long: '2' } }],
    [
      'a between null and 2',
      {
        op: 'and',
        conditions: [{ op: 'unknown' }, { op: 'lte', column: 'a', value: { long: '2' } }],
      },
    ],
    ["a like 'x%'", { op: 'like', column: 'a', pattern: 'x%' }],
    [String.raw`a like '5\%\\\\'`, { op: 'like', column: 'a', pattern: String.raw`5\%\\` }],
    [
      String.raw`a like '/%\\_//' escape '/'`,
      { op: 'like', column: 'a', pattern: String.raw`\%\\_/` },
    ],
    ["startswith(a, '5')", { op: 'startsWith', column: 'a', prefix: '5' }],
    ['a <=> null', isNull],
    ['null <=> null', { op: 'everyRow' }],
    ['a is unknown', isNull],
    [
      'a % 2 = 1',
      {
        op: 'compare',
        comparison: 'eq',
        left: {
          op: 'remainder',
          left: { op: 'column', column: 'a' },
          right: { op: 'literal', value: { long: '2' } },
        },
        right: { op: 'literal', value: { long: '1' } },
      },
    ],
    [
      'a < b',
      {
        op: 'compare',
        comparison: 'lt',
        left: { op: 'column', column: 'a' },
        right: { op: 'column', column: 'b' },
      },
    ],
    ["concat(a, null) = 'x'", { op: 'unknown' }],
  ])('%s', (text, expected) => {
    const predicate = predicateFromSql(text);
    expect(json(predicate)).toEqual(expected);
    expect(json(predicateFromJson(json(predicate)))).toEqual(expected);
  });
});

describe('errors', () => {
  it.each<[string, number, RegExp]>([
    ['', 1, /ends/],
    ['a =', 4, /ends/],
    ['id >= and 1', 7, /^and stands/],
    ['a = 1 b', 7, /^b stands/],
    ["s = 'x", 5, /a string has no end/],
    ['`a', 1, /a name in backquotes has no end/],
    ['`` = 1', 1, /is empty/],
    ['a = 1 = 2', 7, /= stands/],
    ['a in ()', 7, /\) stands/],
    ['a in (1', 8, /ends/],
    ['a in 1', 6, /1 stands/],
    ['(a = 1', 7, /ends/],
    ['a = 1)', 6, /\) stands/],
    ['a + 1 = 2', 3, /operator \+/],
    ['-a = 2', 1, /sign/],
    ['f(a) = 1', 1, /function f is not known/],
    ['repeat(a) = 1', 1, /repeat takes 2 values/],
    ['5', 1, /a condition is expected/],
    ["concat(a, 'b')", 1, /a condition is expected/],
    ['(a = 1) = true', 2, /this is a condition/],
    ['a between 1', 12, /ends/],
    ['a is 5', 6, /5 stands/],
    ['a % 0 = 1', 5, /by zero/],
    ["a % 'x' = 1", 5, /takes numbers/],
    ["d = date'2020-02-30'", 9, /no date/],
    ["t = timestamp'2020-01-01 00:00:00 Europe/Oslo'", 14, /no timestamp/],
    ["t = timestamp'2020-01-01 00:00:00.1234567'", 14, /no timestamp/],
    ["t = timestamp_ntz'2020-01-01 00:00:00Z'", 18, /no timestamp without a zone/],
    ["b = X'GG'", 6, /hex/],
    ['a = 1x', 5, /letters follow a number/],
    ['a = 200Y', 5, /8 bits/],
    ['a = 1e400D', 5, /range/],
    ['a = 1e999', 5, /exponent/],
    [`a = ${'9'.repeat(401)}`, 5, /400/],
    ['a # b', 3, /"#" has no meaning/],
    ['a = /* b', 5, /comment has no end/],
    ["a like 'x\\\\y'", 8, /escape stands before/],
    ["a like 'x' escape 'ab'", 19, /stands/],
    ['a like b', 8, /stands/],
    [String.raw`a = '\ud83d'`, 5, /surrogate/],
    ['a. = 1', 4, /stands/],
    ["a = 'é😀' x", 10, /x stands/],
  ])('%s', (text, position, message) => {
    const attempt = (): unknown => predicateFromSql(text);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'where' }));
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(new RegExp(`at character ${position} of the condition\n`));
  });

  it('show the text around the place, with a caret under it', () => {
    const long = `${'a = 1 and '.repeat(20)}oops oops and ${'b = 2 and '.repeat(20)}c`;
    expect(() => predicateFromSql(long)).toThrow(
      / {2}(?=.{40})[^\n]* and oops oops and b[^\n]*\n {2} {50}\^\n/,
    );
  });

  it.each<[string, RegExp]>([
    ['true and nope = 1', /the table has no column "nope".*at character 10 /],
    ['true and i = true', /column i is of type integer.*at character 10 /],
    ["true and 'x' = i", /column i is of type integer.*at character 16 /],
    ["i % 2 = 'x'", /a number is not compared with text.*at character 1 /],
    ['l % d = 1', /floating number beside a long.*at character 1 /],
    ["ts = '2024-01-31 25:00'", /column ts is of type timestamp.*at character 1 /],
  ])('of binding point into the text too: %s', (text, message) => {
    const attempt = (): unknown => bindPredicate(predicateFromSql(text), schema);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(attempt).toThrow(message);
  });

  it.each([
    ['MAX_PREDICATE_DEPTH', '('.repeat(100_000)],
    ['MAX_PREDICATE_DEPTH', 'not '.repeat(100_000)],
    ['MAX_PREDICATE_DEPTH', `a = ${'- '.repeat(100_000)}1`],
    ['MAX_PREDICATE_DEPTH', `a${' % 5'.repeat(10_000)} = 1`],
    ['MAX_PREDICATE_DEPTH', `a = ${'concat('.repeat(10_000)}`],
    ['MAX_PREDICATE_DEPTH', `a${'.a'.repeat(10_000)} = 1`],
    ['MAX_SQL_CHARACTERS', ' '.repeat(1_048_577)],
    ['MAX_MADE_TEXT_BYTES', "a = repeat('a', 1000000000000)"],
    ['MAX_MADE_TEXT_BYTES', "a = repeat(repeat('a', 1000), 1000000)"],
    ['MAX_PATTERN_CHARACTERS', "a like repeat('%a', 1000)"],
  ])('beyond %s', (limit, text) => {
    expect(() => predicateFromSql(text)).toThrow(expect.objectContaining({ code: 'LIMIT', limit }));
  });

  it('for anything but text', () => {
    expect(() => predicateFromSql(undefined as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

/** Pieces that make texts nearly conditions. */
const PIECES = [
  'a',
  '`b`',
  '.',
  '(',
  ')',
  ',',
  '=',
  '<=>',
  '<',
  '>=',
  '%',
  '||',
  '-',
  '+',
  '*',
  '!',
  'and',
  'or',
  'not',
  'in',
  'between',
  'like',
  'escape',
  'is',
  'null',
  'true',
  'distinct',
  'from',
  '1',
  '1.5',
  '1e3',
  "'x'",
  "'%'",
  "date'2020-01-01'",
  "timestamp'",
  "'",
  '"',
  '`',
  '--',
  '/*',
  '*/',
  '\\',
  'concat(',
  "repeat('a', 3)",
  'mod(',
  'double(',
  '\u{1f600}',
  '\ud800',
  '\0',
  '\n',
  ' ',
];

describe('any text', () => {
  const outcome = (text: string): string => {
    try {
      predicateFromSql(text);
      return 'a condition';
    } catch (error) {
      if (!isVarveError(error)) throw error;
      if (error.code === 'INVALID_ARGUMENT') {
        expect(error.message).toMatch(/at character \d+ of the condition\n/);
      }
      return error.code;
    }
  };
  const outcomes = expect.stringMatching(/^(?:a condition|INVALID_ARGUMENT|LIMIT)$/);

  it('is a condition, or refused with a position', () => {
    const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 30 });
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.tuple(pieces, fc.constantFrom('', ' ')).map(([parts, between]) => parts.join(between)),
    );
    fc.assert(
      fc.property(text, (sample) => {
        expect(outcome(sample)).toEqual(outcomes);
      }),
      {
        numRuns: 5000,
        seed: 20_260_101,
      },
    );
  });

  it('that is a condition is answered in every row, or refused when it meets the table', () => {
    const names = [...schema.fields.map(({ name }) => name), 'st.x', 'st.y.z', 'st.y'];
    const constants = ['0', '2', '-1.5', '1e20', "'5'", "'a'", 'null', 'true', "date'2024-01-31'"];
    const more = ["timestamp'2024-01-31'", "double('NaN')", "X'01'", '99999999999999999999.5'];
    const { operand } = fc.letrec<{ operand: string }>((tie) => ({
      operand: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom(...names, ...constants, ...more),
        fc.tuple(tie('operand'), tie('operand')).map(([a, b]) => `${a} % (${b})`),
        fc.tuple(tie('operand'), tie('operand')).map(([a, b]) => `concat(${a}, ${b})`),
        fc.tuple(tie('operand'), tie('operand')).map(([a, b]) => `repeat(${a}, ${b})`),
      ),
    }));
    const test = fc.constantFrom('=', '<=>', '<', '>=', 'is distinct from');
    const condition = fc.oneof(
      fc.tuple(operand, test, operand).map((parts) => parts.join(' ')),
      fc.tuple(operand, operand, operand).map(([a, b, c]) => `${a} between ${b} and ${c}`),
      fc.tuple(operand, operand, operand).map(([a, b, c]) => `${a} in (${b}, ${c})`),
      operand.map((a) => `(${a}) is null`),
    );
    fc.assert(
      fc.property(rows(3), condition, (items, text) => {
        try {
          const bound = bindPredicate(predicateFromSql(text), schema);
          expect(evaluate(bound, batchOf(items, 1))).toHaveLength(items.length);
        } catch (error) {
          if (!isVarveError(error, 'INVALID_ARGUMENT', 'LIMIT')) throw error;
        }
      }),
      { numRuns: 5000, seed: 20_260_101 },
    );
  });

  it('that is cut off anywhere is so too', () => {
    const whole = [
      "(a.`b``c` % 3 <=> -1.5e3 or not startswith(s, 'it\\'s')) and d not in (double('NaN'), null)",
      "and t between timestamp'2024-01-31' and timestamp_ntz '2024-02-01 01:02:03' /* c */",
      "and s like 'a/%' escape '/' and x is not distinct from y || repeat('z', 3) and f != \"x\" 'y'",
    ].join(' ');
    const cut = Array.from({ length: whole.length }, (_, at) => outcome(whole.slice(0, at)));
    for (const one of cut) expect(one).toEqual(outcomes);
    expect(cut.filter((one) => one === 'INVALID_ARGUMENT').length).toBeGreaterThan(200);
  });

  it.each([
    ['quotes', "'".repeat(200_001)],
    ['backquotes', '`'.repeat(200_001)],
    ['comments', '/*'.repeat(200_000)],
    ['open comments', '/* */'.repeat(100_000)],
    ['a list', `a in (${'1, '.repeat(200_000)}1)`],
    ['conjunctions', `${'a = 1 and '.repeat(50_000)}a = 1`],
    ['strings side by side', `a = ${"'a' ".repeat(100_000)}`],
    ['digits', `a = ${'1'.repeat(500_000)}`],
    ['a name', 'a'.repeat(500_000)],
    ['backslashes', `a = '${'\\'.repeat(500_001)}`],
  ])('is read in time that grows with its length only: %s', (_what, text) => {
    const start = performance.now();
    expect(outcome(text)).toEqual(outcomes);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('sql``', () => {
  it('takes values that stay values', () => {
    const hostile = "x' or true --";
    expect(json(sql`s = ${hostile} and i = ${5n}`)).toEqual(
      json(predicateFromSql(`s = 'x'' or true --' and i = 5`)),
    );
    expect(json(sql`s = ${'5'}`)).toEqual(json(eq('s', '5')));
    expect(json(sql`i in ${[1, 2]}`)).toEqual(json(isIn('i', [1, 2])));
    expect(json(sql`i in (${1}, ${2})`)).toEqual(json(isIn('i', [1, 2])));
    expect(json(sql`i in ${[]}`)).toEqual(json(isIn('i', [])));
    expect(json(sql`t > ${new Date(0)}`)).toEqual(json(gt('t', new Date(0))));
    expect(json(sql`\`odd name\` = ${true}`)).toEqual(json(eq('odd name', true)));
  });

  it('takes conditions', () => {
    const inner = sql`a = ${1} or b = ${2}`;
    expect(json(sql`${inner} and not ${eq('c', 3)}`)).toEqual(
      json(sql`(a = ${1} or b = ${2}) and not c = ${3}`),
    );
  });

  it.each<[() => Predicate, RegExp]>([
    [() => sql`s = '${'x'}'`, /within quotes/],
    [() => sql`\`${'x'}\` = 1`, /within quotes/],
    [() => sql`a = 1 -- ${'x'}`, /within quotes or a comment/],
    [() => sql`a = ${null as never}`, /null, which nothing equals.*character 5/],
    [() => sql`a = ${undefined as never}`, /the parameter is undefined.*character 5/],
    [() => sql`a = ${{} as never}`, /of a kind that no column/],
    [() => sql`a = ${[1]}`, /an array is a value only after IN/],
    [() => sql`${eq('a', 1)} = ${1}`, /this is a condition/],
    [() => sql`${'a'} = ${1} ${2}`, /\$\{3\} stands where/],
    [() => sql('a = 1' as never), /predicateFromSql takes a text/],
    [() => sql`a = '\u{zz}'`, /escape that JavaScript does not know/],
  ])('refuses a parameter that is none: %#', (make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(make).toThrow(message);
  });
});

it('reads what toSqlText writes as the same condition', () => {
  fc.assert(
    fc.property(rows(8), anyCase, (items, { predicate }) => {
      const batch = batchOf(items, 3);
      const again = predicateFromSql(toSqlText(predicate));
      expect(evaluate(bindPredicate(again, schema), batch)).toEqual(
        evaluate(bindPredicate(predicate, schema), batch),
      );
    }),
    { numRuns: 1000 },
  );
});
