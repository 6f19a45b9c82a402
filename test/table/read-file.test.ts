import { describe, expect, it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const URL_TEXT = 'memory://lake/r';

type Line = Record<string, { readonly [field: string]: unknown }>;

/** A table of one file, described anew by a second commit: other columns, other partitions. */
async function describedAnew(metadata: object, add: object): Promise<DeltaTable> {
  const storage = memoryStorage();
  const schema = { id: 'long', p: 'string' } as const;
  const table = await DeltaTable.create(URL_TEXT, { schema, storage });
  await table.append([
    { id: 1n, p: 'in the file' },
    { id: 2n, p: null },
  ]);
  const store = storage.open(new URL(URL_TEXT));
  const lineWith = async (version: number, kind: string): Promise<Line[string]> => {
    const commit = await store.get(`_delta_log/0000000000000000000${version}.json`);
    const lines = new TextDecoder().decode(commit?.bytes).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Line).find((line) => kind in line)?.[kind] ?? {};
  };
  const actions = [
    { metaData: { ...(await lineWith(0, 'metaData')), ...metadata } },
    { add: { ...(await lineWith(1, 'add')), ...add } },
  ];
  const body = actions.map((action) => JSON.stringify(action)).join('\n');
  await store.put('_delta_log/00000000000000000002.json', Buffer.from(body));
  return await DeltaTable.open(URL_TEXT, { storage });
}

describe('a data file', () => {
  it("does not overrule the log's partition value with a column of its own", async () => {
    const table = await describedAnew(
      { partitionColumns: ['p'] },
      { partitionValues: { p: 'in the log' }, stats: '{"numRecords":2}' },
    );
    const rows = [
      { id: 1n, p: 'in the log' },
      { id: 2n, p: 'in the log' },
    ];
    expect(await table.scan().toArray()).toEqual(rows);
    expect(await table.scan({ where: eq('p', 'in the log') }).toArray()).toEqual(rows);
    expect(await table.scan({ where: eq('p', 'in the file') }).count()).toBe(0);
  });

  it('has no say in a column of type void, which is null', async () => {
    const field = (name: string, type: string): object => ({
      name,
      type,
      nullable: true,
      metadata: {},
    });
    const fields = [field('p', 'void'), field('id', 'long'), field('never', 'void')];
    const schemaString = JSON.stringify({ type: 'struct', fields });
    const table = await describedAnew({ schemaString }, {});
    expect(await table.scan().toArray()).toEqual([
      { p: null, id: 1n, never: null },
      { p: null, id: 2n, never: null },
    ]);
  });
});
