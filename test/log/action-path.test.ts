import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../src/errors.js';
import {
  dataKey,
  encodeActionPath,
  reconcileKey,
  resolveActionPath,
} from '../../src/log/action-path.js';

const ROOT = 'file:///data/my%20lake/t';

describe('dataKey', () => {
  it.each([
    ['part-0.parquet', 'part-0.parquet'],
    ['_2=bar+%252521/part-0.parquet', '_2=bar+%2521/part-0.parquet'],
    ['p=a+b/x', 'p=a+b/x'],
    ['special%20p@%23h', 'special p@#h'],
    ['p=%C3%BC/x', 'p=ü/x'],
    ['p=ü/x', 'p=ü/x'],
    ['p=%252e%252e/x', 'p=%2e%2e/x'],
    ['%252e%252e/%252e%252e/x', '%2e%2e/%2e%2e/x'],
    ['./a//b/./c', 'a/b/c'],
    ['a/../b', 'b'],
    ['p=a\\b/x', 'p=a\\b/x'],
    ['ts=2020-01-01 00:00:00/x', 'ts=2020-01-01 00:00:00/x'],
    ['..x/y..', '..x/y..'],
  ])('%j is %j', (path, key) => {
    expect(dataKey(path)).toBe(key);
    expect(resolveActionPath(path, ROOT)).toEqual({ kind: 'key', key });
  });

  it.each([
    '',
    '.',
    '..',
    '../x',
    '../../etc/passwd',
    'a/../../b',
    'a/b/../../../c',
    '%2e%2e/x',
    '%2E%2e%2fx',
    '..%2f..%2fetc/passwd',
    '.%2e/x',
    '..\\x',
    'a\\..\\..\\x',
    '\\..\\..\\x',
    '..%5c..%5cx',
    'a%5C..%5C..%5Cx',
    'a%00b',
    'a\0b',
    'a%0ab',
    'a\nb',
    'a%7f',
    'a%',
    'a%2',
    'a%zz',
    '%ff%fe',
    '%c0%ae%c0%ae/x',
    'a/%2e%2e/%2e%2e/b',
  ])('refuses %j', (path) => {
    const read = (): unknown => resolveActionPath(path, ROOT, 'the log');
    expect(read).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA', key: 'the log', field: 'path' }),
    );
  });

  it('never leaves the root, whatever the path', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '/',
      '\\',
      '%2e',
      '%2f',
      '%5c',
      '%252e',
      'a',
      ':',
      '//',
      '%00',
      'file:',
      '?',
      '#',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        try {
          const place = resolveActionPath(pieces.join(''), ROOT);
          if (place.kind === 'absolute') return;
          const segments = place.key.split('/');
          expect(segments.length).toBeGreaterThan(0);
          for (const segment of segments) {
            expect(['', '.', '..']).not.toContain(segment);
            expect(segment.split('\\')).not.toContain('..');
          }
        } catch (error) {
          expect(isVarveError(error, 'CORRUPT_DATA')).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('resolveActionPath', () => {
  it.each([
    ['file:///data/my%20lake/t/p=1/x', 'p=1/x'],
    ['file:/data/my%20lake/t/x', 'x'],
    ['FILE:///data/my%20lake/t/x', 'x'],
    ['/data/my%20lake/t/x', 'x'],
    ['/data/my%20lake/./other/../t/x%20y', 'x y'],
  ])('finds %j under the root', (path, key) => {
    expect(resolveActionPath(path, ROOT)).toEqual({ kind: 'key', key });
  });

  it.each([
    '/data/my%20lake/t',
    '/data/my%20lake/t2/x',
    '/data/my%2520lake/t/x',
    '/etc/passwd',
    'file:///etc/passwd',
    'file://evil/data/my%20lake/t/x',
    '//evil/data/my%20lake/t/x',
    'https://evil/x',
    's3://bucket/data/my%20lake/t/x',
    'C:/Windows/x',
    'c:\\Windows\\x',
    '/data/my%20lake/t/../u/x',
    'a:b/c',
  ])('leaves %j outside', (path) => {
    expect(resolveActionPath(path, ROOT)).toEqual({ kind: 'absolute', url: path });
  });

  it('compares hosts of remote tables', () => {
    const url = 'abfss://c@acct.dfs.core.windows.net/t';
    expect(resolveActionPath(`${url}/x`, url)).toEqual({ kind: 'key', key: 'x' });
    expect(resolveActionPath('/t/x', url)).toEqual({ kind: 'key', key: 'x' });
    expect(resolveActionPath('abfss://d@acct.dfs.core.windows.net/t/x', url).kind).toBe('absolute');
    expect(resolveActionPath('//c@acct.dfs.core.windows.net/t/x', url).kind).toBe('key');
  });
});

describe('encodeActionPath', () => {
  it.each([
    ['p=a b/x', 'p=a%20b/x'],
    ['_2=bar+%2521/x', '_2=bar+%252521/x'],
    ['p=ü/x', 'p=%C3%BC/x'],
    ['a#?[]{}^`"<>|\\', 'a%23%3F%5B%5D%7B%7D%5E%60%22%3C%3E%7C%5C'],
    ["p=-_.!~*'():@&=+$,;/x", "p=-_.!~*'()%3A@&=+$,;/x"],
    ['d/a:b', 'd/a:b'],
    ['a:b/c:d', 'a%3Ab/c:d'],
  ])('%j is %j', (key, path) => {
    expect(encodeActionPath(key)).toBe(path);
    expect(dataKey(path)).toBe(key);
  });

  it('is undone by dataKey for every key, and is plain ASCII', () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter(
        (text) => !/[/\p{Cc}]/u.test(text) && !text.split('\\').includes('..') && text !== '.',
      );
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const key = segments.join('/');
        const path = encodeActionPath(key);
        expect(path).toMatch(/^[!-~]+$/);
        expect(dataKey(path)).toBe(key);
        expect(reconcileKey(path)).toBe(path);
      }),
    );
  });

  it('refuses half a surrogate pair', () => {
    expect(() => encodeActionPath('p=\ud800/x')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('reconcileKey', () => {
  it('gives one key to the spellings that Spark takes for one file', () => {
    const spellings = [
      '/some/p@%23h',
      'file:/some/p@%23h',
      'file:///some/p@%23h',
      '/some/./p@%23h',
    ];
    expect(new Set(spellings.map((path) => reconcileKey(path))).size).toBe(1);
    const relative = ['a/b', './a/b', 'a/./b', 'a//b', 'c/../a/b'];
    expect(new Set(relative.map((path) => reconcileKey(path)))).toEqual(new Set(['a/b']));
    expect(reconcileKey('/t/x', 's3://b/t')).toBe(reconcileKey('s3://b/t/x'));
  });

  it.each([
    ['a%5b', 'a%5B'],
    ['p=ü/x', 'p=%C3%BC/x'],
    ['A', 'a'],
    ['/t/x', 's3://b/t/x'],
    ['../x', 'x'],
    ['a%2Fb', 'a/b'],
    ['file://host/x', 'file:///x'],
  ])('keeps %j and %j apart', (one, other) => {
    expect(reconcileKey(one)).not.toBe(reconcileKey(other));
  });
});
