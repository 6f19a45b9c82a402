import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/storage/memory-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import {
  type Fault,
  type FaultPlan,
  faultStore,
  type StoreCall,
  seededFaults,
} from '../../src/testing/index.js';

const ONE = new Uint8Array([1]);
const TWO = new Uint8Array([2]);

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

/** A store with `a` in it, seen through the plan. */
async function stores(plan: FaultPlan): Promise<{ real: ObjectStore; faulty: ObjectStore }> {
  const real = memoryStore();
  await real.put('a', ONE);
  return { real, faulty: faultStore(real, plan) };
}

/** Every operation, with what tells whether it had its effect. */
const OPERATIONS: readonly [string, (store: ObjectStore) => Promise<unknown>, string[]][] = [
  ['get', (store) => store.get('a'), ['a']],
  ['head', (store) => store.head('a'), ['a']],
  ['list', (store) => keysOf(store), ['a']],
  ['put', (store) => store.put('b', TWO), ['a', 'b']],
  ['delete', (store) => store.delete('a'), []],
];

describe('faultStore', () => {
  it.each(OPERATIONS)('lets %s pass when nothing is planned', async (_name, run, after) => {
    const { real, faulty } = await stores(() => undefined);
    expect(await run(faulty)).toBeDefined();
    expect(await keysOf(real)).toEqual(after);
  });

  it.each(OPERATIONS)('refuses %s before its effect', async (operation, run) => {
    const { real, faulty } = await stores(() => 'fail');
    await expect(run(faulty)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', operation });
    expect(await keysOf(real)).toEqual(['a']);
  });

  it.each(OPERATIONS)('loses the answer of %s after its effect', async (operation, run, after) => {
    const { real, faulty } = await stores(() => 'lost-reply');
    await expect(run(faulty)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', operation });
    expect(await keysOf(real)).toEqual(after);
  });

  it.each<[Fault, string[]]>([
    ['lost-request', ['a']],
    ['lost-reply', ['a', 'b']],
  ])('answers unknown when a put-if-absent meets a %s', async (fault, after) => {
    const { real, faulty } = await stores(() => fault);
    expect(await faulty.putIfAbsent('b', TWO)).toBe('unknown');
    expect(await keysOf(real)).toEqual(after);
  });

  it('throws, and does not say unknown, when a put-if-absent is refused', async () => {
    const { real, faulty } = await stores(() => 'fail');
    await expect(faulty.putIfAbsent('b', TWO)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect(await keysOf(real)).toEqual(['a']);
  });

  it('lets a late request arrive when it is told to, and never over what was there first', async () => {
    const real = memoryStore();
    const gates: (() => void)[] = [];
    const arrival = (): Promise<void> => new Promise((resolve) => gates.push(resolve));
    const faulty = faultStore(real, () => 'late-request', { arrival });
    expect(await faulty.putIfAbsent('a', ONE)).toBe('unknown');
    expect(await faulty.putIfAbsent('b', ONE)).toBe('unknown');
    expect(await keysOf(real)).toEqual([]);
    await real.put('b', TWO);
    for (const open of gates) open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await keysOf(real)).toEqual(['a', 'b']);
    expect((await real.get('b'))?.bytes).toEqual(TWO);
  });

  it.each(OPERATIONS)('never answers %s once the process is dead', async (_name, run, after) => {
    for (const [fault, effect] of [
      ['crash-before', ['a']],
      ['crash-after', after],
    ] as const) {
      const { real, faulty } = await stores(() => fault);
      const answer = Promise.race([run(faulty), new Promise(setImmediate).then(() => 'none')]);
      expect(await answer).toBe('none');
      expect(await keysOf(real)).toEqual(effect);
    }
  });

  it('breaks a listing off half-way', async () => {
    const { real, faulty } = await stores(() => 'torn');
    for (const key of ['b', 'c', 'd']) await real.put(key, ONE);
    const seen: string[] = [];
    const listing = async (): Promise<void> => {
      for await (const { key } of faulty.list('')) seen.push(key);
    };
    await expect(listing()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(seen).toEqual(['a', 'b']);
  });

  it('has the optional operations of the store it wraps, and their faults', async () => {
    const { real, faulty } = await stores(({ key }) => (key === 'x' ? 'lost-reply' : undefined));
    expect(await faulty.copy?.('a', 'x')).toBe('unknown');
    expect(await keysOf(real)).toEqual(['a', 'x']);
    let works = 0;
    const work = async (): Promise<void> => void works++;
    expect(await faulty.exclusively?.('lock', work)).toBe(true);
    await expect(faulty.exclusively?.('x', work)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect(works).toBe(2);
    const few = faultStore(
      { ...faulty, copy: undefined, exclusively: undefined } as never,
      () => undefined,
    );
    expect(Object.keys(few)).not.toEqual(expect.arrayContaining(['copy', 'exclusively']));
  });

  it('tells the plan of each call in turn', async () => {
    const calls: StoreCall[] = [];
    const { faulty } = await stores((call) => {
      calls.push(call);
      return undefined;
    });
    await faulty.get('a');
    await faulty.putIfAbsent('b', TWO);
    await keysOf(faulty);
    expect(calls).toEqual([
      { operation: 'get', key: 'a', calls: 0 },
      { operation: 'putIfAbsent', key: 'b', calls: 1 },
      { operation: 'list', key: '', calls: 2 },
    ]);
  });
});

describe('seededFaults', () => {
  const drawn = (seed: number): (Fault | undefined)[] => {
    const plan = seededFaults(seed, { put: { fail: 0.2, 'lost-reply': 0.3 } });
    return Array.from({ length: 2_000 }, (_, calls) => plan({ operation: 'put', key: 'k', calls }));
  };

  it('draws the same from the same seed, and close to the rates', () => {
    expect(drawn(5)).toEqual(drawn(5));
    expect(drawn(5)).not.toEqual(drawn(6));
    const share = (fault: Fault): number => drawn(5).filter((one) => one === fault).length / 2_000;
    expect(Math.abs(share('fail') - 0.2)).toBeLessThan(0.04);
    expect(Math.abs(share('lost-reply') - 0.3)).toBeLessThan(0.04);
    expect(share('lost-request')).toBe(0);
  });

  it('spares operations without rates', () => {
    const plan = seededFaults(1, { put: { fail: 1 } });
    expect(plan({ operation: 'get', key: 'k', calls: 0 })).toBeUndefined();
    expect(plan({ operation: 'put', key: 'k', calls: 1 })).toBe('fail');
  });
});
