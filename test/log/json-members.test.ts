import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonMembers } from '../../src/log/json-members.js';

const PATHS = [['n'], ['min', 'a'], ['min', 's', '__proto__'], ['ä']] as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The texts of the members as the scanner finds them; undefined when it does not take the text. */
function found(
  text: string,
  members: JsonMembers = new JsonMembers(PATHS),
): readonly (string | undefined)[] | undefined {
  // In the middle of other texts, as in a column.
  const bytes = encoder.encode(`{"n":7}${text}{"n":8,"min":{"a":1}}"`);
  const end = 7 + encoder.encode(text).length;
  if (!members.scan(bytes, 7, end)) return undefined;
  return PATHS.map((_, at) => {
    const start = members.starts[at] ?? -1;
    return start < 0 ? undefined : decoder.decode(bytes.subarray(start, members.ends[at]));
  });
}

function memberOf(json: unknown, path: readonly string[]): unknown {
  let value = json;
  for (const name of path) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    value =
      isObject && Object.hasOwn(value as object, name)
        ? (value as Record<string, unknown>)[name]
        : undefined;
  }
  return value;
}

const names = fc.constantFrom('n', 'min', 'a', 's', '__proto__', 'ä', 'b', 'numRecords');
const leaf = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.constant(null),
);
const json: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { weight: 3, arbitrary: leaf.map((value) => JSON.stringify(value)) },
    fc.array(tie('value'), { maxLength: 2 }).map((items) => `[ ${items.join(', ')} ]`),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(names, tie('value'), fc.constantFrom('', ' ', '\n\t')), { maxLength: 5 })
    .map(
      (members) =>
        `{${members.map(([name, value, gap]) => `${gap}"${name}"${gap}:${value}${gap}`).join(',')}}`,
    ),
})).object;

/** Texts of the same shape, or nearly. */
function variants(text: string): readonly string[] {
  return [
    text,
    text.replace(/[1-9]\d*/g, (digits) => `${digits}7`),
    text.replace(/:\s*-?\d[\d.e+-]*/g, ': "\\u00e4"'),
    text.replace(/:\s*(?:null|true|false)/g, ':[5]'),
    text,
  ];
}

describe('JsonMembers', () => {
  it('finds what JSON.parse finds, in every text it takes', () => {
    let taken = 0;
    fc.assert(
      fc.property(json, (text) => {
        // One after the other by one scanner, which compares each with the one before.
        const scanner = new JsonMembers(PATHS);
        for (const each of variants(text)) {
          const members = found(each, scanner);
          if (members === undefined) continue;
          taken++;
          const parsed: unknown = JSON.parse(each);
          for (const [at, path] of PATHS.entries()) {
            const member = members[at];
            const value = member === undefined ? undefined : (JSON.parse(member) as unknown);
            expect(value).toEqual(memberOf(parsed, path));
          }
        }
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(10_000);
  });

  it('takes no text that JSON.parse refuses', () => {
    const damage = fc.tuple(json, fc.nat(), fc.nat({ max: 2 }), fc.string({ maxLength: 2 }));
    fc.assert(
      fc.property(damage, ([text, place, length, more]) => {
        const at = place % (text.length + 1);
        const damaged = text.slice(0, at) + more + text.slice(at + length);
        const scanner = new JsonMembers(PATHS);
        for (const each of [text, damaged]) {
          if (found(each, scanner) !== undefined) JSON.parse(each);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    '',
    '{',
    '[1]',
    'null',
    '{"n":NaN}',
    '{"n":01}',
    '{"n":1.}',
    '{"n":1e}',
    '{"n":-}',
    '{"n":tru}',
    '{"n":1,}',
    '{"n" 1}',
    '{n:1}',
    '{"n":1}}',
    '{"n":"\\x"}',
    '{"n":"\\u12g4"}',
    '{"n":"\n"}',
    '{"n":[1,]}',
    '{"n":{"a":1,}}',
    '{"n":1} 2',
  ])('does not take %j', (text) => {
    expect(found(text)).toBeUndefined();
  });

  it.each([
    ['a wanted name twice', '{"n":1,"n":2}'],
    ['a wanted object twice', '{"min":{"a":1},"min":{}}'],
    ['an escape in a name', '{"\\u006e":1}'],
    ['values nested deeply', `{"b":${'['.repeat(50)}${']'.repeat(50)}}`],
  ])('leaves %s to the parser', (_, text) => {
    JSON.parse(text);
    expect(found(text)).toBeUndefined();
  });

  it('tells texts that are the bytes between their quotes', () => {
    const members = new JsonMembers([['a'], ['b'], ['c'], ['d']]);
    const bytes = encoder.encode('{"a":"x y","b":"ä","c":"\\n","d":1}');
    expect(members.scan(bytes, 0, bytes.length)).toBe(true);
    expect([...members.isPlainText]).toEqual([1, 0, 0, 0]);
  });
});
