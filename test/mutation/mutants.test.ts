import { runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { counting, TAKEN } from './branches.js';
import { mutantsOf } from './mutants.js';

const whats = (code: string): string[] => mutantsOf(code).map(({ what }) => what);

describe('mutantsOf', () => {
  it.each<[string, string[]]>([
    [
      'if (a === 1) b();',
      ['a === 1 -> true', 'a === 1 -> false', 'a === 1 -> a !== 1', '1 -> 2', 'b(); -> ;'],
    ],
    ['const c = a && b;', ['a && b -> (a)', 'a && b -> (b)']],
    ['const c = !a;', ['!a -> (a)']],
    ['const f = () => { return a; };', ['return a; -> return undefined as never;']],
    ['const f = () => { return false; };', ['false -> true']],
    ['const c = xs.some(y);', ['some -> every']],
    ['const c = xs.filter(y);', ['xs.filter(y) -> (xs)']],
    ['const c = [...xs];', ['...xs -> ...[]']],
    ["const c: 'x' | 1 = 'x';", ["'x' -> 'mutant'"]],
    ["const c = { message: 'x', n: 1n };", ['1n -> 2n']],
    ["import { x } from 'y';", []],
  ])('of %s', (code, expected) => {
    expect(whats(code)).toEqual(expected);
  });

  it('tells the line, and writes the whole module', () => {
    const [first] = mutantsOf('const a = 1;\nconst b = true;').slice(1);
    expect(first).toEqual({
      line: 2,
      what: 'true -> false',
      code: 'const a = 1;\nconst b = false;',
    });
  });
});

/** Runs a function body with every branch counted. */
function run(body: string, ...values: readonly unknown[]): { result: unknown; missed: string[] } {
  const { code, branches } = counting(`globalThis.made = (a, b, c) => {${body}};`);
  const scope = globalThis as Record<string, unknown>;
  scope[TAKEN] = undefined;
  // The counted text is JavaScript as long as the body has no types.
  runInThisContext(code);
  const result = (scope['made'] as (...all: unknown[]) => unknown)(...values);
  const taken = (scope[TAKEN] ?? new Set()) as Set<number>;
  return { result, missed: branches.filter((_, number) => !taken.has(number)) };
}

describe('counting', () => {
  it.each<[string, unknown[], unknown, string[]]>([
    ['if (a) return 1; return 2;', [true], 1, ['line 1: no else']],
    ['if (a) return 1; return 2;', [false], 2, ['line 1: if']],
    [
      'if (a) if (b) return 1; else return 2; return 3;',
      [true, false],
      2,
      ['line 1: no else', 'line 1: if'],
    ],
    ['return a ? (b ?? c) : a;', [true, undefined, 5], 5, ['line 1: otherwise']],
    ['return a && b || c;', [0, 1, 2], 2, ['line 1: &&']],
    ["switch (a) { case 1: return 'x'; default: return 'y'; }", [1], 'x', ['line 1: case']],
    ['const { d = 4 } = a; return d;', [{ d: 1 }], 1, ['line 1: default value']],
  ])('of %s for %j', (body, values, result, missed) => {
    const found = run(body, ...values);
    expect(found.result).toEqual(result);
    expect(found.missed.toSorted()).toEqual(missed.toSorted());
  });
});
