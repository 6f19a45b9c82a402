import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import {
  and,
  DeltaTable,
  eq,
  everyRow,
  gt,
  isVarveError,
  lt,
  type ObjectStore,
  sql,
} from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const people = { id: 'long not null', name: 'string', city: 'string', born: 'date' } as const;

const URL = 'memory://lake/people';

async function peopleTable(partitionBy: readonly ('city' | 'name')[] = [], properties = {}) {
  const storage = memoryStorage();
  const table = await DeltaTable.create(URL, { schema: people, partitionBy, properties, storage });
  return { table, storage, store: storage.open(new globalThis.URL(URL)) };
}

async function keys(store: ObjectStore, suffix = '.parquet'): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('')) if (key.endsWith(suffix)) found.push(key);
  return found;
}

const ROWS = [
  { id: 1n, name: 'Ada', city: 'London', born: '1815-12-10' },
  { id: 2n, name: 'Alan', city: 'London', born: '1912-06-23' },
  { id: 3n, name: 'Grace', city: 'New York', born: '1906-12-09' },
  { id: 4n, name: null, city: null, born: null },
];

describe('create', () => {
  it('makes an empty table that opens, and refuses to make it twice', async () => {
    const { table, storage } = await peopleTable();
    expect((await table.snapshot()).version).toBe(0);
    expect(await table.scan().toArray()).toEqual([]);
    await expect(DeltaTable.create(URL, { schema: people, storage })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      kind: 'table',
    });
  });

  it('opens what is there with ifExists: open, and names every difference of the schema', async () => {
    const { storage } = await peopleTable();
    await DeltaTable.create(URL, { schema: people, storage, ifExists: 'open' });
    const other = { id: 'integer', name: 'string', size: 'double' } as const;
    const opened = DeltaTable.create(URL, { schema: other, storage, ifExists: 'open' });
    await expect(opened).rejects.toThrow(/id is not null; column id is long, not integer/u);
    await expect(opened).rejects.toThrow(/size is missing; column city is in the table only/u);
    await expect(DeltaTable.open(URL, { schema: other, storage })).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
    });
  });

  it('lets one of many creators win, and all of them with ifExists: open', async () => {
    const storage = memoryStorage();
    const made = await Promise.allSettled(
      Array.from({ length: 8 }, () => DeltaTable.create(URL, { schema: people, storage })),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const opened = Array.from({ length: 8 }, () =>
      DeltaTable.create(`${URL}2`, { schema: people, storage, ifExists: 'open' }),
    );
    await expect(Promise.all(opened)).resolves.toHaveLength(8);
  });

  it('infers the schema of rows by JavaScript type, in one commit with the rows', async () => {
    const storage = memoryStorage();
    const rows = [
      {
        n: 1,
        big: 2n,
        text: 'x',
        yes: true,
        at: new Date(5),
        bytes: new Uint8Array([1]),
        list: [1],
      },
    ];
    const table = await DeltaTable.create(URL, { rows, storage });
    const snapshot = await table.snapshot();
    expect(snapshot.version).toBe(0);
    expect(snapshot.schema.fields.map(({ type }) => type)).toEqual([
      'double',
      'long',
      'string',
      'boolean',
      'timestamp',
      'binary',
      { type: 'array', elementType: 'double', containsNull: true },
    ]);
    expect(await table.scan().toArray()).toEqual([
      { ...rows[0], at: expect.objectContaining({ micros: 0 }) },
    ]);
  });

  it('takes the schema of Arrow data', async () => {
    const arrow = tableFromArrays({ a: Int32Array.of(1, 2), b: ['x', 'y'] });
    const table = await DeltaTable.create(URL, {
      rows: tableToIPC(arrow) as never,
      storage: memoryStorage(),
    });
    expect(await table.scan().toArray()).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ]);
  });

  it.each([
    [{ schema: people, partitionBy: ['nope'] }, 'partitionBy'],
    [{ schema: people, partitionBy: ['id', 'id'] }, 'partitionBy'],
    [{ schema: { a: 'string' }, partitionBy: ['a'] }, 'partitionBy'],
    [{ schema: { a: { array: 'string' }, b: 'long' }, partitionBy: ['a'] }, 'partitionBy'],
    [{ schema: people, sillyOption: 1 }, 'sillyOption'],
    [{}, 'schema'],
    [{ schema: { a: 'string', A: 'long' } }, undefined],
    [{ schema: { 'a b': 'string' } }, undefined],
  ])('refuses %j before anything is written', async (options, option) => {
    const storage = memoryStorage();
    const made = DeltaTable.create(URL, { ...options, storage } as never);
    const error: unknown = await made.catch((caught: unknown) => caught);
    expect(isVarveError(error, 'INVALID_ARGUMENT', 'SCHEMA_MISMATCH')).toBe(true);
    if (option !== undefined) expect(error).toMatchObject({ option });
    expect(await keys(storage.open(new globalThis.URL(URL)), '')).toEqual([]);
  });

  it('writes protocol 3/7 with timestampNtz when the schema holds one', async () => {
    const table = await DeltaTable.create(URL, {
      schema: { at: 'timestamp_ntz' },
      storage: memoryStorage(),
    });
    const { protocol } = await table.snapshot();
    expect(protocol).toMatchObject({ minReaderVersion: 3, minWriterVersion: 7 });
    expect(protocol.readerFeatures).toEqual(['timestampNtz']);
  });
});

