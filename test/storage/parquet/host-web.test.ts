import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { afterEach, expect, it, vi } from 'vitest';
import * as hostWeb from '../../../src/storage/parquet/host-web.js';
import { WorkerPool } from '../../../src/storage/parquet/pool.js';

afterEach(() => vi.unstubAllGlobals());

it('has no threads', async () => {
  expect(hostWeb.workerCount()).toBe(0);
  const events = { onOutcome: () => undefined, onDeath: () => undefined };
  expect(await hostWeb.startWorker(events)).toBeUndefined();
});

it('says which file to serve when it cannot be fetched, and tries again the next time', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
  await expect(hostWeb.prepareWasm()).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    key: 'parquet_wasm_bg.wasm',
    operation: 'fetch',
  });
  const { resolve } = createRequire(import.meta.url);
  const module = await readFile(resolve('parquet-wasm/esm/parquet_wasm_bg.wasm'));
  const headers = { 'content-type': 'application/wasm' };
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(module, { headers })));
  const pool = new WorkerPool(hostWeb);
  const task = { kind: 'decode', file: new Uint8Array(3), chunks: [], numRows: 1 } as const;
  const outcome = await pool.run(task, { workBytes: 2 ** 30 });
  // The module ran, and found no Parquet file.
  expect(outcome).toMatchObject({ ok: false, trapped: false });
});
