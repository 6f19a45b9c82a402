/** R9 in simulation: commits of which most puts are answered by nothing, each settled exactly once, every one judged. */
import { runHistory } from '../model/history.js';
import { judge } from '../model/judge.js';
import type { Program, Step } from '../model/step.js';
import { type FaultLine, type FaultOptions, scaled } from './line.js';

const AMBIGUOUS = 10_000;
/** Beyond those of the histories that R2 runs. */
const FIRST_SEED = 500_000_000;
const RATES = { putIfAbsent: { 'lost-request': 0.25, 'late-request': 0.2, 'lost-reply': 0.35 } };

const STEPS: readonly Step[] = [
  { kind: 'append', part: 'p' },
  { kind: 'replace', part: 'q' },
  { kind: 'append', part: 'q' },
];
const PROGRAM: Program = [STEPS, STEPS, STEPS.toReversed(), [{ kind: 'once', sequence: 1 }]];

/** Counts puts that were answered by nothing, not histories. */
export async function ambiguity(options: FaultOptions): Promise<FaultLine> {
  const { seed } = options;
  const wanted = scaled(AMBIGUOUS, options);
  const violations: string[] = [];
  let count = 0;
  for (let own = FIRST_SEED + seed * 100_000; count < wanted; own++) {
    const history = await runHistory(PROGRAM, own, { rates: RATES });
    count += history.ambiguous ?? 0;
    for (const { rule, detail } of judge(history)) {
      violations.push(`history ${own}: ${rule}; ${detail}`);
    }
  }
  return { id: 'R9', what: 'ambiguous puts of commits, settled', count, seed, violations };
}
