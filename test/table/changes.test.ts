import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnyRow,
  DeltaTable,
  type ObjectStore,
  type StorageProvider,
} from '../../src/index.js';
import { encodeCommit, parseCommit } from '../../src/log/action-codec.js';
import type { Action, DeletionVectorDescriptor, Metadata } from '../../src/log/actions.js';
import { commitKey } from '../../src/log/log-path.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';
import { FOLLOW_POLL_MS } from '../../src/table/changes.js';
import { scheduledStorage } from '../../src/testing/scheduled-store.js';
import { Scheduler } from '../../src/testing/scheduler.js';
import { inlineVector } from '../log/deletion-vector/roaring-bytes.js';

const schema = { id: 'long not null', city: 'string' } as const;
const LOCATION = 'memory://lake/t';
const FEED = { 'delta.enableChangeDataFeed': 'true' };

async function table(storage: StorageProvider = memoryStorage(), properties: object = FEED) {
  return await DeltaTable.create(LOCATION, {
    schema,
    partitionBy: ['city'],
    properties: properties as Record<string, string>,
    storage,
  });
}

const row = (id: number, city = 'Bonn') => ({ id: BigInt(id), city });

/** Every version's changes in short: `+1` brought, `-1` taken away. */
async function short(changes: ReturnType<DeltaTable['changes']>): Promise<[number, string[]][]> {
  const versions: [number, string[]][] = [];
  for await (const { version, rows } of changes) versions.push([version, await shortRows(rows())]);
  return versions;
}

