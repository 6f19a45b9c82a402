import { describe, expect, it } from 'vitest';
import {
  checkColumnNames,
  checkDuplicateNames,
  columnKey,
  NameIndex,
} from '../../../src/log/schema/column-name.js';
import type { DataType, StructType } from '../../../src/log/schema/types.js';

describe('checkColumnNames', () => {
  it.each(['a', 'A.b', 'grün', '日', '😀', 'a-b', '__proto__', "it's"])('allows %s', (name) => {
    expect(() => checkColumnNames(struct([name, 'long']))).not.toThrow();
  });

  it.each([
    '',
    'a b',
    'a,b',
    'a;b',
    '{',
    '}',
    '(',
    ')',
    'a\nb',
    'a\tb',
    'a=b',
    '\ud800',
    'x\udc00',
  ])('refuses %j', (name) => {
    const nested = struct([
      's',
      { type: 'array', elementType: struct([name, 'long']), containsNull: true },
    ]);
    expect(() => checkColumnNames(struct([name, 'long']))).toThrow(/cannot have this name/);
    expect(thrown(() => checkColumnNames(nested))).toMatchObject({
      code: 'SCHEMA_MISMATCH',
      column: `s.element.${name}`,
    });
  });
});

describe('checkDuplicateNames', () => {
  it('refuses names that differ by case only, at any depth', () => {
    const inner = struct(['x', 'long'], ['X', 'long']);
    const map: DataType = {
      type: 'map',
      keyType: 'string',
      valueType: inner,
      valueContainsNull: true,
    };
    expect(thrown(() => checkDuplicateNames(struct(['Id', 'long'], ['iD', 'long'])))).toMatchObject(
      {
        code: 'SCHEMA_MISMATCH',
        column: 'iD',
      },
    );
    expect(thrown(() => checkDuplicateNames(struct(['m', map])))).toMatchObject({
      column: 'm.value.X',
    });
  });

  it('does not mix up names with dots', () => {
    const schema = struct(
      ['a.b', struct(['x', 'long'])],
      ['a', struct(['b', struct(['x', 'long'])])],
    );
    expect(() => checkDuplicateNames(schema)).not.toThrow();
  });
});

describe('NameIndex', () => {
  it('prefers the exact name, then finds without case, and tells what is ambiguous', () => {
    const index = new NameIndex(['id', 'ID', 'Name', '__proto__', 'twice', 'twice']);
    expect(index.find('ID')).toEqual([1]);
    expect(index.find('Id')).toEqual([0, 1]);
    expect(index.find('nAME')).toEqual([2]);
    expect(index.find('__PROTO__')).toEqual([3]);
    expect(index.find('twice')).toEqual([4, 5]);
    expect(index.find('toString')).toEqual([]);
  });

  it('folds as Java does for the languages that matter', () => {
    expect(columnKey('ÄÖÜ')).toBe(columnKey('äöü'));
    expect(columnKey('ß')).not.toBe(columnKey('SS'));
  });
});

function struct(...fields: (readonly [string, DataType])[]): StructType {
  return {
    type: 'struct',
    fields: fields.map(([name, type]) => ({ name, type, nullable: true, metadata: {} })),
  };
}

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
