/** What a table is, in one answer. */
import { z } from 'zod';
import { clusteringColumns } from '../log/clustering.js';
import { impliedFeatures } from '../log/protocol.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { callOptions, checkOptions } from './call-options.js';
import { latestSnapshot } from './open.js';
import type { CallOptions } from './options.js';
import type { TableDetail } from './results.js';
import type { TableState } from './table-state.js';

/** The newest version's facts; see {@link DeltaTable.detail}. */
export async function tableDetail(state: TableState, options: CallOptions): Promise<TableDetail> {
  const { signal } = checkOptions('detail', z.strictObject(callOptions), options);
  return detailOf(await latestSnapshot(state, signal));
}

function detailOf(snapshot: Snapshot): TableDetail {
  const { metadata, protocol, files } = snapshot;
  const { createdTime } = metadata;
  return {
    tableId: metadata.id,
    name: metadata.name,
    description: metadata.description,
    url: snapshot.url,
    version: snapshot.version,
    createdAt: createdTime === undefined ? undefined : new Date(createdTime),
    modifiedAt: new Date(snapshot.timestampMs),
    partitionColumns: metadata.partitionColumns,
    clusteringColumns: clusteringColumns(snapshot),
    numFiles: files.count,
    sizeBytes: files.sizeBytes,
    properties: metadata.configuration,
    minReaderVersion: protocol.minReaderVersion,
    minWriterVersion: protocol.minWriterVersion,
    features: impliedFeatures(protocol),
  };
}
