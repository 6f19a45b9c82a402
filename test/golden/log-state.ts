import { deletionVectorId } from '../../src/log/file-history.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';

/** Everything that rows depend on, in one order. */
export function stateOf(snapshot: Snapshot, withStats: boolean): object {
  const files = [...snapshot.files.files()].map((file) => ({
    path: file.path,
    vector: deletionVectorId(file.deletionVector),
    size: file.size,
    partitionValues: [...file.partitionValues],
    numRecords: withStats ? numRecords(file.stats) : undefined,
  }));
  return {
    files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    sizeBytes: snapshot.files.sizeBytes,
    protocol: snapshot.protocol,
    metadata: { ...snapshot.metadata, configuration: new Map(snapshot.configuration) },
    transactions: new Map(snapshot.transactions),
    domains: new Map(snapshot.domains),
  };
}

function numRecords(stats: string | undefined): number | undefined {
  return (JSON.parse(stats ?? '{}') as { readonly numRecords?: number }).numRecords;
}
