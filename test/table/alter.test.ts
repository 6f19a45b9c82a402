import { describe, expect, it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { parseCommit } from '../../src/log/action-codec.js';
import type { Action } from '../../src/log/actions.js';
import { commitKey } from '../../src/log/log-path.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const URL_TEXT = 'memory://lake/t';
const schema = { id: 'long', part: 'string' } as const;
const row = (id: number) => ({ id: BigInt(id), part: 'p' });
const ICT = 'delta.enableInCommitTimestamps';
const ROW_TRACKING = 'delta.enableRowTracking';

async function made(properties: Record<string, string> = {}) {
  const storage = memoryStorage();
  const table = await DeltaTable.create(URL_TEXT, { schema, storage, properties });
  const store = storage.open(new URL(URL_TEXT));
  return {
    table,
    /** The table as another process has it. */
    rival: async () => await DeltaTable.open(URL_TEXT, { storage: { ...storage }, schema }),
    actionsOf: async (version: number): Promise<Action[]> => {
      const object = await store.get(commitKey(version));
      return parseCommit(object?.bytes ?? new Uint8Array(), commitKey(version));
    },
    infoOf: async (version: number) => {
      const object = await store.get(commitKey(version));
      const [first] = parseCommit(object?.bytes ?? new Uint8Array(), commitKey(version));
      return first?.kind === 'commitInfo' ? first.commitInfo : {};
    },
  };
}

async function rowIds(table: DeltaTable<typeof schema>): Promise<[number, number][]> {
  const select = ['id', '_metadata.row_id'] as const;
  const rows = await table.scan({ select }).toArray();
  return rows
    .map((found): [number, number] => [Number(found.id), Number(found['_metadata.row_id'])])
    .toSorted(([one], [other]) => one - other);
}

describe('setProperties', () => {
  it('stores intervals as every reader knows them, of a new table too', async () => {
    const retention = { 'delta.logRetentionDuration': '9 days' };
    const { table } = await made(retention);
    const stored = async () => (await table.detail()).properties.get('delta.logRetentionDuration');
    expect(await stored()).toBe('interval 9 days');
    expect(await table.setProperties(retention)).toMatchObject({ outcome: 'nothing-to-do' });
    await table.setProperties({ 'delta.logRetentionDuration': '1 week 1 hour' });
    expect(await stored()).toBe('interval 169 hours');
  });

  it('commits new metadata alone, in the words of Spark', async () => {
    const { table, actionsOf } = await made({ mine: '1' });
    const commit = await table.setProperties({ 'delta.checkpointInterval': '5', mine: '2' });
    expect(commit).toMatchObject({ version: 1, outcome: 'committed' });
    const [info, ...actions] = await actionsOf(1);
    expect(info).toMatchObject({
      commitInfo: {
        operation: 'SET TBLPROPERTIES',
        operationParameters: { properties: '{"delta.checkpointInterval":"5","mine":"2"}' },
        isolationLevel: 'Serializable',
      },
    });
    expect(actions.map(({ kind }) => kind)).toEqual(['metaData']);
    const { properties } = await table.detail();
    expect(Object.fromEntries(properties)).toEqual({ 'delta.checkpointInterval': '5', mine: '2' });
    expect(await table.setProperties({ mine: '2' })).toMatchObject({
      version: 1,
      outcome: 'nothing-to-do',
    });
  });

  it('adds the features that the properties need, and those that are named', async () => {
    const { table } = await made();
    await table.setProperties({ [ICT]: 'true', 'delta.feature.rowTracking': 'supported' });
    const { features, properties, minReaderVersion, minWriterVersion } = await table.detail();
    expect(features).toEqual([
      'appendOnly',
      'domainMetadata',
      'inCommitTimestamp',
      'invariants',
      'rowTracking',
    ]);
    expect([minReaderVersion, minWriterVersion]).toEqual([1, 7]);
    expect([...properties.keys()].filter((name) => name.startsWith('delta.feature.'))).toEqual([]);
  });

  it.each<[Record<string, string>, object]>([
    [{ 'delta.appendOnly': 'perhaps' }, { code: 'INVALID_ARGUMENT', option: 'delta.appendOnly' }],
    [{ 'Delta.appendOnly': 'true' }, { code: 'INVALID_ARGUMENT', option: 'Delta.appendOnly' }],
    [{ 'delta.appendonly': 'true' }, { code: 'INVALID_ARGUMENT', option: 'delta.appendonly' }],
    [{ '': 'x' }, { code: 'INVALID_ARGUMENT' }],
    [{ 'delta.nothing': '1' }, { code: 'INVALID_ARGUMENT', option: 'delta.nothing' }],
    [{ 'delta.feature.nothing': 'supported' }, { option: 'delta.feature.nothing' }],
    [{ 'delta.feature.rowTracking': 'on' }, { option: 'delta.feature.rowTracking' }],
    [{ 'delta.enableDeletionVectors': 'true' }, { features: ['deletionVectors'], side: 'write' }],
    [{ 'delta.constraints.c': 'id > 0' }, { features: ['checkConstraints'], side: 'write' }],
  ])('refuses %j', async (properties, error) => {
    const { table } = await made();
    await expect(table.setProperties(properties)).rejects.toMatchObject(error);
    expect((await table.snapshot()).version).toBe(0);
  });

  it('tells when in-commit timestamps began, behind whoever came first', async () => {
    const { table, rival, infoOf } = await made();
    await (await rival()).append([row(1)]);
    const { version } = await table.setProperties({ [ICT]: 'true' });
    expect(version).toBe(2);
    const { inCommitTimestamp } = await infoOf(2);
    const { properties } = await table.detail();
    expect(properties.get('delta.inCommitTimestampEnablementVersion')).toBe('2');
    expect(properties.get('delta.inCommitTimestampEnablementTimestamp')).toBe(
      String(inCommitTimestamp),
    );
    await table.append([row(2)]);
    const { inCommitTimestamp: next } = await infoOf(3);
    expect(Number(next)).toBeGreaterThan(Number(inCommitTimestamp));
    const [newest] = await table.history({ limit: 1 });
    expect(newest?.timestamp.getTime()).toBe(next);
  });

  it('lets an append that began before go behind, with what the table now asks for', async () => {
    const { table, rival, infoOf, actionsOf } = await made();
    const altering = await rival();
    async function* rows() {
      await altering.setProperties({ [ICT]: 'true', [ROW_TRACKING]: 'true' });
      yield row(1);
    }
    const { version } = await table.append(rows());
    expect(version).toBe(3);
    expect(await infoOf(3)).toMatchObject({
      inCommitTimestamp: expect.any(Number),
      tags: { 'delta.rowTracking.preserved': 'false' },
    });
    expect((await actionsOf(3)).find((action) => action.kind === 'add')).toMatchObject({
      add: { baseRowId: 0n, defaultRowCommitVersion: 3n },
    });
  });

  it('loses to another change of the metadata, and is done again behind it', async () => {
    const { table, rival } = await made();
    const other = await rival();
    await Promise.all([table.setProperties({ mine: '1' }), other.setProperties({ theirs: '1' })]);
    const { properties } = await table.detail();
    expect([...properties.keys()].toSorted()).toEqual(['mine', 'theirs']);
    const once = { attempts: 1 };
    const both = await Promise.allSettled([
      table.setProperties({ mine: '2' }, once),
      other.setProperties({ theirs: '2' }, once),
    ]);
    const lost = both.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(lost).toEqual([
      expect.objectContaining({
        conflict: 'MetadataChangedException',
        winner: { version: 3, operation: 'SET TBLPROPERTIES' },
      }),
    ]);
  });
});

describe('setProperties, of row tracking', () => {
  it('gives ids to the files that are there, in commits that change no row', async () => {
    const { table, infoOf, actionsOf } = await made();
    await table.append([row(1), row(2)]);
    await table.append([row(3)]);
    const { version } = await table.setProperties({ [ROW_TRACKING]: 'true' });
    expect(version).toBe(5);
    const operations = (await table.history()).map(({ operation }) => operation);
    expect(operations.slice(0, 3)).toEqual([
      'SET TBLPROPERTIES',
      'ROW TRACKING BACKFILL',
      'ADD FEATURE',
    ]);
    expect(await infoOf(4)).toMatchObject({
      isolationLevel: 'SnapshotIsolation',
      isBlindAppend: false,
    });
    const adds = (await actionsOf(4)).flatMap((action) =>
      action.kind === 'add' ? [action.add] : [],
    );
    expect(adds.every(({ dataChange }) => !dataChange)).toBe(true);
    await table.append([row(4)]);
    const ids = await rowIds(table);
    expect(ids.map(([id]) => id)).toEqual([1, 2, 3, 4]);
    expect(new Set(ids.map(([, rowId]) => rowId))).toEqual(new Set([0, 1, 2, 3]));
    expect(ids[3]).toEqual([4, 3]);
  });

  it('keeps ids through an overwrite of other files, and says when it loses some', async () => {
    const storage = memoryStorage();
    const table = await DeltaTable.create(URL_TEXT, {
      schema,
      storage,
      partitionBy: ['part'],
      properties: { [ROW_TRACKING]: 'true' },
    });
    const store = storage.open(new URL(URL_TEXT));
    const tagOf = async (version: number): Promise<unknown> => {
      const object = await store.get(commitKey(version));
      const [first] = parseCommit(object?.bytes ?? new Uint8Array(), commitKey(version));
      return first?.kind === 'commitInfo' ? first.commitInfo['tags'] : undefined;
    };
    await table.append([row(1), row(2), { id: 10n, part: 'q' }]);
    const before = await rowIds(table);
    await table.overwrite([{ id: 11n, part: 'q' }], { where: eq('part', 'q') });
    expect((await rowIds(table)).slice(0, 2)).toEqual(before.slice(0, 2));
    expect(await tagOf(2)).toEqual({ 'delta.rowTracking.preserved': 'true' });
    await table.overwrite([{ id: 2n, part: 'p' }], { where: eq('id', 2n) });
    expect(await tagOf(3)).toEqual({ 'delta.rowTracking.preserved': 'false' });
    const ids = (await rowIds(table)).map(([, id]) => id);
    expect(new Set(ids).size).toBe(3);
  });

  it('refuses while it is suspended', async () => {
    const { table } = await made({
      'delta.feature.rowTracking': 'supported',
      'delta.rowTrackingSuspended': 'true',
    });
    await table.append([row(1)]);
    await expect(table.setProperties({ [ROW_TRACKING]: 'true' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'delta.enableRowTracking',
    });
    await table.unsetProperties(['delta.rowTrackingSuspended']);
    await table.setProperties({ [ROW_TRACKING]: 'true' });
    expect(await rowIds(table)).toEqual([[1, 0]]);
    const suspended = table.setProperties({ 'delta.rowTrackingSuspended': 'true' });
    await expect(suspended).rejects.toMatchObject({ option: 'delta.enableRowTracking' });
    const both = { [ROW_TRACKING]: 'true', 'delta.rowTrackingSuspended': 'true' };
    await expect(made(both)).rejects.toMatchObject({ option: 'delta.enableRowTracking' });
  });
});

describe('unsetProperties', () => {
  it('takes them back, and the features stay', async () => {
    const { table, actionsOf } = await made({ mine: '1', [ICT]: 'true' });
    await table.unsetProperties(['mine', ICT]);
    const [info] = await actionsOf(1);
    expect(info).toMatchObject({
      commitInfo: {
        operation: 'UNSET TBLPROPERTIES',
        operationParameters: {
          properties: '["mine","delta.enableInCommitTimestamps"]',
          ifExists: 'false',
        },
      },
    });
    const { properties, features } = await table.detail();
    expect(properties.size).toBe(0);
    expect(features).toContain('inCommitTimestamp');
  });

  it('refuses one that is not set', async () => {
    const { table } = await made({ mine: '1' });
    await expect(table.unsetProperties(['mine', 'other'])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'other',
    });
  });

  it('refuses what a feature keeps for itself', async () => {
    const { table } = await made({ [ROW_TRACKING]: 'true' });
    const option = 'delta.rowTracking.materializedRowIdColumnName';
    expect((await table.detail()).properties.get(option)).toMatch(/^_row-id-col-/u);
    await expect(table.unsetProperties([option])).rejects.toMatchObject({ option });
  });
});

describe('addFeature', () => {
  it('adds it with what it requires, once', async () => {
    const { table, actionsOf } = await made();
    expect(await table.addFeature('rowtracking')).toMatchObject({ version: 1 });
    const [info, ...actions] = await actionsOf(1);
    expect(info).toMatchObject({
      commitInfo: { operation: 'ADD FEATURE', operationParameters: { name: 'rowTracking' } },
    });
    expect(actions).toEqual([
      {
        kind: 'protocol',
        protocol: expect.objectContaining({
          minWriterVersion: 7,
          writerFeatures: ['appendOnly', 'domainMetadata', 'invariants', 'rowTracking'],
        }),
      },
    ]);
    expect(await table.addFeature('rowTracking')).toMatchObject({ outcome: 'nothing-to-do' });
  });

  it.each([
    ['nothing', { code: 'INVALID_ARGUMENT', option: 'name' }],
    ['catalogManaged', { code: 'UNSUPPORTED_FEATURE' }],
  ])('refuses %s', async (name, error) => {
    const { table } = await made();
    await expect(table.addFeature(name)).rejects.toMatchObject(error);
  });
});
