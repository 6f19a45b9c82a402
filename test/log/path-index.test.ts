import { Utf8, vectorFromArray } from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reconcileKey } from '../../src/log/action-path.js';
import { TextColumn } from '../../src/log/arrow-column.js';
import { type PathBlock, PathIndex } from '../../src/log/path-index.js';
import { RowSet } from '../../src/log/row-set.js';

const URL = 'abfss://c@account.dfs.core.windows.net/t';

function block(paths: readonly string[], rows?: RowSet): PathBlock {
  const [data] = vectorFromArray([...paths], new Utf8()).data;
  if (data === undefined) throw new Error('no data');
  return { paths: new TextColumn(data), rows: rows ?? RowSet.all(paths.length) };
}

function indexOf(...blocks: readonly PathBlock[]): PathIndex {
  const index = new PathIndex(URL);
  for (const each of blocks) index.add(each);
  return index;
}

const piece = fc.constantFrom('a', '.', '..', '/', '//', 'part-1', ':', 'x:', '%2F', '\u00fc', '=');
const anyPath = fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(''));

describe('PathIndex', () => {
  it('finds every row by its reconcile key, however the path is spelled', () => {
    fc.assert(
      fc.property(fc.array(anyPath, { minLength: 1, maxLength: 20 }), anyPath, (paths, wanted) => {
        const half = paths.length >> 1;
        const index = indexOf(block(paths.slice(0, half)), block(paths.slice(half)));
        const key = reconcileKey(wanted, URL);
        const found = [...index.find(key)].map(({ block: at, row }) => at * half + row);
        const expected = [...paths.keys()].filter(
          (at) => reconcileKey(paths[at] ?? '', URL) === key,
        );
        expect(found.sort((a, b) => a - b)).toEqual(expected);
      }),
    );
  });

  it('tells which rows have a path in common', () => {
    const pairs = [...indexOf(block(['a', 'b', 'c']), block(['d', './a'])).repeated()];
    expect(pairs).toEqual([
      [
        { block: 0, row: 0 },
        { block: 1, row: 1 },
      ],
    ]);
  });

  it('takes no longer for many rows of one path', () => {
    const rows = 150_000;
    const index = indexOf(block(Array.from({ length: rows }, () => 'same')));
    expect(index.find('same')).toHaveLength(rows);
    const [group, ...others] = index.repeated();
    expect(group).toHaveLength(rows);
    expect(others).toEqual([]);
  });

  it('leaves out rows that are not in the block', () => {
    const index = indexOf(
      block(
        ['a', 'b'],
        RowSet.where(2, (row) => row === 1),
      ),
    );
    expect([...index.find('a')]).toEqual([]);
    expect([...index.find('b')]).toEqual([{ block: 0, row: 1 }]);
  });
});
