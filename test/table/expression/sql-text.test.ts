import { describe, expect, it } from 'vitest';
import * as build from '../../../src/table/expression/builders.js';
import { toSqlText } from '../../../src/table/expression/sql-text.js';

describe('toSqlText', () => {
  it.each([
    [build.eq('p', 'it\'s a \\ "test"'), `p = 'it\\'s a \\\\ "test"'`],
    [build.ne('odd `name', 1), '`odd ``name` <> 1'],
    [build.gte(['s', 'b.c'], 1.5), 's.`b.c` >= 1.5D'],
    [build.lt('l', 2n ** 64n), 'l < 18446744073709551616BD'],
    [build.lte('d', Number.NaN), "d <= double('NaN')"],
    [build.gt('t', new Date(0)), "t > TIMESTAMP '1970-01-01T00:00:00.000000Z'"],
    [build.eq('b', Uint8Array.of(1, 255)), "b = X'01FF'"],
    [build.isIn('i', [1, 2]), 'i IN (1, 2)'],
    [build.isIn('i', []), 'false'],
    [build.between('i', -1, 2), 'i BETWEEN -1 AND 2'],
    [build.like('s', 'a\\%%'), "s LIKE 'a\\\\%%'"],
    [build.startsWith('s', 'a'), "startswith(s, 'a')"],
    [
      build.and(build.isNull('x'), build.or(build.not(build.eq('ok', true)), build.eq('y', 1))),
      '(x IS NULL) AND ((NOT (ok = true)) OR (y = 1))',
    ],
    [build.everyRow, 'true'],
  ])('case %#', (predicate, text) => {
    expect(toSqlText(predicate)).toBe(text);
  });
});
