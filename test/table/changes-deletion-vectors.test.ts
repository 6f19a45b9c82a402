import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { encodeCommit } from '../../src/log/action-codec.js';
import type { Action, DeletionVectorDescriptor } from '../../src/log/actions.js';
import { commitKey } from '../../src/log/log-path.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { inlineVector } from '../log/deletion-vector/roaring-bytes.js';
import { FEED, LOCATION, readCommit, row, schema, short, storeOf } from './changes-fixture.js';

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