async function shortRows(rows: AsyncIterable<{ type: string; row: unknown }>): Promise<string[]> {
  const signs: Record<string, string> = {
    insert: '+',
    delete: '-',
    update_preimage: '<',
    update_postimage: '>',
  };
  const texts: string[] = [];
  for await (const { type, row: changed } of rows) {
    texts.push(`${signs[type]}${String((changed as AnyRow)['id'])}`);
  }
  return texts;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The store of the table, to look at and write to behind its back. */
const storeOf = (storage: StorageProvider): ObjectStore => storage.open(new URL(LOCATION));

async function readCommit(store: ObjectStore, version: number): Promise<Action[]> {
  const object = await store.get(commitKey(version));
  return object === undefined ? [] : parseCommit(object.bytes, commitKey(version));
}

/** Commits other metadata than that of the first version. */
async function commitMetadata(
  store: ObjectStore,
  version: number,
  over: Partial<Metadata>,
  more: readonly Action[] = [],
): Promise<void> {
  const first = (await readCommit(store, 0)).find((action) => action.kind === 'metaData');
  if (first?.kind !== 'metaData') throw new TypeError('no metadata');
  const metaData = { ...first.metaData, ...over };
  await store.put(commitKey(version), encodeCommit([{ kind: 'metaData', metaData }, ...more]));
}

describe('changes', () => {
  it('gives each version whole, what was taken away before what was brought', async () => {
    const t = await table();
    await t.append([row(1), row(2, 'Köln')]);
    await t.append([row(3)]);
    await t.overwrite([row(4, 'Aachen')]);
    expect(await short(t.changes({ from: 0 }))).toEqual([
      [0, []],
      [1, ['+1', '+2']],
      [2, ['+3']],
      [3, [expect.stringMatching(/^-[13]$/u), expect.stringMatching(/^-[13]$/u), '-2', '+4']],
    ]);
    expect(await short(t.changes({ from: 2, to: 2 }))).toEqual([[2, ['+3']]]);
  });

  it('says when each version was committed, as the history does', async () => {
    const t = await table();
    await t.append([row(1)]);
    const told = (await t.history()).toReversed().map(({ timestamp }) => timestamp);
    const found: Date[] = [];
    for await (const { timestamp } of t.changes({ from: 0 })) found.push(timestamp);
    expect(found).toEqual(told);
  });

  it('takes the time from the commit from where the table keeps it there', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    await t.append([row(1)]);
    const configuration = new Map([
      ...Object.entries(FEED),
      ['delta.enableInCommitTimestamps', 'true'],
      ['delta.inCommitTimestampEnablementVersion', '2'],
      ['delta.inCommitTimestampEnablementTimestamp', '5000'],
    ]);
    const metaData = (await readCommit(storeOf(storage), 0)).find(
      ({ kind }) => kind === 'metaData',
    );
    if (metaData?.kind !== 'metaData') throw new TypeError('no metadata');
    const commits: readonly Action[][] = [
      [
        { kind: 'commitInfo', commitInfo: { inCommitTimestamp: 5000 } },
        { kind: 'metaData', metaData: { ...metaData.metaData, configuration } },
      ],
      [{ kind: 'commitInfo', commitInfo: { inCommitTimestamp: 5001 } }],
    ];
    for (const [at, actions] of commits.entries()) {
      await storeOf(storage).put(commitKey(at + 2), encodeCommit(actions));
    }
    const times = (await all(t.changes({ from: 1 }))).map(({ timestamp }) => timestamp.getTime());
    const [, , ofFile] = await t.history();
    expect(times).toEqual([ofFile?.timestamp.getTime(), 5000, 5001]);
  });

  it('adds type, version and time to the columns of the batches', async () => {
    const t = await table();
    await t.append([row(1), row(2)]);
    for await (const { version, timestamp, batches } of t.changes({ from: 1 })) {
      const [batch, ...more] = await all(batches());
      expect([version, more]).toEqual([1, []]);
      expect(batch?.schema.fields.map(({ name, type }) => `${name} ${String(type)}`)).toEqual([
        'id Int64',
        'city Utf8',
        '_change_type Utf8',
        '_commit_version Int64',
        '_commit_timestamp Timestamp<MICROSECOND, UTC>',
      ]);
      expect([...(batch?.getChild('_change_type') ?? [])]).toEqual(['insert', 'insert']);
      expect([...(batch?.getChild('_commit_version') ?? [])]).toEqual([1n, 1n]);
      expect([...(batch?.getChild('_commit_timestamp') ?? [])]).toEqual([
        timestamp.getTime(),
        timestamp.getTime(),
      ]);
    }
  });

  it('reads no data file before the rows are asked for, and each time anew', async () => {
    const storage = memoryStorage();
    await (await table(storage)).append([row(1)]);
    const requests: StoreRequest[] = [];
    const recorded: StorageProvider = {
      schemes: storage.schemes,
      open: (url) => recordingStore(storage.open(url), requests),
    };
    const t = await DeltaTable.open(LOCATION, { storage: recorded });
    const versions = await all(t.changes({ from: 1 }));
    expect(requests.filter(({ key }) => key.endsWith('.parquet'))).toEqual([]);
    const [version] = versions;
    expect(version && (await shortRows(version.rows()))).toEqual(['+1']);
    expect(version && (await shortRows(version.rows()))).toEqual(['+1']);
  });

  it('is empty behind the newest version, where a cursor stands that has seen it', async () => {
    const t = await table();
    expect(await short(t.changes({ from: 1 }))).toEqual([]);
  });

  it.each([
    ['from', { from: 7 }, '7'],
    ['to', { from: 0, to: 9 }, '9'],
  ])('refuses a range whose %s is no version yet', async (_name, range, thing) => {
    const t = await table();
    await expect(short(t.changes(range))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'changes',
      thing,
    });
  });

  it.each([
    ['to', { from: 3, to: 2 }],
    ['from', { from: -1 }],
    ['from', {}],
    ['since', { from: 1, since: 2 }],
  ])('refuses a wrong call at once: %s', async (option, options) => {
    const t = await table();
    expect(() => t.changes(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option }),
    );
  });

  it('says which versions are left when the log was cleaned', async () => {
    const storage = memoryStorage();
    const t = await table(storage, { ...FEED, 'delta.checkpointInterval': '2' });
    for (let id = 1; id <= 5; id++) await t.append([row(id)]);
    const store = storeOf(storage);
    await store.delete(commitKey(0));
    await store.delete(commitKey(1));
    await expect(short(t.changes({ from: 1 }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'changes',
      thing: '1',
      available: '2..5',
    });
    expect(await short(t.changes({ from: 2, to: 3 }))).toEqual([
      [2, ['+2']],
      [3, ['+3']],
    ]);
  });

  it('names the files of a version that are gone', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    await t.append([row(1)]);
    await t.overwrite([row(2)]);
    const [file] = (await t.snapshot({ version: 1 })).files();
    await storeOf(storage).delete(file?.path ?? '');
    await expect(short(t.changes({ from: 2 }))).rejects.toMatchObject({
      code: 'DATA_GONE',
      version: 2,
      missing: [file?.path],
    });
  });

  it('leaves out compaction, whose files change no data', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    await t.append([row(1)]);
    const [added] = (await readCommit(storeOf(storage), 1)).filter(({ kind }) => kind === 'add');
    if (added?.kind !== 'add') throw new TypeError('no add');
    const again = { ...added.add, dataChange: false };
    await storeOf(storage).put(commitKey(2), encodeCommit([{ kind: 'add', add: again }]));
    expect(await short(t.changes({ from: 1 }))).toEqual([
      [1, ['+1']],
      [2, []],
    ]);
  });
});

