import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../src/errors.js';
import {
  formatJson,
  type Json,
  JsonNumber,
  MAX_JSON_DEPTH,
  parseJson,
} from '../../src/log/json.js';

describe('parseJson', () => {
  it.each<[string, Json]>([
    ['0', 0],
    ['-0', -0],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9223372036854775808', -9223372036854775808n],
    ['170141183460469231731687303715884105727', 170141183460469231731687303715884105727n],
    ['1.5', 1.5],
    ['1.0', new JsonNumber('1.0')],
    ['1e2', new JsonNumber('1e2')],
    ['1e+21', 1e21],
    ['0.1', 0.1],
    ['0.0000001', new JsonNumber('0.0000001')],
    ['1e-7', 1e-7],
    ['0.10000000000000001', new JsonNumber('0.10000000000000001')],
    ['1.230000000000000000', new JsonNumber('1.230000000000000000')],
    ['123456789012.1234', 123456789012.1234],
    ['12345678901234567890.5', new JsonNumber('12345678901234567890.5')],
    ['4.9E-324', new JsonNumber('4.9E-324')],
    ['"2020-01-01T00:00:00.000Z"', '2020-01-01T00:00:00.000Z'],
    ['"\\u0041\\ud83d\\ude00\\n"', 'A😀\n'],
    [' [ true , false , null ] ', [true, false, null]],
  ])('reads %s exactly, alone and inside', (text, expected) => {
    expect(parseJson(text)).toEqual(expected);
    expect(parseJson(`{"a":[1,${text}]}`)).toEqual({ a: [1, expected] });
  });

  it('keeps __proto__ and constructor as plain names', () => {
    for (const text of ['{"__proto__":{"x":1},"n":1}', '{"__proto__":{"x":1},"n":1.0}']) {
      const value = parseJson(text) as Record<string, Json>;
      expect(Object.keys(value)).toEqual(['__proto__', 'n']);
      expect(value['x']).toBeUndefined();
      expect('constructor' in value).toBe(false);
    }
    expect(formatJson(parseJson('{"__proto__":1}'))).toBe('{"__proto__":1}');
  });

  it('takes the last of duplicate names, unless names must be unique', () => {
    expect(parseJson('{"a":1,"a":2}')).toEqual({ a: 2 });
    expect(parseJson('{"a":1.0,"a":2}')).toEqual({ a: 2 });
    const read = (): Json => parseJson('{"a":1,"a":2}', undefined, { uniqueNames: true });
    expect(read).toThrow(expect.objectContaining({ code: 'CORRUPT_DATA' }));
  });

  it.each([
    ['', 0],
    ['{', 1],
    ['{"a":1', 6],
    ['{"a" 1}', 5],
    ['[1,]', 3],
    ['nul', 0],
    ['01', 1],
    ['1.', 1],
    ['"é" x', 5],
    ['"ab', 0],
    ['"\u0001"', 0],
    ['"\\x"', 0],
    ['NaN', 0],
    ['{a:1}', 1],
  ])('names the byte where %j is damaged', (text, position) => {
    expect(() => parseJson(text, { key: 'k', position: 100 })).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA', key: 'k', position: 100 + position }),
    );
  });

  it('bounds depth and the length of numbers', () => {
    const nested = (depth: number, inner: string): string =>
      '['.repeat(depth) + inner + ']'.repeat(depth);
    for (const inner of ['1', '1.0']) {
      expect(parseJson(nested(MAX_JSON_DEPTH, inner))).toHaveLength(1);
      expect(() => parseJson(nested(MAX_JSON_DEPTH + 1, inner))).toThrow(
        expect.objectContaining({ code: 'LIMIT', limit: 'MAX_JSON_DEPTH' }),
      );
    }
    expect(() => parseJson('9'.repeat(100_000))).toThrow(
      expect.objectContaining({ limit: 'MAX_JSON_NUMBER_CHARACTERS' }),
    );
  });

  it('agrees with JSON.parse on every value that is exact', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const parsed = parseJson(text);
        expect(JSON.parse(formatJson(parsed))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('accepts and refuses what JSON.parse does', () => {
    const piece = fc.constantFrom(...'{}[]:,"\\01-.eE+ \ntrufalsn'.split(''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const accepts = (parse: () => unknown): boolean => {
          try {
            parse();
            return true;
          } catch (error) {
            expect(error instanceof SyntaxError || isVarveError(error, 'CORRUPT_DATA')).toBe(true);
            return false;
          }
        };
        const expected = accepts(() => JSON.parse(text));
        expect(accepts(() => parseJson(text))).toBe(expected);
        expect(accepts(() => parseJson(text, undefined, { uniqueNames: true }))).toBe(
          expected && !hasDuplicates(text),
        );
      }),
      { numRuns: 5000 },
    );
  });
});

function hasDuplicates(text: string): boolean {
  return Object.keys(JSON.parse(text) ?? 0).length < (text.match(/:/g) ?? []).length;
}

describe('formatJson', () => {
  it('writes digits exactly, and gives back what it read', () => {
    const texts = [
      '{"a":9223372036854775807,"b":1.230000000000000000,"c":[1.0,-0,1e+21],"d":"\\u0001\\""}',
      '[]',
      '{}',
      '"\\ud800"',
    ];
    for (const text of texts) expect(formatJson(parseJson(text))).toBe(text);
  });

  it('leaves undefined members out and refuses what is no number', () => {
    expect(formatJson({ a: undefined, b: null })).toBe('{"b":null}');
    expect(() => formatJson([Number.NaN])).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('is undone by parseJson for every number', () => {
    const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt());
    fc.assert(
      fc.property(number, (value) => {
        const back = parseJson(formatJson(value));
        expect(Number(back instanceof JsonNumber ? back.text : back)).toBe(Number(value));
      }),
    );
  });
});
