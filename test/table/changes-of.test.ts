import { describe, expect, it } from 'vitest';
import type { Action, DeletionVectorDescriptor } from '../../src/log/actions.js';
import { type ChangedFile, changesOf } from '../../src/table/changes-of.js';
import { add, remove } from '../log/log-fixture.js';

const PLACE = { tableUrl: 'file:///lake/t', key: '_delta_log/00000000000000000003.json' };

function vector(name: string, cardinality = 1): DeletionVectorDescriptor {
  return { storageType: 'u', pathOrInlineDv: name, offset: 1, sizeInBytes: 34, cardinality };
}

function cdc(path: string): Action {
  return { kind: 'cdc', cdc: { path, partitionValues: new Map([['day', 'monday']]), size: 7 } };
}

const [one, two] = [vector('one'), vector('two', 2)];
const noChange = { dataChange: false };

/** The decision in short: `a` whole, `a-one` without the rows of a vector, `a[two-one]` only the rows between two. */
function short(actions: readonly Action[]): object {
  const changes = changesOf(actions, PLACE);
  if (changes.kind === 'recorded') return { recorded: changes.files.map(text) };
  return { deletes: changes.deletes.map(text), inserts: changes.inserts.map(text) };
}

function text({ path, rows }: ChangedFile): string {
  const name = (dv: DeletionVectorDescriptor | undefined): string =>
    dv === undefined ? '' : `-${dv.pathOrInlineDv}`;
  return rows.kind === 'live'
    ? `${path}${name(rows.deletionVector)}`
    : `${path}[${rows.by.pathOrInlineDv}${name(rows.notBy)}]`;
}

function files(actions: readonly Action[]): readonly ChangedFile[] {
  const changes = changesOf(actions, PLACE);
  return changes.kind === 'recorded' ? changes.files : [...changes.deletes, ...changes.inserts];
}

describe('changesOf', () => {
  const cases: readonly (readonly [string, readonly Action[], object])[] = [
    ['nothing', [], { deletes: [], inserts: [] }],
    ['an add', [add('a')], { deletes: [], inserts: ['a'] }],
    ['a remove', [remove('a')], { deletes: ['a'], inserts: [] }],
    ['a rewrite: both files whole', [remove('a'), add('b')], { deletes: ['a'], inserts: ['b'] }],
    [
      'compaction, which changes no data',
      [remove('a', noChange), remove('b', noChange), add('c', noChange)],
      { deletes: [], inserts: [] },
    ],
    [
      'a file removed with its deletion vector: only rows that were left',
      [remove('a', { deletionVector: one })],
      { deletes: ['a-one'], inserts: [] },
    ],
    [
      'a file added with a deletion vector, as a clone or a restore does',
      [add('a', { deletionVector: one })],
      { deletes: [], inserts: ['a-one'] },
    ],
    [
      'rows deleted by the first vector of a file',
      [remove('a'), add('a', { deletionVector: one })],
      { deletes: ['a[one]'], inserts: [] },
    ],
    [
      'rows deleted by a larger vector, and perhaps brought back by it',
      [add('a', { deletionVector: two }), remove('a', { deletionVector: one })],
      { deletes: ['a[two-one]'], inserts: ['a[one-two]'] },
    ],
    [
      'a vector taken away, as a restore does',
      [remove('a', { deletionVector: one }), add('a')],
      { deletes: [], inserts: ['a[one]'] },
    ],
    [
      'a file added again as it was',
      [remove('a', { deletionVector: one }), add('a', { deletionVector: one })],
      { deletes: [], inserts: [] },
    ],
    [
      'one path spelled in two ways',
      [remove('/lake/t/a'), add('file:///lake/t/a', { deletionVector: one })],
      { deletes: ['file:///lake/t/a[one]'], inserts: [] },
    ],
    [
      'an encoded path, which is another file than its decoded form',
      [remove('a%20b'), add('a b', { deletionVector: one })],
      { deletes: ['a%20b'], inserts: ['a b-one'] },
    ],
    [
      'change data files, which hide every add and remove, before and behind them',
      [add('a'), remove('b'), cdc('_change_data/c'), add('d'), cdc('_change_data/e')],
      { recorded: ['_change_data/c', '_change_data/e'] },
    ],
    [
      'change data files in a commit whose adds change no data',
      [add('a', noChange), cdc('_change_data/c')],
      { recorded: ['_change_data/c'] },
    ],
    ['the same action twice', [add('a'), add('a')], { deletes: [], inserts: ['a'] }],
  ];
  it.each(cases)('%s', (_name, actions, expected) => {
    expect(short(actions)).toEqual(expected);
  });

  it('keeps partition values and size, and says when a remove has none', () => {
    const size = { partitionValues: new Map([['day', 'monday']]), size: 10 };
    expect(files([add('a'), remove('b'), remove('c', size)])).toMatchObject([
      { path: 'b', partitionValues: undefined, sizeBytes: undefined },
      { path: 'c', partitionValues: new Map([['day', 'monday']]), sizeBytes: 10 },
      { path: 'a', partitionValues: new Map([['day', 'monday']]), sizeBytes: 10 },
    ]);
  });

  it.each([
    ['add', [add('a', { deletionVector: one }), add('a', { deletionVector: two })]],
    ['remove', [remove('a'), remove('a', { deletionVector: two })]],
  ])('refuses a commit with two %s actions of one path', (field, actions) => {
    expect(() => changesOf(actions, PLACE)).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA', key: PLACE.key, field }),
    );
  });
});
