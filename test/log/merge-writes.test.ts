import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action, AddFile } from '../../src/log/actions.js';
import { checkActions } from '../../src/log/check-actions.js';
import { NOTHING_READ } from '../../src/log/conflict.js';
import { mergeReads, mergeWrites } from '../../src/log/merge-writes.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import { stagedSnapshot } from '../../src/log/staged-snapshot.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';
import { add, addFile, CREATE, LogFixture, metadata, PROTOCOL, remove } from './log-fixture.js';

const TABLE = 'memory://lake/t';
const vector = (pathOrInlineDv: string) => ({
  deletionVector: { storageType: 'u', pathOrInlineDv, sizeInBytes: 34, cardinality: 2 },
});
const txn = (version: bigint): Action => ({ kind: 'txn', txn: { appId: 'a', version } });
const domain = (configuration: string): Action => ({
  kind: 'domainMetadata',
  domainMetadata: { domain: 'd', configuration, removed: false },
});
const meta = (name: string): Action => ({ kind: 'metaData', metaData: metadata({ name }) });
const protocol: Action = { kind: 'protocol', protocol: PROTOCOL };

describe('mergeWrites', () => {
  it.each<[string, readonly (readonly Action[])[], readonly Action[], readonly string[]]>([
    ['one write stays as it is', [[remove('a'), add('b')]], [remove('a'), add('b')], []],
    ['adds add up', [[add('a')], [add('b')]], [add('a'), add('b')], []],
    [
      'what was added and removed is gone',
      [[add('a'), add('b')], [remove('a')]],
      [add('b')],
      ['a'],
    ],
    ['however it is spelled', [[add('x%20y')], [remove('./x%20y')]], [], ['x%20y']],
    ['what was there is removed', [[remove('a')], [add('b')]], [remove('a'), add('b')], []],
    [
      'a new vector takes the place of the first',
      [
        [remove('a'), add('a', vector('v1'))],
        [remove('a', vector('v1')), add('a', vector('v2'))],
      ],
      [remove('a'), add('a', vector('v2'))],
      [],
    ],
    [
      'a vector on a file that was added leaves the file',
      [[add('a')], [remove('a'), add('a', vector('v1'))]],
      [add('a', vector('v1'))],
      [],
    ],
    ['a file taken away and given back is said again', [[remove('a')], [add('a')]], [add('a')], []],
    [
      'the last word counts',
      [
        [protocol, meta('x'), txn(1n), domain('1')],
        [meta('y'), txn(2n), domain('2')],
      ],
      [protocol, meta('y'), txn(2n), domain('2')],
      [],
    ],
  ])('%s', (_what, writes, actions, dropped) => {
    expect(mergeWrites(writes, TABLE)).toEqual({ actions, dropped });
  });

  it('refuses change files beside another write', () => {
    const cdc: Action = {
      kind: 'cdc',
      cdc: { path: 'c', partitionValues: new Map(), size: 1 },
    };
    expect(mergeWrites([[cdc, cdc, add('a')]], TABLE).actions).toHaveLength(3);
    expect(() => mergeWrites([[cdc, add('a')], [add('b')]], TABLE)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', features: ['changeDataFeed'] }),
    );
  });

  it('is one commit that leaves the table as the writes leave it one after the other', async () => {
    const fixture = new LogFixture();
    await fixture.commit(0, [...CREATE, add('f0'), add('f1'), add('f2', vector('v'))]);
    const base = await loadSnapshot(fixture.log);
    const step = fc.record({
      kind: fc.constantFrom('add' as const, 'remove' as const, 'vector' as const),
      at: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 3 }), { maxLength: 6 }), (program) => {
        let on = base;
        let made = 0;
        const writes: Action[][] = [];
        for (const steps of program) {
          const actions = writeOf(on, steps, () => `n${made++}`);
          writes.push(actions);
          on = stagedSnapshot(on, actions);
        }
        const { actions, dropped } = mergeWrites(writes, base.url);
        checkActions(actions, base.url, base.files);
        const once = stagedSnapshot(base, actions);
        expect(live(once)).toEqual(live(on));
        expect(live(base)).toEqual(['f0 ', 'f1 ', 'f2 v']);
        const paths = live(on).map((file) => file.split(' ')[0]);
        for (const path of dropped) expect(paths).not.toContain(path);
      }),
      { numRuns: 300 },
    );
  });
});

/** A write that takes each live file once at most. */
function writeOf(
  on: Snapshot,
  steps: readonly { readonly kind: 'add' | 'remove' | 'vector'; readonly at: number }[],
  name: () => string,
): Action[] {
  const files = [...on.files.files()];
  const taken = new Set<number>();
  return steps.flatMap(({ kind, at }) => {
    if (kind === 'add') return [add(name())];
    const file = files[at];
    if (file === undefined || taken.has(at)) return [];
    taken.add(at);
    const gone = remove(file.path, { deletionVector: file.deletionVector });
    return kind === 'remove' ? [gone] : [gone, add(file.path, vector(name()))];
  });
}

function live({ files }: Snapshot): string[] {
  return [...files.files()]
    .map(({ path, deletionVector }) => `${path} ${deletionVector?.pathOrInlineDv ?? ''}`)
    .toSorted();
}

describe('mergeReads', () => {
  const file = (path: string): AddFile => addFile(path);

  it('is everything that any of them read', () => {
    const reads = mergeReads([
      { ...NOTHING_READ, files: new Set(['a']), matches: ({ path }) => path === 'x' },
      NOTHING_READ,
      { files: new Set(['b']), appIds: new Set(['app']), matches: ({ path }) => path === 'y' },
    ]);
    expect([...reads.files, ...reads.appIds]).toEqual(['a', 'b', 'app']);
    expect(['x', 'y', 'z'].map((path) => reads.matches?.(file(path)))).toEqual([true, true, false]);
    expect(reads.wholeTable).toBeUndefined();
    expect(mergeReads([reads, { ...NOTHING_READ, wholeTable: true }]).wholeTable).toBe(true);
  });

  it('is nothing when they read nothing', () => {
    expect(mergeReads([NOTHING_READ, NOTHING_READ])).toEqual(NOTHING_READ);
    expect(mergeReads([])).toEqual(NOTHING_READ);
  });
});
