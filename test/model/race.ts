/** Real processes racing on one table, and their histories in the form the judge takes. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './history.js';

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
