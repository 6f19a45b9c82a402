import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/log/actions.js';
import { FileState } from '../../src/log/file-state.js';
import { PathIndex } from '../../src/log/path-index.js';
import { add, remove } from './log-fixture.js';

const DV = { storageType: 'u', pathOrInlineDv: 'ab', offset: 4, sizeInBytes: 6, cardinality: 1 };

function start(tableUrl = 'file:///lake'): FileState {
  return FileState.start([], new PathIndex(tableUrl), -1);
}

function paths(state: FileState): string[] {
  return [...state.files()].map(({ path }) => path);
}

function replay(...commits: (readonly Action[])[]): FileState {
  let state = start();
  for (const [version, actions] of commits.entries()) state = state.after(version, actions);
  return state;
}

describe('FileState', () => {
  it('counts files and bytes of what was added and not removed', () => {
    const state = replay([add('a', { size: 3 }), add('b', { size: 4 })], [remove('a')]);
    expect(paths(state)).toEqual(['b']);
    expect([state.count, state.sizeBytes]).toEqual([1, 4]);
  });

  it('leaves an older version as it was when newer ones are added behind it', () => {
    const one = replay([add('a'), add('b')]);
    const two = one.after(1, [remove('a'), add('c')]);
    two.after(2, [remove('b'), remove('c')]);
    expect(paths(one)).toEqual(['a', 'b']);
    expect(paths(two)).toEqual(['b', 'c']);
    expect([...one.tombstones()]).toEqual([]);
  });

  it('lets two histories go on from one version', () => {
    const one = replay([add('a')]);
    const left = one.after(1, [remove('a'), add('left')]);
    const right = one.after(1, [add('right')]);
    const further = left.after(2, [add('left2')]);
    expect(paths(left)).toEqual(['left']);
    expect(paths(right)).toEqual(['a', 'right']);
    expect(paths(further)).toEqual(['left', 'left2']);
    expect(paths(one)).toEqual(['a']);
  });

  it('tells files apart by their deletion vector', () => {
    const state = replay([add('a')], [remove('a'), add('a', { deletionVector: DV })]);
    expect([...state.files()].map(({ deletionVector }) => deletionVector)).toEqual([DV]);
    const wrong = state.after(2, [remove('a')]);
    expect(wrong.count).toBe(1);
    const right = wrong.after(3, [remove('a', { deletionVector: DV })]);
    expect(right.count).toBe(0);
  });

  it('takes a second add of a file as news of the same file', () => {
    const state = replay([add('a', { size: 1 })], [add('a', { size: 2, stats: undefined })]);
    expect([...state.files()].map(({ size }) => size)).toEqual([2]);
    expect(state.sizeBytes).toBe(2);
  });

  it('takes the later of two lines of one commit', () => {
    expect(replay([add('a'), remove('a')]).count).toBe(0);
    expect(replay([remove('a'), add('a')]).count).toBe(1);
  });

  it.each([
    ['/x/p', 'file:/x/p'],
    ['/x/p', 'file:///x/p'],
    ['x/./p', 'x/p'],
    ['x//p', 'x/p'],
    ['x/y/../p', 'x/p'],
  ])('takes %s and %s for one file', (one, other) => {
    expect(replay([add(one)], [remove(other)]).count).toBe(0);
    expect(replay([add(other)], [remove(one)]).count).toBe(0);
  });

  it.each([
    ['%5b', '%5B'],
    ['\u00fc', '%C3%BC'],
    ['a b', 'a%20b'],
    ['A', 'a'],
  ])('takes %s and %s for two files', (one, other) => {
    expect(replay([add(one)], [remove(other)]).count).toBe(1);
  });

  it('keeps a tombstone for a file that was never there, until the file comes', () => {
    const gone = replay([remove('a')]);
    expect([...gone.tombstones()].map(({ path }) => path)).toEqual(['a']);
    expect([...gone.after(1, [add('a')]).tombstones()]).toEqual([]);
  });

  it('does not grow with files that came and went', () => {
    let state = start();
    for (let version = 0; version < 20_000; version += 2) {
      state = state.after(version, [add('same')]).after(version + 1, [remove('same')]);
    }
    expect(state.count).toBe(0);
    expect(state.heldEntries).toBeLessThan(5_000);
  });
});
