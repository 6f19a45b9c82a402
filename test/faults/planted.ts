/** R13: what the checks are worth: known mistakes, put in from outside, are caught. */
import { medianSeeds, tryAll } from '../planted/catch.js';
import { PLANTED_FAULTS } from '../planted/faults.js';
import { LIMIT } from '../planted/planted.js';
import { type FaultLine, type FaultOptions, scaled } from './line.js';

export async function planted(options: FaultOptions): Promise<FaultLine> {
  const faults = PLANTED_FAULTS.slice(0, scaled(PLANTED_FAULTS.length, options));
  const trials = await tryAll(faults);
  const missed = trials.filter(({ caught }) => caught === undefined);
  return {
    id: 'R13',
    what: `planted faults, the median caught at seed ${medianSeeds(trials)}`,
    count: trials.length,
    seed: 1,
    violations: missed.map(({ fault }) => `${fault.name} is missed in ${LIMIT} seeds`),
  };
}
