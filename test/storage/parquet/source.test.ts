import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStorage } from '../../../src/storage/memory-store.js';
import type { ByteRange } from '../../../src/storage/object-store.js';
import {
  bytesSource,
  COALESCE_GAP_BYTES,
  coalesce,
  readRanges,
  storeSource,
} from '../../../src/storage/parquet/source.js';

describe('coalesce', () => {
  it('joins ranges up to the gap and no further', () => {
    const gap = COALESCE_GAP_BYTES;
    expect(
      coalesce([
        { start: 10 + gap, end: 20 + gap },
        { start: 0, end: 10 },
        { start: 21 + 2 * gap, end: 22 + 2 * gap },
        { start: 5, end: 5 },
      ]),
    ).toEqual([
      { start: 0, end: 20 + gap },
      { start: 21 + 2 * gap, end: 22 + 2 * gap },
    ]);
  });
});

describe('readRanges', () => {
  it('gives exactly the bytes of each range, in the order asked', async () => {
    const bytes = Uint8Array.from({ length: 3 * COALESCE_GAP_BYTES }, (_, index) => index % 251);
    const range = fc
      .tuple(fc.nat(bytes.length), fc.nat(bytes.length))
      .map(([a, b]): ByteRange => ({ start: Math.min(a, b), end: Math.max(a, b) }));
    const source = bytesSource(bytes, 'f');
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 6 }), async (ranges) => {
        const read = await readRanges(source, ranges);
        expect(read.map((part) => part.length)).toEqual(
          ranges.map(({ start, end }) => end - start),
        );
        for (const [index, { start, end }] of ranges.entries()) {
          expect(Buffer.compare(read[index] ?? bytes, bytes.subarray(start, end))).toBe(0);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('storeSource', () => {
  const stored = async (bytes: Uint8Array) => {
    const store = memoryStorage().open(new URL('memory://bucket/table/'));
    const info = await store.put('a/b.parquet', bytes);
    let requests = 0;
    const counted = new Proxy(store, {
      get: (target, name) => {
        if (name === 'get') requests += 1;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    return { store, info, counted, requests: () => requests };
  };

  it('answers from the end of the file that it has read already', async () => {
    const { counted, info, requests } = await stored(new Uint8Array([1, 2, 3, 4, 5]));
    const source = storeSource(counted, 'a/b.parquet', info);
    await source.read({ start: 0, end: 5 });
    expect([...(await source.read({ start: 1, end: 3 }))]).toEqual([2, 3]);
    expect(requests()).toBe(1);
  });

  it('says which object is gone', async () => {
    const { store } = await stored(new Uint8Array(5));
    await expect(
      storeSource(store, 'none', { sizeBytes: 5 }).read({ start: 0, end: 5 }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', kind: 'object', thing: 'none' });
  });

  it('refuses an object that is shorter than was said', async () => {
    const { store } = await stored(new Uint8Array(5));
    await expect(
      storeSource(store, 'a/b.parquet', { sizeBytes: 9 }).read({ start: 3, end: 9 }),
    ).rejects.toMatchObject({ code: 'CORRUPT_DATA', key: 'a/b.parquet', position: 5 });
  });

  it('refuses an object that was replaced since', async () => {
    const { store, info } = await stored(new Uint8Array(5));
    await store.put('a/b.parquet', new Uint8Array(6));
    await expect(
      storeSource(store, 'a/b.parquet', info).read({ start: 0, end: 5 }),
    ).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
  });
});
