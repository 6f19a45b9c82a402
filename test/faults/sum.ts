/** Several checks as one line. */
import type { Check, FaultLine, FaultOptions } from './line.js';

/** Runs them one after the other; each violation says whose it is. */
export async function sum(
  { id, what }: Pick<FaultLine, 'id' | 'what'>,
  checks: readonly Check[],
  options: FaultOptions,
): Promise<FaultLine> {
  let count = 0;
  const violations: string[] = [];
  for (const check of checks) {
    const line = await check(options);
    count += line.count;
    violations.push(...line.violations.map((violation) => `${line.id}: ${violation}`));
  }
  return { id, what, count, seed: options.seed, violations };
}
