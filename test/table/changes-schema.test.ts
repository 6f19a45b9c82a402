import { describe, expect, it } from 'vitest';
import type { Protocol } from '../../src/log/actions.js';
import { parseSchemaString } from '../../src/log/schema/schema-json.js';
import {
  readableWith,
  refuseChangeColumns,
  type TableDescription,
} from '../../src/table/changes-schema.js';
import { metadata } from '../log/log-fixture.js';

const MAPPED: Protocol = { minReaderVersion: 2, minWriterVersion: 5 };
const PLAIN: Protocol = { minReaderVersion: 1, minWriterVersion: 2 };

type Fields = Readonly<Record<string, unknown>>;

interface Described {
  readonly fields: Fields;
  readonly partitionColumns?: readonly string[];
  readonly mode?: 'none' | 'name' | 'id';
}

/** Fields by name; a type, or a type, a physical name and whether null is allowed. */
function table(
  version: number,
  { fields, partitionColumns = [], mode }: Described,
): TableDescription {
  const schemaString = JSON.stringify(struct(fields));
  return {
    version,
    protocol: mode === undefined ? PLAIN : MAPPED,
    metadata: metadata({
      schemaString,
      partitionColumns,
      configuration: new Map(mode === undefined ? [] : [['delta.columnMapping.mode', mode]]),
    }),
    schema: parseSchemaString(schemaString),
  };
}

function struct(fields: Fields): object {
  return {
    type: 'struct',
    fields: Object.entries(fields).map(([name, said]) => {
      const [type, physical, nullable = true] = Array.isArray(said) ? said : [said];
      const metadataOf =
        physical === undefined ? {} : { 'delta.columnMapping.physicalName': physical };
      return { name, type, nullable, metadata: metadataOf };
    }),
  };
}

const array = (elementType: unknown) => ({ type: 'array', elementType, containsNull: true });
const map = (keyType: unknown, valueType: unknown) => ({
  type: 'map',
  keyType,
  valueType,
  valueContainsNull: true,
});

describe('readableWith', () => {
  const readable: readonly (readonly [string, Described, Described, readonly string[]])[] = [
    ['the same', { fields: { a: 'long' } }, { fields: { a: 'long' } }, []],
    ['a column more', { fields: { a: 'long' } }, { fields: { a: 'long', b: 'date' } }, []],
    ['a column fewer', { fields: { a: 'long', b: 'date' } }, { fields: { a: 'long' } }, []],
    ['a name in other case', { fields: { A: 'long' } }, { fields: { a: 'long' } }, []],
    ['null allowed since', { fields: { a: ['long', 'a', false] } }, { fields: { a: 'long' } }, []],
    ['a wider type', { fields: { a: 'integer' } }, { fields: { a: 'double' } }, []],
    ['a type that was void', { fields: { a: 'void' } }, { fields: { a: 'string' } }, []],
    [
      'wider types at every depth, and fields that came and went',
      { fields: { a: array(struct({ x: 'byte', old: 'date' })), m: map('short', 'date') } },
      { fields: { a: array(struct({ x: 'long', y: 'date' })), m: map('long', 'timestamp_ntz') } },
      [],
    ],
    [
      'another order of partition columns, and one that was dropped',
      { fields: { a: 'long', b: 'date', c: 'date' }, partitionColumns: ['c', 'b'] },
      { fields: { b: 'date', a: 'long' }, partitionColumns: ['a'] },
      ['b'],
    ],
    [
      'a renamed column, which keeps its physical name',
      { fields: { a: ['long', 'p1'], b: ['date', 'p2'] }, partitionColumns: ['b'], mode: 'name' },
      { fields: { x: ['long', 'p1'], a: ['date', 'p2'] }, partitionColumns: ['a'], mode: 'name' },
      ['a'],
    ],
    [
      'a column that was dropped, and another of its name with another type',
      { fields: { a: ['long', 'p1'] }, mode: 'id' },
      { fields: { a: ['date', 'p9'] }, mode: 'id' },
      [],
    ],
    [
      'mapping that was turned on since, under the names that the files have',
      { fields: { a: 'long' } },
      { fields: { renamed: ['long', 'a'] }, mode: 'name' },
      [],
    ],
    [
      'mapping that was turned off since, where no physical name was another',
      { fields: { a: ['long', 'a'] }, mode: 'name' },
      { fields: { a: ['long', 'gone'] } },
      [],
    ],
  ];
  it.each(readable)('reads %s', (_name, then, target, partitionColumns) => {
    expect(readableWith(table(3, then), table(7, target))).toEqual(partitionColumns);
  });

  const refused: readonly (readonly [string, Described, Described, string])[] = [
    ['a narrower type', { fields: { a: 'long' } }, { fields: { a: 'integer' } }, 'a'],
    ['another type', { fields: { a: 'long' } }, { fields: { a: 'string' } }, 'a'],
    ['another form', { fields: { a: array('long') } }, { fields: { a: 'long' } }, 'a'],
    [
      'another type far inside',
      { fields: { a: map('long', array(struct({ x: 'date' }))) } },
      { fields: { a: map('long', array(struct({ x: 'long' }))) } },
      'a.value.element.x',
    ],
    [
      'null where it is not allowed',
      { fields: { a: 'long' } },
      { fields: { a: ['long', 'a', false] } },
      'a',
    ],
    [
      'a column that must not be null and was not there',
      { fields: { a: 'long' } },
      { fields: { b: ['long', 'b', false] } },
      'b',
    ],
    [
      'mapping that was turned off since',
      { fields: { a: ['long', 'p1'] }, mode: 'name' },
      { fields: { a: 'long' } },
      'a',
    ],
  ];
  it.each(refused)('refuses %s, by column and versions', (_name, then, target, column) => {
    expect(() => readableWith(table(3, then), table(7, target))).toThrow(
      expect.objectContaining({
        code: 'SCHEMA_MISMATCH',
        column,
        message: expect.stringMatching(/version 3 .*version 7/u),
      }),
    );
  });
});

describe('refuseChangeColumns', () => {
  it.each(['_change_type', '_COMMIT_VERSION', '_commit_timestamp'])('refuses %s', (name) => {
    const clash = table(1, { fields: { a: 'long', [name]: 'long' } });
    expect(() => refuseChangeColumns(clash)).toThrow(expect.objectContaining({ column: name }));
  });

  it('lets other columns pass', () => {
    expect(() => refuseChangeColumns(table(1, { fields: { change_type: 'long' } }))).not.toThrow();
  });
});
