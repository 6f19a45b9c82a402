/**
 * `npm run bench -- [WORKLOAD...]`: Varve and delta-rs side by side, in turns, each in a process of its own. Prints a
 * table with a line for each workload (without names, for each that has a bar in bars.json), and exits 1 when an answer
 * differs or a bar is missed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runBareLoop } from './bare-loop.js';
import { type Bar, cells, disagreements, HEADINGS, missed, type Runs } from './figures.js';
import type { Measured } from './measured.js';
import { cache, data, makeData, oracles, setUpNode24, setUpPeer } from './prepare.js';
import { runOurs } from './run-ours.js';
import { WORKLOADS } from './workload.js';
import { appendMany, runWriters } from './writers.js';

const ROUNDS = 2;
/** Minutes of thousands of commits are an average by themselves. */
const ONE_ROUND: ReadonlySet<string> = new Set(['small-commits-4']);
const RUNS = 3;
const THREADS = 2;
/** Workloads that delta-rs's runner does not have. */
const OURS_ALONE: ReadonlySet<string> = new Set(['refresh', 'plan-1m', 'writer']);

/** What every run needs. */
interface Setup {
  readonly python: string;
  readonly node24: string;
  /** Where tables are written: on the disk that holds the cache, for a fsync to memory would cost nothing. */
  readonly scratch: string;
}

const bars = JSON.parse(readFileSync('bench/bars.json', 'utf8')) as Readonly<Record<string, Bar>>;

async function main(args: readonly string[]): Promise<number> {
  const [mode, engine, name = ''] = args;
  if (mode === '--run') {
    console.log(JSON.stringify(await runHere(engine, name)));
    return 0;
  }
  if (mode === '--append') {
    await appendMany(engine ?? '', name);
    return 0;
  }
  const unknown = args.filter((arg) => !WORKLOADS.includes(arg));
  if (unknown.length > 0) {
    console.error(`unknown workload ${unknown.join(', ')}`);
    console.error(`usage: npm run bench -- [WORKLOAD...]\n  workloads: ${WORKLOADS.join(' ')}`);
    return 2;
  }
  return measureAll(args.length === 0 ? Object.keys(bars) : args) ? 0 : 1;
}

/** One measurement, in this process and those that it starts. */
async function runHere(engine: string | undefined, name: string): Promise<Measured> {
  if (name === 'small-commits-4') {
    return await runWriters(engine === 'varve' ? 'varve' : 'delta-rs', data);
  }
  return await (engine === 'varve' ? runOurs : runBareLoop)(name, data, RUNS);
}

/** Whether every workload is good. */
function measureAll(workloads: readonly string[]): boolean {
  const python = setUpPeer();
  process.env['VARVE_BENCH_PYTHON'] = python;
  makeData(python, workloads);
  const node24 = setUpNode24();
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'bench-tmp-'));
  console.log(`Varve on Node 24, beside it on ${process.version}`);
  printRow(HEADINGS);
  printRow(HEADINGS.map(() => '---'));
  try {
    return workloads.filter((name) => !isGood(name, { python, node24, scratch })).length === 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Measures a workload, prints its line, and tells whether the answers agree and the bar is met. */
function isGood(workload: string, setup: Setup): boolean {
  const runs = runAll(workload, setup);
  const wrong = disagreements(runs);
  const bar = bars[workload];
  const short = bar === undefined ? [] : missed(runs, bar);
  const verdict = wrong.length > 0 ? 'answers DIFFER' : short.length > 0 ? 'MISSED' : 'met';
  printRow(cells(runs, bar === undefined && wrong.length === 0 ? 'none' : verdict));
  for (const why of [...wrong, ...short]) console.log(`  ${workload}: ${why}`);
  return wrong.length + short.length === 0;
}

function runAll(workload: string, setup: Setup): Runs {
  const ours: Measured[] = [];
  const deltaRs: Measured[] = [];
  const bareLoop: Measured[] = [];
  const rounds = ONE_ROUND.has(workload) ? 1 : ROUNDS;
  for (let round = 0; round < rounds; round++) {
    ours.push(runNode(setup.node24, 'varve', workload, setup));
    if (!OURS_ALONE.has(workload)) deltaRs.push(runPeer(workload, setup));
    if (bars[workload]?.bareLoop !== undefined) {
      bareLoop.push(runNode(setup.node24, 'bare-loop', workload, setup));
    }
  }
  const beside = runNode(process.execPath, 'varve', workload, setup);
  return { workload, ours, beside, deltaRs, bareLoop };
}

function printRow(row: readonly string[]): void {
  console.log(`| ${row.join(' | ')} |`);
}

function runNode(node: string, engine: string, name: string, { scratch }: Setup): Measured {
  // What a run has let go of is collected before the next, as Python does by itself.
  return run([node, '--expose-gc', process.argv[1] ?? '', '--run', engine, name], scratch);
}

function runPeer(name: string, setup: Setup): Measured {
  const { python, scratch } = setup;
  if (name === 'small-commits-4') return runNode(setup.node24, 'delta-rs', name, setup);
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
