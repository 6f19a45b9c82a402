import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { describeWithOracles } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

const SCHEMA = { id: 'long not null', part: 'string', note: 'string' } as const;

describeWithOracles('commits of several appends or writes', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();
  const made = async (name: string) => {
    const path = join(folder, name);
    const table = await DeltaTable.create(path, { schema: SCHEMA, partitionBy: ['part'] });
    return { path, table };
  };

  it('of a writer are the same rows to others, with the last sequence of each application', async () => {
    const { path, table } = await made('writer');
    const writer = table.writer({ maxRows: 50 });
    for (let sequence = 0; sequence < 40; sequence++) {
      const appId = `source-${sequence % 3}`;
      const rows = Array.from({ length: 5 }, (_, at) => ({
        id: sequence * 10 + at,
        part: at % 2 === 0 ? 'ü' : null,
        note: `${appId} ${sequence}`,
      }));
      await writer.append(rows, { idempotency: { appId, sequence } });
    }
    await writer.close();
    await expectAgreement(path, folder);
    const { transactions } = await table.snapshot();
    expect(Object.fromEntries(transactions)).toEqual({
      'source-0': 39,
      'source-1': 37,
      'source-2': 38,
    });
  });

  it('of a group are', async () => {
    const { path, table } = await made('group');
    const commits = await Promise.all(
      Array.from({ length: 30 }, (_, id) =>
        table.append([{ id, part: id % 2 === 0 ? 'a' : 'b' }], {
          group: true,
          idempotency: { appId: 'app', sequence: id },
        }),
      ),
    );
    expect(new Set(commits.map(({ version }) => version)).size).toBeLessThan(30);
    await expectAgreement(path, folder);
  });

  it('of a transaction are', async () => {
    const { path, table } = await made('transaction');
    await table.append([
      { id: 1, part: 'a' },
      { id: 2, part: 'b' },
    ]);
    await table.transaction(async (tx) => {
      await tx.setProperties({ owner: 'me', 'delta.checkpointInterval': '2' });
      await tx.append([{ id: 3, part: 'a' }]);
      await tx.overwrite([{ id: 4, part: 'a' }], { where: eq('part', 'a') });
      await tx.append([{ id: 5, part: 'c' }]);
    });
    await expectAgreement(path, folder);
    await table.transaction(async (tx) => {
      await tx.overwrite([{ id: 6 }]);
      await tx.overwrite([{ id: 7 }, { id: 8, part: 'z' }]);
    });
    await expectAgreement(path, folder);
    expect(await table.scan().count()).toBe(2);
  });
});
