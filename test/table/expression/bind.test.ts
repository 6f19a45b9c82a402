import { describe, expect, it } from 'vitest';
import type { DataType, StructType } from '../../../src/log/schema/types.js';
import { bindPredicate } from '../../../src/table/expression/bind.js';
import {
  and,
  eq,
  gt,
  gte,
  isIn,
  isNull,
  like,
  lt,
  lte,
  or,
} from '../../../src/table/expression/builders.js';
import type { Predicate } from '../../../src/table/expression/predicate-types.js';
import { wantedStats } from '../../../src/table/expression/prune.js';

const struct = (types: Readonly<Record<string, DataType>>): StructType => ({
  type: 'struct',
  fields: Object.entries(types).map(([name, type]) => ({
    name,
    type,
    nullable: true,
    metadata: { 'delta.columnMapping.physicalName': `p-${name}` },
  })),
});
const schema = struct({
  Status: 'string',
  'a.b': 'integer',
  s: struct({ Deep: struct({ n: 'long' }) }),
  list: { type: 'array', elementType: 'integer', containsNull: true },
  geo: { type: 'unknown', name: 'geometry', json: 'geometry' },
  small: 'byte',
  price: 'decimal(5,2)',
  day: 'date',
  at: 'timestamp',
  local: 'timestamp_ntz',
  ratio: 'double',
  ok: 'boolean',
  odd: 'variant',
  raw: 'binary',
  nothing: 'void',
});
const root = (predicate: Predicate): unknown => bindPredicate(predicate, schema).root;
const compared = (predicate: Predicate): unknown => {
  const node = bindPredicate(predicate, schema).root as {
    op?: string;
    value?: unknown;
    kind: string;
  };
  return node.kind === 'compare' ? [node.op, node.value] : node.value;
};

describe('columns', () => {
  it('are found by exact name, dots included, or by the only one that differs in case', () => {
    const bound = bindPredicate(
      and(eq('status', 'x'), eq('a.b', 1), gt(['S', 'deep', 'n'], 1)),
      schema,
      {
        physicalName: (field) => field.metadata['delta.columnMapping.physicalName'] as string,
      },
    );
    expect(bound.columns.map(({ path, name }) => [name, path])).toEqual([
      ['Status', ['Status']],
      ['a.b', ['a.b']],
      ['s', ['s', 'Deep', 'n']],
    ]);
    expect(wantedStats(bound)).toEqual([
      { path: ['p-Status'], type: 'string' },
      { path: ['p-a.b'], type: 'integer' },
      { path: ['p-s', 'p-Deep', 'p-n'], type: 'long' },
    ]);
  });

  it('prefer the exact name among those that differ in case only', () => {
    const both = struct({ id: 'integer', ID: 'integer' });
    expect(bindPredicate(eq('ID', 1), both).columns[0]?.name).toBe('ID');
    expect(() => bindPredicate(eq('Id', 1), both)).toThrow(/no column/);
  });

  it('are one object however often they are named', () => {
    const bound = bindPredicate(or(eq('small', 1), eq('SMALL', 2)), schema);
    expect(bound.columns).toHaveLength(1);
  });

  it.each<[Predicate, RegExp]>([
    [eq('statsu', 'x'), /no column "statsu"; did you mean "Status"/],
    [eq('s.Deep', 1), /\["s","Deep"\]/],
    [eq('zzzzzzzzz', 1), /it has Status, a\.b/],
    [eq(['s', 'Deep', 'm'], 1), /s\.Deep has no field "m"; did you mean "n"/],
    [eq(['Status', 'x'], 1), /Status is of type string and has no fields/],
    [eq('s', 1), /s is of type struct/],
    [isIn('list', [1]), /list is of type array/],
    [eq('odd', 1), /odd is of type variant/],
    [eq(['odd', 'a'], 1), /odd is of type variant and has no fields/],
    [like('small', 'x'), /like is for text, and column small is of type byte/],
  ])('that are wrong are named: %#', (predicate, message) => {
    const attempt = (): unknown => bindPredicate(predicate, schema);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(attempt).toThrow(message);
  });

  it('of an unknown type are refused as a feature', () => {
    expect(() => bindPredicate(isNull('geo'), schema)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', features: ['geometry'] }),
    );
  });

  it('may be whole structs, arrays and variants for isNull', () => {
    expect(root(isNull('s'))).toMatchObject({ kind: 'isNull' });
    expect(root(isNull('list'))).toMatchObject({ kind: 'isNull' });
    expect(root(isNull('odd'))).toMatchObject({ kind: 'isNull' });
  });
});

