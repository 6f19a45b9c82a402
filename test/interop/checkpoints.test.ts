/**
 * Spark keeps a hidden checksum beside each local file. A checkpoint or a hint that is replaced under one cannot be read
 * by it, or only after a long wait.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { readRows } from '../golden/table-rows.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { PeerProcess } from '../support/peer-process.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

describeWithOracles('checkpoints of spark and varve in turns', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();

  it('leave no stale checksum, and a new spark session reads the table', async () => {
    const path = join(folder, 'table');
    const inLog = (name: string): string => join(path, '_delta_log', name);
    const checkpoint = (version: number): string =>
      `${String(version).padStart(20, '0')}.checkpoint.parquet`;
    const run = async (statement: string): Promise<unknown> =>
      await peer('spark').ask('sql', { path, statement });

    await run(
      'create table {path} (id bigint, s struct<x: int>) using delta ' +
        "tblproperties ('delta.checkpointInterval' = '2')",
    );
    for (let id = 1; id <= 2; id++) await run(`insert into {path} values (${id}, null)`);
    expect(existsSync(inLog(`.${checkpoint(2)}.crc`))).toBe(true);
    expect(existsSync(inLog('._last_checkpoint.crc'))).toBe(true);

    const table = await DeltaTable.open(path);
    for (let id = 3; id <= 4; id++) {
      const commit = await table.append([{ id, s: { x: id } }] as never);
      expect(commit).toMatchObject({ version: id, warnings: [] });
    }
    expect(existsSync(inLog(checkpoint(4)))).toBe(true);
    expect(existsSync(inLog(`.${checkpoint(4)}.crc`))).toBe(false);
    expect(existsSync(inLog('._last_checkpoint.crc'))).toBe(false);

    const fresh = new PeerProcess('spark');
    try {
      const read = await fresh.tryAsk('read', { path, out: join(folder, 'fresh') });
      expect(read).toMatchObject({ ok: true, ...(await readRows(path)) });
      const inserted = await fresh.tryAsk('sql', {
        path,
        statement: 'insert into {path} values (5, null), (6, null)',
      });
      expect(inserted).toMatchObject({ ok: true });
    } finally {
      await fresh.close();
    }
    await run('delete from {path} where id = 5');
    expect(existsSync(inLog(`.${checkpoint(6)}.crc`))).toBe(true);
    await expectAgreement(path, folder);
    await table.append([{ id: 7n }, { id: 8n }] as never);
    await table.overwrite([{ id: 9n }] as never);
    expect(existsSync(inLog('._last_checkpoint.crc'))).toBe(false);
    await expectAgreement(path, folder);
  });
});
