import { describe, expect, it } from 'vitest';
import type { Action, Protocol } from '../../src/log/actions.js';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { parseLastCheckpoint } from '../../src/log/last-checkpoint.js';
import { commitKey, LAST_CHECKPOINT_KEY, LOG, SIDECARS } from '../../src/log/log-path.js';
import { ACTIONS_PER_SIDECAR } from '../../src/log/sidecar-writer.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { LogContext, Snapshot } from '../../src/log/table-snapshot.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { type Fault, faultStore } from '../../src/testing/fault-store.js';
import { scheduledStore } from '../../src/testing/scheduled-store.js';
import { Scheduler } from '../../src/testing/scheduler.js';
import { add, addFile, LogFixture, metadata, PROTOCOL, remove } from './log-fixture.js';

const V2: Protocol = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ['v2Checkpoint'],
  writerFeatures: ['v2Checkpoint'],
};

const POLICY = { 'delta.checkpointPolicy': 'v2' } as const;

function created(
  configuration: Readonly<Record<string, string>> = {},
  protocol: Protocol = PROTOCOL,
  over: Parameters<typeof metadata>[0] = {},
): readonly Action[] {
  const properties = new Map(Object.entries(configuration));
  return [
    { kind: 'protocol', protocol },
    { kind: 'metaData', metaData: metadata({ ...over, configuration: properties }) },
  ];
}

async function tableWith(...actions: readonly Action[]): Promise<LogFixture> {
  const fixture = new LogFixture();
  await fixture.commit(0, actions);
  return fixture;
}

const paths = (snapshot: Snapshot): string[] =>
  [...snapshot.files.files()].map(({ path }) => path).toSorted();

async function tombstones(snapshot: Snapshot): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of snapshot.tombstones()) found.push(path);
  return found;
}

