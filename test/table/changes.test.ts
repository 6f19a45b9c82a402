import { describe, expect, it } from 'vitest';
import { DeltaTable, type StorageProvider } from '../../src/index.js';
import { encodeCommit } from '../../src/log/action-codec.js';
import type { Action } from '../../src/log/actions.js';
import { commitKey } from '../../src/log/log-path.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';
import {
  all,
  commitMetadata,
  FEED,
  LOCATION,
  readCommit,
  row,
  schema,
  short,
  shortRows,
  storeOf,
  table,
} from './changes-fixture.js';

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
