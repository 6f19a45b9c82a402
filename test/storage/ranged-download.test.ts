import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clock, systemEntropy } from '../../src/clock.js';
import { CorruptDataError, StorageUnavailableError } from '../../src/errors.js';
import type { ByteRange } from '../../src/storage/object-store.js';
import {
  type Ask,
  download,
  PART_BYTES,
  PARTS_AT_ONCE,
} from '../../src/storage/ranged-download.js';
import { MAX_TRIES, Retries } from '../../src/storage/retries.js';

/** Each wait is over at once. */
const hurried: Clock = {
  now: () => 0,
  sleep: async (_delayMs, signal) => {
    signal?.throwIfAborted();
    await Promise.resolve();
  },
};
const retries = (): Retries => new Retries({ clock: hurried, entropy: systemEntropy });

const trouble = (): StorageUnavailableError =>
  new StorageUnavailableError({ message: 'down', key: 'k', operation: 'get' });

/** What one answer does to its body: how much of it comes, in how large chunks, and whether it then ends or breaks. */
interface Manner {
  readonly share: number;
  readonly chunk: number;
  readonly breaks: boolean;
}
const WHOLE: Manner = { share: 1, chunk: 1 << 20, breaks: false };

/** A server of one object, which answers one request after the other in these manners, and the rest well. */
function serving(
  object: () => { readonly bytes: Uint8Array; readonly etag: string } | undefined,
  manners: readonly Manner[] = [],
): { readonly ask: Ask; readonly asked: (ByteRange | undefined)[]; most: number } {
  const left = [...manners];
  const asked: (ByteRange | undefined)[] = [];
  let open = 0;
  const server = {
    asked,
    most: 0,
    ask: (async (range, ifMatch, signal) => {
      signal?.throwIfAborted();
      asked.push(range);
      const found = object();
      if (found === undefined) return await Promise.resolve(undefined);
      const { bytes, etag } = found;
      if (ifMatch !== undefined && ifMatch !== etag) {
        throw new CorruptDataError({ message: 'the object was replaced', key: 'k' });
      }
      const [start, end] = [range?.start ?? 0, Math.min(range?.end ?? bytes.length, bytes.length)];
      if (start >= bytes.length && range !== undefined) return 'beyond';
      const manner = left.shift() ?? WHOLE;
      const { share, chunk, breaks } = manner;
      const length = Math.floor((end - start) * share);
      async function* body(): AsyncGenerator<Uint8Array> {
        server.most = Math.max(server.most, ++open);
        try {
          for (let at = start; at < start + length; at += chunk) {
            yield await Promise.resolve(bytes.subarray(at, Math.min(at + chunk, start + length)));
          }
          if (breaks) throw trouble();
        } finally {
          open--;
        }
      }
      const info = { key: 'k', sizeBytes: bytes.length, modifiedMs: 0, etag };
      return { info, start, body: body() };
    }) satisfies Ask,
  };
  return server;
}

const numbered = (size: number): Uint8Array =>
  new Uint8Array(size).map((_, at) => (at * 31 + (at >> 8)) & 255);

