import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Field, Int32, Struct, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

const REPLACED = ['ü', 'a b', '50%', 'a+b', 'a#b', 'a/b'];
const ODD = [...REPLACED, 'a=b', 'a:b', "q'q", '🐧', '%20', null];

describeWithOracles('tables that delta-rs wrote', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();
  const deltars = peer('delta-rs');

  it('are read, and written to, through deletes, updates, compaction and checkpoints', async () => {
    const path = join(folder, 'partitioned');
    const arrow = join(folder, 'rows.arrow');
    writeFileSync(arrow, tableToIPC(oddRows(), 'file'));
    await deltars.ask('write', { path, arrow, partitionBy: ['p'] });
    await deltars.ask('write', { path, arrow });
    await expectAgreement(path, folder);
    await deltars.ask('delete', { path, where: 'id = 1' });
    await deltars.ask('update', { path, updates: { name: "'new'" }, where: 'id > 5' });
    await expectAgreement(path, folder);
    const table = await DeltaTable.open(path);
    for (const p of REPLACED) {
      await table.overwrite([{ id: 100, p }] as never, { where: eq('p', p) });
    }
    await expectAgreement(path, folder);
    await deltars.ask('optimize', { path });
    await deltars.ask('checkpoint', { path });
    await expectAgreement(path, folder);
    await table.overwrite([{ id: 1, p: 'ü' }] as never);
    await expectAgreement(path, folder);
  });
});

function oddRows(): Table {
  return new Table({
    id: vectorFromArray(
      ODD.map((_, at) => at),
      new Int32(),
    ),
    p: vectorFromArray(ODD, new Utf8()),
    name: vectorFromArray(
      ODD.map((_, at) => (at % 4 === 0 ? null : `row ${at}`)),
      new Utf8(),
    ),
    s: vectorFromArray(
      ODD.map((_, at) => (at % 3 === 0 ? null : { x: at % 2 === 0 ? null : at })),
      new Struct([new Field('x', new Int32(), true)]),
    ),
  });
}
