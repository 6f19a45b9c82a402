/** Which row groups of an opened file a condition can concern. */
import type { Scalar } from '../log/schema/scalar.js';
import type { RowGroupInfo } from '../storage/parquet/footer-types.js';
import type { BoundColumn, BoundPredicate } from './expression/bound.js';
import { mayMatch } from './expression/prune.js';
import { partitionValues } from './file-facts.js';
import type { OpenedFile } from './read-file.js';
import {
  type ConditionLeaf,
  conditionLeaves,
  type FilePart,
  PartFacts,
} from './row-group-facts.js';

/** What the parts of one file have in common, for one condition. */
export interface FileParts {
  readonly leaves: readonly ConditionLeaf[];
  rowGroup(group: RowGroupInfo): FilePart;
}

export function fileParts(
  where: BoundPredicate,
  { file, footer, reading: { snapshot, schema } }: OpenedFile,
): FileParts {
  const leaves = conditionLeaves(where, footer, { schema, mode: snapshot.columnMapping });
  const partitions: ReadonlyMap<BoundColumn, Scalar> = partitionValues(snapshot, where, file.entry);
  return {
    leaves,
    rowGroup: (group) => ({
      numRecords: group.numRows,
      leaves,
      statsOf: (leaf) => group.chunks[leaf]?.statistics,
      partitions,
    }),
  };
}

/** Tells of each row group of the file whether the condition can be true for one of its rows. */
export function rowGroupFilter(
  where: BoundPredicate,
  opened: OpenedFile,
): (rowGroup: number) => boolean {
  const parts = fileParts(where, opened);
  return (rowGroup) => {
    const group = opened.footer.rowGroups[rowGroup];
    if (group === undefined || group.numRows === 0) return false;
    return mayMatch(where, new PartFacts(parts.rowGroup(group)));
  };
}
