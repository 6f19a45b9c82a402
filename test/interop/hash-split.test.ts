import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { hashSplit } from '../../src/ml/index.js';
import { splitFilter } from '../../src/ml/split.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const schema = {
  id: 'long not null',
  small: 'short',
  name: 'string',
  day: 'date',
  yes: 'boolean',
  bytes: 'binary',
} as const;

const ROWS = Array.from({ length: 500 }, (_, at) => ({
  id: BigInt(at) * 7_919_000_000_001n - 2_000_000_000_000_000n,
  small: at % 11 === 0 ? null : (at % 300) - 150,
  name: at % 13 === 0 ? null : `пингвин ${at} 🐧`,
  day: at % 17 === 0 ? null : `19${String(10 + (at % 90))}-02-28`,
  yes: at % 19 === 0 ? null : at % 2 === 0,
  bytes: new Uint8Array([at & 255, at >> 8]),
}));

/** Integers are widened to long: a column's width must not decide where a row belongs. */
const KEYS = [
  [['id'], 'id'],
  [['small', 'name'], 'cast(small as bigint), name'],
  [['day', 'yes'], 'day, yes'],
  [['bytes', 'id'], 'bytes, id'],
] as const;

describeWithOracles('hashSplit and Spark SQL', ['spark'], () => {
  const folder = temporaryFolder();

  it.each(KEYS)('agree on which rows are in a part of %j', async (key, columns) => {
    const path = join(folder, key.join('-'));
    const table = await DeltaTable.create(path, { schema });
    await table.append(ROWS);
    const { second } = hashSplit({
      key,
      parts: { first: 0.3, second: 0.25, third: 0.45 },
      salt: 's!',
    });
    const rowFilter = await splitFilter(second);
    const ours = (await table.scan({ rowFilter, select: ['id'] }).toArray()).map(
      ({ id }) => `["${id}"]`,
    );
    const out = join(folder, 'out');
    const u = `shiftrightunsigned(xxhash64('s!', ${columns}), 11) / 9007199254740992D`;
    const statement = `select id from {path} where ${u} >= ${second.from}D and ${u} < ${second.to}D`;
    await peer('spark').ask('sql', { statement, path, out });
    const theirs = readFileSync(out, 'utf8').trimEnd().split('\n').slice(1);
    expect(ours.toSorted()).toEqual(theirs.toSorted());
    expect(ours.length).toBeGreaterThan(75);
  });
});
