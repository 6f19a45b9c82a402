/**
 * `npm run test:mutation [-- --module NAME]`: how much the tests of the modules that decide whether a commit is right
 * would notice. Each branch must be taken; of small mistakes made one at a time, most must make a test fail.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { counting } from './branches.js';
import { type Held, MODULES } from './modules.js';
import { mutantsOf } from './mutants.js';
import { COUNTS, TestRunner } from './test-runner.js';

/** The least share of mutants that a test must notice, in percent, over all modules. */
const LEAST_SCORE = 90;
/** A mutant whose tests take longer is taken for noticed: it loops. */
const ONE_MUTANT_MS = 60_000;

interface Score {
  branches: number;
  taken: number;
  mutants: number;
  noticed: number;
}

async function hold(held: Held, score: Score): Promise<void> {
  const code = readFileSync(held.file, 'utf8');
  const runner = await TestRunner.of(held);
  const counted = counting(code);
  rmSync(COUNTS, { recursive: true, force: true });
  if (!(await runner.passes(counted.code)))
    throw new Error(`${held.file}: its tests fail as it is`);
  const taken = takenBranches();
  const missed = counted.branches.filter((_, number) => !taken.has(number));
  const survivors: string[] = [];
  const mutants = mutantsOf(code);
  for (const { code: mutant, line, what } of mutants) {
    const passes = await Promise.race([runner.passes(mutant), after(ONE_MUTANT_MS)]);
    if (passes) survivors.push(`line ${line}: ${what}`);
  }
  await runner.close();
  score.branches += counted.branches.length;
  score.taken += counted.branches.length - missed.length;
  score.mutants += mutants.length;
  score.noticed += mutants.length - survivors.length;
  console.log(
    `${held.file}: ${counted.branches.length - missed.length} of ${counted.branches.length} branches, ` +
      `${mutants.length - survivors.length} of ${mutants.length} mutants`,
  );
  for (const branch of missed) console.log(`  not taken: ${branch}`);
  for (const survivor of survivors) console.log(`  not noticed: ${survivor}`);
}

function takenBranches(): ReadonlySet<number> {
  const taken = new Set<number>();
  for (const name of readdirSync(COUNTS)) {
    const numbers = JSON.parse(readFileSync(`${COUNTS}/${name}`, 'utf8')) as readonly number[];
    for (const number of numbers) taken.add(number);
  }
  return taken;
}

async function after(delayMs: number): Promise<false> {
  return await new Promise((resolve) => {
    setTimeout(() => {
      resolve(false);
    }, delayMs).unref();
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { module: { type: 'string', multiple: true } } });
  const wanted = values.module;
  const score: Score = { branches: 0, taken: 0, mutants: 0, noticed: 0 };
  for (const held of MODULES) {
    if (wanted !== undefined && !wanted.some((name) => held.file.endsWith(`/${name}.ts`))) continue;
    await hold(held, score);
  }
  const share = (100 * score.noticed) / score.mutants;
  console.log(
    `${score.taken} of ${score.branches} branches taken; ` +
      `${score.noticed} of ${score.mutants} mutants noticed, ${share.toFixed(1)} %`,
  );
  return score.taken === score.branches && share >= LEAST_SCORE ? 0 : 1;
}

process.exitCode = await main();
