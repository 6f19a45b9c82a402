/** Random histories against a plain Map: loading, refreshing, advancing and checkpoints must all agree with it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action, AddFile, RemoveFile, SetTransaction } from '../../src/log/actions.js';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { checkpointKey, commitKey } from '../../src/log/log-path.js';
import { advanceSnapshot, loadSnapshot, refreshSnapshot } from '../../src/log/snapshot.js';
import { type Snapshot } from '../../src/log/table-snapshot.js';
import { add, CREATE, LogFixture, remove } from './log-fixture.js';

interface Model {
  readonly live: ReadonlyMap<string, AddFile>;
  readonly gone: ReadonlyMap<string, RemoveFile>;
  readonly transactions: ReadonlyMap<string, SetTransaction>;
  readonly domains: ReadonlyMap<string, string>;
}

const EMPTY: Model = {
  live: new Map(),
  gone: new Map(),
  transactions: new Map(),
  domains: new Map(),
};

const path = fc.constantFrom('a', 'b', 'd=1/c', 'd=%25/c', '\u00fc', 'abfss://other/x');
const vector = fc.option(
  fc.record({
    storageType: fc.constantFrom('u', 'i'),
    pathOrInlineDv: fc.constantFrom('ab', 'cd'),
    offset: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    sizeInBytes: fc.constant(7),
    cardinality: fc.constant(2),
  }),
  { nil: undefined },
);
const text = fc.string({ unit: 'grapheme', maxLength: 6 });
const texts = fc.dictionary(text, fc.option(text)).map((object) => new Map(Object.entries(object)));
const long = fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), { nil: undefined });

const action: fc.Arbitrary<Action> = fc.oneof(
  fc
    .record({
      path,
      deletionVector: vector,
      size: fc.integer({ min: 0, max: 2 ** 40 }),
      modificationTime: fc.integer({ min: 0, max: 2 ** 41 }),
      partitionValues: texts,
      stats: fc.option(text, { nil: undefined }),
      tags: fc.option(texts, { nil: undefined }),
      baseRowId: long,
      defaultRowCommitVersion: long,
      clusteringProvider: fc.option(text, { nil: undefined }),
    })
    .map((file) => add(file.path, file)),
  fc
    .record({ path, deletionVector: vector, size: fc.option(fc.nat(), { nil: undefined }) })
    .map((file) => remove(file.path, { ...file, deletionTimestamp: 2_000_000 })),
  fc
    .record({ appId: fc.constantFrom('x', 'y'), version: fc.bigInt({ min: 0n, max: 2n ** 62n }) })
    .map((txn) => ({ kind: 'txn', txn: { ...txn, lastUpdated: undefined } }) as const),
  fc
    .record({ domain: fc.constantFrom('p', 'q'), configuration: text, removed: fc.boolean() })
    .map((domainMetadata) => ({ kind: 'domainMetadata', domainMetadata }) as const),
);

const step = fc.record({
  actions: fc.array(action, { minLength: 1, maxLength: 6 }),
  after: fc.constantFrom('nothing', 'nothing', 'checkpoint', 'forget', 'damage'),
});

function keyOf(file: AddFile | RemoveFile): string {
  const dv = file.deletionVector;
  return JSON.stringify([file.path, dv && [dv.storageType, dv.pathOrInlineDv, dv.offset ?? null]]);
}

function applied(model: Model, actions: readonly Action[]): Model {
  const live = new Map(model.live);
  const gone = new Map(model.gone);
  const transactions = new Map(model.transactions);
  const domains = new Map(model.domains);
  for (const each of actions) {
    if (each.kind === 'add') {
      live.set(keyOf(each.add), each.add);
      gone.delete(keyOf(each.add));
    } else if (each.kind === 'remove') {
      live.delete(keyOf(each.remove));
      gone.set(keyOf(each.remove), each.remove);
    } else if (each.kind === 'txn') {
      transactions.set(each.txn.appId, each.txn);
    } else if (each.kind === 'domainMetadata') {
      const { domain, configuration, removed } = each.domainMetadata;
      if (removed) domains.delete(domain);
      else domains.set(domain, configuration);
    }
  }
  return { live, gone, transactions, domains };
}

/** What a checkpoint keeps of an add: all but dataChange. */
function comparable(file: AddFile): unknown {
  return { ...file, dataChange: false, tags: file.tags, stats: file.stats };
}

async function expectModel(snapshot: Snapshot, model: Model, version: number): Promise<void> {
  expect(snapshot.version).toBe(version);
  const adds = new Map<string, unknown>();
  for await (const file of snapshot.files.adds()) {
    expect(adds.has(keyOf(file))).toBe(false);
    adds.set(keyOf(file), comparable(file));
  }
  const wanted = [...model.live].map(([key, file]) => [key, comparable(file)] as const);
  expect(adds).toEqual(new Map(wanted));
  expect(snapshot.files.count).toBe(model.live.size);
  const bytes = [...model.live.values()].reduce((sum, { size }) => sum + size, 0);
  expect(snapshot.files.sizeBytes).toBe(bytes);
  const tombstones: string[] = [];
  for await (const file of snapshot.tombstones()) tombstones.push(keyOf(file));
  expect(tombstones.sort()).toEqual([...model.gone.keys()].sort());
  expect(new Map(snapshot.transactions)).toEqual(model.transactions);
  const domains = [...snapshot.domains].map(([name, { configuration }]) => [name, configuration]);
  expect(new Map(domains as [string, string][])).toEqual(model.domains);
}

describe('a snapshot', () => {
  it('is what the actions say, however it was come by', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const fixture = new LogFixture();
        const { log, store } = fixture;
        await fixture.commit(0, CREATE);
        const models: Model[] = [EMPTY];
        const snapshots: Snapshot[] = [await loadSnapshot(log)];
        let oldest = 0;
        for (const [index, { actions, after }] of steps.entries()) {
          const version = index + 1;
          await fixture.commit(version, actions);
          const model = applied(models[index] ?? EMPTY, actions);
          models.push(model);
          const previous = snapshots[index];
          if (previous === undefined) throw new Error('no snapshot');
          const refreshed = await refreshSnapshot(log, previous);
          await expectModel(refreshed, model, version);
          await expectModel(await advanceSnapshot(log, previous, version, actions), model, version);
          await expectModel(await loadSnapshot(log), model, version);
          snapshots.push(version % 2 === 0 ? refreshed : await loadSnapshot(log));
          if (after !== 'nothing') await writeCheckpoint(log, refreshed);
          if (after === 'damage') await fixture.put(checkpointKey(version), 'PAR1 no PAR1');
          if (after === 'forget') {
            for (; oldest < version; oldest++) await store.delete(commitKey(oldest));
          }
        }
        for (const [version, model] of models.entries()) {
          const snapshot = snapshots[version];
          if (snapshot !== undefined) await expectModel(snapshot, model, version);
          if (version >= oldest)
            await expectModel(await loadSnapshot(log, { version }), model, version);
        }
      }),
      { numRuns: 60 },
    );
  });
});
