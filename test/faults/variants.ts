/** Histories, sweeps and races again, under other circumstances, at a tenth of their figures: one line for each. */
import { races } from '../processes/race.js';
import { failNth } from './fail-nth.js';
import { histories } from './histories.js';
import type { Check, Variant } from './line.js';
import { sum } from './sum.js';

/** What is run again; each takes `variant`. */
const AGAIN: readonly Check[] = [histories, failNth, races];
const SHARE = 0.1;

export function variant(name: Variant): Check {
  return async ({ seed, scale }) =>
    await sum({ id: name, what: WHAT[name] }, AGAIN, {
      seed,
      scale: scale * SHARE,
      variant: name,
    });
}

const WHAT: Readonly<Record<Variant, string>> = {
  'no-locks': 'cases with locks that hold nobody',
  skew: 'cases with clocks that are years apart',
  'stale-lists': 'cases with listings that are behind',
};
