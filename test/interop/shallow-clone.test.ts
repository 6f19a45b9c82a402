import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { snapshotRows } from '../golden/table-rows.js';
import { type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describeWithOracles('a shallow clone that Spark made', ['spark'], () => {
  const folder = temporaryFolder();
  const spark = peer('spark');
  const source = join(folder, 'source of clone');
  const clone = join(folder, 'clone');
  const sql = async (path: string, statement: string): Promise<void> => {
    await spark.ask('sql', { path, statement });
  };

  it('is read with its source allowed, deletion vectors and new files too, and refused without', async () => {
    await sql(
      source,
      "create table {path} using delta partitioned by (p) tblproperties ('delta.enableDeletionVectors'='true') " +
        "as select id, concat('p ', id % 2) as p from range(40)",
    );
    await sql(source, 'delete from {path} where id % 7 = 3');
    await sql(clone, `create table {path} shallow clone delta.\`${source}\``);
    await sql(clone, 'delete from {path} where id = 11');
    await sql(clone, "insert into {path} values (100, 'p 0')");
    const expected = await spark.ask<Digest>('read', { path: clone, out: join(folder, 'rows') });
    for (const root of [source, pathToFileURL(source)]) {
      const table = await DeltaTable.open(clone, { allowedRoots: [root] });
      expect(await snapshotRows(await table.snapshot())).toEqual({
        rows: expected.rows,
        sha256: expected.sha256,
      });
      const { files } = await table.scan().plan();
      expect(
        files.filter((file) => file.startsWith(pathToFileURL(source).href)).length,
      ).toBeGreaterThan(0);
    }
    for (const options of [{}, { allowedRoots: [join(folder, 'elsewhere')] }]) {
      const table = await DeltaTable.open(clone, options);
      await expect(table.scan().toArray()).rejects.toMatchObject({
        code: 'UNSUPPORTED_FEATURE',
        features: ['absolute file paths'],
      });
    }
  });
});