describe('append', () => {
  it('adds rows, one commit a call, and reads them back as they were given', async () => {
    const { table } = await peopleTable(['city']);
    const commit = await table.append(ROWS);
    expect(commit).toMatchObject({
      version: 1,
      outcome: 'committed',
      metrics: { rowsAdded: 4, filesAdded: 3 },
      warnings: [],
    });
    const rows = await table.scan().toArray();
    expect(rows.toSorted((a, b) => Number(a.id - b.id))).toEqual(ROWS);
  });

  it('makes no version of no rows', async () => {
    const { table } = await peopleTable();
    expect(await table.append([])).toMatchObject({ version: 0, outcome: 'nothing-to-do' });
    expect((await table.snapshot()).version).toBe(0);
  });

  it.each([
    ['an iterable', () => new Set(ROWS)],
    [
      'a generator',
      () =>
        (function* () {
          yield* ROWS;
        })(),
    ],
    [
      'an async generator',
      () =>
        (async function* () {
          yield* ROWS;
        })(),
    ],
    ['a Web stream', () => ReadableStream.from(ROWS)],
  ])('takes %s', async (_name, input) => {
    const { table } = await peopleTable();
    await table.append(input() as never);
    expect(await table.scan().count()).toBe(4);
  });

  it.each([
    ['a wrong type', { id: 'x' }, 'id'],
    ['a missing NOT NULL', { name: 'x' }, 'id'],
    ['an unknown column', { id: 1n, wings: 2 }, 'wings'],
    ['a value out of range', { id: 2n ** 63n }, 'id'],
    ['NaN for an integer', { id: Number.NaN }, 'id'],
    ['a date that is none', { id: 1n, born: '2023-02-29' }, 'born'],
    ['a Date for a date', { id: 1n, born: new Date(0) }, 'born'],
  ])('refuses %s with row and column, and leaves no file behind', async (_name, bad, column) => {
    // Small files, so that some are written before the bad row comes.
    const { table, store } = await peopleTable(['city'], { 'delta.targetFileSize': '1kb' });
    const many = Array.from({ length: 40_000 }, (_, at) => ({
      id: BigInt(at),
      city: `c${at % 3}`,
    }));
    const rows = (function* () {
      yield* many;
      yield bad;
    })();
    await expect(table.append(rows as never)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      row: many.length,
      column,
    });
    expect((await table.snapshot()).version).toBe(0);
    expect(await keys(store)).toEqual([]);
  });

  it('applies a sequence once', async () => {
    const { table, storage } = await peopleTable();
    const once = { idempotency: { appId: 'etl', sequence: 7 } };
    expect(await table.append(ROWS, once)).toMatchObject({ outcome: 'committed', version: 1 });
    const again = await DeltaTable.open(URL, { storage });
    expect(await again.append(ROWS, once)).toMatchObject({ outcome: 'already-applied' });
    const earlier = { idempotency: { appId: 'etl', sequence: 6 } };
    expect(await table.append(ROWS, earlier)).toMatchObject({ outcome: 'already-applied' });
    expect(await table.scan().count()).toBe(4);
    const later = { idempotency: { appId: 'etl', sequence: 8 } };
    expect(await table.append(ROWS, later)).toMatchObject({ outcome: 'committed', version: 2 });
  });

  it('lets many handles of one process append at once', async () => {
    const { table, storage } = await peopleTable();
    const handles = await Promise.all(
      Array.from({ length: 10 }, () => DeltaTable.open(URL, { storage })),
    );
    const commits = await Promise.all(handles.map((handle) => handle.append([{ id: 1n }])));
    const versions = commits.map(({ version }) => version).toSorted((a, b) => a - b);
    expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await table.scan().count()).toBe(10);
  });
});