describe('changes where the feed was off', () => {
  it('begins with the version that turned it on', async () => {
    const storage = memoryStorage();
    const t = await table(storage, {});
    await t.append([row(1)]);
    await commitMetadata(storeOf(storage), 2, { configuration: new Map(Object.entries(FEED)) });
    await t.append([row(2)]);
    for (const from of [0, 1]) {
      await expect(short(t.changes({ from }))).rejects.toMatchObject({
        code: 'NOT_FOUND',
        kind: 'changes',
        thing: String(from),
      });
    }
    expect(await short(t.changes({ from: 2 }))).toEqual([
      [2, []],
      [3, ['+2']],
    ]);
  });

  it('ends at the version that turned it off, behind those that it has', async () => {
    const storage = memoryStorage();
    const t = await table(storage);
    await t.append([row(1)]);
    await commitMetadata(storeOf(storage), 2, { configuration: new Map() });
    await t.append([row(2)]);
    const seen: number[] = [];
    const read = async (): Promise<void> => {
      for await (const { version } of t.changes({ from: 0 })) seen.push(version);
    };
    await expect(read()).rejects.toMatchObject({ kind: 'changes', thing: '2' });
    expect(seen).toEqual([0, 1]);
  });
});

/** The schema's JSON with other fields. */
function schemaString(...fields: readonly (readonly [string, string, boolean?])[]): string {
  return JSON.stringify({
    type: 'struct',
    fields: fields.map(([name, type, nullable = true]) => ({ name, type, nullable, metadata: {} })),
  });
}

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

describe('changes of deletion vectors', () => {
  const ROWS = 40;

  it('are the rows in which the vectors of a file differ, deleted or brought back', async () => {
    const subset = fc.uniqueArray(fc.nat(ROWS - 1), { maxLength: ROWS });
    await fc.assert(
      fc.asyncProperty(fc.array(subset, { minLength: 1, maxLength: 6 }), async (subsets) => {
        const storage = memoryStorage();
        const t = await DeltaTable.create(LOCATION, { schema, properties: FEED, storage });
        await t.append(Array.from({ length: ROWS }, (_, id) => row(id)));
        const store = storeOf(storage);
        const added = (await readCommit(store, 1)).find(({ kind }) => kind === 'add');
        if (added?.kind !== 'add') throw new TypeError('no add');
        const features = ['changeDataFeed', 'deletionVectors'];
        const protocol: Action = {
          kind: 'protocol',
          protocol: {
            minReaderVersion: 3,
            minWriterVersion: 7,
            readerFeatures: ['deletionVectors'],
            writerFeatures: features,
          },
        };
        let before: readonly number[] = [];
        const expected: [number, string[]][] = [];
        for (const [at, subset] of subsets.entries()) {
          const rows = subset.toSorted((a, b) => a - b);
          const vector = (
            list: readonly number[],
          ): { deletionVector?: DeletionVectorDescriptor } =>
            list.length === 0 ? {} : { deletionVector: inlineVector(list) };
          const { path } = added.add;
          const actions: Action[] = [
            { kind: 'remove', remove: { path, dataChange: true, ...vector(before) } },
            { kind: 'add', add: { ...added.add, ...vector(rows) } },
          ];
          await store.put(
            commitKey(at + 2),
            encodeCommit(at === 0 ? [protocol, ...actions] : actions),
          );
          const gone = rows.filter((id) => !before.includes(id)).map((id) => `-${id}`);
          const back = before.filter((id) => !rows.includes(id)).map((id) => `+${id}`);
          expected.push([at + 2, [...gone, ...back]]);
          before = rows;
        }
        expect(await short(t.changes({ from: 2 }))).toEqual(expected);
      }),
      { seed: 7, numRuns: 40 },
    );
  });

  it('name a vector that is gone', async () => {
    const storage = memoryStorage();
    const t = await DeltaTable.create(LOCATION, { schema, properties: FEED, storage });
    await t.append([row(1)]);
    const store = storeOf(storage);
    const added = (await readCommit(store, 1)).find(({ kind }) => kind === 'add');
    if (added?.kind !== 'add') throw new TypeError('no add');
    const deletionVector = {
      storageType: 'u',
      pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
      offset: 1,
      sizeInBytes: 34,
      cardinality: 1,
    };
    const { path } = added.add;
    await store.put(
      commitKey(2),
      encodeCommit([
        { kind: 'remove', remove: { path, dataChange: true } },
        { kind: 'add', add: { ...added.add, deletionVector } },
      ]),
    );
    await expect(short(t.changes({ from: 2 }))).rejects.toMatchObject({
      code: 'DATA_GONE',
      version: 2,
      missing: [expect.stringMatching(/^ab\/deletion_vector_.*\.bin$/u)],
    });
  });
});

