/** What a scan within a transaction has read, as far as commits of others are concerned. */
import { reconcileKey } from '../log/action-path.js';
import type { ReadSet } from '../log/conflict.js';
import type { Snapshot } from '../log/table-snapshot.js';
import type { BoundPredicate } from './expression/bound.js';
import { mayMatch } from './expression/prune.js';
import { addEntry, FactsReader } from './file-facts.js';

/**
 * Of a scan with a condition the files that may hold a match, and those of others that may by their partition values, as
 * in Delta Spark; of a scan without one, everything.
 */
export function scanReads(snapshot: Snapshot, where: BoundPredicate | undefined): ReadSet {
  const appIds = new Set<string>();
  if (where === undefined) {
    return { files: new Set(), appIds, wholeTable: true, matches: () => true };
  }
  const reader = new FactsReader(snapshot, where);
  const files = new Set<string>();
  for (const entry of snapshot.files.files()) {
    if (mayMatch(where, reader.of(entry))) files.add(reconcileKey(entry.path, snapshot.url));
  }
  return {
    files,
    appIds,
    matches: (add) => mayMatch(where, reader.of(addEntry({ ...add, stats: undefined }))),
  };
}
