/** What was measured of a workload, and whether it is good enough. */
import type { Measured } from './measured.js';

/** The most that a workload may take. */
export interface Bar {
  /** Of the time of delta-rs. */
  readonly deltaRs?: number;
  /** Of the time of the bare loop. */
  readonly bareLoop?: number;
  /** By itself, where no peer has the workload. */
  readonly seconds?: number;
  /** Peak memory. */
  readonly rssMb?: number;
}

/** Every process that ran one workload. */
export interface Runs {
  readonly workload: string;
  readonly ours: readonly Measured[];
  /** Under the Node that started the benchmark. */
  readonly beside: Measured;
  readonly deltaRs: readonly Measured[];
  readonly bareLoop: readonly Measured[];
}

/** What of the bar was missed, in words; empty when all is met. */
export function missed(runs: Runs, bar: Bar): readonly string[] {
  const mine = median(runs.ours);
  const held = (name: string, value: number, most: number | undefined): string[] =>
    most === undefined || value <= most ? [] : [`${name} ${short(value)}, at most ${most}`];
  return [
    ...held('ratio to delta-rs', mine / median(runs.deltaRs), bar.deltaRs),
    ...held('ratio to the bare loop', mine / median(runs.bareLoop), bar.bareLoop),
    ...held('seconds', mine, bar.seconds),
    ...held('peak MB', peak(runs.ours), bar.rssMb),
  ];
}

/** In which processes the answer differs from the others', in words. The bare loop only counts its rows. */
export function disagreements(runs: Runs): readonly string[] {
  const all = [...runs.deltaRs, ...runs.ours, runs.beside];
  const [first] = all;
  const rows = (first?.check as { readonly rows?: unknown } | undefined)?.rows;
  const odd = [
    ...all.filter(({ check }) => check === undefined || !isSame(check, first?.check)),
    ...runs.bareLoop.filter(({ check }) => !isSame(check, { rows })),
  ];
  return odd.map(
    ({ engine, check }) =>
      `${engine} found ${JSON.stringify(check)} and ${first?.engine} ${JSON.stringify(first?.check)}`,
  );
}

export const HEADINGS = [
  'workload',
  'Varve',
  'beside',
  'delta-rs',
  'ratio',
  'peak MB',
  'beside',
  'delta-rs',
  'bar',
] as const;

/** One line of the table, a cell for each of {@link HEADINGS}. */
export function cells(runs: Runs, verdict: string): readonly string[] {
  const { ours, beside, deltaRs, bareLoop } = runs;
  const ratio = (others: readonly Measured[]): string => (median(ours) / median(others)).toFixed(2);
  const hasPeer = deltaRs.length > 0;
  const bare = bareLoop.length === 0 ? '' : `, ${ratio(bareLoop)} of the bare loop`;
  return [
    runs.workload,
    `${short(median(ours))} s`,
    `${short(median([beside]))} s`,
    hasPeer ? `${short(median(deltaRs))} s` : '',
    hasPeer ? ratio(deltaRs) + bare : '',
    String(peak(ours)),
    String(peak([beside])),
    hasPeer ? String(peak(deltaRs)) : '',
    verdict,
  ];
}

function median(measured: readonly Measured[]): number {
  const all = measured.flatMap(({ seconds }) => seconds).toSorted((a, b) => a - b);
  const low = all[Math.floor((all.length - 1) / 2)] ?? Number.NaN;
  const high = all[Math.floor(all.length / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

/** Hundredths, and of what is shorter than that, more. */
function short(seconds: number): string {
  return seconds < 0.1 ? seconds.toPrecision(2) : seconds.toFixed(2);
}

function peak(measured: readonly Measured[]): number {
  return Math.max(...measured.map(({ peakRssMb }) => peakRssMb));
}

/** Sums beyond 2^53 are compared as the doubles that JSON makes of them. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
