/** Runs the tests of one module for each mutant, and tells of each as it goes. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { counting } from './branches.js';
import type { Held } from './modules.js';
import { mutantsOf } from './mutants.js';
import { COUNTS, TestRunner } from './test-runner.js';

/** A line of the process that runs the tests. */
export type Told =
  | { readonly branches: number; readonly missed: readonly string[]; readonly mutants: number }
  | { readonly mutant: number; readonly survived: string | undefined };

/** Tells of the branches when it begins with the first mutant, then of each mutant from `from` on. */
export async function measure(held: Held, from: number): Promise<void> {
  const code = readFileSync(held.file, 'utf8');
  const mutants = mutantsOf(code);
  const runner = await TestRunner.of(held);
  if (from === 0) {
    const { branches, missed } = await countBranches(runner, code);
    tell({ branches, missed, mutants: mutants.length });
  }
  for (const [number, { code: mutant, line, what }] of mutants.entries()) {
    if (number < from) continue;
    const passes = await runner.passes(mutant);
    tell({ mutant: number, survived: passes ? `line ${line}: ${what}` : undefined });
  }
  await runner.close();
}

function tell(told: Told): void {
  console.log(JSON.stringify(told));
}

async function countBranches(
  runner: TestRunner,
  code: string,
): Promise<{ readonly branches: number; readonly missed: readonly string[] }> {
  const counted = counting(code);
  rmSync(COUNTS, { recursive: true, force: true });
  if (!(await runner.passes(counted.code))) throw new Error('its tests fail as it is');
  const taken = new Set<number>();
  for (const name of readdirSync(COUNTS)) {
    const numbers = JSON.parse(readFileSync(`${COUNTS}/${name}`, 'utf8')) as readonly number[];
    for (const number of numbers) taken.add(number);
  }
  const missed = counted.branches.filter((_, number) => !taken.has(number));
  return { branches: counted.branches.length, missed };
}
