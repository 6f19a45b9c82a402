import { Field, Schema } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/log/actions.js';
import { buildColumn } from '../../src/log/build-column.js';
import { readParts, readTombstones } from '../../src/log/checkpoint-reader.js';
import { TRANSACTION } from '../../src/log/checkpoint-schema.js';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { parseLastCheckpoint } from '../../src/log/last-checkpoint.js';
import { checkpointKey, LAST_CHECKPOINT_KEY } from '../../src/log/log-path.js';
import { PathIndex } from '../../src/log/path-index.js';
import { arrowType } from '../../src/log/schema/arrow-type.js';
import { batchOf } from '../../src/log/schema/conform.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import { joinBody } from '../../src/storage/object-store.js';
import { decodeRowGroup } from '../../src/storage/parquet/decode.js';
import { ParquetFileEncoder } from '../../src/storage/parquet/encode.js';
import { readFooter } from '../../src/storage/parquet/footer.js';
import { bytesSource } from '../../src/storage/parquet/source.js';
import { add, addFile, CREATE, LogFixture, metadata, remove } from './log-fixture.js';

const DAY_MS = 86_400_000;
const TXN = arrowType(TRANSACTION);

/** @param nowMs - by the store; `aheadMs` is how far the clock of who writes the checkpoint is ahead of it */
async function written(
  actions: readonly Action[],
  nowMs = 1_000_000,
  aheadMs = 0,
): Promise<{ fixture: LogFixture; bytes: Uint8Array }> {
  const fixture = new LogFixture();
  fixture.nowMs = nowMs - 1_000;
  await fixture.commit(0, actions);
  fixture.nowMs = nowMs + aheadMs;
  await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
  const object = await fixture.store.get(checkpointKey(0));
  if (object === undefined) throw new Error('no checkpoint');
  return { fixture, bytes: object.bytes };
}

async function rowsOf(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const source = bytesSource(bytes, 'checkpoint');
  const footer = await readFooter(source);
  const rows: Record<string, unknown>[] = [];
  for (let index = 0; index < footer.rowGroups.length; index++) {
    const batch = await decodeRowGroup(source, footer, index);
    for (const row of batch) rows.push(row?.toJSON() ?? {});
  }
  return rows;
}

