/** What conditions in SQL mean is what Spark says they mean, in every row of a table of every type. */
import { join } from 'node:path';
import type { RecordBatch } from 'apache-arrow';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { DeltaTable, predicateFromSql } from '../../src/index.js';
import { bindPredicate } from '../../src/table/expression/bind.js';
import { evaluate } from '../../src/table/expression/evaluate.js';
import { type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { conditionText, plainConditionText, row, table } from './condition-texts.js';

/** As many as Spark's answer to a statement holds. */
const ROWS = 200;
const APPENDS = 2;
const CONDITIONS = 400;
/** One statement's: Spark plans many more only slowly. */
const AT_ONCE = 50;
const PLAIN_CONDITIONS = 40;
const SEED = 20_261_125;
const LETTERS = ['f', '?', 't'];

const conditions = fc.sample(conditionText, { numRuns: CONDITIONS, seed: SEED });
const parts = Array.from({ length: CONDITIONS / AT_ONCE }, (_, at) =>
  conditions.slice(at * AT_ONCE, (at + 1) * AT_ONCE),
);

describeWithOracles('conditions in SQL', ['spark', 'delta-rs'], () => {
  const path = join(temporaryFolder(), 'every-type');

  beforeAll(async () => {
    const created = await DeltaTable.create(path, { schema: table, partitionBy: ['p'] });
    const rows = fc
      .sample(row, { numRuns: ROWS, seed: SEED })
      .map((cells, id) => ({ id: BigInt(id), ...cells }));
    for (let append = 0; append < APPENDS; append++) {
      await created.append(rows.filter((_, at) => at % APPENDS === append) as never);
    }
    // Its first answer takes longer than all others.
    await askSpark(path, ['p = 0']);
  });

  it.each(parts.map((part) => ({ part })))(
    'are what Spark takes them for in every row: %#',
    async ({ part }) => {
      const snapshot = await (await DeltaTable.open(path)).snapshot();
      const batches: RecordBatch[] = [];
      for await (const batch of snapshot.scan().batches()) batches.push(batch as never);
      const theirs = await askSpark(path, part);
      for (const [at, condition] of part.entries()) {
        const where = predicateFromSql(condition);
        const bound = bindPredicate(where, snapshot.schema);
        const ours: string[] = [];
        for (const batch of batches) {
          const ids = batch.getChild('id')?.toArray() as BigInt64Array;
          for (const [index, outcome] of evaluate(bound, batch).entries()) {
            ours[Number(ids[index])] = LETTERS[outcome] ?? '';
          }
        }
        expect({ condition, outcomes: ours.join('') }).toEqual({ condition, outcomes: theirs[at] });
        // Files are left out by their statistics here.
        const found = await snapshot.scan({ where, select: ['id'] }).toArray();
        const expected = ours.flatMap((letter, id) => (letter === 't' ? [id] : []));
        const ids = found.map(({ id }) => Number(id)).toSorted((a, b) => a - b);
        expect({ condition, ids }).toEqual({ condition, ids: expected });
      }
    },
  );

  it('choose the rows that delta-rs chooses, when they are plain', async () => {
    const snapshot = await (await DeltaTable.open(path)).snapshot();
    for (const where of fc.sample(plainConditionText, { numRuns: PLAIN_CONDITIONS, seed: SEED })) {
      const out = join(path, '..', 'theirs');
      const theirs = await peer('delta-rs').ask<Digest>('read', {
        path,
        out,
        where,
        columns: ['id'],
      });
      const rows = await snapshot.scan({ where: predicateFromSql(where) }).count();
      expect({ where, rows }).toEqual({ where, rows: theirs.rows });
    }
  });
});

/** For each condition a letter a row, by `id`: t, f, or ? where it is unknown. */
async function askSpark(path: string, texts: readonly string[]): Promise<string[]> {
  const letters = "transform(o, x -> case when x is null then '?' when x then 't' else 'f' end)";
  const list = texts.map((condition) => `(${condition})`).join(',\n');
  const statement =
    `select id, array_join(${letters}, '') as r ` +
    `from (select id, array(${list}) as o from {path}) order by id`;
  const { result } = await peer('spark').ask<{ result: { r: string }[] }>('sql', {
    path,
    statement,
    // Compiling them takes longer than the rest.
    conf: {
      'spark.sql.codegen.wholeStage': 'false',
      'spark.sql.codegen.factoryMode': 'NO_CODEGEN',
    },
  });
  return texts.map((_, at) => result.map(({ r }) => r[at]).join(''));
}
