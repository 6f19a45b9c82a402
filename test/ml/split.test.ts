import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { canonicalJson, type PlainJson } from '../../src/ml/canonical-json.js';
import { hashSplit } from '../../src/ml/index.js';
import { splitFilter } from '../../src/ml/split.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const schema = { id: 'long not null', small: 'integer', name: 'string', day: 'date' } as const;

async function idsOf(split: Parameters<typeof splitFilter>[0]): Promise<readonly bigint[]> {
  const table = await DeltaTable.create('memory://lake/t', { schema, storage: memoryStorage() });
  await table.append(
    Array.from({ length: 1000 }, (_, at) => ({
      id: at,
      small: at,
      name: at % 10 === 0 ? null : `row ${at}`,
      day: '2024-02-29',
    })),
  );
  const rows = await table.scan({ rowFilter: await splitFilter(split) }).toArray();
  return rows.map(({ id }) => id);
}

describe('hashSplit', () => {
  it('gives every row to exactly one part, in about the shares asked for', async () => {
    const parts = hashSplit({ key: ['id'], parts: { train: 0.7, dev: 0.1, test: 0.2 } });
    const [train, dev, test] = await Promise.all([parts.train, parts.dev, parts.test].map(idsOf));
    const all = [...(train ?? []), ...(dev ?? []), ...(test ?? [])];
    expect(new Set(all).size).toBe(1000);
    expect(all).toHaveLength(1000);
    expect(train?.length).toBeGreaterThan(640);
    expect(test?.length).toBeGreaterThan(150);
  });

  it('does not depend on the width of an integer, and does on the salt', async () => {
    const [a, b, c] = await Promise.all([
      idsOf(hashSplit({ key: ['id'], parts: { x: 0.5, y: 0.5 } }).x),
      idsOf(hashSplit({ key: ['small'], parts: { x: 0.5, y: 0.5 } }).x),
      idsOf(hashSplit({ key: ['id'], parts: { x: 0.5, y: 0.5 }, salt: 'other' }).x),
    ]);
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
  });

  it('has a part of any name', () => {
    const parts = JSON.parse('{"__proto__":0.25,"rest":0.75}') as Record<string, number>;
    const split = Object.entries(hashSplit({ key: ['id'], parts }));
    expect(split.map(([part, { to }]) => [part, to])).toEqual([
      ['__proto__', 0.25],
      ['rest', 1],
    ]);
  });

  it('refuses shares that do not add up, no key, and a key that is not hashed alike everywhere', async () => {
    const wrong = { code: 'INVALID_ARGUMENT' };
    const call = (options: object) => () => hashSplit(options as never);
    expect(call({ key: ['id'], parts: { a: 0.5, b: 0.4 } })).toThrow(
      expect.objectContaining(wrong),
    );
    expect(call({ key: ['id'], parts: { a: 1.5, b: -0.5 } })).toThrow(
      expect.objectContaining(wrong),
    );
    expect(call({ key: [], parts: { a: 1 } })).toThrow(expect.objectContaining(wrong));
    const table = await DeltaTable.create('memory://lake/t', {
      rows: [{ d: 1.5 }],
      storage: memoryStorage(),
    });
    const { a } = hashSplit({ key: ['d'], parts: { a: 1 } });
    const scan = table.scan({ rowFilter: await splitFilter(a) });
    await expect(scan.toArray()).rejects.toMatchObject({ ...wrong, option: 'key' });
  });
});

describe('canonicalJson', () => {
  it('follows RFC 8785: sorted keys, no spaces, numbers as ECMAScript writes them', () => {
    const value = {
      b: [1e21, 1e-7, 4.5, -0, 2e-3],
      a: '€$\u000f\nA\'B"\\"',
      '\u20ac': null,
      '\ufb33': true,
    };
    expect([...canonicalJson(value)].join('')).toBe(
      '{"a":"€$\\u000f\\nA\'B\\"\\\\\\"","b":[1e+21,1e-7,4.5,0,0.002],"€":null,"\ufb33":true}',
    );
  });

  it('is the same for any order of keys, and reads back as what it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const text = [...canonicalJson(json)].join('');
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(json)));
        expect([...canonicalJson(reversed(json) as PlainJson)].join('')).toBe(text);
      }),
    );
  });
});

function reversed(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(reversed);
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json).toReversed();
  return Object.fromEntries(entries.map(([key, value]) => [key, reversed(value)]));
}
