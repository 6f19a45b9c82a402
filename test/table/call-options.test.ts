import { describe, expect, it } from 'vitest';
import {
  DeltaTable,
  eq,
  openStore,
  predicateFromJson,
  type StorageProvider,
  toJsonRow,
} from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const URL_TEXT = 'memory://lake/t';
const SCHEMA = { id: 'long not null' } as const;
type Table = DeltaTable<typeof SCHEMA>;

/** What a caller without types may hand over. */
const wrong = (value: unknown): never => value as never;

async function untouched() {
  const storage = memoryStorage();
  const table = await DeltaTable.create(URL_TEXT, { schema: SCHEMA, storage });
  const keys = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of storage.open(new URL(URL_TEXT)).list('')) found.push(key);
    return found;
  };
  return { table, keys };
}

describe('a wrong argument', () => {
  it.each<[string, (table: Table) => unknown, string, string | undefined]>([
    [
      'a signal that is none',
      (table) => table.append([{ id: 1 }], { signal: wrong({ aborted: false }) }),
      'signal',
      'an AbortSignal',
    ],
    [
      'progress that cannot be called',
      (table) => table.append([{ id: 1 }], wrong({ onProgress: 1 })),
      'onProgress',
      'a function',
    ],
    [
      'an option nobody knows',
      (table) => table.append([{ id: 1 }], wrong({ idempotence: 1 })),
      'idempotence',
      undefined,
    ],
    [
      'an option within another that nobody knows',
      (table) =>
        table.transaction(async () => undefined, wrong({ retry: { attempts: 1, wait: 1 } })),
      'retry.wait',
      undefined,
    ],
    ['a bare version', (table) => table.snapshot(wrong(5)), 'at', '{ version }'],
    ['a bare instant', (table) => table.snapshot(wrong(new Date())), 'at', '{ version }'],
    ['no version', (table) => table.snapshot(wrong(null)), 'at', '{ version }'],
    ['a bigint', (table) => table.snapshot(wrong({ version: 1n })), 'at', '{ version }'],
    ['a pin named so', (table) => table.pins.get(wrong(1n)), 'name', 'letters'],
    [
      'a column named so',
      (table) => table.scan({ where: wrong(eq(wrong(1n), 1)) }),
      'where',
      'name',
    ],
    ['an op named so', () => predicateFromJson(wrong({ op: 1n })), 'where', 'JSON'],
    [
      'a version that was not awaited',
      (table) => table.snapshot(wrong(Promise.resolve({ version: 0 }))),
      'at',
      '{ version }',
    ],
    [
      'options that were not awaited',
      (table) => table.append([{ id: 1 }], wrong(Promise.resolve({ idempotency: 1 }))),
      'options',
      'a plain object, not Promise',
    ],
    [
      'options in a map',
      (table) => table.pins.create('p', wrong(new Map([['version', 0]]))),
      'options',
      'a plain object, not Map of 1',
    ],
    [
      'an application that UTF-8 cannot hold',
      (table) => table.append([{ id: 1 }], { idempotency: { appId: '\ud800', sequence: 1 } }),
      'idempotency.appId',
      'text without half a surrogate pair',
    ],
    [
      'a property that UTF-8 cannot hold',
      (table) => table.setProperties({ mine: '\ud800' }),
      'mine',
      'text without half a surrogate pair',
    ],
    [
      'a property that would be left out',
      (table) => table.setProperties(wrong(JSON.parse('{"__proto__":"mine"}'))),
      'properties',
      'another name than __proto__',
    ],
    [
      'no options of a scan in a transaction',
      (table) => table.transaction(async (tx) => tx.scan(wrong(null))),
      'options',
      'object',
    ],
    ['no options of a store', () => openStore(URL_TEXT, wrong(null)), 'options', 'an object'],
    ['no row', async () => toJsonRow(wrong(null)), 'row', 'an object'],
    ['no properties', (table) => table.setProperties(wrong(undefined)), 'properties', 'record'],
    ['a name alone', (table) => table.unsetProperties(wrong('mine')), 'names', 'array'],
    ['no feature', (table) => table.addFeature(wrong(undefined)), 'name', 'string'],
    ['no attempt', (table) => table.resolveCommit(wrong(undefined)), 'attempt', 'object'],
    [
      'an attempt without its id',
      (table) => table.resolveCommit(wrong({ version: 1 })),
      'txnId',
      'string',
    ],
    ['no application', (table) => table.writer().lastSequence(wrong(undefined)), 'appId', 'string'],
    [
      'a wait that no timer can do',
      async (table) => table.writer({ maxDelayMs: 2 ** 31 }),
      'maxDelayMs',
      'number to be <=2147483647',
    ],
  ])('%s is refused by its name, and nothing is written', async (_, call, option, expected) => {
    const { table, keys } = await untouched();
    const before = await keys();
    const refused = await Promise.resolve()
      .then(() => call(table))
      .then(
        () => 'nothing was refused',
        (error: unknown) => error,
      );
    expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', retry: 'never', option });
    const { expected: said } = refused as { readonly expected?: string };
    if (expected === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(expected);
    expect(await keys()).toEqual(before);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['an object', {}],
    ['a text', 's3'],
    ['a list of something else', [5]],
    ['a provider without schemes', { open: () => undefined }],
    ['one that opens nothing', { schemes: ['memory'], open: () => undefined }],
  ])('%s is no provider of storage', async (_, storage) => {
    const given = { storage: storage as StorageProvider };
    const refusal = { code: 'INVALID_ARGUMENT', option: 'storage' };
    await expect(DeltaTable.open(URL_TEXT, given)).rejects.toMatchObject(refusal);
    expect(() => openStore(URL_TEXT, given)).toThrow(/no provider of storage|opened no store/u);
  });
});

describe('a signal that was aborted before', () => {
  it('ends resolveCommit with its reason, as any call', async () => {
    const { table } = await untouched();
    const signal = AbortSignal.abort('mine');
    await expect(table.resolveCommit({ version: 0, txnId: 'x' }, { signal })).rejects.toBe('mine');
  });
});
