import { describe, expect, it } from 'vitest';
import { fileNames } from '../../../src/log/schema/file-names.js';
import type { DataType, StructField, StructType } from '../../../src/log/schema/types.js';
import type { ParquetFooter, SchemaNode } from '../../../src/storage/parquet/footer-types.js';

function node(name: string, fieldId?: number, children: readonly SchemaNode[] = []): SchemaNode {
  return {
    name,
    fieldId,
    children,
    repetition: 'optional',
    logicalType: undefined,
    leafIndex: undefined,
    elementIndex: 0,
  };
}

function footerOf(...children: readonly SchemaNode[]): ParquetFooter {
  return { key: 'file', schema: node('root', undefined, children) } as ParquetFooter;
}

function field(name: string, id: number | undefined, type: DataType = 'long'): StructField {
  const metadata = {
    'delta.columnMapping.physicalName': `col-${name}`,
    ...(id === undefined ? {} : { 'delta.columnMapping.id': id }),
  };
  return { name, type, nullable: true, metadata };
}

const a = field('a', 1);
const b = field('b', 2);
const struct = (...fields: readonly StructField[]): StructType => ({ type: 'struct', fields });

describe('fileNames', () => {
  it('are the logical names, the physical ones, or those of the ids, by the mode', () => {
    const footer = footerOf(node('b', 1), node('col-a', 7), node('a', 2));
    const named = (['none', 'name', 'id'] as const).map((mode) => {
      const nameOf = fileNames(struct(a, b), footer, mode);
      return [nameOf(a), nameOf(b)];
    });
    expect(named).toEqual([
      ['a', 'b'],
      ['col-a', 'col-b'],
      ['b', 'a'],
    ]);
  });

  it('are none for an id that the file lacks, whatever the file calls its columns', () => {
    const nameOf = fileNames(struct(a, b), footerOf(node('col-a'), node('a'), node('x', 2)), 'id');
    expect([nameOf(a), nameOf(b)]).toEqual([undefined, 'x']);
  });

  it('are physical for a field without an id', () => {
    const hidden = field('h', undefined, struct(a));
    const footer = footerOf(node('h'), node('col-h', undefined, [node('inner', 1)]));
    const nameOf = fileNames(struct(hidden), footer, 'id');
    expect([nameOf(hidden), nameOf(a)]).toEqual(['col-h', 'inner']);
  });

  const inner = struct(b);
  it.each<[string, DataType, SchemaNode]>([
    ['a struct', inner, node('s', 1, [node('other', 9), node('f', 2)])],
    [
      'an array',
      { type: 'array', elementType: inner, containsNull: true },
      node('l', 1, [node('list', undefined, [node('element', undefined, [node('f', 2)])])]),
    ],
    [
      'an array of two levels',
      { type: 'array', elementType: inner, containsNull: true },
      node('l', 1, [node('array', undefined, [node('f', 2)])]),
    ],
    [
      'the keys of a map',
      { type: 'map', keyType: inner, valueType: 'long', valueContainsNull: true },
      node('m', 1, [node('kv', undefined, [node('key', 5, [node('f', 2)]), node('value')])]),
    ],
    [
      'the values of a map',
      { type: 'map', keyType: 'long', valueType: inner, valueContainsNull: true },
      node('m', 1, [node('kv', undefined, [node('key'), node('value', 5, [node('f', 2)])])]),
    ],
  ])('are found inside %s', (_, type, stored) => {
    const outer = field('outer', 1, type);
    const nameOf = fileNames(struct(outer), footerOf(node('noise', 2), stored), 'id');
    expect([nameOf(outer), nameOf(b)]).toEqual([stored.name, 'f']);
    const without = fileNames(struct(outer), footerOf(node('noise', 2)), 'id');
    expect([without(outer), without(b)]).toEqual([undefined, undefined]);
  });

  it('cannot be told when two columns have one id', () => {
    expect(() => fileNames(struct(a), footerOf(node('x', 1), node('y', 1)), 'id')).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA', key: 'file' }),
    );
  });
});