describe('writeCheckpoint', () => {
  it('writes every row with one action, all fields nullable, maps never null', async () => {
    const file = addFile('a', { partitionValues: new Map() });
    const { bytes } = await written([
      ...CREATE,
      { kind: 'add', add: file },
      remove('b', { deletionTimestamp: 900_000 }),
      { kind: 'txn', txn: { appId: 'x', version: 2n ** 60n } },
      {
        kind: 'domainMetadata',
        domainMetadata: { domain: 'd', configuration: '{}', removed: false },
      },
    ]);
    const rows = await rowsOf(bytes);
    const kinds = rows.map((row) => Object.keys(row).filter((name) => row[name] !== null));
    expect(kinds).toEqual([
      ['protocol'],
      ['metaData'],
      ['txn'],
      ['domainMetadata'],
      ['add'],
      ['remove'],
    ]);
    const footer = await readFooter(bytesSource(bytes, 'checkpoint'));
    for (const node of [footer.schema, ...footer.schema.children]) {
      for (const child of node.children) expect(child.repetition).toBe('optional');
    }
    const shown = JSON.parse(
      JSON.stringify(rows, (_key, value: unknown) =>
        typeof value === 'bigint' ? `${value}` : value,
      ),
    ) as Record<string, Record<string, unknown>>[];
    expect(shown[1]?.['metaData']).toMatchObject({
      configuration: {},
      partitionColumns: ['day'],
      format: { provider: 'parquet', options: {} },
    });
    expect(shown[0]?.['protocol']).toMatchObject({ readerFeatures: null, writerFeatures: null });
    expect(shown[2]?.['txn']).toMatchObject({ version: String(2n ** 60n) });
    expect(shown[4]?.['add']).toMatchObject({ partitionValues: {}, dataChange: false });
    expect(shown[5]?.['remove']).toMatchObject({ dataChange: false });
    expect(Object.keys(shown[5]?.['remove'] ?? {})).not.toContain('stats');
    expect(footer.keyValue.has('ARROW:schema')).toBe(false);
  });

  it('points the hint at itself, and leaves one alone that was there first', async () => {
    const { fixture, bytes } = await written([...CREATE, add('a'), add('b')]);
    const hint = await fixture.store.get(LAST_CHECKPOINT_KEY);
    expect(parseLastCheckpoint(hint?.bytes ?? new Uint8Array(0))).toMatchObject({
      version: 0,
      size: 4,
      numOfAddFiles: 2,
      sizeInBytes: bytes.length,
    });
    const again = await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    expect(again).toEqual({ outcome: 'exists', version: 0 });
  });

  it('reads a row group of more transactions than a call takes arguments', async () => {
    const appIds = Array.from({ length: 250_000 }, (_, at) => `app-${at}`);
    const schema = new Schema([new Field('txn', TXN, true)]);
    const rows = appIds.map((appId) => ({ appId, version: 1n, lastUpdated: 1n }));
    const batch = batchOf(schema, [buildColumn(TXN, rows)], rows.length);
    const encoder = new ParquetFileEncoder({
      schema,
      codec: 'uncompressed',
      key: 'c',
      rowGroupRows: rows.length,
    });
    await encoder.write(batch);
    const { body } = await encoder.finish();
    const source = bytesSource(joinBody(body), 'c');
    expect((await readFooter(source)).rowGroups).toHaveLength(1);
    const { transactions } = await readParts(
      [source],
      new PathIndex('memory://t'),
      'all',
      undefined,
    );
    expect(transactions.at(-1)?.appId).toBe(appIds.at(-1));
  });

  it.each([
    ['', 0],
    [', whatever a clock that is years ahead says', 1000 * DAY_MS],
    [', whatever a clock that is behind says', -9 * DAY_MS, ['young', 'old']],
  ])(
    'keeps tombstones as long as their files are protected%s',
    async (_, aheadMs, expected = ['young']) => {
      const { bytes } = await written(
        [
          ...CREATE,
          remove('young', { deletionTimestamp: 3 * DAY_MS + 1 }),
          remove('old', { deletionTimestamp: 3 * DAY_MS }),
          remove('undated', { deletionTimestamp: undefined }),
        ],
        10 * DAY_MS,
        aheadMs,
      );
      const index = new PathIndex('memory://t');
      const { parts } = await readParts([bytesSource(bytes, 'c')], index, 'all', undefined);
      const kept: string[] = [];
      for await (const { path } of readTombstones(parts)) kept.push(path);
      expect(kept).toEqual(expected);
    },
  );

  it('keeps sequences until they have expired by the store, whatever a clock says', async () => {
    const configuration = new Map([['delta.setTransactionRetentionDuration', 'interval 7 days']]);
    const txn = (appId: string, lastUpdated: number): Action => ({
      kind: 'txn',
      txn: { appId, version: 1n, lastUpdated },
    });
    const { bytes } = await written(
      [
        { kind: 'protocol', protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
        { kind: 'metaData', metaData: metadata({ configuration }) },
        txn('young', 3 * DAY_MS + 1),
        txn('old', 3 * DAY_MS),
      ],
      10 * DAY_MS,
      1000 * DAY_MS,
    );
    const rows = await rowsOf(bytes);
    const said = rows.flatMap((row) => (row['txn'] === null ? [] : [row['txn']]));
    expect(said).toEqual([expect.objectContaining({ appId: 'young' })]);
  });

  it('writes feature lists exactly for versions 3 and 7', async () => {
    const { fixture } = await written([
      {
        kind: 'protocol',
        protocol: { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: [] },
      },
      { kind: 'metaData', metaData: metadata() },
    ]);
    const { protocol, checkpointVersion } = await loadSnapshot(fixture.log);
    expect(checkpointVersion).toBe(0);
    expect(protocol.writerFeatures).toEqual([]);
    expect(protocol.readerFeatures).toBeUndefined();
  });
});

describe('readCheckpoint', () => {
  it('reads an add again as it was, field by field', async () => {
    const file = addFile('a%20b', {
      tags: new Map([
        ['k', null],
        ['', 'v'],
      ]),
      baseRowId: 2n ** 62n,
      defaultRowCommitVersion: 7n,
      clusteringProvider: 'liquid',
      stats: undefined,
      partitionValues: new Map([['day', null]]),
      deletionVector: {
        storageType: 'i',
        pathOrInlineDv: 'wi5b',
        offset: undefined,
        sizeInBytes: 40,
        cardinality: 6,
      },
    });
    const { fixture } = await written([...CREATE, { kind: 'add', add: file }]);
    const snapshot = await loadSnapshot(fixture.log);
    expect(snapshot.checkpointVersion).toBe(0);
    const [entry] = snapshot.files.files();
    expect(await entry?.add()).toEqual({ ...file, dataChange: false });
  });

  it('fetches what a scan does not need only when it is asked for', async () => {
    const { fixture } = await written([...CREATE, add('a', { tags: new Map([['k', 'v']]) })]);
    const snapshot = await loadSnapshot(fixture.log);
    const [entry] = snapshot.files.files();
    expect([entry?.path, entry?.size, entry?.stats]).toEqual(['a', 10, '{"numRecords":3}']);
    expect((await entry?.add())?.tags).toEqual(new Map([['k', 'v']]));
  });

  it('takes an add that two parts name for one file', async () => {
    const { bytes } = await written([...CREATE, add('a'), add('b')]);
    const fixture = new LogFixture();
    for (const number of [1, 2]) {
      const part = `${String(number).padStart(10, '0')}.0000000002`;
      await fixture.put(checkpointKey(0).replace('parquet', `${part}.parquet`), bytes);
    }
    const snapshot = await loadSnapshot(fixture.log);
    expect(snapshot.files.count).toBe(2);
    expect(snapshot.files.sizeBytes).toBe(20);
  });
});
