/** The least that any reader on parquet-wasm does, on one thread: `readParquet`, IPC, Arrow, file by file. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import type { Measured } from './measured.js';
import { peakMb } from './peak.js';

interface ParquetWasm {
  readParquet(bytes: Uint8Array): { intoIPCStream(): Uint8Array };
}

/** A second baseline of scan-full. */
export function runBareLoop(name: string, data: string, runs: number): Measured {
  const wasm = createRequire(import.meta.url)('parquet-wasm/node') as ParquetWasm;
  const folder = join(data, 'rows');
  const files = readdirSync(folder).filter((file) => file.endsWith('.parquet'));
  const seconds: number[] = [];
  let rows = 0;
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    rows = 0;
    for (const file of files) {
      rows += tableFromIPC(
        wasm.readParquet(readFileSync(join(folder, file))).intoIPCStream(),
      ).numRows;
    }
    if (run > 0) seconds.push(Math.round((performance.now() - start) * 10) / 1e4);
  }
  const engine = 'bare-loop';
  return { workload: name, engine, version: '', seconds, peakRssMb: peakMb(), check: { rows } };
}
