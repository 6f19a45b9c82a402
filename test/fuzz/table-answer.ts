/** What Varve makes of a table, as one text: its state, and its rows. */
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';
import { scanBatches } from '../../src/table/scan-batches.js';
import { planScan } from '../../src/table/scan-plan.js';
import { batchText } from './arrow-text.js';
import { type Objects, overlayStore } from './overlay-store.js';

/** Where the tables lie; the second reader resolves paths against it too. */
export const TABLE_URL = 'memory://fuzz/table';

const CLOCK = { now: () => Date.UTC(2026, 0, 2), sleep: () => Promise.resolve() };

/** The version, what the log says of it, and its files. */
export async function stateText(objects: Objects): Promise<string> {
  return describe(await load(objects));
}

/** The state, and every row in the order of a scan. */
export async function rowsText(objects: Objects): Promise<string> {
  const snapshot = await load(objects);
  const lines = [describe(snapshot)];
  for await (const batch of scanBatches(planScan(snapshot, {}), {})) {
    const { columns, rows } = batchText(batch);
    if (lines.length === 1) lines.push(columns);
    lines.push(...rows);
  }
  return lines.join('\n');
}

async function load(objects: Objects): Promise<Snapshot> {
  return await loadSnapshot({ store: overlayStore(objects), url: TABLE_URL, clock: CLOCK });
}

/** What both readers of the log describe a table by. */
export interface TableFacts {
  readonly version: number;
  readonly protocol: readonly unknown[];
  readonly metadata: readonly unknown[];
  readonly transactions: readonly unknown[];
  readonly domains: readonly unknown[];
  readonly files: readonly unknown[];
}

/** Facts as text: the lists that have no order are put in one. */
export function factsText(facts: TableFacts): string {
  const sorted = (items: readonly unknown[]): string[] =>
    items.map((item) => JSON.stringify(item)).toSorted();
  const { transactions, domains, files } = facts;
  return JSON.stringify({
    ...facts,
    transactions: sorted(transactions),
    domains: sorted(domains),
    files: sorted(files),
  });
}

/** A map's members in the order of their names; of an absent map nothing. */
export function members(map: Iterable<readonly [string, string | null]>): readonly unknown[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function describe(snapshot: Snapshot): string {
  const { version, protocol, metadata, transactions, domains, files } = snapshot;
  return factsText({
    version,
    protocol: [
      protocol.minReaderVersion,
      protocol.minWriterVersion,
      protocol.readerFeatures?.toSorted() ?? null,
      protocol.writerFeatures?.toSorted() ?? null,
    ],
    metadata: [
      metadata.id,
      metadata.schemaString,
      metadata.partitionColumns,
      members(metadata.configuration),
    ],
    transactions: [...transactions.values()].map((txn) => [txn.appId, String(txn.version)]),
    domains: [...domains.values()].map(({ domain, configuration }) => [domain, configuration]),
    files: [...files.files()].map((file) => {
      const vector = file.deletionVector;
      return [
        file.path,
        file.size,
        members(file.partitionValues),
        vector === undefined
          ? null
          : [
              vector.storageType,
              vector.pathOrInlineDv,
              vector.offset ?? null,
              vector.sizeInBytes,
              vector.cardinality,
            ],
      ];
    }),
  });
}
