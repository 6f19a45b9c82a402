/**
 * `npm run test:planted -- [--fault NAME]`: shows that the checks have teeth. Without a fault they find nothing; each
 * planted fault is caught within a thousand seeds. The last line is `caught N of N`.
 */
import { parseArgs } from 'node:util';
import { medianSeeds, tryAll, tryNothing } from './catch.js';
import { PLANTED_FAULTS } from './faults.js';

/** Seeds of each check that must find nothing. */
const CLEAN = 100;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { fault: { type: 'string' } } });
  const faults = PLANTED_FAULTS.filter(({ name }) => name === (values.fault ?? name));
  if (faults.length === 0) {
    console.error(`there is no fault ${values.fault}; there are:`);
    for (const { name } of PLANTED_FAULTS) console.error(`  ${name}`);
    return 2;
  }
  if (values.fault === undefined) {
    const found = await tryNothing(CLEAN);
    for (const [check, { seeds, violation }] of found) {
      console.log(`without a fault: ${check}, seed ${seeds}: ${violation}`);
    }
    if (found.size > 0) return 1;
    console.log(`without a fault: ${CLEAN} seeds of each check, 0 violations`);
  }
  const trials = await tryAll(faults, ({ fault: { name, check }, caught }) => {
    console.log(
      caught === undefined
        ? `${name}: missed by ${check}`
        : `${name}: ${check}, seed ${caught.seeds}: ${caught.violation}`,
    );
  });
  const caught = trials.filter((trial) => trial.caught !== undefined);
  console.log(`half of them were caught within ${medianSeeds(trials)} seeds`);
  console.log(`caught ${caught.length} of ${faults.length}`);
  return caught.length === faults.length ? 0 : 1;
}

process.exitCode = await main();
