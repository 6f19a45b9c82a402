/**
 * The same tests on an account of a cloud, for whoever has one: nothing of it runs by itself. It costs a few thousand
 * requests and some megabytes, and deletes what it made.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { DeltaTable, eq, type StorageProvider } from '../../src/index.js';
import { judge } from '../model/judge.js';
import { race, racedHistory } from '../model/race.js';
import { describeObjectStore } from './object-store.js';

/** A place that the tests may fill. */
export interface RealAccount {
  /** A folder; what else lies in it is left alone. */
  readonly url: string;
  readonly storage: StorageProvider;
  /** What test/model/worker.mjs takes, to reach the same place from other processes. */
  readonly service: string;
}

/**
 * Declares the tests, or one that is skipped and says why: the environment does not name an account.
 *
 * @param variable - the variable of the environment that holds the URL
 */
export function describeRealAccount(
  title: string,
  variable: string,
  account: (url: string) => RealAccount,
): void {
  const base = process.env[variable];
  if (base === undefined || base === '') {
    it.skip(`${title}: ${variable} is not set`, () => undefined);
    return;
  }
  const run = `${base.replace(/\/$/u, '')}/varve-test-${randomUUID()}`;
  const { storage, service } = account(run);
  const open = (url: string) => storage.open(new URL(url));
  let folders = 0;

  describeObjectStore(title, async () => await Promise.resolve(open(`${run}/${folders++}`)));

  describe(title, () => {
    afterAll(async () => {
      const store = open(run);
      for await (const { key } of store.list('')) await store.delete(key);
    });

    it('keeps a table', async () => {
      const url = `${run}/table`;
      const schema = { id: 'long', part: 'string' } as const;
      const table = await DeltaTable.create(url, { schema, partitionBy: ['part'], storage });
      await table.append([
        { id: 1, part: 'a b+c%/é' },
        { id: 2, part: 'x' },
      ]);
      await table.overwrite([{ id: 3, part: 'x' }], { where: eq('part', 'x') });
      await table.pins.create('first', { version: 1 });
      const again = await DeltaTable.open(url, { schema, storage });
      const idsOf = async (version: number): Promise<readonly string[]> =>
        (await (await again.snapshot({ version })).scan().toArray())
          .map(({ id }) => String(id))
          .toSorted();
      expect(await idsOf(1)).toEqual(['1', '2']);
      expect(await idsOf(2)).toEqual(['1', '3']);
      await again.pins.delete('first');
    });

    it('takes racing processes, each commit exactly once', async () => {
      const url = `${run}/raced`;
      const schema = { op: 'string', part: 'string' } as const;
      await DeltaTable.create(url, { schema, partitionBy: ['part'], storage });
      const racers = [
        { name: 'a', count: 8, kind: 'append' },
        { name: 'b', count: 8, kind: 'append' },
        { name: 'c', count: 5, kind: 'replace' },
      ] as const;
      const outcomes = await race(url, racers, service);
      const history = await racedHistory(open(url), outcomes);
      expect(history.log.size).toBe(22);
      expect(judge(history)).toEqual([]);
    });
  });
}
