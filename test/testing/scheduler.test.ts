import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import {
  faultStore,
  memoryStorage,
  Scheduler,
  scheduledStorage,
  seededFaults,
} from '../../src/testing/index.js';

/** Two actors with three turns each; what they did, in order. */
async function turns(seed: number): Promise<{ scheduler: Scheduler; order: string[] }> {
  const scheduler = new Scheduler(seed);
  const order: string[] = [];
  const actor = (name: string) => async (): Promise<string> => {
    for (let at = 0; at < 3; at++) {
      await scheduler.point(name, `turn ${at}`);
      order.push(`${name}${at}`);
    }
    return name;
  };
  await scheduler.run({ a: actor('a'), b: actor('b') });
  return { scheduler, order };
}

describe('Scheduler', () => {
  it('gives the same history for the same seed', async () => {
    const first = await turns(3);
    const again = await turns(3);
    expect(again.order).toEqual(first.order);
    expect(again.scheduler.traceHash).toBe(first.scheduler.traceHash);
  });

  it('finds every order of few turns, each actor in its own order', async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 400; seed++) found.add((await turns(seed)).order.join(' '));
    // Three turns among six places: 6! / (3! 3!).
    expect(found.size).toBe(20);
    for (const order of found) expect(order).toMatch(/a0.*a1.*a2/);
  });

  it('tells how each actor ended, by the order they were given in', async () => {
    const scheduler = new Scheduler(1);
    const reason = new Error('no');
    const settled = await scheduler.run<number>({
      bad: () => Promise.reject(reason),
      good: () => Promise.resolve(5),
    });
    expect(settled).toEqual([
      { actor: 'bad', status: 'rejected', reason },
      { actor: 'good', status: 'fulfilled', value: 5 },
    ]);
  });

  it('moves time by sleeping, without waiting', async () => {
    const scheduler = new Scheduler(1);
    const clock = scheduler.clock('a');
    const ahead = scheduler.clock('b', 7_000);
    const hour = 3_600_000;
    const before = clock.now();
    await scheduler.run({ a: async () => await clock.sleep(hour) });
    expect(clock.now() - before).toBeGreaterThanOrEqual(hour);
    expect(clock.now() - before).toBeLessThan(hour + 100);
    expect(ahead.now() - clock.now()).toBe(7_000);
  });

  it('rejects a sleep whose signal was aborted meanwhile', async () => {
    const scheduler = new Scheduler(1);
    const stop = new AbortController();
    const settled = await scheduler.run({
      sleeper: async () => await scheduler.clock('sleeper').sleep(10, stop.signal),
      stopper: async () => {
        await Promise.resolve();
        stop.abort('enough');
      },
    });
    expect(settled[0]).toMatchObject({ status: 'rejected', reason: 'enough' });
  });

  it('gives each actor chance of its own, from the seed', () => {
    const uuid = (seed: number, actor: string): string => new Scheduler(seed).entropy(actor).uuid();
    expect(uuid(1, 'a')).toBe(uuid(1, 'a'));
    expect(new Set([uuid(1, 'a'), uuid(1, 'b'), uuid(2, 'a')]).size).toBe(3);
    expect(uuid(1, 'a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  });
});

/** What a user writes: nothing but public names. */
async function orders(seed: number): Promise<{ trace: readonly string[]; ids: readonly string[] }> {
  const scheduler = new Scheduler(seed);
  const lake = memoryStorage({ clock: scheduler.clock('lake') });
  const url = 'memory://lake/orders';
  await DeltaTable.create(url, { schema: { id: 'string' }, storage: lake });
  const worker = (name: string) => async (): Promise<void> => {
    const faults = seededFaults(seed, { putIfAbsent: { 'lost-reply': 0.3 } });
    const storage = scheduledStorage(lake, scheduler, name, (store) => faultStore(store, faults));
    const table = await DeltaTable.open(url, { storage });
    for (let at = 0; at < 3; at++) await table.append([{ id: `${name}${at}` }]);
  };
  const settled = await scheduler.run({ a: worker('a'), b: worker('b'), c: worker('c') });
  expect(settled.filter(({ status }) => status === 'rejected')).toEqual([]);
  const rows = await (await DeltaTable.open(url, { storage: lake })).scan().toArray();
  return { trace: scheduler.trace, ids: rows.map((row) => String(row['id'])).toSorted() };
}

describe('scheduled storage', () => {
  it('replays the concurrent commits of a user, names of files and pauses included', async () => {
    for (const seed of [1, 2, 3]) {
      const first = await orders(seed);
      expect(first.ids).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c0', 'c1', 'c2']);
      expect(first.trace.some((event) => event.includes('sleep'))).toBe(true);
      expect((await orders(seed)).trace).toEqual(first.trace);
    }
  });
});