describe('a download', () => {
  it('has exactly the bytes that were asked for, however its answers break off', async () => {
    const manner = fc.record({
      share: fc.constantFrom(0, 0.1, 0.5, 0.99, 1),
      chunk: fc.integer({ min: 1, max: 50 }),
      breaks: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 300 }),
        fc.option(fc.tuple(fc.nat(320), fc.nat(320)), { nil: undefined }),
        fc.array(manner, { maxLength: MAX_TRIES - 1 }),
        async (size, ends, manners) => {
          const bytes = numbered(size);
          const [start, end] = (ends ?? [0, size]).toSorted((a, b) => a - b);
          const range = ends && { start: start ?? 0, end: (end ?? 0) + 1 };
          const server = serving(() => ({ bytes, etag: '"1"' }), manners);
          const found = await download('k', { range }, server.ask, retries());
          if (found === 'beyond') expect(range?.start).toBeGreaterThanOrEqual(size);
          else expect(found?.bytes).toEqual(bytes.slice(range?.start ?? 0, range?.end ?? size));
          expect(server.asked.length).toBeLessThanOrEqual(manners.length + 1);
        },
      ),
      { numRuns: 500, seed: 1 },
    );
  });

  it('of much is in parts, few at once, and into the memory that was given', async () => {
    const bytes = numbered(6 * PART_BYTES + 1);
    const server = serving(() => ({ bytes, etag: '"1"' }));
    const into = new Uint8Array(bytes.length);
    const found = await download('k', { into }, server.ask, retries());
    expect(bytesOf(found).buffer).toBe(into.buffer);
    expect(Buffer.compare(into, bytes)).toBe(0);
    expect(server.asked).toHaveLength(7);
    expect(server.most).toBe(PARTS_AT_ONCE);
  });

  it('asks again for the part that failed, and for no other', async () => {
    const bytes = numbered(3 * PART_BYTES);
    const half = { share: 0.5, chunk: 1 << 20, breaks: true };
    const server = serving(() => ({ bytes, etag: '"1"' }), [WHOLE, half]);
    const found = await download('k', {}, server.ask, retries());
    expect(Buffer.compare(bytesOf(found), bytes)).toBe(0);
    expect(server.asked).toHaveLength(4);
    const failed = server.asked[1];
    const rest = { start: (failed?.start ?? 0) + PART_BYTES / 2, end: failed?.end };
    expect(server.asked[3]).toEqual(rest);
  });

  it('gives up a part after its tries, and the other parts with it', async () => {
    const bytes = numbered(3 * PART_BYTES);
    const nothing = { share: 0, chunk: 1, breaks: true };
    const server = serving(
      () => ({ bytes, etag: '"1"' }),
      Array.from({ length: 1000 }, () => nothing),
    );
    await expect(download('k', {}, server.ask, retries())).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect(server.asked.length).toBeLessThanOrEqual(3 * MAX_TRIES);
  });

  it('is of one object: begun anew when that was replaced, unless one was named', async () => {
    let etag = 0;
    const changing = serving(
      () => ({ bytes: numbered(10), etag: `"${etag++}"` }),
      [{ share: 0.5, chunk: 5, breaks: true }],
    );
    const found = await download('k', {}, changing.ask, retries());
    expect(found).toMatchObject({ bytes: numbered(10), info: { etag: '"2"' } });
    etag = 0;
    const named = serving(
      () => ({ bytes: numbered(10), etag: `"${etag++}"` }),
      [{ share: 0.5, chunk: 5, breaks: true }],
    );
    await expect(download('k', { ifMatch: '"0"' }, named.ask, retries())).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
    });
    let left = 1;
    const going = serving(
      () => (left-- > 0 ? { bytes: numbered(10), etag: '""' } : undefined),
      [{ share: 0.5, chunk: 5, breaks: true }],
    );
    expect(await download('k', {}, going.ask, retries())).toBeUndefined();
  });

  it('refuses other bytes than those it asked for', async () => {
    const whole = serving(() => ({ bytes: numbered(10), etag: '"1"' }));
    const deaf: Ask = async (_range, ifMatch, signal) =>
      await whole.ask(undefined, ifMatch, signal);
    const first = await download('k', { range: { start: 0, end: 4 } }, deaf, retries());
    expect(first).toMatchObject({ bytes: numbered(4) });
    await expect(
      download('k', { range: { start: 2, end: 4 } }, deaf, retries()),
    ).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE', features: ['ranges'] });
  });

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController();
    const reason = new RangeError('enough');
    const server = serving(() => ({ bytes: numbered(4 * PART_BYTES), etag: '"1"' }));
    const ask: Ask = async (...asked) => {
      if (server.asked.length === 2) stop.abort(reason);
      return await server.ask(...asked);
    };
    const { signal } = stop;
    await expect(download('k', { signal }, ask, retries())).rejects.toBe(reason);
  });
});

function bytesOf(found: Awaited<ReturnType<typeof download>>): Uint8Array {
  return found === undefined || found === 'beyond' ? new Uint8Array(0) : found.bytes;
}
