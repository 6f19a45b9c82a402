/**
 * Version checksums: `<version>.crc`, which says of a version what replaying the log says. Other engines take it for the
 * truth, so a wrong one changes the table for them. PROTOCOL.md "Version Checksum File".
 */

import { usesInCommitTimestamps } from './commit-clock.js';
import {
  encodeDomain,
  encodeMetadata,
  encodeProtocol,
  encodeTransaction,
} from './encode-action.js';
import { crcKey } from './log-path.js';
import { protocolLists } from './protocol-shape.js';
import { tableProperties } from './table-properties.js';
import type { LogContext, Snapshot } from './table-snapshot.js';

/** Transactions and domains are left out of a checksum that would hold more of either: it is read with every version. */
export const MAX_CHECKSUM_ACTIONS = 100;

/**
 * The checksum of a version, from what is counted already; undefined when one of its fields is not sure. A field that
 * need not be there is there whole or not at all.
 *
 * @param snapshot - the table after a commit of this process, as the commit itself made it
 */
export function versionChecksum(snapshot: Snapshot): string | undefined {
  const { files, metadata, protocol, domains, parts } = snapshot;
  if (!Number.isSafeInteger(files.sizeBytes)) return undefined;
  const keepsTime = usesInCommitTimestamps(metadata);
  if (keepsTime && parts.ownTimeMs === undefined) return undefined;
  const fields = [
    `"tableSizeBytes":${files.sizeBytes}`,
    `"numFiles":${files.count}`,
    '"numMetadata":1',
    '"numProtocol":1',
    ...(keepsTime ? [`"inCommitTimestampOpt":${parts.ownTimeMs}`] : []),
    ...transactionsField(snapshot),
    ...listField('domainMetadata', [...domains.values()].map(encodeDomain)),
    `"metadata":${encodeMetadata(metadata)}`,
    `"protocol":${encodeProtocol(protocolLists(protocol))}`,
  ];
  return `{${fields.join(',')}}\n`;
}

/**
 * Writes the checksum of a version, if there is none and all of it is sure. Call it for a version that this process has
 * committed, and for no other.
 *
 * @throws whatever the store throws; nobody needs the file
 */
export async function writeVersionChecksum(
  log: LogContext,
  snapshot: Snapshot,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<'written' | 'exists' | 'unsure'> {
  const text = versionChecksum(snapshot);
  if (text === undefined) return 'unsure';
  const bytes = new TextEncoder().encode(text);
  const outcome = await log.store.putIfAbsent(crcKey(snapshot.version), bytes, options);
  return outcome === 'exists' ? 'exists' : 'written';
}

/** Where transactions expire, it depends on who looks which of them are live. */
function transactionsField(snapshot: Snapshot): readonly string[] {
  const { setTransactionRetentionMs } = tableProperties(snapshot.configuration);
  if (setTransactionRetentionMs !== undefined) return [];
  return listField('setTransactions', [...snapshot.transactions.values()].map(encodeTransaction));
}

function listField(name: string, items: readonly string[]): readonly string[] {
  return items.length > MAX_CHECKSUM_ACTIONS ? [] : [`"${name}":[${items.join(',')}]`];
}
