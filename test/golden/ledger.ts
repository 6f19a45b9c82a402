import { readFileSync, writeFileSync } from 'node:fs';
import type { Outcome } from './outcome.js';

/** What every probe is expected to do: `pass`, or `refused: <what is missing>`. */
export type Ledger = ReadonlyMap<string, string>;

const ledgerPath = new URL('ledger.json', import.meta.url);

export function readLedger(): Ledger {
  return new Map(Object.entries(JSON.parse(readFileSync(ledgerPath, 'utf8')) as object));
}

/** Writes the ledger sorted, a probe a line; a probe that fails has no line. */
export function writeLedger(outcomes: ReadonlyMap<string, Outcome>): void {
  const lines = [...outcomes]
    .filter(([, outcome]) => outcome.status !== 'fail')
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, outcome]) => `  ${JSON.stringify(id)}: ${JSON.stringify(entryOf(outcome))}`);
  writeFileSync(ledgerPath, `{\n${lines.join(',\n')}\n}\n`);
}

/** Each way in which reality and the ledger differ, a line each. A failure differs from any ledger. */
export function differences(ledger: Ledger, outcomes: ReadonlyMap<string, Outcome>): string[] {
  const gone = [...ledger.keys()].filter((id) => !outcomes.has(id));
  const changed = [...outcomes].flatMap(([id, outcome]) => {
    if (outcome.status === 'fail') return [`${id}: FAILS: ${outcome.reason}`];
    const [expected, actual] = [ledger.get(id), entryOf(outcome)];
    return expected === actual
      ? []
      : [`${id}: ${actual}; the ledger says ${expected ?? 'nothing'}`];
  });
  return [...changed, ...gone.map((id) => `${id}: in the ledger, but no such probe`)];
}

/** `N pass, N refused, N fail`. */
export function countLine(outcomes: Iterable<Outcome>): string {
  const counts = { pass: 0, refused: 0, fail: 0 };
  for (const { status } of outcomes) counts[status]++;
  return `${counts.pass} pass, ${counts.refused} refused, ${counts.fail} fail`;
}

function entryOf(outcome: Outcome): string {
  return outcome.status === 'refused' ? `refused: ${outcome.by}` : outcome.status;
}