describe('changes that are recorded in change data files', () => {
  const changed = { ...schema, _change_type: 'string' } as const;

  /** A table whose second commit names a change data file with these rows. */
  async function recorded(rows: readonly { id: bigint; _change_type: string | null }[]) {
    const storage = memoryStorage();
    const t = await DeltaTable.create(LOCATION, { schema, properties: FEED, storage });
    await t.append([row(1)]);
    const other = await DeltaTable.create(`${LOCATION}/_change_data`, { schema: changed, storage });
    await other.append(rows.map((each) => ({ city: 'Bonn', ...each })));
    const [file] = (await other.snapshot()).files();
    const path = `_change_data/${file?.path}`;
    const cdc = { path, partitionValues: new Map(), size: file?.sizeBytes ?? 0 };
    const hidden = await readCommit(storeOf(storage), 1);
    const adds = hidden.filter(({ kind }) => kind === 'add');
    await storeOf(storage).put(commitKey(2), encodeCommit([{ kind: 'cdc', cdc }, ...adds]));
    return t;
  }

  it('come from those alone, what was taken away first', async () => {
    const t = await recorded([
      { id: 1n, _change_type: 'insert' },
      { id: 2n, _change_type: 'update_preimage' },
      { id: 3n, _change_type: 'update_postimage' },
      { id: 4n, _change_type: 'delete' },
    ]);
    expect(await short(t.changes({ from: 2 }))).toEqual([[2, ['<2', '-4', '+1', '>3']]]);
  });

  it.each([[null], ['copy']])('refuse a row that is %s', async (type) => {
    const t = await recorded([{ id: 1n, _change_type: type }]);
    await expect(short(t.changes({ from: 2 }))).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      field: '_change_type',
    });
  });
});

