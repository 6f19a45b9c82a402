/** Several processes of one engine that append to one table at once. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { tableFromIPC } from 'apache-arrow';
import { DeltaTable, VERSION } from 'varve';
import type { Measured } from './measured.js';
import { peakMb } from './peak.js';

/** Processes, and the commits of each. */
export const WRITERS = 4;
export const COMMITS = 500;

const deltaRs = 'bench/delta_rs.py';

/** What another engine finds in a table. */
export interface Found {
  readonly rows: number;
  readonly version: number;
  /** The last sequence of the application that was asked for. */
  readonly sequence: number | null;
}

/** Asks delta-rs. */
export function countWithDeltaRs(url: string, appId?: string): Found {
  const asked = [deltaRs, 'count', url, ...(appId === undefined ? [] : [appId])];
  const done = spawnSync(python(), asked, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`delta-rs cannot read ${url}: ${done.stderr}`);
  return JSON.parse(done.stdout) as Found;
}

/** One run; the seconds from when all processes are ready until the last has made its commits. */
export async function runWriters(engine: 'varve' | 'delta-rs', data: string): Promise<Measured> {
  const base = process.env['BENCH_TMP'] ?? tmpdir();
  const url = join(mkdtempSync(join(base, 'varve-bench-')), 't');
  const input = join(data, 'small.arrow');
  const rows = tableFromIPC(readFileSync(input)) as never;
  const first = await DeltaTable.create(url, { rows });
  const line: readonly [string, ...string[]] =
    engine === 'varve'
      ? [process.execPath, process.argv[1] ?? '', '--append']
      : [python(), deltaRs, 'append'];
  const writers = Array.from({ length: WRITERS }, () => startWriter([...line, url, input]));
  await Promise.all(writers.map(({ ready }) => ready));
  const start = performance.now();
  for (const { child } of writers) child.stdin?.write('go\n');
  const told = await Promise.all(writers.map(({ done }) => done));
  const seconds = (performance.now() - start) / 1000;
  // Whoever did not write them counts the rows.
  const check =
    engine === 'varve'
      ? countWithDeltaRs(url)
      : {
          rows: await first.scan().count(),
          version: (await first.snapshot()).version,
          sequence: null,
        };
  rmSync(dirname(url), { recursive: true });
  const peakRssMb = told.reduce((sum, { peakRssMb: peak }) => sum + peak, 0);
  return {
    workload: 'small-commits-4',
    engine,
    version: VERSION,
    seconds: [seconds],
    peakRssMb,
    check,
  };
}

/** One of the processes: says that it is ready, waits to be told, and appends. */
export async function appendMany(url: string, input: string): Promise<void> {
  const arrow = tableFromIPC(readFileSync(input));
  const table = await DeltaTable.open(url);
  console.log('ready');
  await once(process.stdin, 'data');
  process.stdin.destroy();
  for (let commit = 0; commit < COMMITS; commit++) await table.append(arrow as never);
  console.log(JSON.stringify({ peakRssMb: peakMb() }));
}

interface Told {
  readonly peakRssMb: number;
}

function startWriter(line: readonly [string, ...string[]]): {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;
  readonly done: Promise<Told>;
} {
  const [command, ...args] = line;
  const child = spawn(command, [...args, String(COMMITS)], { stdio: ['pipe', 'pipe', 2] });
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  let last = '';
  lines.on('line', (text) => {
    last = text;
  });
  const ended = once(child, 'close').then(([code]) => {
    if (code !== 0) throw new Error(`${line.join(' ')} failed`);
    return JSON.parse(last) as Told;
  });
  const ready = Promise.race([once(lines, 'line'), ended]);
  return { child, ready, done: ended };
}

function python(): string {
  return process.env['VARVE_BENCH_PYTHON'] ?? 'python3';
}
