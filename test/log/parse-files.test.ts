import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCommit, parseCommit } from '../../src/log/action-codec.js';
import type { Action, AddFile, RemoveFile } from '../../src/log/actions.js';
import { FileState } from '../../src/log/file-state.js';
import { parseFiles } from '../../src/log/parse-files.js';
import { PathIndex } from '../../src/log/path-index.js';
import { addFile } from './log-fixture.js';

const SEED = 20_261_125;
const KEY = '_delta_log/0.json';
const URL = 'memory://lake/table';

const DV = { storageType: 'u', pathOrInlineDv: 'abc', offset: 1, sizeInBytes: 9, cardinality: 3 };
const path = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'c',
    'day=1/a',
    'day=2/a',
    './a',
    'x//a',
    '/abs',
    'memory://lake/table/a',
  ),
  fc.string({ minLength: 1 }),
);
const map = fc.dictionary(fc.constantFrom('day', 'ü', '__proto__', 'a b'), fc.option(fc.string()));
const mapOf = (record: Record<string, string | null>): Map<string, string | null> =>
  new Map(Object.entries(record));
const size = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 40));
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const stats = optional(
  fc.oneof(
    fc.constant('{"numRecords":3,"minValues":{"a":"x\\"y\\\\"}}'),
    fc.string(),
    fc.string({ unit: 'grapheme' }),
  ),
);
const rare = {
  deletionVector: fc.option(fc.constant(DV), { nil: undefined, freq: 4 }),
  tags: optional(fc.constant(new Map([['t', 'v']]))),
  baseRowId: optional(fc.constantFrom(0n, 2n ** 62n)),
  defaultRowCommitVersion: optional(fc.constant(7n)),
};
const add: fc.Arbitrary<AddFile> = fc.record({
  path,
  partitionValues: map.map(mapOf),
  size,
  modificationTime: fc.integer(),
  dataChange: fc.boolean(),
  stats,
  ...rare,
  clusteringProvider: optional(fc.constant('liquid')),
});
const remove: fc.Arbitrary<RemoveFile> = fc.record({
  path,
  deletionTimestamp: optional(size),
  dataChange: fc.boolean(),
  extendedFileMetadata: optional(fc.boolean()),
  partitionValues: optional(map.map(mapOf)),
  size: optional(size),
  stats,
  ...rare,
});
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: add.map((file): Action => ({ kind: 'add', add: file })) },
  { weight: 3, arbitrary: remove.map((file): Action => ({ kind: 'remove', remove: file })) },
  {
    weight: 1,
    arbitrary: fc.constant<Action>({ kind: 'txn', txn: { appId: 'a', version: 1n } }),
  },
);

/** All actions of a commit, the files out of their columns. */
function unpacked(bytes: Uint8Array): { readonly others: unknown; readonly files: unknown[] } {
  const { actions, files } = parseFiles(bytes, KEY, 0);
  const unpackedFiles = files.flatMap((block) =>
    Array.from({ length: block.length }, (_, row) =>
      block.rows.has(row)
        ? { kind: 'add', add: block.add(row) }
        : { kind: 'remove', remove: block.remove(row) },
    ),
  );
  return { others: actions, files: unpackedFiles };
}

const isFile = ({ kind }: Action): boolean => kind === 'add' || kind === 'remove';

