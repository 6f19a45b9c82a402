/** Real processes racing on one table, and their histories in the form the judge takes. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ObjectStore } from '../../src/storage/object-store.js';
import type { History } from './history.js';
import type { Outcome } from './step.js';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** One process: what it does, and how often. */
export interface Racer {
  readonly name: string;
  readonly count: number;
  readonly kind: 'append' | 'replace';
}

/**
 * Runs the racers at the same time.
 *
 * @param service - as the worker takes it: where it is, and how it lets in
 * @throws {Error} when one of them ends with a status
 */
export async function race(
  url: string,
  racers: readonly Racer[],
  service?: string,
): Promise<readonly Outcome[]> {
  const outputs = await Promise.all(racers.map(async (racer) => await run(url, racer, service)));
  return outputs.flatMap((output, at) => outcomes(output, racers[at]?.name ?? ''));
}

/** What the racers left at their table, beside what they say they did. */
export async function racedHistory(
  store: ObjectStore,
  outcomes: readonly Outcome[],
): Promise<History> {
  const log = new Map<string, string>();
  const files = new Set<string>();
  for await (const { key } of store.list('')) {
    if (/^_delta_log\/\d+\.json$/u.test(key)) {
      const { bytes } = (await store.get(key)) ?? {};
      log.set(key.slice('_delta_log/'.length), new TextDecoder().decode(bytes));
    } else if (key.endsWith('.parquet') && !key.startsWith('_')) files.add(key);
  }
  return { outcomes, hadOutage: false, log, files, trace: [], traceHash: '' };
}

function run(url: string, { name, count, kind }: Racer, service?: string): Promise<string> {
  const more = service === undefined ? [] : [service];
  const child = spawn(process.execPath, [WORKER, url, name, String(count), kind, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(output);
      else reject(new Error(`${name} ended with ${String(status)}: ${errors.slice(0, 2000)}`));
    });
  });
}

function outcomes(output: string, part: string): readonly Outcome[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { op, kind, version } = JSON.parse(line) as {
        readonly op: string;
        readonly kind: 'append' | 'replace';
        readonly version: number;
      };
      return { op, step: { kind, part }, result: { kind: 'ok', version, applied: true } };
    });
}
