import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import type { DeletionVectorDescriptor } from '../../../src/log/actions.js';
import {
  deletionVectorKey,
  readDeletionVector,
} from '../../../src/log/deletion-vector/read-deletion-vector.js';
import type { LogContext } from '../../../src/log/table-snapshot.js';
import { localStore } from '../../../src/storage/local-store.js';
import { memoryStore } from '../../../src/storage/memory-store.js';
import { corpusFolder, describeWithOracles } from '../../support/oracles.js';
import { bitmapBytes, portableBytes } from './roaring-bytes.js';

const ROWS = [3, 4, 7, 11, 18, 29];
const BITMAP = portableBytes([[0, bitmapBytes([{ high: 0, rows: ROWS, form: 'rows' }])]]);
const KEY = 'ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin';
const ON_DISK: DeletionVectorDescriptor = {
  storageType: 'u',
  pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
  offset: 1,
  sizeInBytes: BITMAP.length,
  cardinality: ROWS.length,
};
const INLINE: DeletionVectorDescriptor = {
  storageType: 'i',
  pathOrInlineDv: 'wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L',
  sizeInBytes: 40,
  cardinality: 6,
};

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function entry(bitmap: Uint8Array): number[] {
  return [...bigEndian(bitmap.length), ...bitmap, ...bigEndian(crc32(bitmap))];
}

async function tableWith(file: readonly number[] | undefined): Promise<LogContext> {
  const store = memoryStore();
  if (file !== undefined) await store.put(KEY, Uint8Array.from(file));
  return { store, url: 's3://mytable', clock: systemClock };
}

describe('deletionVectorKey', () => {
  it.each([
    ['u', 'ab^-aqEH.-t@S}K{vb[*k^', KEY],
    ['u', '^-aqEH.-t@S}K{vb[*k^', KEY.slice(3)],
    ['u', 'a%20b/^-aqEH.-t@S}K{vb[*k^', `a%20b${KEY.slice(2)}`],
    ['p', `s3://mytable/${KEY}`, KEY],
  ])('finds %s %s', (storageType, pathOrInlineDv, key) => {
    const descriptor = { ...ON_DISK, storageType, pathOrInlineDv };
    expect(deletionVectorKey(descriptor, { url: 's3://mytable' })).toBe(key);
  });

  it.each([
    ['u', '../^-aqEH.-t@S}K{vb[*k^', 'CORRUPT_DATA'],
    ['u', '\ud800^-aqEH.-t@S}K{vb[*k^', 'CORRUPT_DATA'],
    ['u', '^-aqEH.-t@S}K{vb[*k', 'CORRUPT_DATA'],
    ['u', '/etc/^-aqEH.-t@S}K{vb[*k^', 'UNSUPPORTED_FEATURE'],
    ['p', 's3://other/deletion_vector.bin', 'UNSUPPORTED_FEATURE'],
    ['p', 's3://mytable/lake/../other.bin', 'UNSUPPORTED_FEATURE'],
    ['p', 's3://mytable/lake/../../other.bin', 'CORRUPT_DATA'],
    ['x', 'anything', 'UNSUPPORTED_FEATURE'],
  ])('refuses %s %s', (storageType, pathOrInlineDv, code) => {
    const descriptor = { ...ON_DISK, storageType, pathOrInlineDv };
    expect(() => deletionVectorKey(descriptor, { url: 's3://mytable/lake' })).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

describe('readDeletionVector', () => {
  it.each<[string, number[], Partial<DeletionVectorDescriptor>]>([
    ['the first of a file', [1, ...entry(BITMAP)], {}],
    ['a later one', [1, ...entry(BITMAP), ...entry(BITMAP)], { offset: 1 + BITMAP.length + 8 }],
    ['one without an offset behind the version', [1, ...entry(BITMAP)], { offset: undefined }],
    ['one without an offset at the very start', entry(BITMAP), { offset: undefined }],
  ])('reads %s', async (_, file, change) => {
    const log = await tableWith(file);
    const bitmap = await readDeletionVector(log, { ...ON_DISK, ...change }, {});
    expect([...bitmap.rows()]).toEqual(ROWS);
  });

  it('reads an inline one, and an empty one, without a request', async () => {
    const log = await tableWith(undefined);
    expect([...(await readDeletionVector(log, INLINE, {})).rows()]).toEqual(ROWS);
    const empty = { ...INLINE, pathOrInlineDv: '', sizeInBytes: 0, cardinality: 0 };
    expect((await readDeletionVector(log, empty, {})).cardinality).toBe(0);
  });

  const whole = [1, ...entry(BITMAP)];
  it.each<[string, string, number[] | undefined, Partial<DeletionVectorDescriptor>]>([
    ['a missing file', 'NOT_FOUND', undefined, {}],
    ['another version', 'CORRUPT_DATA', [2, ...entry(BITMAP)], {}],
    ['a broken bit', 'CORRUPT_DATA', whole.with(20, 99), {}],
    ['a file cut short', 'CORRUPT_DATA', whole.slice(0, -2), {}],
    ['an empty file', 'CORRUPT_DATA', [], {}],
    ['another size', 'CORRUPT_DATA', whole, { sizeInBytes: BITMAP.length - 1 }],
    ['another cardinality', 'CORRUPT_DATA', whole, { cardinality: 7 }],
    ['an offset beyond the end', 'CORRUPT_DATA', whole, { offset: 4000 }],
    ['a negative size', 'CORRUPT_DATA', whole, { sizeInBytes: -1 }],
    ['a size beyond all limits', 'LIMIT', whole, { sizeInBytes: 2 ** 31 - 1 }],
    ['inline text that is cut', 'CORRUPT_DATA', whole, { ...INLINE, pathOrInlineDv: 'wi5b=' }],
    ['inline text that is no Z85', 'CORRUPT_DATA', whole, { ...INLINE, pathOrInlineDv: '"' }],
  ])('refuses %s with %s', async (_, code, file, change) => {
    const log = await tableWith(file);
    await expect(readDeletionVector(log, { ...ON_DISK, ...change }, {})).rejects.toMatchObject({
      code,
    });
  });
});

describeWithOracles('the deletion vectors of the corpora', ['corpora'], () => {
  const tables = (['dat', 'golden', 'spark'] as const).flatMap((corpus) =>
    readdirSync(corpusFolder(corpus), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(corpusFolder(corpus), name, 'delta'))
      .filter((table) => existsSync(join(table, '_delta_log'))),
  );

  it('all have the cardinality that the log says', async () => {
    let count = 0;
    for (const table of tables) {
      const log = { store: localStore(table), url: `file://${table}`, clock: systemClock };
      for (const vector of vectorsOf(table)) {
        await readDeletionVector(log, vector, {});
        count++;
      }
    }
    expect(count).toBeGreaterThan(50);
  });
});

function vectorsOf(table: string): readonly DeletionVectorDescriptor[] {
  const log = join(table, '_delta_log');
  return readdirSync(log)
    .filter((name) => /^\d{20}\.json$/.test(name))
    .flatMap((name) => readFileSync(join(log, name), 'utf8').split('\n'))
    .filter((line) => line.includes('"deletionVector":{'))
    .map((line) => JSON.parse(line) as Record<string, { deletionVector?: never }>)
    .flatMap(({ add, remove }) => add?.deletionVector ?? remove?.deletionVector ?? []);
}
