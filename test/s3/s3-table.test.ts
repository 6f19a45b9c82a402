/** Whole tables on S3. */
import { describe, expect, it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { withDouble } from './with-double.js';

const double = withDouble();
const schema = { id: 'long', part: 'string' } as const;

/** What was asked of the server while `run` ran, as counts by operation. */
async function requestsOf(run: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  const from = double.server.requests.length;
  await run();
  const counts: Record<string, number> = {};
  for (const { operation } of double.server.requests.slice(from)) {
    counts[operation] = (counts[operation] ?? 0) + 1;
  }
  return counts;
}

describe('a table on S3', () => {
  it('is created, written, read at any version, followed and pinned', async () => {
    const { url } = double.place();
    const storage = double.storage();
    const table = await DeltaTable.create(url, {
      schema,
      partitionBy: ['part'],
      properties: { 'delta.enableChangeDataFeed': 'true' },
      storage,
    });
    await table.append([
      { id: 1, part: 'a b+c%/é' },
      { id: 2, part: 'x' },
    ]);
    await table.overwrite([{ id: 3, part: 'x' }], { where: eq('part', 'x') });
    await table.pins.create('paper', { version: 1 });
    const ids = async (version?: number): Promise<readonly bigint[]> => {
      const again = await DeltaTable.open(url, { storage: double.storage(), schema });
      const rows = await (await again.snapshot(version === undefined ? {} : { version }))
        .scan()
        .toArray();
      return rows.map(({ id }) => id ?? -1n).toSorted((a, b) => Number(a - b));
    };
    expect(await ids()).toEqual([1n, 3n]);
    expect(await ids(1)).toEqual([1n, 2n]);
    const changes: string[] = [];
    for await (const { version, rows } of table.changes({ from: 1 })) {
      for await (const { type, row } of rows()) changes.push(`${version} ${type} ${row.id}`);
    }
    expect(changes.toSorted()).toEqual(['1 insert 1', '1 insert 2', '2 delete 2', '2 insert 3']);
    expect((await table.pins.list()).map(({ name }) => name)).toEqual(['paper']);
    await table.pins.delete('paper');
    expect(await table.pins.list()).toEqual([]);
  });

  it('settles a commit whose answer was lost, exactly once, again and again', async () => {
    const { url } = double.place();
    const table = await DeltaTable.create(url, { schema, storage: double.storage() });
    for (let at = 1; at <= 20; at++) {
      const kind = at % 2 === 0 ? 'lost-reply' : 'lost-request';
      double.server.fault({ kind, operation: 'PutObject', key: '_delta_log/.*json$' });
      const commit = await table.append([{ id: at, part: 'x' }]);
      expect(commit).toMatchObject({ version: at, outcome: 'committed' });
    }
    const again = await DeltaTable.open(url, { schema, storage: double.storage() });
    const rows = await again.scan().toArray();
    expect(rows.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
  });

  it('goes on through conflicts, throttling and broken answers', async () => {
    const { url } = double.place();
    const table = await DeltaTable.create(url, { schema, storage: double.storage() });
    const trouble = { every: 7, times: 1000 };
    double.server.fault({ kind: 'unavailable-503', retryAfter: 0, ...trouble });
    double.server.fault({ kind: 'reset-body', operation: 'GetObject', every: 5, times: 1000 });
    double.server.fault({ kind: 'conflict-409', operation: 'PutObject', key: 'json$', ...trouble });
    for (let at = 0; at < 15; at++) await table.append([{ id: at, part: 'x' }]);
    double.server.clearFaults();
    const again = await DeltaTable.open(url, { schema, storage: double.storage() });
    expect((await again.snapshot()).version).toBe(15);
    expect(await again.scan().count()).toBe(15);
  });

  it('asks for no more than it must', async () => {
    const { url } = double.place();
    const storage = double.storage();
    const created = await requestsOf(async () => await DeltaTable.create(url, { schema, storage }));
    // Two puts and a look before the delete are the probe's; the third put is the commit.
    expect(created).toMatchObject({ PutObject: 3, DeleteObject: 1 });
    const table = await DeltaTable.open(url, { schema, storage });
    await table.append([{ id: 1, part: 'x' }]);
    const appended = await requestsOf(async () => await table.append([{ id: 2, part: 'x' }]));
    expect(appended['PutObject']).toBe(2);
    expect(Object.values(appended).reduce((sum, count) => sum + count)).toBeLessThanOrEqual(6);
    const opened = await requestsOf(async () => await DeltaTable.open(url, { storage }));
    expect(opened['ListObjectsV2']).toBe(1);
    expect(opened['HeadObject'] ?? 0).toBe(0);
  });
});

describe('a service that ignores conditions', () => {
  const ignoring = withDouble({ ignoresConditions: true });

  it('is refused a table', async () => {
    const { url, bucket } = ignoring.place();
    const creating = DeltaTable.create(url, { schema, storage: ignoring.storage() });
    await expect(creating).rejects.toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      features: ['conditional writes'],
    });
    expect(bucket.list('', undefined, 10, 0).objects).toEqual([]);
  });
});
