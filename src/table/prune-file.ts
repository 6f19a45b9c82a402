/** Which row groups of an opened file a condition can concern. */
import { columnMappingMode } from '../log/schema/column-mapping.js';
import type { BoundPredicate } from './expression/bound.js';
import { mayMatch } from './expression/prune.js';
import { partitionValues } from './file-facts.js';
import type { OpenedFile } from './read-file.js';
import { conditionLeaves, PartFacts } from './row-group-facts.js';

/** Tells of each row group of the file whether the condition can be true for one of its rows. */
export function rowGroupFilter(
  where: BoundPredicate,
  { file, footer, reading: { snapshot, schema } }: OpenedFile,
): (rowGroup: number) => boolean {
  const leaves = conditionLeaves(where, footer, {
    schema,
    mode: columnMappingMode(snapshot.configuration),
  });
  const partitions = partitionValues(snapshot, where, file.entry);
  return (rowGroup) => {
    const group = footer.rowGroups[rowGroup];
    if (group === undefined || group.numRows === 0) return false;
    const facts = new PartFacts({
      numRecords: group.numRows,
      leaves,
      statsOf: (leaf) => group.chunks[leaf]?.statistics,
      partitions,
    });
    return mayMatch(where, facts);
  };
}
