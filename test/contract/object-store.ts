/** What every store must do: one suite, run against each. */
import { describe, expect, it } from 'vitest';
import { compareKeys } from '../../src/storage/key.js';
import type { ObjectStore } from '../../src/storage/object-store.js';

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
const text = (body: Uint8Array | undefined): string => new TextDecoder().decode(body);

async function keys(store: ObjectStore, prefix: string, startAfter?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix, { startAfter })) found.push(key);
  return found;
}

/** What a store may do besides; where it does not, the operation is absent. */
function describeExtras(open: () => Promise<ObjectStore>): void {
  it('creates a key that follows another, once', async () => {
    const store = await open();
    await store.put('log/1', bytes('1'));
    const after = 'log/1';
    expect(await store.putIfAbsent('log/2', bytes('2'), { after })).toBe('created');
    expect(await store.putIfAbsent('log/2', bytes('3'), { after })).toBe('exists');
    expect(await store.putIfAbsent('pins/2', bytes('p'), { after: 'log/2' })).toBe('created');
    expect(text((await store.get('log/2'))?.bytes)).toBe('2');
    expect(await keys(store, '')).toEqual(['log/1', 'log/2', 'pins/2']);
  });

  it('copies, where it can, what stays when the source is replaced, and replaces nothing', async () => {
    const store = await open();
    if (store.copy === undefined) return;
    await store.put('from', bytes('old'));
    expect(await store.copy('from', 'deep/to')).toBe('created');
    await store.put('from', bytes('newer'));
    expect(text((await store.get('deep/to'))?.bytes)).toBe('old');
    expect(await store.copy('from', 'deep/to')).toBe('exists');
    expect(text((await store.get('deep/to'))?.bytes)).toBe('old');
    expect(await store.delete('from')).toBe('deleted');
    expect(text((await store.get('deep/to'))?.bytes)).toBe('old');
    await expect(store.copy('from', 'other')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'object',
    });
    await expect(store.copy('a//b', 'other')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(store.copy('deep/to', '../up')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(store.copy('deep/to', 'other', { signal })).rejects.toBe(reason);
    expect(await keys(store, '')).toEqual(['deep/to']);
  });

  it('elects, where it can, one at a time, and the next when that one is done or has failed', async () => {
    const store = await open();
    if (store.exclusively === undefined) return;
    const exclusively = store.exclusively.bind(store);
    const runs: string[] = [];
    const elected = await exclusively('_varve/work', async () => {
      const second = await exclusively('_varve/work', async () => {
        await Promise.resolve(runs.push('second'));
      });
      const elsewhere = await exclusively('_varve/other', async () => {
        await Promise.resolve(runs.push('elsewhere'));
      });
      runs.push(`first ${second} ${elsewhere}`);
    });
    expect([elected, ...runs]).toEqual([true, 'elsewhere', 'first false true']);
    const reason = new Error('failed');
    const failing = exclusively('_varve/work', async () => await Promise.reject(reason));
    await expect(failing).rejects.toBe(reason);
    expect(await exclusively('_varve/work', async () => await Promise.resolve())).toBe(true);
    expect(await keys(store, '')).toEqual([]);
  });

  it('sweeps, where it can, no object, however old', async () => {
    const store = await open();
    if (store.sweep === undefined) return;
    for (const key of ['log/1', 'log/deep/2', 'log/.hidden', 'log/tmp-3']) {
      await store.put(key, bytes(key));
    }
    const before = await keys(store, '');
    expect(await store.sweep('log/', Date.now() + 86_400_000)).toBe(0);
    expect(await store.sweep('nowhere/', Date.now() + 86_400_000)).toBe(0);
    expect(await keys(store, '')).toEqual(before);
    const reason = new Error('enough');
    const stopped = store.sweep('log/', Date.now(), { signal: AbortSignal.abort(reason) });
    await expect(stopped).rejects.toBe(reason);
  });
}

/** @param open - a store with nothing in it */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(`${name} keeps the contract of object stores`, () => {
    describeExtras(open);

    it('answers absence with a value', async () => {
      const store = await open();
      expect(await store.get('a/b')).toBeUndefined();
      expect(await store.head('a/b')).toBeUndefined();
      expect(await store.delete('a/b')).toBe('absent');
      expect(await keys(store, '')).toEqual([]);
    });

    it('gives back what was put, and replaces it', async () => {
      const store = await open();
      const first = await store.put('a/b.txt', bytes('one'));
      expect(first).toMatchObject({ key: 'a/b.txt', sizeBytes: 3 });
      const second = await store.put('a/b.txt', [bytes('tw'), bytes('o, lon'), bytes('ger')]);
      expect(second.etag).not.toBe(first.etag);
      const object = await store.get('a/b.txt');
      expect(text(object?.bytes)).toBe('two, longer');
      expect(object?.info).toMatchObject({ key: 'a/b.txt', sizeBytes: 11, etag: second.etag });
      expect(await store.head('a/b.txt')).toEqual(object?.info);
      expect(Math.abs((object?.info.modifiedMs ?? 0) - Date.now())).toBeLessThan(120_000);
    });

    it('gives ranges, whole or as far as the object goes', async () => {
      const store = await open();
      await store.put('k', bytes('0123456789'));
      const range = async (start: number, end: number): Promise<string | undefined> => {
        const object = await store.get('k', { range: { start, end } });
        expect(object?.info.sizeBytes).toBe(10);
        return object && text(object.bytes);
      };
      expect(await range(0, 10)).toBe('0123456789');
      expect(await range(3, 5)).toBe('34');
      expect(await range(8, 50)).toBe('89');
      expect(await range(10, 12)).toBe('');
      expect(await range(50, 60)).toBe('');
      expect(await range(4, 4)).toBe('');
      expect(await store.get('nope', { range: { start: 0, end: 1 } })).toBeUndefined();
    });

    it('answers the same bytes when it is given memory for them', async () => {
      const store = await open();
      await store.put('k', bytes('0123456789'));
      const read = async (start: number, end: number): Promise<string | undefined> => {
        const into = new Uint8Array(end - start);
        return text((await store.get('k', { range: { start, end }, into }))?.bytes);
      };
      expect(await read(3, 5)).toBe('34');
      expect(await read(8, 50)).toBe('89');
      expect(await read(50, 60)).toBe('');
      expect(await read(4, 4)).toBe('');
    });

    it('never reads short: a large object comes whole', async () => {
      const store = await open();
      const large = new Uint8Array(9 * 1024 * 1024).map((_, at) => (at * 31) & 255);
      await store.put('large', [large.subarray(0, 1_000_000), large.subarray(1_000_000)]);
      const object = await store.get('large');
      expect(Buffer.compare(object?.bytes ?? new Uint8Array(), large)).toBe(0);
      const middle = await store.get('large', { range: { start: 4_000_000, end: 4_000_016 } });
      expect(middle?.bytes).toEqual(large.slice(4_000_000, 4_000_016));
    });

    it('refuses to read an object that was replaced', async () => {
      const store = await open();
      const { etag } = await store.put('k', bytes('old'));
      expect(text((await store.get('k', { ifMatch: etag }))?.bytes)).toBe('old');
      await store.put('k', bytes('newer'));
      await expect(store.get('k', { ifMatch: etag })).rejects.toMatchObject({
        code: 'CORRUPT_DATA',
        key: 'k',
      });
    });

    it('lets one of sixteen create a key, and keeps its bytes', async () => {
      const store = await open();
      for (let round = 0; round < 5; round++) {
        const key = `_delta_log/${round}.json`;
        const bodies = Array.from({ length: 16 }, (_, at) => bytes(`writer ${at}`));
        const outcomes = await Promise.all(
          bodies.map(async (body) => await store.putIfAbsent(key, body)),
        );
        expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(15);
        const winner = outcomes.indexOf('created');
        expect(text((await store.get(key))?.bytes)).toBe(`writer ${winner}`);
        expect(await store.putIfAbsent(key, bytes('late'))).toBe('exists');
      }
      expect(await keys(store, '_delta_log/')).toHaveLength(5);
    });

    it('lists by the UTF-8 bytes of the keys, below a prefix, after a key', async () => {
      const store = await open();
      const all = ['a/1', 'a/10', 'a/2', 'a-', 'a0', 'b', 'a/é', 'a/z', 'a/\u{1f427}', 'a/\uffee'];
      for (const key of all) await store.put(key, bytes('x'));
      const sorted = all.toSorted(compareKeys);
      expect(await keys(store, '')).toEqual(sorted);
      const inA = sorted.filter((key) => key.startsWith('a/'));
      expect(await keys(store, 'a/')).toEqual(inA);
      expect(await keys(store, 'a/1')).toEqual(['a/1', 'a/10']);
      expect(await keys(store, 'a/', 'a/10')).toEqual(inA.slice(inA.indexOf('a/10') + 1));
      expect(await keys(store, 'a/', 'a/15')).toEqual(inA.slice(inA.indexOf('a/10') + 1));
      expect(await keys(store, 'a/', 'b')).toEqual([]);
    });

    it('lists more than a page', async () => {
      const store = await open();
      const digits = (at: number): string => `_delta_log/${String(at).padStart(20, '0')}.json`;
      const count = 1205;
      for (let from = 0; from < count; from += 50) {
        const some = Array.from({ length: Math.min(50, count - from) }, (_, at) =>
          digits(from + at),
        );
        await Promise.all(some.map(async (key) => await store.put(key, bytes('{}'))));
      }
      const listed = await keys(store, '_delta_log/');
      expect(listed).toEqual(Array.from({ length: count }, (_, at) => digits(at)));
      expect(await keys(store, '_delta_log/', digits(1201))).toEqual(
        [1202, 1203, 1204].map(digits),
      );
    });

    it('deletes, but only what it was asked to', async () => {
      const store = await open();
      const { etag } = await store.put('k', bytes('old'));
      await store.put('k', bytes('newer'));
      expect(await store.delete('k', { ifMatch: etag })).toBe('changed');
      const now = await store.head('k');
      expect(await store.delete('k', { ifMatch: now?.etag })).toBe('deleted');
      expect(await store.delete('k', { ifMatch: now?.etag })).toBe('absent');
      await store.put('k', bytes('x'));
      expect(await store.delete('k')).toBe('deleted');
      expect(await store.head('k')).toBeUndefined();
    });

    it('stops when it is told to, with the reason', async () => {
      const store = await open();
      await store.put('k', bytes('x'));
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      await expect(store.get('k', { signal })).rejects.toBe(reason);
      await expect(store.head('k', { signal })).rejects.toBe(reason);
      await expect(store.put('n', bytes('x'), { signal })).rejects.toBe(reason);
      await expect(store.putIfAbsent('n', bytes('x'), { signal })).rejects.toBe(reason);
      await expect(store.delete('k', { signal })).rejects.toBe(reason);
      const listing = async (): Promise<void> => {
        for await (const info of store.list('', { signal })) expect(info).toBeUndefined();
      };
      await expect(listing()).rejects.toBe(reason);
      expect(await keys(store, '')).toEqual(['k']);
    });

    it('stops in the middle of a listing', async () => {
      const store = await open();
      for (let at = 0; at < 5; at++) await store.put(`k${at}`, bytes('x'));
      const stop = new AbortController();
      const reason = new Error('enough');
      const seen: string[] = [];
      const listing = async (): Promise<void> => {
        for await (const { key } of store.list('', { signal: stop.signal })) {
          seen.push(key);
          if (seen.length === 2) stop.abort(reason);
          stop.signal.throwIfAborted();
        }
      };
      await expect(listing()).rejects.toBe(reason);
      expect(seen).toHaveLength(2);
    });

    it.each([
      'with space/a b',
      'p=50%25/x',
      'plus+and#hash?question',
      'ümlaut/файл/🐧',
      'quote\'and"double',
      'semi;colon:and@at&and=',
      'dots..in/...name',
      '[brackets]{braces}~^`',
    ])('takes the key %j as it is', async (key) => {
      const store = await open();
      expect(await store.putIfAbsent(key, bytes('1'))).toBe('created');
      expect(await store.putIfAbsent(key, bytes('2'))).toBe('exists');
      expect(text((await store.get(key))?.bytes)).toBe('1');
      expect(await keys(store, '')).toEqual([key]);
      expect(await store.delete(key)).toBe('deleted');
    });

    it.each([
      '',
      '/absolute',
      'a//b',
      'a/',
      '..',
      '../up',
      'a/../b',
      'a/./b',
      '.',
      'nul\0',
      '\ud800',
    ])('refuses the key %j', async (key) => {
      const store = await open();
      const wrong = { code: 'INVALID_ARGUMENT' };
      await expect(store.get(key)).rejects.toMatchObject(wrong);
      await expect(store.head(key)).rejects.toMatchObject(wrong);
      await expect(store.put(key, bytes('x'))).rejects.toMatchObject(wrong);
      await expect(store.putIfAbsent(key, bytes('x'))).rejects.toMatchObject(wrong);
      await expect(store.delete(key)).rejects.toMatchObject(wrong);
    });
  });
}