async function keysIn(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** The log as it is read from its checkpoint alone. */
async function fromCheckpoint(fixture: LogFixture): Promise<Snapshot> {
  await fixture.store.delete(commitKey(0));
  const snapshot = await loadSnapshot(fixture.log);
  expect(snapshot.checkpointVersion).toBe(0);
  return snapshot;
}

describe('a checkpoint of the v2 spec', () => {
  const some = [add('a'), add('b'), remove('c', { deletionTimestamp: 900_000 })];

  it('is a file named by a UUID, with the files of the table in a sidecar', async () => {
    const txn: Action = { kind: 'txn', txn: { appId: 'x', version: 3n } };
    const fixture = await tableWith(...created(POLICY, V2), ...some, txn);
    const outcome = await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    const [top = '', ...others] = (await keysIn(fixture.store, LOG)).filter(
      (key) => key.includes('.checkpoint.') || key.startsWith(SIDECARS),
    );
    expect(top).toMatch(/\/0{20}\.checkpoint\.[0-9a-f-]{36}\.parquet$/);
    expect(others).toHaveLength(1);
    const hint = parseLastCheckpoint(
      (await fixture.store.get(LAST_CHECKPOINT_KEY))?.bytes ?? new Uint8Array(0),
    );
    const sizes = await Promise.all([top, ...others].map((key) => fixture.store.head(key)));
    const sizeInBytes = sizes.reduce((sum, info) => sum + (info?.sizeBytes ?? 0), 0);
    expect(hint).toMatchObject({
      version: 0,
      size: 8,
      numOfAddFiles: 2,
      sizeInBytes,
      v2Path: top.slice(LOG.length),
    });
    expect(outcome).toMatchObject({ outcome: 'written', sizeBytes: sizeInBytes });
    const snapshot = await fromCheckpoint(fixture);
    expect(paths(snapshot)).toEqual(['a', 'b']);
    expect(await tombstones(snapshot)).toEqual(['c']);
    expect(snapshot.transactions.get('x')?.version).toBe(3n);
    const again = await writeCheckpoint(fixture.log, snapshot);
    expect(again).toEqual({ outcome: 'exists', version: 0 });
  });

  it('needs no sidecar for a table without files', async () => {
    const fixture = await tableWith(...created(POLICY, V2));
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    expect(await keysIn(fixture.store, SIDECARS)).toEqual([]);
    expect(paths(await fromCheckpoint(fixture))).toEqual([]);
  });

  it.each([
    ['the table does not support it', POLICY, PROTOCOL],
    ['the policy is another', { 'delta.checkpointPolicy': 'classic' }, V2],
    ['there is no policy', {}, V2],
  ])('is not written when %s', async (_what, configuration, protocol) => {
    const fixture = await tableWith(...created(configuration, protocol), ...some);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    expect(await keysIn(fixture.store, LOG)).toContain(
      `${LOG}${'0'.repeat(20)}.checkpoint.parquet`,
    );
    expect(paths(await fromCheckpoint(fixture))).toEqual(['a', 'b']);
  });

  it('bounds what a sidecar holds, and cuts the rows of an older checkpoint', async () => {
    const count = 2 * ACTIONS_PER_SIDECAR + 10;
    const adds = Array.from({ length: count }, (_, index) => add(`f${index}`));
    const fixture = await tableWith(...created(POLICY, V2), ...adds);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    expect(await keysIn(fixture.store, SIDECARS)).toHaveLength(3);
    const first = await fromCheckpoint(fixture);
    expect(first.files.count).toBe(count);
    await fixture.commit(1, [remove('f7'), add('new')]);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    expect(await keysIn(fixture.store, SIDECARS)).toHaveLength(6);
    await fixture.store.delete(commitKey(1));
    const second = await loadSnapshot(fixture.log);
    expect(second.checkpointVersion).toBe(1);
    expect(paths(second)).toEqual(
      [...paths(first).filter((path) => path !== 'f7'), 'new'].toSorted(),
    );
  });
});

describe('writeCheckpoint', () => {
  const kinds = [
    ['classic', created()],
    ['v2', created(POLICY, V2)],
  ] as const;

  it.each(kinds)(
    '%s: whatever fails at any call, the rows are the same, and the next one is whole',
    async (_kind, create) => {
      const faults: readonly (Fault | 'crash')[] = [
        'fail',
        'lost-reply',
        'lost-request',
        'late-request',
        'crash',
      ];
      let points = 0;
      for (const fault of faults) {
        for (let at = 0; ; at++) {
          const fixture = await tableWith(...create, add('a'), add('b'));
          const snapshot = await loadSnapshot(fixture.log);
          let met = false;
          const store = faultStore(fixture.store, ({ calls }) => {
            if (calls < at || (fault !== 'crash' && calls > at)) return undefined;
            met = true;
            return fault === 'crash' ? 'fail' : fault;
          });
          await writeCheckpoint({ ...fixture.log, store }, snapshot).catch((error: unknown) =>
            expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' }),
          );
          expect(paths(await loadSnapshot(fixture.log))).toEqual(['a', 'b']);
          await fixture.commit(1, [remove('a'), add('c')]);
          const next = await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
          expect(next.outcome).toBe('written');
          await fixture.store.delete(commitKey(0));
          await fixture.store.delete(commitKey(1));
          const after = await loadSnapshot(fixture.log);
          expect([after.checkpointVersion, paths(after)]).toEqual([1, ['b', 'c']]);
          if (!met) break;
          points++;
        }
      }
      expect(points).toBeGreaterThanOrEqual(20);
    },
  );

  it.each(kinds)(
    '%s: is the work of two at once as it is of one, in any order',
    async (_kind, create) => {
      for (let seed = 1; seed <= 30; seed++) {
        const fixture = await tableWith(...create, add('a'));
        await fixture.commit(1, [add('b')]);
        const older = await loadSnapshot(fixture.log, { version: 0 });
        const newest = await loadSnapshot(fixture.log);
        const scheduler = new Scheduler(seed);
        const writer = (name: string, snapshot: Snapshot) => async (): Promise<void> => {
          const log: LogContext = {
            ...fixture.log,
            store: scheduledStore(fixture.store, scheduler, name),
          };
          const entropy = scheduler.entropy(name);
          await writeCheckpoint(log, snapshot, { entropy });
        };
        const settled = await scheduler.run({
          a: writer('a', newest),
          b: writer('b', newest),
          c: writer('c', older),
        });
        expect(settled.map(({ status }) => status)).toEqual([
          'fulfilled',
          'fulfilled',
          'fulfilled',
        ]);
        for (const version of [0, 1]) await fixture.store.delete(commitKey(version));
        const read = await loadSnapshot(fixture.log);
        expect([read.checkpointVersion, paths(read)]).toEqual([1, ['a', 'b']]);
      }
    },
  );
});

describe('statistics and partition values as columns', () => {
  const schemaString = JSON.stringify({
    type: 'struct',
    fields: Object.entries({
      l: 'long',
      b: 'byte',
      i: 'integer',
      d: 'double',
      f: 'float',
      dec: 'decimal(30,2)',
      day: 'date',
      ts: 'timestamp',
      local: 'timestamp_ntz',
      text: 'string',
      flag: 'boolean',
      bytes: 'binary',
      list: { type: 'array', elementType: 'long', containsNull: true },
      s: { type: 'struct', fields: [{ name: 'x', type: 'long', nullable: true, metadata: {} }] },
      part: 'integer',
      when: 'timestamp',
    }).map(([name, type]) => ({ name, type, nullable: true, metadata: {} })),
  });
  const bounds =
    '"l":9007199254740993,"b":-128,"i":7,"d":0.1,"f":0.1,"dec":12345678901234567890.12,' +
    '"day":"2024-01-31","ts":"2024-01-31T12:00:00.123Z","local":"2024-01-31T12:00:00.123",' +
    '"text":"ä","s":{"x":5}';
  const counts =
    '"l":1,"b":0,"i":0,"d":0,"f":0,"dec":0,"day":0,"ts":0,"local":0,"text":2,"flag":3,"bytes":4,"list":5,"s":{"x":6}';
  const stats = `{"numRecords":9,"minValues":{${bounds}},"maxValues":{${bounds}},"nullCount":{${counts}}}`;
  const over = { schemaString, partitionColumns: ['part', 'when'] };
  const partitionValues = new Map([
    ['part', '12'],
    ['when', '2024-01-31 00:00:00'],
  ]);
  const full = addFile('full', { stats, partitionValues });
  const none = addFile('none', {
    stats: undefined,
    partitionValues: new Map([
      ['part', null],
      ['when', null],
    ]),
  });
  const odd = addFile('odd', { stats: '{"numRecords":NaN', partitionValues });
  const files: readonly Action[] = [full, none, odd].map((file) => ({ kind: 'add', add: file }));

  it.each([
    ['in place of JSON', { 'delta.checkpoint.writeStatsAsJson': 'false' }],
    ['in place of JSON, in sidecars', { 'delta.checkpoint.writeStatsAsJson': 'false', ...POLICY }],
  ])('keep every value exactly, %s', async (_how, configuration) => {
    const fixture = await tableWith(...created(configuration, V2, over), ...files);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    let snapshot = await fromCheckpoint(fixture);
    // Once more, from the columns this time.
    for (const version of [1, 2]) {
      const read = [...snapshot.files.files()];
      const found = read.find(({ path }) => path === 'full');
      expect(found?.columns.statsStruct).toBeDefined();
      const { minValues, maxValues, ...rest } = JSON.parse(found?.stats ?? '') as Record<
        string,
        object
      >;
      expect(rest).toEqual(JSON.parse(`{"numRecords":9,"nullCount":{${counts}}}`));
      for (const text of [found?.stats?.split('"maxValues"')[0], found?.stats]) {
        expect(text).toContain('9007199254740993');
        expect(text).toContain('12345678901234567890.12');
      }
      for (const value of [minValues, maxValues]) {
        expect(value).toEqual(JSON.parse(`{${bounds}}`));
      }
      expect(read.find(({ path }) => path === 'none')?.stats).toBeUndefined();
      expect(read.find(({ path }) => path === 'odd')?.stats).toBeUndefined();
      expect(found?.partitionValues).toEqual(partitionValues);
      await fixture.commit(version, [add(`f${version}`, { stats: undefined, partitionValues })]);
      await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
      await fixture.store.delete(commitKey(version));
      snapshot = await loadSnapshot(fixture.log);
      expect(snapshot.checkpointVersion).toBe(version);
    }
  });

  it('are there beside JSON, which is then read', async () => {
    const struct = { 'delta.checkpoint.writeStatsAsStruct': 'true' };
    const fixture = await tableWith(...created(struct, PROTOCOL, over), ...files);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    const [entry] = (await fromCheckpoint(fixture)).files.files();
    expect(entry?.stats).toBe(stats);
  });

  it('stop a checkpoint when a partition value is none, and nothing is written', async () => {
    const struct = { 'delta.checkpoint.writeStatsAsStruct': 'true' };
    const wrong = add('a', {
      partitionValues: new Map([
        ['part', 'twelve'],
        ['when', null],
      ]),
    });
    const fixture = await tableWith(...created(struct, PROTOCOL, over), wrong);
    await expect(
      writeCheckpoint(fixture.log, await loadSnapshot(fixture.log)),
    ).rejects.toMatchObject({ code: 'CORRUPT_DATA', field: 'partitionValues.part' });
    expect(await keysIn(fixture.store, LOG)).toEqual([commitKey(0)]);
  });
});
