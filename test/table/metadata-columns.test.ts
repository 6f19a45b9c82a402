import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Vector } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { DeltaTable, gt, type MetadataColumn } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import type { DataFile } from '../../src/table/data-files.js';
import { metadataValues } from '../../src/table/metadata-columns.js';
import { inlineVector } from '../log/deletion-vector/roaring-bytes.js';
import { corpusFolder, describeWithOracles } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const URL_TEXT = 'memory://lake/m';
const MATERIALIZED = {
  'delta.rowTracking.materializedRowIdColumnName': '_row-id-col-1',
  'delta.rowTracking.materializedRowCommitVersionColumnName': '_row-version-col-1',
};

/** A table of ids 0 to 9, then made one that tracks rows by hand: `over` is what its only `add` says. */
async function tracked(
  over: object,
  properties: Record<string, string> = { 'delta.enableRowTracking': 'true' },
): Promise<DeltaTable> {
  const storage = memoryStorage();
  const schema = { id: 'long', '_row-id-col-1': 'long' } as const;
  const table = await DeltaTable.create(URL_TEXT, { schema, storage });
  await table.append(
    Array.from({ length: 10 }, (_, id) => ({
      id,
      '_row-id-col-1': id % 3 === 0 ? 100 + id : null,
    })),
  );
  const store = storage.open(new URL(URL_TEXT));
  const lines = async (version: number): Promise<Record<string, unknown>[]> => {
    const commit = await store.get(`_delta_log/0000000000000000000${version}.json`);
    const text = new TextDecoder().decode(commit?.bytes).trimEnd();
    return text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const metaData = (await lines(0)).find((action) => 'metaData' in action)?.['metaData'];
  const add = (await lines(1)).find((action) => 'add' in action)?.['add'] as {
    path: string;
  };
  const schemaString =
    '{"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}}]}';
  const configuration = { ...MATERIALIZED, ...properties };
  const actions = [
    { metaData: { ...(metaData as object), schemaString, configuration } },
    ...('deletionVector' in over ? [{ remove: { path: add.path, dataChange: true } }] : []),
    { add: { ...add, ...over } },
  ];
  const body = actions.map((action) => JSON.stringify(action)).join('\n');
  await store.put('_delta_log/00000000000000000002.json', Buffer.from(body));
  return await DeltaTable.open(URL_TEXT, { storage });
}

describe('metadata columns', () => {
  it('tell file and place, by their dotted names, beside other columns', async () => {
    const folder = join(temporaryFolder(), 'a b%ü');
    const table = await DeltaTable.create(folder, {
      schema: { id: 'long not null', p: 'string' },
      partitionBy: ['p'],
    });
    await table.append([{ id: 1n, p: 'x y' }]);
    const [file] = (await table.snapshot()).files();
    const select = [
      'id',
      '_metadata.file_path',
      '_metadata.file_name',
      '_metadata.file_size',
      '_metadata.file_modification_time',
      '_metadata.row_index',
    ] as const;
    const [row] = await table.scan({ select }).toArray();
    expect(Object.keys(row ?? {})).toEqual(select);
    const path = join(folder, file?.path ?? '');
    expect(new URL(row?.['_metadata.file_path'] ?? '').href).toBe(pathToFileURL(path).href);
    expect(row?.['_metadata.file_path']).toContain('/a%20b%25ü/p=x%20y/');
    expect(row?.['_metadata.file_path']).toMatch(/^file:\/[^/]/);
    expect(path.endsWith(`/${row?.['_metadata.file_name']}`)).toBe(true);
    expect(row?.['_metadata.file_size']).toBe(BigInt(file?.sizeBytes ?? 0));
    expect(Math.abs(Number(row?.['_metadata.file_modification_time']) - Date.now())).toBeLessThan(
      600_000,
    );
    expect(row?.['_metadata.row_index']).toBe(0n);
  });

  it('count the place in the whole file, over row groups, conditions and deleted rows', async () => {
    const storage = memoryStorage();
    const table = await DeltaTable.create(URL_TEXT, { schema: { id: 'long not null' }, storage });
    await table.append(Array.from({ length: 140_000 }, (_, id) => ({ id })));
    const where = gt('id', 131_070);
    let rows = 0;
    for await (const row of table.scan({ select: ['_metadata.row_index', 'id'], where })) {
      expect(row['_metadata.row_index']).toBe(row.id);
      rows++;
    }
    expect(rows).toBe(140_000 - 131_071);
  });

  const ids = ['id', '_metadata.row_id', '_metadata.row_commit_version'] as const;

  it('give the ids that a file carries, and else those of the log', async () => {
    const deletionVector = inlineVector([4, 9]);
    const table = await tracked({ baseRowId: 50, defaultRowCommitVersion: 7, deletionVector });
    const rows = await table.scan({ select: ids }).toArray();
    expect(rows.map((row) => ids.map((name) => Number((row as never)[name])))).toEqual(
      [0, 1, 2, 3, 5, 6, 7, 8].map((id) => [id, id % 3 === 0 ? 100 + id : 50 + id, 7]),
    );
  });

  it('are refused where the table does not track rows', async () => {
    const table = await tracked({ baseRowId: 50, defaultRowCommitVersion: 7 }, {});
    for (const name of ids.slice(1) as MetadataColumn[]) {
      const scan = table.scan({ select: [name] });
      for (const asked of [scan.toArray(), scan.count(), scan.plan()]) {
        await expect(asked).rejects.toMatchObject({
          code: 'UNSUPPORTED_FEATURE',
          features: ['rowTracking'],
        });
      }
    }
    expect(await table.scan({ select: ['_metadata.row_index'] }).toArray()).toHaveLength(10);
  });

  it('are no guess where the log lost the ids', async () => {
    const table = await tracked({});
    await expect(table.scan({ select: ids }).toArray()).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
    });
    expect(await table.scan().toArray()).toHaveLength(10);
  });

  it('give way to a column of exactly that name', async () => {
    const schema = { '_metadata.row_index': 'string', '_METADATA.ROW_ID': 'string' } as const;
    const table = await DeltaTable.create(URL_TEXT, { schema, storage: memoryStorage() });
    await table.append([{ '_metadata.row_index': 'mine', '_METADATA.ROW_ID': 'too' }]);
    const select = ['_metadata.row_index', '_metadata.file_name'] as const;
    const [row] = await table.scan({ select }).toArray();
    expect(row?.['_metadata.row_index']).toBe('mine');
    expect(row?.['_metadata.file_name']).toMatch(/\.parquet$/);
    await expect(
      table.scan({ select: ['_metadata.nothing' as never] }).toArray(),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', option: 'select' });
  });
});