describe('parseFiles', () => {
  it('says of every commit what its actions say', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 1, maxLength: 20 }), (actions) => {
        const bytes = encodeCommit(actions);
        const expected = parseCommit(bytes, KEY);
        const { others, files } = unpacked(bytes);
        expect(files).toEqual(expected.filter(isFile));
        expect(others).toEqual(expected.filter((one) => !isFile(one)));
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  const line =
    '{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":2,"dataChange":true}}';
  it.each([
    [`${line}\n\n  \n${line.replace('"a"', '"b"')}\r\n`, ['a', 'b']],
    [line.replace('"path"', '"p\\u0061th"'), ['a']],
    [line.replace('{"add"', ' { "add"'), ['a']],
    [line.replace('"size":1', '"size":1.0'), ['a']],
    [line.replace('"size":1', '"size":1e0'), ['a']],
    [`${line.slice(0, -1)},"unknown":{"x":[1]}}`, ['a']],
    [`${line.slice(0, -1)},"remove":null}`, ['a']],
    [line.replace('"a"', '"a\\/b"'), ['a/b']],
    [line.replace('"a"', '"first","path":"a"'), ['a']],
  ])('reads %j', (text, paths) => {
    const { files } = parseFiles(new TextEncoder().encode(text), KEY, 0);
    expect(files.flatMap((block) => [...block.rows].map((row) => block.path(row)))).toEqual(paths);
  });

  it.each([
    [''],
    [' \n\n'],
    [`${line}\n${line.slice(0, -9)}`],
    [`${line.slice(0, -1)},\n"x":1}`],
    [`${line}\n${line.replace('"size":1', '"size":-1')}`],
    [line.replace('"size":1', '"size":"1"')],
    [line.replace('{}', '{"day":1}')],
    [line.replace('{}', '[]')],
    [line.replace('true', '1')],
    [`${line.slice(0, -1)},"remove":{}}`],
    [`${line}x`],
  ])('refuses %j as the decoder does', (text) => {
    const bytes = new TextEncoder().encode(text);
    const refusal = thrown(() => parseCommit(bytes, KEY));
    expect(refusal).toMatchObject({ code: 'CORRUPT_DATA' });
    expect(thrown(() => parseFiles(bytes, KEY, 0))).toEqual(refusal);
  });

  it('refuses what is no UTF-8', () => {
    const bytes = new TextEncoder().encode(line.replace('"a"', '"ab"'));
    bytes[bytes.indexOf(0x62)] = 0xff;
    expect(() => parseFiles(bytes, KEY, 0)).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA' }),
    );
  });
});

describe('FileState with large commits', () => {
  const commit = fc.record({
    actions: fc.array(action.filter(isFile), { minLength: 1, maxLength: 8 }),
    isLarge: fc.boolean(),
  });

  it('is the same as with small ones, at every version', () => {
    fc.assert(
      fc.property(fc.array(commit, { maxLength: 8 }), (commits) => {
        let small = FileState.start([], new PathIndex(URL), -1);
        let mixed = small;
        const states: [FileState, FileState][] = [];
        for (const [version, { actions, isLarge }] of commits.entries()) {
          const bytes = encodeCommit(actions);
          small = small.after(version, parseCommit(bytes, KEY));
          const parsed = parseFiles(bytes, KEY, isLarge ? 0 : Number.MAX_SAFE_INTEGER);
          mixed = mixed.after(version, parsed.actions, parsed.files);
          states.push([small, mixed]);
        }
        for (const [one, other] of states) expect(told(other)).toEqual(told(one));
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  it('takes no longer for many actions on one file', () => {
    const actions = Array.from(
      { length: 60_000 },
      (_, at): Action => ({ kind: 'add', add: addFile('same', { size: at }) }),
    );
    const { files } = parseFiles(encodeCommit(actions), KEY);
    const state = FileState.start([], new PathIndex(URL), -1).after(0, [], files);
    expect(state.count).toBe(1);
    expect(state.sizeBytes).toBe(59_999);
    expect(state.blocks().reduce((sum, { live }) => sum + live.count, 0)).toBe(1);
  });

  it('goes on from an older version without the later ones', () => {
    const bytes = (name: string): Uint8Array =>
      encodeCommit([
        { kind: 'add', add: addFile(name) },
        { kind: 'add', add: addFile('both') },
      ]);
    const large = (state: FileState, version: number, name: string): FileState =>
      state.after(version, [], parseFiles(bytes(name), KEY, 0).files);
    const start = FileState.start([], new PathIndex(URL), -1);
    const one = large(start, 0, 'one');
    const left = large(one, 1, 'left');
    const right = large(one, 1, 'right');
    expect(told(left).paths).toEqual(['both', 'left', 'one']);
    expect(told(right).paths).toEqual(['both', 'one', 'right']);
    expect(told(large(right, 2, 'left')).paths).toEqual(['both', 'left', 'one', 'right']);
    expect(told(one).paths).toEqual(['both', 'one']);
  });
});

function told(state: FileState): {
  readonly paths: readonly string[];
  readonly count: number;
  readonly sizeBytes: number;
  readonly gone: readonly string[];
  readonly overrides: readonly boolean[];
} {
  const sorted = (texts: string[]): string[] => texts.toSorted((a, b) => (a < b ? -1 : 1));
  return {
    paths: sorted([...state.files()].map(({ path: name }) => name)),
    count: state.count,
    sizeBytes: state.sizeBytes,
    gone: sorted(
      [...state.tombstones()].map((file) => JSON.stringify([file.path, file.deletionVector])),
    ),
    overrides: ['a', 'b', 'day=1/a', '/abs'].map((name) =>
      state.overrides({ path: name, dataChange: true }),
    ),
  };
}

function thrown(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
