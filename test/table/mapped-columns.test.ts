import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  type AnyRow,
  DeltaTable,
  eq,
  isNull,
  not,
  type Snapshot,
  toJsonRow,
} from '../../src/index.js';
import { corpusFolder, describeWithOracles } from '../support/oracles.js';

const TABLES = ['mapping_name', 'mapping_id', 'mapping_upgrade_dv', 'checkpoint_struct_stats'];

describeWithOracles('a table whose columns are mapped', ['corpora'], () => {
  const versions = TABLES.map(
    (name) => [name, join(corpusFolder('spark'), name, 'delta')] as const,
  );

  it.each(versions)('%s answers each condition as its rows do', async (_, path) => {
    const table = await DeltaTable.open(path);
    const last = (await table.snapshot()).version;
    let skipped = 0;
    for (let version = 1; version <= last; version++) {
      skipped += await checkConditions(await table.snapshot({ version }));
    }
    expect(skipped).toBeGreaterThan(0);
  });

  it('is not written', async () => {
    for (const [, path] of versions) {
      const table = await DeltaTable.open(path);
      await expect(table.append([{}] as never)).rejects.toMatchObject({
        code: 'UNSUPPORTED_FEATURE',
        features: expect.arrayContaining(['columnMapping']) as unknown,
      });
    }
  });
});

/** Asks for every value of every plain column, and for nulls; gives how many files that ruled out. */
async function checkConditions(snapshot: Snapshot<AnyRow>): Promise<number> {
  const all = await snapshot.scan().toArray();
  let skipped = 0;
  for (const { name, type } of snapshot.schema.fields) {
    if (typeof type !== 'string') continue;
    const text = (row: AnyRow): string => JSON.stringify(toJsonRow({ v: row[name] }));
    const values = new Map(all.map((row) => [text(row), row[name]]));
    for (const [wanted, value] of values) {
      const where = value === null ? isNull(name) : eq(name, value as never);
      const scan = snapshot.scan({ where });
      const found = await scan.toArray();
      expect(found).toEqual(all.filter((row) => text(row) === wanted));
      skipped += (await scan.plan()).filesSkipped;
    }
    const present = await snapshot.scan({ where: not(isNull(name)) }).count();
    expect(present).toBe(all.filter((row) => row[name] !== null).length);
  }
  return skipped;
}
