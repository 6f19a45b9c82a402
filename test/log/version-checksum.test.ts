import { describe, expect, it } from 'vitest';
import type { Action, Protocol } from '../../src/log/actions.js';
import { crcKey } from '../../src/log/log-path.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import {
  MAX_CHECKSUM_ACTIONS,
  versionChecksum,
  writeVersionChecksum,
} from '../../src/log/version-checksum.js';
import { add, CREATE, LogFixture, metadata, PROTOCOL, remove } from './log-fixture.js';

const TIMED: Protocol = {
  minReaderVersion: 1,
  minWriterVersion: 7,
  writerFeatures: ['inCommitTimestamp'],
};

function created(configuration: Record<string, string>, protocol = PROTOCOL): Action[] {
  const properties = new Map(Object.entries(configuration));
  return [
    { kind: 'protocol', protocol },
    { kind: 'metaData', metaData: metadata({ configuration: properties }) },
  ];
}

const txn = (appId: string): Action => ({ kind: 'txn', txn: { appId, version: 2n ** 60n } });
const domain = (name: string, removed = false): Action => ({
  kind: 'domainMetadata',
  domainMetadata: { domain: name, configuration: '{}', removed },
});

async function checksumOf(...commits: readonly (readonly Action[])[]): Promise<string | undefined> {
  const fixture = new LogFixture();
  for (const [version, actions] of commits.entries()) await fixture.commit(version, actions);
  return versionChecksum(await loadSnapshot(fixture.log));
}

describe('versionChecksum', () => {
  it('says what replay says, and nothing of what was removed', async () => {
    const text = await checksumOf(
      [...CREATE, add('a', { size: 3 }), add('b', { size: 4 }), txn('x'), domain('gone')],
      [remove('a'), domain('gone', true), domain('kept')],
    );
    expect(text).toContain(`"setTransactions":[{"appId":"x","version":${2n ** 60n}}]`);
    expect(JSON.parse(text ?? '')).toEqual({
      tableSizeBytes: 4,
      numFiles: 1,
      numMetadata: 1,
      numProtocol: 1,
      setTransactions: [expect.objectContaining({ appId: 'x' })],
      domainMetadata: [{ domain: 'kept', configuration: '{}', removed: false }],
      metadata: expect.objectContaining({
        id: metadata().id,
        partitionColumns: ['day'],
      }) as unknown,
      protocol: { minReaderVersion: 1, minWriterVersion: 2 },
    });
  });

  it('has the time of the commit exactly where the table keeps it, and is not made without', async () => {
    const timed = created({ 'delta.enableInCommitTimestamps': 'true' }, TIMED);
    const info: Action = { kind: 'commitInfo', commitInfo: { inCommitTimestamp: 77 } };
    const text = await checksumOf([info, ...timed]);
    expect(JSON.parse(text ?? '')).toMatchObject({ inCommitTimestampOpt: 77, protocol: TIMED });
    expect(await checksumOf(timed)).toBeUndefined();
    expect(await checksumOf([info, ...CREATE])).not.toContain('inCommitTimestampOpt');
  });

  it('leaves out transactions that may expire, and lists that are long', async () => {
    const expiring = created({ 'delta.setTransactionRetentionDuration': 'interval 1 day' });
    expect(await checksumOf([...expiring, txn('x')])).not.toContain('setTransactions');
    const many = Array.from({ length: MAX_CHECKSUM_ACTIONS + 1 }, (_, at) => [
      txn(`t${at}`),
      domain(`d${at}`),
    ]);
    const text = await checksumOf([...CREATE, ...many.flat()]);
    expect(text).not.toMatch(/setTransactions|domainMetadata/);
  });

  it('is not made when the sizes do not add up exactly', async () => {
    const huge = { size: Number.MAX_SAFE_INTEGER };
    expect(await checksumOf([...CREATE, add('a', huge), add('b', huge)])).toBeUndefined();
  });
});

describe('writeVersionChecksum', () => {
  it('replaces nothing', async () => {
    const fixture = new LogFixture();
    await fixture.commit(0, [...CREATE, add('a')]);
    const snapshot = await loadSnapshot(fixture.log);
    expect(await writeVersionChecksum(fixture.log, snapshot)).toBe('written');
    const first = await fixture.store.get(crcKey(0));
    expect(await writeVersionChecksum(fixture.log, snapshot)).toBe('exists');
    expect((await fixture.store.get(crcKey(0)))?.info.etag).toBe(first?.info.etag);
  });
});
