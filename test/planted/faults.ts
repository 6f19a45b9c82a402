/** Every planted fault, in the order in which they are tried. */

import type { Planted } from '../model/history.js';
import { COMMIT_FAULTS } from './commit-faults.js';
import { OTHER_FAULTS } from './other-faults.js';
import type { PlantedFault } from './planted.js';
import { TRACKER_FAULTS } from './tracker-faults.js';

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  ...COMMIT_FAULTS,
  ...OTHER_FAULTS,
  ...TRACKER_FAULTS,
];

/** Those that need no other sources, by name. */
export const PLANTED: Readonly<Record<string, Planted>> = Object.fromEntries(
  PLANTED_FAULTS.flatMap(({ name, seam, edits }) =>
    seam === undefined || edits !== undefined ? [] : [[name, seam]],
  ),
);
