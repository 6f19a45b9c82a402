import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { expect, it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectAgreement } from './agreement.js';

const everything = {
  id: 'long not null',
  byte: 'byte',
  short: 'short',
  int: 'integer',
  float: 'float',
  double: 'double',
  yes: 'boolean',
  small: 'decimal(5,2)',
  middle: 'decimal(18,4)',
  large: 'decimal(38,10)',
  text: 'string',
  bytes: 'binary',
  day: 'date',
  at: 'timestamp',
  local: 'timestamp_ntz',
  list: { array: 'long' },
  map: { map: ['string', 'double'] },
  struct: {
    struct: {
      a: 'integer',
      deep: { array: { struct: { b: 'string', m: { map: ['string', 'date'] } } } },
    },
  },
} as const;

const LOW = {
  id: -(2n ** 63n),
  byte: -128,
  short: -32768,
  int: -(2 ** 31),
  float: Math.fround(-3.4e38),
  double: Number.NEGATIVE_INFINITY,
  yes: false,
  small: '-999.99',
  middle: '-99999999999999.9999',
  large: '-9999999999999999999999999999.9999999999',
  text: '',
  bytes: new Uint8Array(0),
  day: '0001-01-01',
  at: '0001-01-01T00:00:00Z',
  local: '0001-01-01T00:00:00',
  list: [],
  map: new Map(),
  struct: { a: null, deep: [] },
};

const HIGH = {
  id: 2n ** 63n - 1n,
  byte: 127,
  short: 32767,
  int: 2 ** 31 - 1,
  float: Number.NaN,
  double: -0,
  yes: true,
  small: '999.99',
  middle: '99999999999999.9999',
  large: '9999999999999999999999999999.9999999999',
  text: 'ü "quoted"\n🐧 and more than thirty-two characters of it',
  bytes: new Uint8Array([0, 255, 10]),
  day: '9999-12-31',
  at: '9999-12-31T23:59:59.999999Z',
  local: '1969-12-31T23:59:59.999999',
  list: [1n, null, -1n],
  map: new Map([
    ['a', 1.5],
    ['b', null],
  ]),
  struct: {
    a: 1,
    deep: [null, { b: 'x', m: new Map([['d', '2024-02-29']]) }, { b: null, m: null }],
  },
};

/** Values that a folder's or a URI's syntax would break on. */
const HOSTILE = [
  'ü',
  'a b',
  '50%',
  'a+b',
  'a#b',
  'a/b',
  'a=b',
  'a:b',
  "q'q",
  '🐧',
  'x?y&z',
  '..',
  '%20',
];

describeWithOracles('what varve writes', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();

  const agree = (path: string): Promise<void> => expectAgreement(path, folder);

  it('is the same rows to others: every type, at its ends, null and nested', async () => {
    const path = join(folder, 'types');
    const table = await DeltaTable.create(path, { schema: everything });
    await table.append([LOW, HIGH, { id: 0n }]);
    await table.append([{ ...LOW, id: 5n, float: 1.5, double: Number.NaN }]);
    await agree(path);
  });

  it('has statistics that lose no row of a filter', async () => {
    const path = join(folder, 'filtered');
    const table = await DeltaTable.create(path, { schema: everything });
    for (const row of [LOW, HIGH, { id: 0n }, { id: 7n, double: 7, float: 7, text: 'm' }])
      await table.append([row]);
    const conditions = [
      ['double > 5', 1],
      ['float > 5', 2],
      ["text >= 'ü'", 1],
      ["at > timestamp'9999-12-31 23:59:59.999'", 1],
      ['large > 9999999999999999999999999999.9', 1],
      ["day < date'0002-01-01'", 1],
      ['struct.a = 1', 1],
      ['struct.a is null', 3],
      ['id < 0', 1],
    ] as const;
    for (const [where, rows] of conditions) {
      const found = await peer('spark').ask<Digest>('read', {
        path,
        out: join(folder, 'out'),
        where,
      });
      expect({ where, rows: found.rows }).toEqual({ where, rows });
    }
  });

  it.each([
    ['string', HOSTILE],
    ['long', [-(2n ** 63n), 0n, null]],
    ['double', [1e10, -0.1, Number.NaN, null]],
    ['boolean', [true, false, null]],
    ['decimal(20,5)', ['-1.50000', '123456789012345.67890', null]],
    ['date', ['0001-01-01', '2024-02-29', null]],
    ['timestamp', ['1969-12-31T23:59:59.999999Z', '2024-01-02T03:04:05Z', null]],
    ['timestamp_ntz', ['1969-12-31T23:59:59.999999', '2024-01-02T03:04:05', null]],
  ] as const)('is the same rows to others when it is partitioned by %s', async (type, values) => {
    const path = join(folder, `by-${type.replace(/\W.*/u, '')}`);
    const schema = { id: 'long', p: type } as const;
    const table = await DeltaTable.create(path, { schema, partitionBy: ['p'] });
    await table.append(values.map((p, id) => ({ id, p })) as never);
    await agree(path);
  });

  it('is the same rows to others after checkpoints, overwrites, and with old commits gone', async () => {
    const path = join(folder, 'checkpointed');
    const schema = { id: 'long', p: 'string' } as const;
    const table = await DeltaTable.create(path, { schema, partitionBy: ['p'] });
    for (let at = 0; at < 11; at++) await table.append([{ id: at, p: HOSTILE[at % 4] ?? null }]);
    await table.overwrite([{ id: 100, p: 'ü' }], { where: eq('p', 'ü') });
    await agree(path);
    for (let version = 0; version < 10; version++) {
      rmSync(join(path, '_delta_log', `${String(version).padStart(20, '0')}.json`));
    }
    await agree(path);
  });

  it('of many row groups is read by spark in several tasks, each row once', async () => {
    const path = join(folder, 'merged');
    const rows = 9 * 131_072;
    const id = BigInt64Array.from({ length: rows }, (_, at) => BigInt(at * 7919));
    const table = await DeltaTable.create(path, { rows: tableFromArrays({ id }) as never });
    const [file] = (await table.snapshot()).files();
    const conf = {
      'spark.sql.files.maxPartitionBytes': String(Math.floor((file?.sizeBytes ?? 4) / 4)),
    };
    const statement =
      'select count(distinct task) as tasks, count(*) as n, sum(id) as s ' +
      'from (select spark_partition_id() as task, id from {path})';
    const { result } = await peer('spark').ask<{
      result: { tasks: number; n: number; s: number }[];
    }>('sql', {
      statement,
      path,
      conf,
    });
    const sum = (7919 * (rows * (rows - 1))) / 2;
    expect(result[0]).toMatchObject({ n: rows, s: sum });
    expect(result[0]?.tasks).toBeGreaterThanOrEqual(4);
  });
});

