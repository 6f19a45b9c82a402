/** Gives each planted fault to its check, in a bundle and a process of its own. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { PLANTED_FAULTS } from './faults.js';
import { type Caught, type CheckName, type Edit, LIMIT, type PlantedFault } from './planted.js';

export interface Trial {
  readonly fault: PlantedFault;
  readonly caught: Caught | undefined;
}

const AT_ONCE = 2;
const FOLDER = '.cache/planted';
/** Packages, and what Node has, stay outside the bundle. */
const IS_PACKAGE = /^(node:|[a-z@])/u;

/** Tries the faults, two at a time; `tell` hears of each as soon as it is decided. */
export async function tryAll(
  faults: readonly PlantedFault[],
  tell: (trial: Trial) => void = () => undefined,
): Promise<readonly Trial[]> {
  const plain = await bundle('plain', []);
  const waiting = [...faults.entries()];
  const trials: Trial[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, fault] = next;
      const edits = fault.edits ?? [];
      const file = edits.length === 0 ? plain : await bundle(String(at), edits);
      const caught = await probe(file, [fault.name, '--check', fault.check], LIMIT);
      trials.push({ fault, caught });
      tell({ fault, caught });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return trials;
}

/** Runs the checks without a fault: what they find then is no fault's merit. */
export async function tryNothing(limit: number): Promise<ReadonlyMap<CheckName, Caught>> {
  const plain = await bundle('plain', []);
  const found = new Map<CheckName, Caught>();
  for (const check of new Set(PLANTED_FAULTS.map((fault) => fault.check))) {
    const caught = await probe(plain, ['--check', check], limit);
    if (caught !== undefined) found.set(check, caught);
  }
  return found;
}

async function bundle(name: string, edits: readonly Edit[]): Promise<string> {
  const source = (path: string): string => resolve('src', path);
  const built = await rolldown({
    input: 'test/planted/probe.ts',
    platform: 'node',
    external: (id) => IS_PACKAGE.test(id) && !id.startsWith('#'),
    resolve: {
      alias: {
        '#local-store': source('storage/local-store.ts'),
        '#page-bytes': source('storage/parquet/page-bytes-node.ts'),
        '#parquet-host': source('storage/parquet/host-node.ts'),
      },
    },
    plugins: [
      {
        name: 'planted',
        transform: (code, id) =>
          edited(
            code,
            edits.filter(({ file }) => id === source(file)),
          ),
      },
    ],
  });
  const file = join(FOLDER, `${name}.mjs`);
  await built.write({ file, format: 'esm', codeSplitting: false });
  await built.close();
  return file;
}

/** @throws {Error} when the source has changed and the fault is to be planted anew */
function edited(code: string, edits: readonly Edit[]): string | undefined {
  let text = code;
  for (const { file, from, to } of edits) {
    if (text.split(from).length !== 2) throw new Error(`src/${file} does not have once: ${from}`);
    text = text.replace(from, () => to);
  }
  return edits.length === 0 ? undefined : text;
}

function probe(file: string, args: readonly string[], limit: number): Promise<Caught | undefined> {
  const child = spawn(process.execPath, [file, ...args, '--limit', String(limit)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status !== 0) {
        reject(
          new Error(`${args.join(' ')} ended with ${String(status)}: ${errors.slice(0, 2000)}`),
        );
        return;
      }
      const last = output.trimEnd().split('\n').at(-1) ?? 'null';
      resolve((JSON.parse(last) as Caught | null) ?? undefined);
    });
  });
}

/** The middle of what the caught ones took. */
export function medianSeeds(trials: readonly Trial[]): number {
  const seeds = trials
    .flatMap(({ caught }) => (caught === undefined ? [] : [caught.seeds]))
    .toSorted((a, b) => a - b);
  return seeds[Math.floor((seeds.length - 1) / 2)] ?? Number.NaN;
}
