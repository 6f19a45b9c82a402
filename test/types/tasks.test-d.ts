/** Users' tasks in a few lines each, against the public entries. Compiled, never run. */
import { z } from 'zod';
import {
  and,
  DeltaTable,
  eq,
  everyRow,
  gt,
  isVarveError,
  type StorageProvider,
  toJsonRow,
} from '../../src/index.js';
import { hashSplit, Tracker } from '../../src/ml/index.js';
import { azureStorage, type TokenCredentialLike } from '../../src/storage/azure/index.js';

const orders = {
  id: 'long not null',
  total: 'decimal(12,2)',
  placed_at: 'timestamp',
  status: 'string',
} as const;
const Reading = z.object({
  sensor: z.string(),
  at: z.date(),
  value: z.number().nullable(),
  note: z.string().optional(),
});

export async function firstTable(): Promise<(string | null)[]> {
  const table = await DeltaTable.create('./lake/penguins', {
    rows: [{ species: 'Adelie', mass: 3750 }],
  });
  const found: (string | null)[] = [];
  for await (const row of table.scan({ where: gt('mass', 4000) })) found.push(row.species);
  return found;
}

export async function importOnce(
  cursor: AsyncIterable<{ id: bigint; total: string }>,
  signal: AbortSignal,
): Promise<string> {
  const table = await DeltaTable.create('./lake/orders', { schema: orders, ifExists: 'open' });
  const idempotency = { appId: 'orders-etl', sequence: 20_260_731 };
  return (await table.append(cursor, { signal, idempotency })).outcome;
}

export async function consume(
  messages: AsyncIterable<{ readonly offset: number; readonly orders: { id: bigint }[] }>,
  signal: AbortSignal,
): Promise<number | undefined> {
  const table = await DeltaTable.open('./lake/orders', { schema: orders });
  await using writer = table.writer({ maxRows: 50_000, maxDelayMs: 5_000, signal });
  const appId = 'orders-topic-0';
  const seen: number | undefined = await writer.lastSequence(appId);
  for await (const { offset, orders: rows } of messages) {
    if (offset <= (seen ?? -1)) continue;
    await writer.append(rows, { idempotency: { appId, sequence: offset } });
  }
  // @ts-expect-error there is no such column
  await writer.append([{ id: 1n, wings: 2 }]);
  // @ts-expect-error the id may not be left out
  await writer.append([{ status: 'x' }]);
  return (await writer.flush()).at(-1)?.version;
}

export async function manyAtOnce(requests: readonly { id: bigint }[]): Promise<readonly number[]> {
  const table = await DeltaTable.open('./lake/orders', { schema: orders });
  const commits = await Promise.all(
    requests.map(async (request) => await table.append([request], { group: true })),
  );
  // @ts-expect-error an overwrite cannot share a commit
  await table.overwrite([], { group: true });
  return commits.map(({ version }) => version);
}

export async function transfer(from: bigint, to: bigint): Promise<number> {
  const table = await DeltaTable.open('./lake/orders', { schema: orders });
  const commit = await table.transaction(
    async (tx) => {
      const open = await tx.scan({ where: eq('id', from), select: ['id', 'status'] }).toArray();
      const statuses: readonly (string | null)[] = open.map(({ status }) => status);
      if (!statuses.includes('open')) throw new Error('it is not open any more');
      await tx.overwrite([], { where: eq('id', from) });
      await tx.append([{ id: to, status: 'open' }]);
      // @ts-expect-error there is no such column
      await tx.overwrite([], { where: eq('statuss', 'x') });
      // @ts-expect-error the sequence is that of the transaction
      await tx.append([{ id: to }], { idempotency: { appId: 'a', sequence: 1 } });
    },
    { retry: { attempts: 5 }, idempotency: { appId: 'transfers', sequence: 7 } },
  );
  return commit.version;
}

export async function asOfFriday(): Promise<number> {
  const table = await DeltaTable.open('./lake/orders', { schema: orders });
  const friday = await table.snapshot({ timestamp: '2026-07-31T18:00:00+02:00' });
  return await friday.scan({ where: eq('status', 'open') }).count();
}

export async function resumeEtl(): Promise<number> {
  const table = await DeltaTable.open('./lake/orders', { schema: orders });
  const { features, createdAt } = await table.detail();
  if (!features.includes('changeDataFeed') || createdAt === undefined) return 0;
  const { transactions, domains, rowCount } = await table.snapshot();
  const clustered: string | undefined = domains.get('delta.clustering');
  // @ts-expect-error not every log says how many rows there are
  const rows: number = rowCount;
  return (transactions.get('orders-etl') ?? rows) + (clustered?.length ?? 0);
}

