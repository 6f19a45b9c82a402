/** Spark takes a version checksum for the truth: with ours, and with its own checks on, it reads and writes as before. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { PeerProcess } from '../support/peer-process.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

/** Spark works each checksum out anew, and fails where it is another. */
const CHECKS = {
  'spark.databricks.delta.incremental.commit.enabled': 'true',
  'spark.databricks.delta.incremental.commit.verify': 'true',
  'spark.databricks.delta.checksum.mismatch.fatal': 'true',
  'spark.databricks.delta.state.corruptionIsFatal': 'true',
};

const crcOf = (version: number): string => `${String(version).padStart(20, '0')}.crc`;

describeWithOracles('version checksums that varve wrote', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();
  const schema = { id: 'long', p: 'string' } as const;

  async function written(name: string, properties: Record<string, string>): Promise<string> {
    const path = join(folder, name);
    const table = await DeltaTable.create(path, {
      schema,
      partitionBy: ['p'],
      properties: {
        'varve.writeVersionChecksums': 'true',
        'delta.checkpointInterval': '3',
        ...properties,
      },
    });
    const rows = (p: string) => [
      { id: 1, p },
      { id: 2, p: 'other' },
    ];
    await table.append(rows('a'), { idempotency: { appId: 'app', sequence: 4 } });
    await table.append(rows('b'));
    await table.overwrite([{ id: 9, p: 'a' }], { where: eq('p', 'a') });
    await table.append(rows('c'));
    const log = readdirSync(join(path, '_delta_log'));
    for (let version = 0; version <= 4; version++) expect(log).toContain(crcOf(version));
    return path;
  }

  it.each([
    ['plain', {}],
    ['timed', { 'delta.enableInCommitTimestamps': 'true' }],
    ['sidecars', { 'delta.checkpointPolicy': 'v2' }],
  ])('%s: are what spark works out, and what it goes on from', async (name, properties) => {
    const path = await written(name, properties);
    const ask = async (statement: string): Promise<void> => {
      await peer('spark').ask('sql', { path, statement, conf: CHECKS });
    };
    await expectAgreement(path, folder);
    await ask("insert into {path} values (20, 'd')");
    await ask('delete from {path} where id = 2');
    expect(existsSync(join(path, '_delta_log', crcOf(6)))).toBe(true);
    const theirs = JSON.parse(readFileSync(join(path, '_delta_log', crcOf(6)), 'utf8')) as object;
    const snapshot = await (await DeltaTable.open(path)).snapshot();
    expect(theirs).toMatchObject({ numFiles: snapshot.files().length });
    await expectAgreement(path, folder);
  });

  it('a wrong one is noticed by these checks', async () => {
    const path = await written('wrong', {});
    const file = join(path, '_delta_log', crcOf(4));
    const text = readFileSync(file, 'utf8');
    rmSync(file);
    writeFileSync(file, text.replace(/"numFiles":\d+/, '"numFiles":77'));
    const fresh = new PeerProcess('spark');
    try {
      const statement = "insert into {path} values (20, 'd')";
      const answer = await fresh.tryAsk('sql', { path, statement, conf: CHECKS });
      expect(answer).toMatchObject({ ok: false });
    } finally {
      await fresh.close();
    }
  });
});
