/** Names that every JavaScript object answers to are plain names: of columns, fields, partitions, properties, domains. */
import { describe, expect, it } from 'vitest';
import { DeltaTable, eq, predicateFromSql, toJsonRow } from '../../src/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'then',
  'length',
] as const;

/** Properties are an object whose names come from outside; here too none is lost. */
const objectOf = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
  Object.fromEntries(entries);

describe.each(NAMES)('the name %s', (name) => {
  it('is written, read, selected and filtered as a column, a nested field and a partition', async () => {
    const storage = memoryStorage();
    const fields = [
      { name, type: 'long', nullable: true, metadata: {} },
      {
        name: 'outer',
        type: {
          type: 'struct',
          fields: [{ name, type: 'string', nullable: true, metadata: {} }],
        },
        nullable: true,
        metadata: {},
      },
      { name: `${name}2`, type: 'string', nullable: true, metadata: {} },
    ];
    const table = await DeltaTable.create('memory://names/t', {
      storage,
      schema: { type: 'struct', fields } as never,
      partitionBy: [`${name}2`] as never,
    });
    const row = (id: number): object =>
      objectOf<unknown>([
        [name, BigInt(id)],
        ['outer', objectOf([[name, `x${id}`]])],
        [`${name}2`, `p${id % 2}`],
      ]);
    await table.append([row(1), row(2), row(3)] as never);
    const rows = (await table.scan().toArray()) as Record<string, unknown>[];
    expect(
      rows.map((each) => [Object.keys(each), own(each, name), own(own(each, 'outer'), name)]),
    ).toEqual([2, 1, 3].map((id) => [[name, 'outer', `${name}2`], BigInt(id), `x${id}`]));
    expect(JSON.parse(JSON.stringify(toJsonRow(rows[0] as never)))).toHaveProperty(['outer']);
    expect(Object.keys(toJsonRow(rows[0] as never) as object)).toEqual([name, 'outer', `${name}2`]);
    for (const where of [
      eq(name, 2n),
      predicateFromSql(`\`${name}\` = 2`),
      eq(['outer', name], 'x2'),
    ]) {
      const found = await table.scan({ where: where, select: [name] as never }).toArray();
      expect(found.map((each) => own(each, name))).toEqual([2n]);
    }
    expect(await table.scan({ where: eq(`${name}2`, 'p1') }).count()).toBe(2);
    await table.overwrite([row(5)] as never, { where: eq(`${name}2`, 'p1') });
    expect(await table.scan().count()).toBe(2);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['outer']).toBeUndefined();
  });

  it('is a partition column of its own', async () => {
    const storage = memoryStorage();
    const fields = [name, 'x'].map((each) => ({
      name: each,
      type: 'string',
      nullable: true,
      metadata: {},
    }));
    const table = await DeltaTable.create('memory://names/p', {
      storage,
      schema: { type: 'struct', fields } as never,
      partitionBy: [name] as never,
    });
    const row = (part: string | null): object =>
      objectOf([
        [name, part],
        ['x', 'y'],
      ]);
    await table.append([row('a'), row('b'), row(null)] as never);
    const found = await table.scan({ where: eq(name, 'b') }).toArray();
    expect(found.map((each) => own(each, name))).toEqual(['b']);
    expect(await table.scan().count()).toBe(3);
  });

  it('is a property, a domain and an application', async () => {
    const storage = memoryStorage();
    const store = storage.open(new URL('memory://names/d'));
    const lines = [
      `{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["domainMetadata"]}}`,
      `{"metaData":{"id":"5c3b7a40-4b70-4c1d-9d52-5a52a5bb4f13","format":{"provider":"parquet","options":{}},` +
        `"schemaString":"{\\"type\\":\\"struct\\",\\"fields\\":[]}","partitionColumns":[],` +
        `"configuration":{"${name}":"mine","delta.checkpointInterval":"1"}}}`,
      `{"domainMetadata":{"domain":"${name}","configuration":"{}","removed":false}}`,
      `{"txn":{"appId":"${name}","version":7}}`,
    ];
    await store.put(
      '_delta_log/00000000000000000000.json',
      new TextEncoder().encode(lines.join('\n')),
    );
    const table = await DeltaTable.open('memory://names/d', { storage });
    const snapshot = await table.snapshot();
    expect(snapshot.properties.get(name)).toBe('mine');
    expect(snapshot.domains.get(name)).toBeDefined();
    expect(snapshot.transactions.get(name)).toBe(7);
    expect(snapshot.transactions.get('nobody')).toBeUndefined();
  });
});

/** A member of the object itself, never one that it inherits. */
function own(object: unknown, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}
