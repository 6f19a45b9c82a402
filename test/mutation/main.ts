/**
 * `npm run test:mutation [-- --module NAME]`: how much the tests of the modules that decide whether a commit is right
 * would notice. Each branch must be taken; of small mistakes made one at a time, most must make a test fail.
 */
import { parseArgs } from 'node:util';
import { measure } from './measure.js';
import { measureModule } from './measure-module.js';
import { type Held, MODULES } from './modules.js';

/** The least share of mutants that a test must notice, in percent, over all modules. */
const LEAST_SCORE = 90;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      module: { type: 'string', multiple: true },
      /** For the process that runs the tests: the one module, and its first mutant. */
      measure: { type: 'string' },
      from: { type: 'string' },
    },
  });
  const { measure: file, from, module: wanted } = values;
  const one = MODULES.find((held) => held.file === file);
  if (one !== undefined) {
    await measure(one, Number(from));
    return 0;
  }
  const isWanted = (held: Held): boolean =>
    wanted?.some((name) => held.file.endsWith(`/${name}.ts`)) ?? true;
  const sum = { branches: 0, taken: 0, mutants: 0, noticed: 0 };
  for (const held of MODULES.filter(isWanted)) {
    const { branches, missed, mutants, survivors } = await measureModule(held);
    sum.branches += branches;
    sum.taken += branches - missed.length;
    sum.mutants += mutants;
    sum.noticed += mutants - survivors.length;
    console.log(
      `${held.file}: ${branches - missed.length} of ${branches} branches, ` +
        `${mutants - survivors.length} of ${mutants} mutants`,
    );
    for (const branch of missed) console.log(`  not taken: ${branch}`);
    for (const survivor of survivors) console.log(`  not noticed: ${survivor}`);
  }
  const share = (100 * sum.noticed) / sum.mutants;
  console.log(
    `${sum.taken} of ${sum.branches} branches taken; ` +
      `${sum.noticed} of ${sum.mutants} mutants noticed, ${share.toFixed(1)} %`,
  );
  return sum.taken === sum.branches && share >= LEAST_SCORE ? 0 : 1;
}

process.exitCode = await main();
