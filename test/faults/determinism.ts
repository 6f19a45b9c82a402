/** R3: a seed is a history: run twice, the same turns in the same order, and the same bytes in the store. */
import { runHistory } from '../model/history.js';
import { programOf } from '../model/program.js';
import { type FaultLine, type FaultOptions, scaled } from './line.js';

const SEEDS = 200;

export async function determinism(options: FaultOptions): Promise<FaultLine> {
  const { seed } = options;
  const violations: string[] = [];
  const count = scaled(SEEDS, options);
  const hashes = new Set<string>();
  for (let at = 0; at < count; at++) {
    const own = seed * SEEDS + at;
    const first = await runHistory(programOf(own), own);
    const again = await runHistory(programOf(own), own);
    hashes.add(first.traceHash);
    if (first.traceHash !== again.traceHash) violations.push(`seed ${own}: the traces differ`);
    if (textOf(first.log) !== textOf(again.log)) violations.push(`seed ${own}: the logs differ`);
  }
  // A hash of nothing would be the same every time, too.
  if (hashes.size < count) violations.push(`${count} seeds gave ${hashes.size} different traces`);
  return { id: 'R3', what: 'seeds run twice, traces and logs equal', count, seed, violations };
}

function textOf(log: ReadonlyMap<string, string>): string {
  return JSON.stringify([...log]);
}
