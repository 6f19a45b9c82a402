import { describe, expect, it } from 'vitest';
import { FileWindows, WINDOW_BYTES } from '../../../src/log/deletion-vector/file-windows.js';
import { memoryStore } from '../../../src/storage/memory-store.js';
import { recordingStore, type StoreRequest } from '../../../src/storage/recording-store.js';

describe('FileWindows', () => {
  const bytes = Uint8Array.from({ length: WINDOW_BYTES + 100 }, (_, at) => at % 251);

  it('asks once for the beginning of a file, and for what lies behind it by itself', async () => {
    const requests: StoreRequest[] = [];
    const store = recordingStore(memoryStore(), requests);
    await store.put('a.bin', bytes);
    await store.put('b.bin', bytes.subarray(0, 50));
    requests.length = 0;
    const windows = new FileWindows(store);
    const ranges = [
      ['a.bin', 0, 10],
      ['a.bin', 1000, 2000],
      ['b.bin', 40, 60],
      ['a.bin', WINDOW_BYTES - 5, WINDOW_BYTES],
      ['a.bin', WINDOW_BYTES - 5, WINDOW_BYTES + 5],
      ['b.bin', 0, 5],
    ] as const;
    const read = await Promise.all(
      ranges.map(async ([key, start, end]) => await windows.read(key, { start, end })),
    );
    const expected = ranges.map(([key, start, end]) =>
      bytes.slice(start, key === 'b.bin' ? Math.min(end, 50) : end),
    );
    expect(read).toEqual(expected);
    expect(requests.map(({ key }) => key)).toEqual(['a.bin', 'b.bin', 'a.bin']);
  });

  it('says which file is not there', async () => {
    const windows = new FileWindows(memoryStore());
    const reads = [10, WINDOW_BYTES + 1].map((end) => windows.read('gone', { start: 0, end }));
    for (const read of reads) {
      await expect(read).rejects.toMatchObject({ code: 'NOT_FOUND', thing: 'gone' });
    }
  });
});
