/** One workload with Varve, in a process of its own. One untimed run comes first. */
import { VERSION } from 'varve';
import type { Measured } from './measured.js';
import { peakMb } from './peak.js';
import { type Workload, workload } from './workload.js';

/** Runs a workload `runs` times. @throws {RangeError} when there is none of that name */
export async function runOurs(name: string, data: string, runs: number): Promise<Measured> {
  const chosen = workload(name, data);
  if (chosen === undefined) throw new RangeError(`there is no workload ${name}`);
  const seconds: number[] = [];
  let peakRssMb = 0;
  let check: unknown;
  for (let run = 0; run <= runs; run++) {
    globalThis.gc?.();
    const once = await runOnce(chosen, run === runs);
    peakRssMb = once.peakRssMb;
    if (run > 0) seconds.push(Math.round(once.seconds * 1e6) / 1e6);
    check = once.check;
  }
  return { workload: name, engine: 'varve', version: VERSION, seconds, peakRssMb, check };
}

/** In a function of its own, so that nothing of a run is held during the next. */
async function runOnce(
  chosen: Workload,
  isLast: boolean,
): Promise<{ readonly seconds: number; readonly peakRssMb: number; readonly check: unknown }> {
  const prepared = await chosen.prepare?.();
  const start = performance.now();
  const result = await chosen.run(prepared);
  const seconds = (performance.now() - start) / 1000 / (chosen.repeats ?? 1);
  // The peak is that of the work: the check may hold what the work lets go.
  const peakRssMb = peakMb();
  const check = isLast ? await chosen.check(result) : undefined;
  chosen.cleanUp?.(prepared);
  return { seconds, peakRssMb, check };
}