export async function fromZod(): Promise<string | undefined> {
  const table = await DeltaTable.create('./lake/readings', {
    schema: Reading,
    partitionBy: ['sensor'],
  });
  await table.append([{ sensor: 'S-17', at: new Date(0), value: 21.5 }]);
  const [first] = await table.scan({ select: ['sensor', 'note'], limit: 1 }).toArray();
  const note: string | null | undefined = first?.note;
  return note ?? first?.sensor.toUpperCase();
}

export async function mirror(
  load: () => Promise<number>,
  save: (next: number) => Promise<void>,
  signal: AbortSignal,
): Promise<bigint[]> {
  const table = await DeltaTable.open('./lake/orders', { schema: orders });
  const gone: bigint[] = [];
  for await (const commit of table.changes({ from: await load(), follow: true, signal })) {
    for await (const { type, row } of commit.rows()) {
      if (type === 'delete') gone.push(row.id);
      // @ts-expect-error there is no such type of change
      if (type === 'update') gone.pop();
      // @ts-expect-error there is no such column
      void row.wings;
    }
    await save(commit.version + 1);
  }
  // @ts-expect-error where to begin must be said
  table.changes({ follow: true });
  return gone;
}

export async function train(table: DeltaTable<typeof orders>): Promise<void> {
  const tracker = await Tracker.open('./lake');
  const parts = hashSplit({ key: ['id'], parts: { train: 0.8, test: 0.2 } });
  await tracker.withRun({ experiment: 'orders' }, async (run) => {
    const input = await run.use(table, {
      name: 'train',
      where: eq('status', 'paid'),
      select: ['id'],
      split: parts.train,
    });
    for await (const row of input.scan()) {
      const id: bigint = row.id;
      await run.logMetrics({ last: Number(id) }, { step: 1 });
    }
    await run.logArtifact('model', './model');
    // @ts-expect-error there is no such column
    await run.use(table, { name: 'train', select: ['nope'] });
  });
}

export async function again(runId: string): Promise<readonly string[]> {
  const tracker = await Tracker.open('./lake');
  try {
    const { inputs } = await tracker.reproduce(runId);
    return [...inputs].map(([name, input]) => `${name} ${input.digest}`);
  } catch (error) {
    if (!isVarveError(error, 'DATA_GONE')) throw error;
    return error.missing;
  }
}

export async function settle(rows: { id: number; status: string }[]): Promise<string> {
  const table = await DeltaTable.open('./lake/orders', { schema: orders });
  try {
    return (await table.append(rows, { idempotency: { appId: 'worker-4', sequence: 1 } })).outcome;
  } catch (error) {
    if (!isVarveError(error, 'COMMIT_STATE_UNKNOWN')) throw error;
    return (await table.resolveCommit(error.attempt)).outcome;
  }
}

export async function onAzure(credential: TokenCredentialLike): Promise<DeltaTable<typeof orders>> {
  const storage: StorageProvider = azureStorage({ credential });
  const url = 'abfss://lake@acme.dfs.core.windows.net/orders';
  return await DeltaTable.open(url, { storage, schema: orders });
}

export async function anyTable(table: DeltaTable): Promise<readonly object[]> {
  await table.append([{ anything: 1 }]);
  return (await table.scan({ where: eq('a', 1), limit: 100 }).toArray()).map(toJsonRow);
}

export async function refused(table: DeltaTable<typeof orders>): Promise<void> {
  // @ts-expect-error there is no such column
  await table.overwrite([], { where: eq('statuss', 'x') });
  // @ts-expect-error a number is no text
  await table.overwrite([], { where: eq('status', 4) });
  // @ts-expect-error the second condition names no column
  table.scan({ where: and(gt('id', 1), eq('nope', 1)) });
  // @ts-expect-error the id may not be left out
  await table.append([{ status: 'x' }]);
  // @ts-expect-error there is no such column
  await table.append([{ id: 1, wings: 2 }]);
  await table.overwrite([{ id: 1 }], { where: everyRow });
  const made = await DeltaTable.create('./y', { rows: [{ a: 1, b: 'x', c: 5n }] });
  const [row] = await made.scan().toArray();
  const kinds: readonly [number | null, string | null, bigint | null] | undefined = row && [
    row.a,
    row.b,
    row.c,
  ];
  if (kinds !== undefined) await made.append([{ a: kinds[0], b: kinds[1], c: kinds[2] }]);
}
