import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import type { Action } from '../../src/log/actions.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import {
  all,
  commitMetadata,
  FEED,
  LOCATION,
  readCommit,
  row,
  schemaString,
  short,
  storeOf,
  table,
} from './changes-fixture.js';

describe('changes across changes of the schema', () => {
  it('gives the columns of the end: later ones are null, dropped ones left out, types widened', async () => {
    const storage = memoryStorage();
    const t = await DeltaTable.create(LOCATION, {
      schema: { id: 'integer', old: 'string' },
      properties: FEED,
      storage,
    });
    await t.append([{ id: 1, old: 'x' }]);
    const wider = schemaString(['id', 'long'], ['new', 'string']);
    await commitMetadata(storeOf(storage), 2, { schemaString: wider });
    await t.append([{ id: 2n, new: 'y' } as never]);
    const given: unknown[] = [];
    for await (const { rows } of t.changes({ from: 0 })) {
      for await (const change of rows()) given.push(change);
    }
    expect(given).toEqual([
      { type: 'insert', row: { id: 1n, new: null } },
      { type: 'insert', row: { id: 2n, new: 'y' } },
    ]);
    const before = await all(t.changes({ from: 1, to: 1 }));
    expect(before[0] && (await all(before[0].rows()))).toEqual([
      { type: 'insert', row: { id: 1, old: 'x' } },
    ]);
  });

  it.each([
    ['a type that holds less', schemaString(['id', 'integer'], ['city', 'string']), 'id'],
    ['another type', schemaString(['id', 'long', false], ['city', 'date']), 'city'],
    [
      'a column that must not be null',
      schemaString(['id', 'long', false], ['city', 'string', false]),
      'city',
    ],
    [
      'a new column that must not be null',
      schemaString(['id', 'long'], ['city', 'string'], ['x', 'long', false]),
      'x',
    ],
    [
      'a column of the feed',
      schemaString(['id', 'long'], ['city', 'string'], ['_Change_type', 'long']),
      '_Change_type',
    ],
  ])('refuses %s, naming the column', async (_name, text, column) => {
    const storage = memoryStorage();
    const t = await table(storage);
    await t.append([row(1)]);
    await commitMetadata(storeOf(storage), 2, { schemaString: text });
    await expect(short(t.changes({ from: 1 }))).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      column,
    });
    expect(await short(t.changes({ from: 1, to: 1 }))).toEqual([[1, ['+1']]]);
  });

  it('follows columns through renames, and takes a new one of an old name for another', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    await t.append([row(1)]);
    const mapped = (...fields: readonly (readonly [string, string, number, string])[]): string =>
      JSON.stringify({
        type: 'struct',
        fields: fields.map(([name, type, id, physical]) => ({
          name,
          type,
          nullable: true,
          metadata: { 'delta.columnMapping.id': id, 'delta.columnMapping.physicalName': physical },
        })),
      });
    const protocol: Action = {
      kind: 'protocol',
      protocol: { minReaderVersion: 2, minWriterVersion: 5 },
    };
    const configuration = new Map([...Object.entries(FEED), ['delta.columnMapping.mode', 'name']]);
    const add = (await readCommit(storeOf(storage), 1)).filter(({ kind }) => kind === 'add');
    const renamed = {
      configuration,
      partitionColumns: ['town'],
      schemaString: mapped(['number', 'long', 1, 'id'], ['town', 'string', 2, 'city']),
    };
    await commitMetadata(storeOf(storage), 2, renamed, [protocol, ...add]);
    const fields = [
      ['id', 'string', 3, 'col-3'],
      ['number', 'long', 1, 'id'],
      ['town', 'string', 2, 'city'],
    ] as const;
    await commitMetadata(storeOf(storage), 3, { ...renamed, schemaString: mapped(...fields) });
    const given = async (range: { from: number; to?: number }): Promise<unknown[]> => {
      const versions = await all(t.changes(range));
      return (await Promise.all(versions.map(({ rows }) => all(rows())))).flat();
    };
    const town = { type: 'insert', row: { id: null, number: 1n, town: 'Bonn' } };
    expect(await given({ from: 1 })).toEqual([town, town]);
    expect(await given({ from: 1, to: 1 })).toEqual([{ type: 'insert', row: row(1) }]);
    const off = schemaString(['number', 'long'], ['town', 'string']);
    await commitMetadata(storeOf(storage), 4, { schemaString: off, partitionColumns: ['town'] });
    await expect(given({ from: 1 })).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
  });

  it('reads what an overwrite took away by the partition columns of its own time', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    await t.append([row(1), row(2, 'Köln')]);
    const store = storeOf(storage);
    const removes = (await readCommit(store, 1)).flatMap((action): Action[] => {
      if (action.kind !== 'add') return [];
      const { path, size, partitionValues } = action.add;
      return [{ kind: 'remove', remove: { path, size, partitionValues, dataChange: true } }];
    });
    await commitMetadata(store, 2, { partitionColumns: [] }, removes);
    await t.append([row(3, 'Ulm')]);
    const given: unknown[] = [];
    for await (const { rows } of t.changes({ from: 1 })) {
      for await (const { type, row: changed } of rows()) given.push([type, changed]);
    }
    expect(given).toEqual([
      ['insert', row(1)],
      ['insert', row(2, 'Köln')],
      ['delete', row(1)],
      ['delete', row(2, 'Köln')],
      ['insert', row(3, 'Ulm')],
    ]);
  });
});
