/** One module measured by processes of their own, for a mutant may loop for ever: then its process is ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Told } from './measure.js';
import type { Held } from './modules.js';

/** A mutant whose tests take longer is taken for noticed. */
const ONE_MUTANT_MS = 60_000;
/** The tests as they are, on a busy machine. */
const START_MS = 300_000;

export interface Measured {
  readonly branches: number;
  readonly missed: readonly string[];
  readonly mutants: number;
  readonly survivors: readonly string[];
}

export async function measureModule(held: Held): Promise<Measured> {
  const survivors: string[] = [];
  const known = { branches: 0, missed: [] as readonly string[], mutants: 1, next: 0 };
  while (known.next < known.mutants) {
    const ended = await measureFrom(held, known.next, (told) => {
      if ('branches' in told) Object.assign(known, told);
      else {
        known.next = told.mutant + 1;
        if (told.survived !== undefined) survivors.push(told.survived);
      }
    });
    // The mutant it was at when it was ended.
    if (ended === 'timeout') known.next++;
    else if (ended !== 'done') throw new Error(`${held.file} cannot be measured: ${ended}`);
  }
  return { ...known, survivors };
}

/** @returns `done`, `timeout`, or with what the process failed */
async function measureFrom(held: Held, from: number, hear: (told: Told) => void): Promise<string> {
  const [, tool = ''] = process.argv;
  const child = spawn(process.execPath, [tool, '--measure', held.file, '--from', String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let isLate = false;
  const watch = (delayMs: number): NodeJS.Timeout =>
    setTimeout(() => {
      isLate = true;
      endGroup(child);
    }, delayMs);
  let watchdog = watch(START_MS);
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    clearTimeout(watchdog);
    watchdog = watch(ONE_MUTANT_MS);
    hear(JSON.parse(line) as Told);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(watchdog);
  if (isLate) return 'timeout';
  return code === 0 ? 'done' : `exit ${code}`;
}

/** The process and the workers that it began. */
function endGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}