describeWithOracles('one table of three engines', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();

  const sameEverywhere = (path: string): Promise<void> => expectAgreement(path, folder);

  it('takes appends in turns, each a version, through everybody’s checkpoints', async () => {
    const path = join(folder, 'shared');
    const table = await DeltaTable.create(path, { schema: { id: 'long', name: 'string' } });
    const arrow = join(folder, 'rows.arrow');
    writeFileSync(
      arrow,
      tableToIPC(tableFromArrays({ id: BigInt64Array.of(1n), name: ['rs'] }), 'file'),
    );
    for (let turn = 0; turn < 5; turn++) {
      await table.append([{ id: turn, name: 'varve' }]);
      await peer('delta-rs').ask('write', { path, arrow });
      await peer('spark').ask('sql', { statement: "insert into {path} values (2, 'spark')", path });
    }
    expect((await table.snapshot()).version).toBe(15);
    expect(await table.scan().count()).toBe(15);
    await sameEverywhere(path);
    await peer('delta-rs').ask('checkpoint', { path });
    for (let turn = 0; turn < 6; turn++) await table.append([{ id: turn, name: 'more' }]);
    await sameEverywhere(path);
    const hint = readFileSync(join(path, '_delta_log/_last_checkpoint'), 'utf8');
    expect(JSON.parse(hint)).toMatchObject({ version: 20 });
  });

  it('keeps removes of files that spark wrote under odd names', async () => {
    const path = join(folder, 'odd');
    const spark = peer('spark');
    const quoted = HOSTILE.map((value, id) => `(${id}, '${value.replaceAll("'", "\\'")}')`).join(
      ', ',
    );
    await spark.ask('sql', {
      statement: 'create table {path} (id bigint, p string) using delta partitioned by (p)',
      path,
    });
    await spark.ask('sql', { statement: `insert into {path} values ${quoted}`, path });
    await sameEverywhere(path);
    const table = await DeltaTable.open(path);
    for (const value of HOSTILE.slice(0, 6)) {
      await table.overwrite([{ id: 100n, p: value }] as never, { where: eq('p', value) });
    }
    await sameEverywhere(path);
    await table.overwrite([{ id: 1n, p: 'ü' }] as never);
    await sameEverywhere(path);
    expect(await table.scan().count()).toBe(1);
  });

  it('reads what spark deleted, updated and optimized', async () => {
    const path = join(folder, 'sparked');
    const run = async (statement: string): Promise<unknown> =>
      await peer('spark').ask('sql', { statement, path });
    await run(
      'create table {path} (id bigint, v double, s struct<a: int, b: array<string>>) using delta',
    );
    await run(
      "insert into {path} select id, id / 3, named_struct('a', int(id), 'b', array('x', null)) from range(100)",
    );
    await run('delete from {path} where id % 3 = 0');
    await run('update {path} set v = -1 where id > 90');
    await run('optimize {path}');
    await sameEverywhere(path);
    await (await DeltaTable.open(path)).append([{ id: 1000n }] as never);
    await sameEverywhere(path);
  });
});
