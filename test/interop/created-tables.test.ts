/** What a table is made with, in spellings that Varve takes: other engines open the table and keep to it. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable, type StructType } from '../../src/index.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

describeWithOracles('tables that varve made', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();

  it('with words in upper case mean the same to others', async () => {
    const path = join(folder, 'words');
    const table = await DeltaTable.create(path, {
      schema: { id: 'long' },
      properties: { 'delta.appendOnly': 'TRUE', 'delta.checkpointPolicy': 'V2' },
    });
    await table.append([{ id: 1 }]);
    const deleted = await peer('delta-rs').tryAsk('delete', { path, where: 'id = 1' });
    expect(deleted.ok).toBe(false);
    await peer('spark').ask('sql', { path, statement: 'insert into {path} values (2)' });
    await expectAgreement(path, folder);
  });

  it('with metadata of columns are opened', async () => {
    const path = join(folder, 'metadata');
    const metadata = {
      comment: 'one\n"line"',
      lists: [
        { texts: ['a'], truths: [true] },
        { integers: [1, -2n], fractions: [0.5, 1e300] },
      ],
      nothing: null,
      none: [],
    };
    const fields = [{ name: 'id', type: 'long', nullable: true, metadata }] as const;
    const table = await DeltaTable.create(path, {
      schema: { type: 'struct', fields } satisfies StructType,
    });
    await table.append([{ id: 1 }]);
    await expectAgreement(path, folder);
    const { result } = await peer('spark').ask<{ result: { comment: string }[] }>('sql', {
      path,
      statement: 'describe {path}',
    });
    expect(result[0]?.comment).toBe(metadata.comment);
  });
});
