import { describe, expect, it } from 'vitest';
import {
  parseLastCheckpoint,
  readLastCheckpoint,
  writeLastCheckpoint,
} from '../../src/log/last-checkpoint.js';
import { LAST_CHECKPOINT_KEY } from '../../src/log/log-path.js';
import { memoryStore } from '../../src/storage/memory-store.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('parseLastCheckpoint', () => {
  it('reads what Spark writes', () => {
    const text =
      '{"version":10,"size":12,"parts":3,"sizeInBytes":900,"numOfAddFiles":8,' +
      '"checkpointSchema":{"type":"struct","fields":[]},"checksum":"abc",' +
      '"v2Checkpoint":{"path":"x.parquet","sizeInBytes":1}}';
    expect(parseLastCheckpoint(bytes(text))).toEqual({
      version: 10,
      size: 12,
      parts: 3,
      sizeInBytes: 900,
      numOfAddFiles: 8,
      v2Path: 'x.parquet',
    });
    expect(parseLastCheckpoint(bytes('{"version":0,"size":-1}'))).toMatchObject({ version: 0 });
  });

  it.each([
    '',
    'garbage',
    '{"version":10',
    '{"version":10}{"version":11}',
    '{"version":10,"version":11}',
    '{"version":10,"size":1,"a":{"b":1,"b":2}}',
    '{"version":-1}',
    '{"version":"10"}',
    '{"version":1.5}',
    '{"version":9007199254740993}',
    '{"size":10}',
    '[10]',
    'null',
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
  ])('takes %j for no hint', (text) => {
    expect(parseLastCheckpoint(bytes(text))).toBeUndefined();
  });

  it('takes bytes that are not UTF-8 for no hint', () => {
    expect(parseLastCheckpoint(new Uint8Array([0xff, 0xfe]))).toBeUndefined();
  });
});

describe('writeLastCheckpoint', () => {
  const at = (version: number) => ({ version, size: 5, sizeInBytes: 99, numOfAddFiles: 3 });

  it('writes one line, and only ever moves it up', async () => {
    const store = memoryStore();
    expect(await readLastCheckpoint(store)).toBeUndefined();
    expect(await writeLastCheckpoint(store, at(10))).toBeDefined();
    const text = new TextDecoder().decode((await store.get(LAST_CHECKPOINT_KEY))?.bytes);
    expect(text).toBe('{"version":10,"size":5,"sizeInBytes":99,"numOfAddFiles":3}');
    expect(await writeLastCheckpoint(store, at(9))).toBeUndefined();
    expect(await writeLastCheckpoint(store, at(10))).toBeUndefined();
    expect(await writeLastCheckpoint(store, at(20))).toBeDefined();
    expect(await readLastCheckpoint(store)).toMatchObject(at(20));
  });

  it('replaces garbage', async () => {
    const store = memoryStore();
    await store.put(LAST_CHECKPOINT_KEY, bytes('{"version":99'));
    expect(await writeLastCheckpoint(store, at(1))).toBeDefined();
    expect(await readLastCheckpoint(store)).toMatchObject({ version: 1 });
  });
});
