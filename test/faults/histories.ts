/** R2: whole histories of the whole library on the memory store, each from its seed, each judged. */
import { type History, runHistory } from '../model/history.js';
import { judge, type Violation } from '../model/judge.js';
import { programOf } from '../model/program.js';
import { type FaultLine, type FaultOptions, scaled, type Variant } from './line.js';

const HISTORIES = 5000;
/** Seeds of a run begin so far from those of the run before. */
const SEEDS = 1_000_000;

export async function histories(options: FaultOptions): Promise<FaultLine> {
  const { seed, variant } = options;
  const count = scaled(HISTORIES, options);
  const violations: string[] = [];
  for (let at = 1; at <= count; at++) {
    const { found } = await oneHistory(seed, at, variant);
    for (const { rule, detail } of found) {
      const what = variant === undefined ? '' : ` --variant ${variant}`;
      violations.push(`--only R2 --seed ${seed} --history ${at}${what}: ${rule}; ${detail}`);
    }
  }
  return { id: 'R2', what: 'seeded histories', count, seed, violations };
}

interface Judged {
  readonly history: History | undefined;
  readonly found: readonly Violation[];
}

async function oneHistory(seed: number, at: number, variant: Variant | undefined): Promise<Judged> {
  const own = (seed - 1) * SEEDS + at;
  try {
    const history = await runHistory(programOf(own), own, { variant });
    return { history, found: judge(history) };
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { history: undefined, found: [{ rule: 'every failure is an answer', detail }] };
  }
}

/** One history again, in words: its turns, what came of each step, its commits, and what is wrong with it. */
export async function tellHistory(
  seed: number,
  at: number,
  variant: Variant | undefined,
): Promise<readonly string[]> {
  const { history, found } = await oneHistory(seed, at, variant);
  return [
    ...(history?.trace ?? []),
    ...(history?.outcomes ?? []).map(
      ({ op, step, result }) => `${op} ${JSON.stringify(step)}: ${JSON.stringify(result)}`,
    ),
    ...[...(history?.log ?? [])].map(([name, text]) => `${name}\n${text}`),
    ...found.map(({ rule, detail }) => `broken: ${rule}; ${detail}`),
  ];
}
