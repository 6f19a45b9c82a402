import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, matchesLike } from '../../../src/table/expression/like-pattern.js';

function matches(pattern: string, text: string): boolean {
  const simple = compilePattern(pattern);
  if (simple.kind === 'equals') return text === simple.text;
  if (simple.kind === 'prefix') return text.startsWith(simple.text);
  const bytes = new TextEncoder().encode(`<${text}>`);
  return matchesLike(simple.pattern, bytes, 1, bytes.length - 1);
}

describe('like', () => {
  it.each([
    ['_', 'ä', true],
    ['_', '\u{1f600}', true],
    ['_', '', false],
    ['_', 'ab', false],
    ['a%b', 'ab', true],
    ['a%b', 'a', false],
    ['aa%aa', 'aaa', false],
    ['%_b', 'äb', true],
    ['%a_c%', 'xxabcx', true],
    ['%a_c%', 'xxacx', false],
    ['\\_%', '_x', true],
    ['\\_%', 'ax', false],
    ['%\\%', '100%', true],
    ['%', '', true],
    ['', '', true],
    ['', 'a', false],
  ])('%j of %j is %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it('matches as a regular expression does', () => {
    const part = fc.constantFrom('%', '_', 'a', 'b', 'ä', '\u{1f600}');
    const letter = fc.constantFrom('a', 'b', 'ä', '\u{1f600}');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.string({ unit: letter }), (parts, text) => {
        const source = parts.map((one) => (one === '%' ? '[^]*' : one === '_' ? '[^]' : one));
        const expected = new RegExp(`^${source.join('')}$`, 'u').test(text);
        expect(matches(parts.join(''), text)).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });
});
