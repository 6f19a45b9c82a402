/** Counts by kind, and what is a violation. */
import type { Kind } from './kinds.js';
import type { Outcome } from './try-input.js';

export interface Tally {
  inputs: number;
  right: number;
  edited: number;
  typed: number;
  other: number;
  crash: number;
  slow: number;
  big: number;
}

export function emptyTally(): Tally {
  return { inputs: 0, right: 0, edited: 0, typed: 0, other: 0, crash: 0, slow: 0, big: 0 };
}

export function addTo(sum: Tally, more: Readonly<Tally>): void {
  for (const name of Object.keys(sum) as (keyof Tally)[]) sum[name] += more[name];
}

/** Whether an outcome breaks the promise of R10: damaged input gives the right rows or a typed error. */
export function isViolation(kind: Kind, outcome: Outcome): boolean {
  return outcome === 'crash' || (outcome === 'other' && kind.mayDiffer !== true);
}

export function violations(kind: Kind, tally: Readonly<Tally>): number {
  const other = kind.mayDiffer === true ? 0 : tally.other;
  return other + tally.crash + tally.slow + tally.big;
}

const COLUMNS: readonly (readonly [string, (tally: Readonly<Tally>) => number])[] = [
  ['inputs', ({ inputs }) => inputs],
  ['right rows', ({ right, edited }) => right + edited],
  ['(edited)', ({ edited }) => edited],
  ['typed errors', ({ typed }) => typed],
  ['other rows', ({ other }) => other],
  ['crashes', ({ crash }) => crash],
  ['slow', ({ slow }) => slow],
  ['big', ({ big }) => big],
];

/** The report: a head, and a line for each kind. */
export function report(tallies: ReadonlyMap<Kind, Readonly<Tally>>): string {
  const line = (name: string, cells: readonly string[]): string =>
    [
      name.padEnd(22),
      ...cells.map((cell, at) => cell.padStart((COLUMNS[at]?.[0].length ?? 0) + 2)),
    ].join('');
  const head = line(
    'kind',
    COLUMNS.map(([name]) => name),
  );
  const lines = [...tallies].map(([kind, tally]) =>
    line(
      kind.name,
      COLUMNS.map(([, count]) => String(count(tally))),
    ),
  );
  return [head, ...lines].join('\n');
}
