import { join } from 'node:path';
import { it } from 'vitest';
import { DeltaTable, eq, gte, lt } from '../../src/index.js';
import { describeWithOracles } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

const BYTES = [new Uint8Array([0x61, 0x2f, 0x62]), null];

describeWithOracles('partitions that varve wrote', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();

  it.each([
    ['byte', [-128, 127, null]],
    ['short', [-32768, 32767, null]],
    ['integer', [-(2 ** 31), 2 ** 31 - 1, null]],
    ['float', [Math.fround(0.1), -1.5, Infinity, null]],
    ['double', [5e-324, -Infinity, 1e10, null]],
    ['binary', BYTES],
    ['decimal(38,10)', ['-9999999999999999999999999999.9999999999', '0.0000000001', null]],
    // An empty string is a null partition; names that look like Hive's for null are data.
    ['string', ['', null, '__HIVE_DEFAULT_PARTITION__x', '"', '\\', '*', '~', 'p=1', ' lead']],
  ] as const)('are the same rows and files to others by %s', async (type, values) => {
    const path = join(folder, type.replaceAll(/\W/gu, '-'));
    const schema = { id: 'long', p: type } as const;
    const table = await DeltaTable.create(path, { schema, partitionBy: ['p'] });
    await table.append(values.map((p, id) => ({ id, p })) as never);
    await expectAgreement(path, folder);
  });

  it('are the same by two columns, with one part of them replaced and then all', async () => {
    const path = join(folder, 'two');
    const schema = { id: 'long', a_day: 'date', 'k#%ü': 'string' } as const;
    const rows = Array.from({ length: 12 }, (_, id) => ({
      id,
      a_day: id % 3 === 0 ? null : `2024-0${1 + (id % 3)}-29`,
      'k#%ü': id % 4 === 0 ? null : `v/${id % 4}`,
    }));
    const table = await DeltaTable.create(path, { schema, partitionBy: ['a_day', 'k#%ü'] });
    await table.append(rows as never);
    await expectAgreement(path, folder);
    await table.overwrite([{ id: 50, 'k#%ü': 'v/1' }] as never, {
      where: eq('k#%ü', 'v/1'),
    });
    await expectAgreement(path, folder);
    await table.overwrite([{ id: 7, 'k#%ü': 'x' }] as never);
    await expectAgreement(path, folder);
  });

  it('keep the rows of files that a condition on data rewrites in part', async () => {
    const path = join(folder, 'rewritten');
    const schema = { id: 'long', p: 'string', s: { struct: { x: 'integer' } } } as const;
    const table = await DeltaTable.create(path, { schema, partitionBy: ['p'] });
    const rows = Array.from({ length: 20 }, (_, id) => ({
      id,
      p: ['a b', 'ü', null][id % 3] ?? null,
      s: id % 2 === 0 ? null : { x: id },
    }));
    await table.append(rows);
    await table.overwrite([{ id: 3, p: 'new' }], { where: lt('id', 7) });
    await expectAgreement(path, folder);
    await table.overwrite([], { where: gte('id', 15) });
    await expectAgreement(path, folder);
  });
});
