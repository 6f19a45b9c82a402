/**
 * `npm run bench -- WORKLOAD...`: Varve and delta-rs side by side, in turns, each in a process of its own. Prints a line
 * for each workload and exits 1 when a check differs or a bar of bars.json is missed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runBareLoop } from './bare-loop.js';
import { cache, data, makeData, oracles, setUpNode24, setUpPeer } from './prepare.js';
import { type Measured, runOurs } from './run-ours.js';
import { WORKLOADS } from './workload.js';

const ROUNDS = 2;
const RUNS = 3;
const THREADS = 2;

interface Bar {
  readonly baseline: 'delta-rs' | 'bare-loop';
  readonly maxRatio: number;
  readonly maxRssMb?: number;
}

/** What every run needs. */
interface Setup {
  readonly python: string;
  readonly node24: string;
  /** Where tables are written: on the disk that holds the cache, for a fsync to memory would cost nothing. */
  readonly scratch: string;
}

const bars = JSON.parse(readFileSync('bench/bars.json', 'utf8')) as Readonly<Record<string, Bar>>;
const here = `Node ${process.versions.node.split('.')[0]}`;

async function main(args: readonly string[]): Promise<number> {
  const [mode, engine, name = ''] = args;
  if (mode === '--run') {
    const run = engine === 'varve' ? runOurs : runBareLoop;
    console.log(JSON.stringify(await run(name, data, RUNS)));
    return 0;
  }
  const unknown = args.filter((arg) => !WORKLOADS.includes(arg));
  if (args.length === 0 || unknown.length > 0) {
    if (unknown.length > 0) console.error(`unknown workload ${unknown.join(', ')}`);
    console.error(`usage: npm run bench -- WORKLOAD...\n  workloads: ${WORKLOADS.join(' ')}`);
    console.error(`  with bars: ${Object.keys(bars).join(' ')}`);
    return 2;
  }
  const python = setUpPeer();
  makeData(python, args);
  const node24 = setUpNode24();
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'bench-tmp-'));
  try {
    const good = args.filter((workload) => measure(workload, { python, node24, scratch }));
    return good.length === args.length ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Whether checks agree and the bar is met. */
function measure(name: string, setup: Setup): boolean {
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  const bare: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(runNode(setup.node24, 'varve', name, setup));
    theirs.push(runPeer(name, setup));
    if (bars[name]?.baseline === 'bare-loop') {
      bare.push(runNode(setup.node24, 'bare-loop', name, setup));
    }
  }
  const beside = runNode(process.execPath, 'varve', name, setup);
  const isEqual = agree(name, [...theirs, ...ours, beside], bare);
  const mine = median(ours);
  const ratio = mine / median(theirs);
  console.log(
    `${name}: varve ${short(mine)} s (${here}: ${short(median([beside]))} s), ` +
      `delta-rs ${short(median(theirs))} s, ratio ${ratio.toFixed(2)}, ` +
      `peak ${peak(ours)} MB (${here}: ${peak([beside])} MB) and ${peak(theirs)} MB, ` +
      `checks ${isEqual ? 'agree' : 'DIFFER'}`,
  );
  return meetsBar(name, { mine, ratio, peakMb: peak(ours), bare }) && isEqual;
}

/** Whether every process found the same; says who did not. The bare loop only counts its rows. */
function agree(name: string, all: readonly Measured[], bare: readonly Measured[]): boolean {
  const expected = all[0]?.check;
  const rows = (expected as { readonly rows?: unknown } | undefined)?.rows;
  const odd = [
    ...all.filter(({ check }) => !isSame(check, expected)),
    ...bare.filter(({ check }) => !isSame(check, { rows })),
  ];
  for (const { engine, check } of odd) {
    console.log(`${name}: ${engine} found ${JSON.stringify(check)},`);
    console.log(`  and ${all[0]?.engine} ${JSON.stringify(expected)}`);
  }
  return expected !== undefined && expected !== null && odd.length === 0;
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
    bare.length === 0 ? bar.baseline : `bare loop (${short(median(bare))} s, ${peak(bare)} MB)`;
  const memory = bar.maxRssMb === undefined ? '' : `, at most ${bar.maxRssMb} MB`;
  console.log(
    `  bar: ${against.toFixed(2)} of ${baseline}, at most ${bar.maxRatio}${memory}: ` +
      (isFast && isSmall ? 'met' : 'MISSED'),
  );
  return isFast && isSmall;
}

function median(measured: readonly Measured[]): number {
  const all = measured.flatMap(({ seconds }) => seconds).toSorted((a, b) => a - b);
  const low = all[Math.floor((all.length - 1) / 2)] ?? Number.NaN;
  const high = all[Math.floor(all.length / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

/** Seconds to read: hundredths, and of what is shorter than that, more. */
function short(seconds: number): string {
  return seconds < 0.1 ? seconds.toPrecision(2) : seconds.toFixed(2);
}

function peak(measured: readonly Measured[]): number {
  return Math.max(...measured.map(({ peakRssMb }) => peakRssMb));
}

/** Sums beyond 2^53 are compared as the doubles that JSON makes of them. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

function runNode(node: string, engine: string, name: string, { scratch }: Setup): Measured {
  // What a run has let go of is collected before the next, as Python does by itself.
  return run([node, '--expose-gc', process.argv[1] ?? '', '--run', engine, name], scratch);
}

function runPeer(name: string, { python, scratch }: Setup): Measured {
  const script = join(oracles, 'bench/run_peer.py');
  const options = ['--engine', 'deltars', '--workload', name, '--data', data];
  const counts = ['--runs', String(RUNS + 1), '--threads', String(THREADS)];
  const measured = run([python, script, ...options, ...counts], scratch);
  // The first run is not counted, as it is not on our side.
  return { ...measured, seconds: measured.seconds.slice(1) };
}

function run(line: readonly string[], scratch: string): Measured {
  // Varve takes as many threads as it has processors, so on a larger machine both sides are held to two.
  const bound = availableParallelism() > THREADS ? ['taskset', '-c', `0-${THREADS - 1}`] : [];
  const [command = '', ...args] = [...bound, ...line];
  const env = { ...process.env, BENCH_TMP: scratch };
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, env });
  const answer = done.stdout?.trim().split('\n').at(-1) ?? '';
  if (done.status !== 0 || answer === '') {
    const why = done.error?.message ?? done.stderr?.slice(-2000) ?? '';
    throw new Error(`${command} ${args.join(' ')} failed: ${why}`);
  }
  return JSON.parse(answer) as Measured;
}

process.exitCode = await main(process.argv.slice(2));
