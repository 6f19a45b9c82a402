/** What a check of `npm run test:faults` takes, and the line that it answers with. */

/** Circumstances under which histories, sweeps and races must come out as they do without. */
export const VARIANTS = ['no-locks', 'skew', 'stale-lists'] as const;
export type Variant = (typeof VARIANTS)[number];

export interface FaultOptions {
  readonly seed: number;
  /** 1 for the figures of one CI run; a tenth of them is 0.1. A check rounds up, and counts at least one. */
  readonly scale: number;
  /** Absent for the circumstances of every day. */
  readonly variant?: Variant | undefined;
}

/** What one check counted, and every rule that it saw broken. */
export interface FaultLine {
  /** `R1`, or the name of a variant. */
  readonly id: string;
  /** What was counted, without the number: `seeded histories`. */
  readonly what: string;
  readonly count: number;
  readonly seed: number;
  /** Each broken rule with what repeats it; none when all is as it must be. */
  readonly violations: readonly string[];
}

/** One check. It shares nothing with another: each runs in a process of its own, from the package's root. */
export type Check = (options: FaultOptions) => Promise<FaultLine>;

/** How many of `figure` are due at this scale. */
export function scaled(figure: number, { scale }: FaultOptions): number {
  return Math.max(1, Math.ceil(figure * scale));
}

/** `R2 seeded histories: 5,000 counted, seed 1, 0 violations, 41 s` */
export function formatLine({ id, what, count, seed, violations }: FaultLine, ms: number): string {
  const counted = count.toLocaleString('en-US');
  const seconds = Math.round(ms / 1000);
  return `${id} ${what}: ${counted} counted, seed ${seed}, ${violations.length} violations, ${seconds} s`;
}
