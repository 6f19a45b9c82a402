/** Histories, sweeps and races again, under other circumstances, at a tenth of their figures: one line for each. */
import { histories } from './histories.js';
import type { Check, Variant } from './line.js';

/** What is run again; each takes `variant`. */
const AGAIN: readonly Check[] = [histories];
const SHARE = 0.1;

export function variant(name: Variant): Check {
  return async ({ seed, scale }) => {
    let count = 0;
    const violations: string[] = [];
    for (const check of AGAIN) {
      const line = await check({ seed, scale: scale * SHARE, variant: name });
      count += line.count;
      violations.push(...line.violations.map((violation) => `${line.id}: ${violation}`));
    }
    return { id: name, what: WHAT[name], count, seed, violations };
  };
}

const WHAT: Readonly<Record<Variant, string>> = {
  'no-locks': 'cases with locks that hold nobody',
  skew: 'cases with clocks that are years apart',
  'stale-lists': 'cases with listings that are behind',
};
