/** Random programs: several actors with a few steps each. */
import { seededNumbers } from '../../src/testing/index.js';
import { PARTS, type Program, type Step } from './history.js';

/** The program of a seed: two to four actors, one to three steps each. */
export function programOf(seed: number): Program {
  const random = seededNumbers(seed ^ 0x5bd1e995);
  const below = (limit: number): number => Math.floor(random() * limit);
  const step = (): Step => {
    const part = PARTS[below(PARTS.length)] ?? 'p';
    const position = below(10);
    if (position < 4) return { kind: 'append', part };
    if (position < 5) return { kind: 'once', sequence: 1 + below(3) };
    if (position < 7) return { kind: 'replace', part };
    return position < 8 ? { kind: 'overwrite' } : { kind: 'read' };
  };
  const steps = (): readonly Step[] => Array.from({ length: 1 + below(3) }, step);
  return Array.from({ length: 2 + below(3) }, steps);
}
