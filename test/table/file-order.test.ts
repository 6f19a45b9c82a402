import { Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveActionPath } from '../../src/log/action-path.js';
import { TextColumn } from '../../src/log/arrow-column.js';
import { buildColumn } from '../../src/log/build-column.js';
import { ActionColumns, type FileBlock, type FileList } from '../../src/log/file-list.js';
import { RowSet } from '../../src/log/row-set.js';
import { canonicalOrder, NumberedFiles } from '../../src/table/file-order.js';
import { addFile } from '../log/log-fixture.js';

function keyOf(path: string): string {
  const place = resolveActionPath(path, 'file:///lake');
  return place.kind === 'key' ? place.key : place.url;
}

/** A block of a checkpoint, whose rows are not all files. */
function shared(paths: readonly (string | undefined)[], live: readonly boolean[]): FileBlock {
  const columns = new ActionColumns(paths.map((path) => addFile(path ?? '')));
  return {
    columns: Object.assign(columns, { paths: new TextColumn(buildColumn(new Utf8(), paths)) }),
    live: RowSet.where(paths.length, (row) => live[row] === true && paths[row] !== undefined),
  };
}

function listOf(blocks: readonly FileBlock[]): FileList {
  return { blocks: () => blocks } as FileList;
}

function ordered(list: FileList): readonly string[] {
  const files = new NumberedFiles(list);
  return [...canonicalOrder(list, keyOf)].map((number) => keyOf(files.entry(number).path));
}

function expected(blocks: readonly FileBlock[]): readonly string[] {
  return blocks
    .flatMap(({ columns, live }) => [...live].map((row) => keyOf(columns.path(row))))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

const path = fc
  .array(
    fc.constantFrom('a', 'b', 'p=1', 'ä', '%C3%A4', '%20', '%2F', '.', '/', '\u{1f600}', '\uffff'),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(''))
  .filter((text) => /[ab]/.test(text) && !text.includes('..'));
const block = fc.array(fc.tuple(fc.option(path, { nil: undefined }), fc.boolean()), {
  maxLength: 12,
});

describe('canonicalOrder', () => {
  it('is that of the decoded paths by UTF-8 bytes, for any blocks and commits behind them', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 3 }), fc.array(path), (blocks, own) => {
        const before = blocks.map((rows) =>
          shared(
            rows.map(([text]) => text),
            rows.map(([, live]) => live),
          ),
        );
        const adds = new ActionColumns(own.map((text) => addFile(text)));
        const after = [...before, { columns: adds, live: RowSet.all(own.length) }];
        expect(ordered(listOf(before))).toEqual(expected(before));
        expect(ordered(listOf(after))).toEqual(expected(after));
        // A version that still has the rows which the others lost.
        const whole = before.map(({ columns }, at) => ({
          columns,
          live: RowSet.where(columns.length, (row) => blocks[at]?.[row]?.[0] !== undefined),
        }));
        expect(ordered(listOf(whole))).toEqual(expected(whole));
      }),
      { numRuns: 1000 },
    );
  });

  it('is made once for a version', () => {
    const list = listOf([shared(['b', 'a'], [true, true])]);
    expect([...canonicalOrder(list, keyOf)]).toEqual([1, 0]);
    expect(canonicalOrder(list, keyOf)).toBe(canonicalOrder(list, keyOf));
  });
});
