/** The version checksums that Spark wrote beside its commits say of each version what replay makes of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { isVarveError } from '../../src/errors.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import { fileUrl, localStore } from '../../src/storage/local-store.js';
import { corpusFolder, describeWithOracles } from '../support/oracles.js';

interface Checksum {
  readonly numFiles: number;
  readonly tableSizeBytes: number;
  readonly metadata: { readonly id: string; readonly schemaString: string };
  readonly protocol: { readonly minReaderVersion: number; readonly minWriterVersion: number };
  readonly inCommitTimestampOpt?: number;
  readonly setTransactions?: readonly { readonly appId: string; readonly version: number }[];
  readonly domainMetadata?: readonly { readonly domain: string; readonly removed: boolean }[];
}

/** Their checksums were left as they were when the log was damaged. */
const DAMAGED = ['damaged_gap', 'damaged_torn_commit'];

describeWithOracles('version checksums', ['corpora'], () => {
  const root = corpusFolder('spark');
  const checksums = readdirSync(root)
    .filter((name) => !name.endsWith('.md') && !DAMAGED.includes(name))
    .flatMap((name) =>
      readdirSync(join(root, name, 'delta', '_delta_log'))
        .filter((file) => /^\d{20}\.crc$/.test(file))
        .map((file) => ({ name, file, version: Number(file.slice(0, 20)) })),
    );

  it('are many', () => {
    expect(checksums.length).toBeGreaterThan(100);
  });

  it.each(checksums)('$name at $version', async ({ name, file, version }) => {
    const table = join(root, name, 'delta');
    const crc = JSON.parse(readFileSync(join(table, '_delta_log', file), 'utf8')) as Checksum;
    const log = { store: localStore(table), url: fileUrl(table).href, clock: systemClock };
    try {
      const snapshot = await loadSnapshot(log, { version });
      const { files, metadata, protocol } = snapshot;
      expect(files.count).toBe(crc.numFiles);
      expect(files.sizeBytes).toBe(crc.tableSizeBytes);
      expect(metadata).toMatchObject({
        id: crc.metadata.id,
        schemaString: crc.metadata.schemaString,
      });
      expect(protocol).toMatchObject(crc.protocol);
      if (crc.inCommitTimestampOpt !== undefined) {
        expect(snapshot.timestampMs).toBe(crc.inCommitTimestampOpt);
      }
      for (const { appId, version: last } of crc.setTransactions ?? []) {
        expect(snapshot.transactions.get(appId)?.version).toBe(BigInt(last));
      }
      const domains = (crc.domainMetadata ?? []).filter(({ removed }) => !removed);
      expect([...snapshot.domains.keys()].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
        domains.map(({ domain }) => domain).toSorted((a, b) => (a < b ? -1 : 1)),
      );
    } catch (error) {
      // Versions whose log was cleaned up, and tables that are refused by name.
      if (!isVarveError(error, 'NOT_FOUND', 'UNSUPPORTED_FEATURE')) throw error;
    }
  });
});
