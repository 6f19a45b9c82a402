/** Every check of `npm run test:faults` by its id; those that take longest come first. */

import { localKills, wireKills } from '../processes/kills.js';
import { races } from '../processes/race.js';
import { wireAmbiguities } from '../processes/wire-ambiguity.js';
import { ambiguity } from './ambiguity.js';
import { determinism } from './determinism.js';
import { failNth } from './fail-nth.js';
import { histories } from './histories.js';
import type { Check } from './line.js';
import { planted } from './planted.js';
import { powerLoss } from './power-loss.js';
import { protocol } from './protocol.js';
import { soak } from './soak.js';
import { sum } from './sum.js';
import { variant } from './variants.js';

const AMBIGUOUS = { id: 'R9', what: 'ambiguous puts of commits, settled' } as const;

export const CHECKS: Readonly<Record<string, Check>> = {
  R6: localKills,
  R2: histories,
  R1: protocol,
  R13: planted,
  R4: failNth,
  R5: powerLoss,
  R15: soak,
  'no-locks': variant('no-locks'),
  skew: variant('skew'),
  'stale-lists': variant('stale-lists'),
  R9: async (options) => await sum(AMBIGUOUS, [ambiguity, wireAmbiguities], options),
  R3: determinism,
  R7: wireKills,
  R8: races,
};
