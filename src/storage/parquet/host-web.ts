/** Browsers and other hosts: the module is fetched from where the bundler put it; there are no threads. */
import init from 'parquet-wasm/esm';
import { StorageUnavailableError } from '../../errors.js';
import type { CodecWorker, WorkerEvents } from './host.js';

let ready: Promise<unknown> | undefined;

/**
 * Makes parquet-wasm ready; fetches and compiles it at the first call only.
 * @throws StorageUnavailableError when it cannot be fetched or compiled
 */
export async function prepareWasm(): Promise<void> {
  ready ??= init().catch((cause: unknown) => {
    ready = undefined;
    throw new StorageUnavailableError({
      message: 'parquet-wasm cannot be loaded; serve parquet_wasm_bg.wasm beside the program',
      key: 'parquet_wasm_bg.wasm',
      operation: 'fetch',
      cause,
    });
  });
  await ready;
}

/** No threads: everything runs inline. */
export function workerCount(): number {
  return 0;
}

/** No threads. */
export function startWorker(_events: WorkerEvents): Promise<CodecWorker | undefined> {
  return Promise.resolve(undefined);
}
