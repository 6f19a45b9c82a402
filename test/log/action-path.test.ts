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
    ['p=%20/x', 'p= /x'],
    ['p=\u0080\u009f\u00a0/x', 'p=\u0080\u009f\u00a0/x'],
    ['p=%F0%9F%98%80/x', 'p=😀/x'],
    ['...', '...'],
    ['./a:b', 'a:b'],
  ])('%j is %j', (path, key) => {
    expect(dataKey(path)).toBe(key);
    expect(resolveActionPath(path, ROOT)).toEqual({ kind: 'key', key });
  });

  it.each([
    ['is empty', ['', '.', './', 'a/..', 'a/./../']],
    [
      'leads out of the table',
      [
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
        'a/%2e%2e/%2e%2e/b',
        // A file system that takes backslashes for separators would climb here, too.
        'a/b\\..\\c',
      ],
    ],
    [
      'holds a control character',
      ['a%00b', 'a\0b', '%01a', '\ta', 'a%0ab', 'a\nb', 'a%1f', 'a%7f', '\x7f'],
    ],
    ['is not well encoded', ['a%', 'a%2', 'a%zz', '%ff%fe', '%c0%ae%c0%ae/x', '%ed%a0%80/x']],
    ['holds half a surrogate pair', ['p=\ud800/x', '\udfff', 'p=\ud83d\ude00\ude00/x']],
  ])('refuses what %s', (what, paths) => {
    for (const path of paths) {
      const refused = expect.objectContaining({
        code: 'CORRUPT_DATA',
        key: 'the log',
        field: 'path',
        message: expect.stringContaining(
          `a file path in the log ${what} path=${JSON.stringify(path)}`,
        ) as string,
      });
      expect(() => resolveActionPath(path, ROOT, 'the log'), path).toThrow(refused);
      expect(() => dataKey(path, 'the log'), path).toThrow(refused);
    }
  });

  it.each(['/x', '//host/x', 'file:///x', 'file:x', 's3://b/x', 'C:/x', 'a:b/c'])(
    'refuses %j, which is absolute',
    (path) => {
      expect(() => dataKey(path, 'the log')).toThrow(
        expect.objectContaining({
          code: 'CORRUPT_DATA',
          key: 'the log',
          message: expect.stringContaining('is absolute') as string,
        }),
      );
    },
  );

  it('shows the beginning of a path that is as long as a line of the log', () => {
    const whole = `/${'x'.repeat(199)}`;
    const shown = (path: string): unknown =>
      expect.stringMatching(new RegExp(`path="${path}"`, 'u'));
    expect(() => dataKey(whole)).toThrow(expect.objectContaining({ message: shown(whole) }));
    expect(() => dataKey(`${whole}yz`)).toThrow(
      expect.objectContaining({ message: shown(`${whole}…`) }),
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
    ['///data/my%20lake/t/x', 'x'],
    ['/data/my%20lake/./other/../t/x%20y', 'x y'],
    ['/data/my lake/%74/x', 'x'],
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
    's3:/data/my%20lake/t/x',
    's3:///data/my%20lake/t/x',
  ])('leaves %j outside', (path) => {
    expect(resolveActionPath(path, ROOT)).toEqual({ kind: 'absolute', url: path });
  });

  const remote = 'abfss://c@acct.dfs.core.windows.net/t';

  it.each([
    [`${remote}/x`, 'x'],
    ['ABFSS://c@acct.dfs.core.windows.net/t/x', 'x'],
    ['//c@acct.dfs.core.windows.net/t/x', 'x'],
    ['/t/x', 'x'],
  ])('finds %j under a table that has a host', (path, key) => {
    expect(resolveActionPath(path, remote)).toEqual({ kind: 'key', key });
  });

  it.each([
    'abfss://d@acct.dfs.core.windows.net/t/x',
    'abfss://C@ACCT.dfs.core.windows.net/t/x',
    'abfs://c@acct.dfs.core.windows.net/t/x',
    '//d@acct.dfs.core.windows.net/t/x',
    'abfss:/t/x',
    'abfss:///t/x',
    'file:///t/x',
    '/u/x',
  ])('leaves %j outside of it', (path) => {
    expect(resolveActionPath(path, remote)).toEqual({ kind: 'absolute', url: path });
  });

  it('finds nothing absolute under a root that is no URL', () => {
    for (const path of ['/t/x', 't:/x', 'file:///t/x']) {
      expect(resolveActionPath(path, 't')).toEqual({ kind: 'absolute', url: path });
    }
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
        expect(reconcileKey(path, ROOT)).toBe(path);
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
  it.each<[string, string, ...string[]]>([
    ['file:///lake', 'file:/some/p@%23h', '/some/p@%23h', 'file:///some/p@%23h', '/some/./p@%23h'],
    ['file:///lake', 'file:/some/x', 'FILE:/some/x', '/some//x/'],
    ['s3://b/t', 's3://b/t/x', '/t/x', '//b/t/x', 'S3://b/t/./x', 's3://b//u/../t/x'],
    ['s3://b/t', 's3://c/t/x', '//c/t/x'],
    ['s3://b/t', 's3:/t/x', 's3:///t/x'],
    ['s3://b/t', 'a/b', './a/b', 'a/./b', 'a//b', 'a/b/', 'c/../a/b', './c/d/../../a/b'],
    ['s3://b/t', './a:b', '././a:b', 'c/../a:b'],
    ['s3://b/t', '../x', './../x', 'a/../../x', '../a/../x'],
    ['s3://b/t', '../../x', '.././../x', 'a/../../../x', '../../a/../x'],
    ['s3://b/t', 's3://b/../x', '/../x'],
    ['t', '/x', '/./x'],
    ['t', '//b/x', '//b/./x'],
  ])('under %j the key %j is that of all its spellings', (tableUrl, key, ...spellings) => {
    for (const path of [key, ...spellings]) expect(reconcileKey(path, tableUrl), path).toBe(key);
  });

  it.each([
    ['a%5b', 'a%5B'],
    ['p=ü/x', 'p=%C3%BC/x'],
    ['A', 'a'],
    ['/t/x', 's3://b/t/x'],
    ['../x', 'x'],
    ['a%2Fb', 'a/b'],
    ['file://host/x', 'file:///x'],
    ['../../x', '../x'],
    ['a:b', './a:b'],
    ['a:/b', './a:/b'],
    ['a:/b', 'c/../a:/b'],
    ['//b/x', '/b/x'],
  ])('keeps %j and %j apart', (one, other) => {
    expect(reconcileKey(one, ROOT)).not.toBe(reconcileKey(other, ROOT));
  });

  it('is its own key', () => {
    const piece = fc.constantFrom('a', '%2e', '.', '..', '/', '//', 's3://b', ':', 'é', '?');
    const path = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(path, (spelled) => {
        const key = reconcileKey(spelled, 's3://b/t');
        expect(reconcileKey(key, 's3://b/t')).toBe(key);
      }),
      { seed: 20_261_125, numRuns: 5000 },
    );
  });
});