describe('metadataValues', () => {
  const root = 'abfss://c@a.dfs.core.windows.net';

  it.each([
    ['p=é/a b+%.parquet', `${root}/t%20/p=é/a%20b+%25.parquet`],
    [`${root}/other%5B/p/ü#.parquet`, `${root}/other%5B/p/ü%23.parquet`],
  ])('spell the URL of %s as Spark does', (key, url) => {
    const column = metadataValues('_metadata.file_path', {
      roots: { url: `${root}/t%20`, allowedRoots: [`${root}/other%5B`] },
      file: { key } as DataFile,
      add: undefined,
      firstRow: 0,
      ranges: [{ start: 0, end: 2 }],
      rows: 2,
      materialized: undefined,
    });
    expect([...new Vector([column])]).toEqual([url, url]);
  });
});

describeWithOracles('row ids', ['corpora'], () => {
  it('stay with their rows over every version of a table', async () => {
    const path = join(corpusFolder('spark'), 'row_tracking', 'delta');
    const table = await DeltaTable.open(path);
    const last = (await table.snapshot()).version;
    const known = new Map<unknown, unknown>();
    for (let version = 1; version <= last; version++) {
      const snapshot = await table.snapshot({ version });
      const rows = await snapshot.scan({ select: ['id', '_metadata.row_id'] }).toArray();
      expect(new Set(rows.map((row) => row['_metadata.row_id'])).size).toBe(rows.length);
      for (const row of rows) {
        const before = known.get(row['id']);
        if (before !== undefined) expect(row['_metadata.row_id']).toBe(before);
        known.set(row['id'], row['_metadata.row_id']);
      }
    }
    expect(known.size).toBeGreaterThan(30);
  });
});
