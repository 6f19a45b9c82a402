/** A write of Varve's that loses its race against a commit of another engine: Delta's name for it, and who won. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable, eq, gt } from '../../src/index.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

const schema = { id: 'long', part: 'string' } as const;
type Row = { id: bigint; part: string };

/** What another engine commits between the plan and the commit of ours. */
type Winner = (path: string) => Promise<unknown>;

const spark =
  (statement: string): Winner =>
  async (path) =>
    await peer('spark').ask('sql', { path, statement });
const deltaRsDelete =
  (predicate: string): Winner =>
  async (path) =>
    await peer('delta-rs').ask('delete', { path, where: predicate });

const REPLACE_A = { where: eq('part', 'a') };
const REPLACE_IDS = { where: gt('id', 1n) };
const APPEND = 'ConcurrentAppendException';
const DELETE_READ = 'ConcurrentDeleteReadException';

interface Case {
  readonly race: string;
  readonly mine: typeof REPLACE_A | typeof REPLACE_IDS | 'append';
  readonly winner: Winner;
  /** Absent when both commit. */
  readonly conflict?: readonly [name: string, operation: string];
}

const CASES: readonly Case[] = [
  {
    race: 'an append behind an insert',
    mine: 'append',
    winner: spark("insert into {path} values (9, 'a')"),
  },
  {
    race: 'an append behind an update',
    mine: 'append',
    winner: spark('update {path} set id = id + 10'),
  },
  {
    race: 'a partition replaced behind an insert there',
    mine: REPLACE_A,
    winner: spark("insert into {path} values (9, 'a')"),
    conflict: [APPEND, 'WRITE'],
  },
  {
    race: 'a partition replaced behind an insert elsewhere',
    mine: REPLACE_A,
    winner: spark("insert into {path} values (9, 'b')"),
  },
  {
    race: 'a partition replaced behind a delete there',
    mine: REPLACE_A,
    winner: spark("delete from {path} where part = 'a'"),
    conflict: [DELETE_READ, 'DELETE'],
  },
  {
    race: 'a partition replaced behind a delete there by delta-rs',
    mine: REPLACE_A,
    winner: deltaRsDelete("part = 'a'"),
    conflict: [DELETE_READ, 'DELETE'],
  },
  {
    race: 'a partition replaced behind a delete elsewhere by delta-rs',
    mine: REPLACE_A,
    winner: deltaRsDelete("part = 'b'"),
  },
  {
    race: 'rows replaced behind an update of some of them',
    mine: REPLACE_IDS,
    winner: spark('update {path} set id = 50 where id = 2'),
    conflict: [APPEND, 'UPDATE'],
  },
  {
    race: 'a partition replaced behind a compaction of it',
    mine: REPLACE_A,
    winner: spark("optimize {path} where part = 'a'"),
    conflict: [APPEND, 'OPTIMIZE'],
  },
  {
    race: 'an append behind a new column',
    mine: 'append',
    winner: spark('alter table {path} add columns (more string)'),
    conflict: ['MetadataChangedException', 'ADD COLUMNS'],
  },
  {
    race: 'an append behind a constraint',
    mine: 'append',
    winner: spark('alter table {path} add constraint positive check (id > 0)'),
    conflict: ['ProtocolChangedException', 'ADD CONSTRAINT'],
  },
  {
    race: 'an append behind in-commit timestamps',
    mine: 'append',
    winner: spark(
      "alter table {path} set tblproperties ('delta.enableInCommitTimestamps' = 'true')",
    ),
  },
];

describeWithOracles('a race lost', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();
  let tables = 0;

  it.each(CASES)('$race', async ({ mine, winner, conflict }) => {
    const path = join(folder, String(tables++));
    const table = await DeltaTable.create(path, { schema, partitionBy: ['part'] });
    await table.append([{ id: 1n, part: 'a' }]);
    await table.append([
      { id: 2n, part: 'a' },
      { id: 3n, part: 'b' },
    ]);
    async function* rows(): AsyncGenerator<Row> {
      await winner(path);
      yield { id: 4n, part: 'a' };
    }
    const written = mine === 'append' ? table.append(rows()) : table.overwrite(rows(), mine);
    if (conflict === undefined) {
      expect((await written).version).toBe(4);
      await expectAgreement(path, folder);
    } else {
      const [name, operation] = conflict;
      await expect(written).rejects.toMatchObject({
        code: 'COMMIT_CONFLICT',
        conflict: name,
        winner: { version: 3, operation },
      });
      expect((await table.snapshot()).version).toBe(3);
    }
  });
});