describe('abort', () => {
  it('rejects with the reason and commits nothing, even while the input has nothing to give', async () => {
    const { table, store } = await peopleTable();
    const stop = new AbortController();
    const silent = (async function* () {
      yield ROWS[0];
      stop.abort(new Error('enough'));
      await new Promise(() => undefined);
    })();
    await expect(table.append(silent as never, { signal: stop.signal })).rejects.toThrow('enough');
    expect((await table.snapshot()).version).toBe(0);
    expect(await keys(store)).toEqual([]);
  });

  it('refuses to begin when it is aborted already', async () => {
    const { table } = await peopleTable();
    const reason = new Error('no');
    const signal = AbortSignal.abort(reason);
    await expect(table.append(ROWS, { signal })).rejects.toBe(reason);
    await expect(table.overwrite(ROWS, { signal })).rejects.toBe(reason);
    await expect(table.scan({ signal }).toArray()).rejects.toBe(reason);
    await expect(table.snapshot({}, { signal })).rejects.toBe(reason);
  });
});

describe('overwrite', () => {
  it('replaces the whole table', async () => {
    const { table } = await peopleTable(['city']);
    await table.append(ROWS);
    const commit = await table.overwrite([{ id: 9n }]);
    expect(commit.metrics).toMatchObject({ rowsAdded: 1, rowsRemoved: 4, filesRemoved: 3 });
    expect(await table.scan({ select: ['id'] }).toArray()).toEqual([{ id: 9n }]);
    const before = await table.snapshot({ version: 1 });
    expect(await before.scan().count()).toBe(4);
  });

  it('replaces a partition by whole files', async () => {
    const { table } = await peopleTable(['city']);
    await table.append(ROWS);
    const commit = await table.overwrite([{ id: 5n, city: 'London' }], {
      where: eq('city', 'London'),
    });
    expect(commit.metrics).toMatchObject({ filesAdded: 1, filesRemoved: 1, rowsRemoved: 2 });
    const ids = (await table.scan().toArray())
      .map(({ id }) => id)
      .toSorted((a, b) => Number(a - b));
    expect(ids).toEqual([3n, 4n, 5n]);
  });

  it('keeps the rows of a file that the condition is not true for, null included', async () => {
    const { table } = await peopleTable();
    await table.append(ROWS);
    await table.append([{ id: 10n, name: 'Zoe' }]);
    const commit = await table.overwrite([{ id: 2n, name: 'Alan T.', city: 'Paris' }], {
      where: and(gt('id', 1), lt('id', 4)),
    });
    expect(commit.metrics).toMatchObject({ rowsAdded: 1, rowsRemoved: 2, filesRemoved: 1 });
    const rows = (await table.scan().toArray()).toSorted((a, b) => Number(a.id - b.id));
    expect(rows.map(({ id, name }) => [id, name])).toEqual([
      [1n, 'Ada'],
      [2n, 'Alan T.'],
      [4n, null],
      [10n, 'Zoe'],
    ]);
  });

  it('takes a condition in SQL, on a partition column and on a file’s own', async () => {
    const { table } = await peopleTable(['city']);
    await table.append(ROWS);
    await table.overwrite([{ id: 7n, city: 'Oslo' }], {
      where: sql`id % 4 = ${3} and concat(city, '!') <=> ${'Oslo!'} or id = 2`,
    });
    const ids = (await table.scan({ select: ['id'] }).toArray()).map(({ id }) => Number(id));
    expect(ids.toSorted((a, b) => a - b)).toEqual([1, 3, 4, 7]);
    const [entry] = await table.history({ limit: 1 });
    expect(entry?.operationParameters['predicate']).toMatch(/\(id % 4\) = 3/u);
  });

  it('does not touch a file in which no row meets the condition', async () => {
    const { table } = await peopleTable();
    await table.append(ROWS);
    const [kept] = (await table.snapshot()).files();
    await table.overwrite([{ id: 7n, name: 'Bob' }], { where: eq('name', 'Bob') });
    expect((await table.snapshot()).files().map(({ path }) => path)).toContain(kept?.path);
  });

  it('refuses a row that does not meet the condition', async () => {
    const { table, store } = await peopleTable();
    await table.append(ROWS);
    const files = await keys(store);
    const rows = [{ id: 2n }, { id: 50n }];
    await expect(table.overwrite(rows, { where: lt('id', 10) })).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      row: 1,
    });
    expect(await keys(store)).toEqual(files);
  });

  it('refuses an undefined condition, and any on an append-only table', async () => {
    const { table } = await peopleTable();
    const nothing = undefined as never;
    await expect(table.overwrite([], { where: nothing })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'where',
    });
    const only = await DeltaTable.create(`${URL}-only`, {
      schema: people,
      properties: { 'delta.appendOnly': 'true' },
      storage: memoryStorage(),
    });
    await only.append(ROWS);
    await expect(only.overwrite([])).rejects.toThrow(/append-only/u);
  });

  it('with everyRow and no rows empties the table', async () => {
    const { table } = await peopleTable();
    await table.append(ROWS);
    await table.overwrite([], { where: everyRow });
    expect(await table.scan().count()).toBe(0);
    expect(await table.overwrite([])).toMatchObject({ outcome: 'nothing-to-do' });
  });
});