describe('changes that are followed', () => {
  /** A lake whose clock runs what is to happen while somebody sleeps. */
  function lake(whileAsleep: (() => unknown)[]) {
    const requests: StoreRequest[] = [];
    const inner = memoryStorage();
    const sleeps: number[] = [];
    const clock = {
      now: () => Date.now(),
      sleep: async (delayMs: number, signal?: AbortSignal): Promise<void> => {
        sleeps.push(delayMs);
        await whileAsleep.shift()?.();
        signal?.throwIfAborted();
      },
    };
    const storage: StorageProvider = {
      schemes: ['memory'],
      clock,
      open: (url) => recordingStore(inner.open(url), requests),
    };
    return { storage, inner, requests, sleeps };
  }

  it('waits for what comes, at one request a look, and ends with the signal', async () => {
    const stop = new AbortController();
    const counts: number[] = [];
    let other: DeltaTable<typeof schema> | undefined;
    const { storage, inner, requests, sleeps } = lake([
      () => requests.splice(0),
      () => counts.push(requests.splice(0).length),
      () => counts.push(requests.splice(0).length),
      () => other?.append([row(2), row(3)]),
      () => stop.abort(new Error('enough')),
    ]);
    other = await table(inner);
    await other.append([row(1)]);
    const t = await DeltaTable.open(LOCATION, { storage });
    const seen: [number, string[]][] = [];
    const follow = async (): Promise<void> => {
      for await (const { version, rows } of t.changes({
        from: 0,
        follow: true,
        signal: stop.signal,
      })) {
        seen.push([version, await shortRows(rows())]);
      }
    };
    await expect(follow()).rejects.toThrow('enough');
    expect(seen).toEqual([
      [0, []],
      [1, ['+1']],
      [2, ['+2', '+3']],
    ]);
    expect(counts).toEqual([1, 1]);
    expect(new Set(sleeps)).toEqual(new Set([FOLLOW_POLL_MS]));
  });

  it('waits behind the newest version too, and ends at `to`', async () => {
    let other: DeltaTable<typeof schema> | undefined;
    const { storage, inner } = lake([() => other?.append([row(1)]), () => other?.append([row(2)])]);
    other = await table(inner);
    const t = await DeltaTable.open(LOCATION, { storage });
    expect(await short(t.changes({ from: 1, to: 2, follow: true }))).toEqual([
      [1, ['+1']],
      [2, ['+2']],
    ]);
  });

  it('gives a version that changed the schema with its own', async () => {
    const { storage, inner } = lake([
      () =>
        commitMetadata(storeOf(inner), 2, {
          schemaString: schemaString(['id', 'long'], ['city', 'string'], ['x', 'date']),
        }),
      async () => await (await DeltaTable.open(LOCATION, { storage: inner })).append([row(2)]),
    ]);
    await (await table(inner)).append([row(1)]);
    const t = await DeltaTable.open(LOCATION, { storage });
    const keys: string[] = [];
    for await (const { rows } of t.changes({ from: 1, to: 3, follow: true })) {
      for await (const { row: changed } of rows()) keys.push(Object.keys(changed).join());
    }
    expect(keys).toEqual(['id,city', 'id,city,x']);
  });

  it('sees that the table was dropped and made again', async () => {
    const { storage, inner } = lake([
      async () => {
        const store = storeOf(inner);
        for await (const { key } of store.list('')) await store.delete(key);
        await table(inner);
      },
    ]);
    await (await table(inner)).append([row(1)]);
    const t = await DeltaTable.open(LOCATION, { storage });
    await expect(short(t.changes({ from: 0, follow: true }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'table',
    });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'misses no version and repeats none while others write (seed %i)',
    async (seed) => {
      const commits = 12;
      const scheduler = new Scheduler(seed);
      const provider = memoryStorage({ clock: scheduler.clock('lake') });
      await table(provider);
      const open = (actor: string): Promise<DeltaTable> =>
        DeltaTable.open(LOCATION, { storage: scheduledStorage(provider, scheduler, actor) });
      const writer = (actor: string, first: number) => async (): Promise<void> => {
        const t = await open(actor);
        for (let at = 0; at < commits / 2; at++) await t.append([row(first + at)]);
      };
      const seen: [number, string[]][] = [];
      const settled = await scheduler.run({
        a: writer('a', 100),
        b: writer('b', 200),
        reader: async () => {
          const t = await open('reader');
          for await (const { version, rows } of t.changes({ from: 1, to: commits, follow: true })) {
            seen.push([version, await shortRows(rows())]);
          }
        },
      });
      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
      expect(seen.map(([version]) => version)).toEqual(
        Array.from({ length: commits }, (_, at) => at + 1),
      );
      const numbers = (first: number): string[] =>
        Array.from({ length: commits / 2 }, (_, at) => `+${first + at}`);
      expect(seen.flatMap(([, rows]) => rows).toSorted()).toEqual([
        ...numbers(100),
        ...numbers(200),
      ]);
    },
  );
});
