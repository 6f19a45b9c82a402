import { describe, expect, it } from 'vitest';
import { type AnySchema, DeltaTable, gt, type OverwriteOptions } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const URL = 'memory://lake/numbers';
const schema = { id: 'long', part: 'string' } as const;

interface Row {
  readonly id: bigint;
  readonly part: string;
}
type Rows = AsyncIterable<Row>;

/** An overwrite of `id > 10`, during which another process appends `theirs`. */
async function race(
  theirs: { id: bigint; part: string },
  options: Omit<OverwriteOptions<AnySchema>, 'where'>,
  properties: Record<string, string> = {},
  inputOf: (rows: () => Rows) => Rows = (rows) => rows(),
): Promise<{ version: number; isolation: string | undefined }> {
  const storage = memoryStorage();
  const table = await DeltaTable.create(URL, { schema, storage, properties });
  await table.append([
    { id: 1n, part: 'p' },
    { id: 20n, part: 'q' },
  ]);
  const rival = await DeltaTable.open(URL, { storage: { ...storage } });
  async function* rows(): AsyncGenerator<Row> {
    await rival.append([theirs]);
    yield { id: 30n, part: 'r' };
  }
  const { version } = await table.overwrite(inputOf(rows), { where: gt('id', 10n), ...options });
  const [newest] = await table.history({ limit: 1 });
  return { version, isolation: newest?.isolationLevel };
}

const WEAK = { 'delta.isolationLevel': 'WriteSerializable' };

describe('an overwrite by a condition, in a race with an append', () => {
  const elsewhere = { id: 2n, part: 'p' };

  it('conflicts with any file of an unpartitioned table, and says with which commit', async () => {
    await expect(race(elsewhere, {})).rejects.toMatchObject({
      code: 'COMMIT_CONFLICT',
      conflict: 'ConcurrentAppendException',
      winner: { version: 2, operation: 'WRITE' },
    });
  });

  it('asks for rows that can be read again only where these cannot', async () => {
    const once = race(elsewhere, {});
    await expect(once).rejects.toThrow(/overwrite again, with rows that can be read again/u);
    const array = (rows: () => Rows) => Object.assign([], { [Symbol.asyncIterator]: rows });
    const again = race(elsewhere, { attempts: 1 }, {}, array as never);
    await expect(again).rejects.toThrow(/committed; overwrite again conflict=/u);
  });

  it('passes over a file whose statistics rule it out, when asked to look at them', async () => {
    expect(await race(elsewhere, { conflicts: 'statistics' })).toEqual({
      version: 3,
      isolation: 'Serializable',
    });
    const met = race({ id: 11n, part: 'p' }, { conflicts: 'statistics' });
    await expect(met).rejects.toMatchObject({ conflict: 'ConcurrentAppendException' });
  });

  it('comes before it where the table is WriteSerializable, unless the write is stricter', async () => {
    expect(await race(elsewhere, {}, WEAK)).toEqual({ version: 3, isolation: 'WriteSerializable' });
    const strict = race(elsewhere, { isolation: 'Serializable' }, WEAK);
    await expect(strict).rejects.toMatchObject({ conflict: 'ConcurrentAppendException' });
  });

  it.each<[object, Record<string, string>]>([
    [{ isolation: 'SnapshotIsolation' }, WEAK],
    [{ isolation: 'WriteSerializable' }, {}],
    [{ isolation: 'serializable' }, {}],
  ])('refuses %j on a table of %j', async (options, properties) => {
    await expect(race(elsewhere, options, properties)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'isolation',
    });
  });
});
