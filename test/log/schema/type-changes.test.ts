import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/log/json.js';
import { typeNamed } from '../../../src/log/schema/schema-json.js';
import { isSupportedChange, unsupportedTypeChanges } from '../../../src/log/schema/type-changes.js';
import type { DataType, StructType } from '../../../src/log/schema/types.js';

const TYPES = [
  'byte',
  'short',
  'integer',
  'long',
  'float',
  'double',
  'date',
  'timestamp',
  'timestamp_ntz',
  'string',
  'binary',
  'boolean',
  'decimal(9,0)',
  'decimal(10,0)',
  'decimal(10,2)',
  'decimal(12,2)',
  'decimal(19,0)',
  'decimal(20,0)',
  'decimal(38,18)',
  'decimal(38,19)',
];

/** The protocol's list of legal changes, each pair of {@link TYPES}. */
const LEGAL = new Set(
  Object.entries({
    byte: 'short integer long double',
    short: 'integer long double',
    integer: 'long double',
    float: 'double',
    date: 'timestamp_ntz',
    'decimal(9,0)':
      'decimal(10,0) decimal(12,2) decimal(19,0) decimal(20,0) decimal(38,18) decimal(38,19)',
    'decimal(10,0)': 'decimal(12,2) decimal(19,0) decimal(20,0) decimal(38,18) decimal(38,19)',
    'decimal(10,2)': 'decimal(12,2) decimal(38,18) decimal(38,19)',
    'decimal(12,2)': 'decimal(38,18) decimal(38,19)',
    'decimal(19,0)': 'decimal(20,0) decimal(38,18) decimal(38,19)',
    'decimal(20,0)': 'decimal(38,18)',
  }).flatMap(([from, to]) => to.split(' ').map((one) => `${from} -> ${one}`)),
);
for (const from of ['byte', 'short', 'integer']) {
  for (const to of ['(10,0)', '(12,2)', '(19,0)', '(20,0)', '(38,18)', '(38,19)']) {
    LEGAL.add(`${from} -> decimal${to}`);
  }
}
for (const to of ['(20,0)', '(38,18)']) LEGAL.add(`long -> decimal${to}`);

const typeOf = (name: string): DataType => typeNamed(name) ?? 'void';

describe('isSupportedChange', () => {
  it('is the protocol`s list, and nothing else', () => {
    const found = TYPES.flatMap((from) =>
      TYPES.filter((to) => to !== from && isSupportedChange(typeOf(from), typeOf(to))).map(
        (to) => `${from} -> ${to}`,
      ),
    );
    expect(found.toSorted()).toEqual([...LEGAL].toSorted());
  });

  it('lets void become anything', () => {
    for (const to of TYPES) expect(isSupportedChange('void', typeOf(to))).toBe(true);
    expect(isSupportedChange('integer', 'void')).toBe(false);
  });
});

function schemaWith(changes: Json, type: DataType = 'long'): StructType {
  const metadata = { 'delta.typeChanges': changes };
  const inner: StructType = {
    type: 'struct',
    fields: [{ name: 'x', type, nullable: true, metadata }],
  };
  const map: DataType = {
    type: 'map',
    keyType: 'string',
    valueType: { type: 'array', elementType: inner, containsNull: true },
    valueContainsNull: true,
  };
  return { type: 'struct', fields: [{ name: 'm', type: map, nullable: true, metadata: {} }] };
}

describe('unsupportedTypeChanges', () => {
  it.each<[string, Json, string[]]>([
    ['none', [], []],
    ['the list of the final feature', [{ fromType: 'integer', toType: 'long' }], []],
    ['the preview`s version', [{ fromType: 'short', toType: 'long', tableVersion: 3 }], []],
    ['decimals with blanks', [{ fromType: 'decimal(6, 2)', toType: 'decimal( 10,4 )' }], []],
    [
      'each that is not legal',
      [
        { fromType: 'byte', toType: 'short' },
        { fromType: 'long', toType: 'double' },
        { fromType: 'string', toType: 'timestamp', fieldPath: 'element.key' },
      ],
      ['m.value.element.x: long -> double', 'm.value.element.x.element.key: string -> timestamp'],
    ],
    [
      'types not known',
      [
        { fromType: 'interval day', toType: 'long' },
        { fromType: 'byte', toType: 'geometry' },
      ],
      ['m.value.element.x: interval day -> long', 'm.value.element.x: byte -> geometry'],
    ],
    [
      'what is no change',
      [1, { toType: { type: 'struct' } }],
      [
        'm.value.element.x: no type name -> no type name',
        'm.value.element.x: no type name -> no type name',
      ],
    ],
    [
      'text instead of a list',
      '[{"fromType":"byte","toType":"short"}]',
      ['m.value.element.x: a history that is not a list'],
    ],
  ])('%s', (_name, changes, expected) => {
    expect(unsupportedTypeChanges(schemaWith(changes))).toEqual(expected);
  });
});