describe('constants', () => {
  it.each<[Predicate, unknown]>([
    [eq('small', 127n), ['eq', 127]],
    [eq('small', 128), false],
    [eq('small', 1.5), false],
    [lt('small', 128), true],
    [gt('small', 127), false],
    [gte('small', 127), ['gt', 126]],
    [lt('small', 1.5), ['lte', 1]],
    [gt('small', -1.5), ['gt', -2]],
    [lte('small', Number.NaN), true],
    [gt('small', -Infinity), true],
    [eq('price', '1.50'), ['eq', 150n]],
    [eq('price', 1.1), ['eq', 110n]],
    [eq('price', '1.505'), false],
    [lt('price', '1.505'), ['lte', 150n]],
    [lte('price', 1000), true],
    [eq(['s', 'Deep', 'n'], '12'), ['eq', 12n]],
    [eq('day', '1970-01-02'), ['eq', 1]],
    [gt('at', new Date(5)), ['gt', 5000n]],
    [gt('at', '1970-01-01T01:00:00.000001+01:00'), ['gt', 1n]],
    [lt('local', '1970-01-01 00:00:01'), ['lte', 999_999n]],
    [eq('ratio', 2n ** 53n + 1n), false],
    [lt('ratio', 2n ** 53n + 1n), ['lte', 2 ** 53]],
    [gt('ratio', 2n ** 53n + 3n), ['gte', 2 ** 53 + 4]],
    [gt('ratio', 10n ** 400n), ['gte', Infinity]],
    [eq('nothing', 'anything'), false],
    [eq('raw', Uint8Array.of(1)), ['eq', Uint8Array.of(1)]],
  ])('take the type of their column: %#', (predicate, expected) => {
    expect(compared(predicate)).toEqual(expected);
  });

  it('of a list are sorted, once each, without those the type cannot hold', () => {
    expect(root(isIn('small', [3, 1n, 3n, 1.5, 300]))).toMatchObject({
      kind: 'in',
      values: [1, 3],
    });
    expect(root(isIn('small', [300, 2]))).toMatchObject({ kind: 'compare', op: 'eq', value: 2 });
    expect(root(isIn('small', [300]))).toMatchObject({ kind: 'known', value: false });
    expect(root(isIn('small', []))).toEqual({ kind: 'constant', value: false });
  });

  it.each<[string, Predicate]>([
    ['Status', eq('Status', 1)],
    ['small', eq('small', '1')],
    ['price', eq('price', 'cheap')],
    ['price', eq('price', true)],
    ['day', eq('day', new Date(0))],
    ['day', eq('day', '1970-02-30')],
    ['day', eq('day', '1970-01-01T00:00:00Z')],
    ['at', eq('at', '1970-01-01T00:00:00')],
    ['at', eq('at', 0)],
    ['local', eq('local', new Date(0))],
    ['local', eq('local', '1970-01-01T00:00:00Z')],
    ['ratio', eq('ratio', '1.5')],
    ['ok', eq('ok', 1)],
    ['raw', eq('raw', 'x')],
  ])('of another kind are refused with the column and its type: %s %#', (column, predicate) => {
    const attempt = (): unknown => bindPredicate(predicate, schema);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(attempt).toThrow(new RegExp(`column ${column} is of type \\w+`));
  });

  it('undefined for a condition is an error that names the option', () => {
    expect(() => bindPredicate(undefined as never, schema, { option: 'where' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'where' }),
    );
  });
});

describe('patterns', () => {
  it('without wildcards are equality, with one % at the end a prefix', () => {
    expect(root(like('Status', 'a\\%b'))).toMatchObject({
      kind: 'compare',
      op: 'eq',
      value: 'a%b',
    });
    expect(root(like('Status', 'ab%%'))).toMatchObject({ kind: 'prefix', prefix: 'ab' });
    expect(root(like('Status', '%'))).toMatchObject({ kind: 'known', value: true });
    expect(root(like('Status', 'ab_%'))).toMatchObject({ kind: 'like', pattern: { prefix: 'ab' } });
  });
});
