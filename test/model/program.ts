/** Random programs: writers, one who keeps house and one who reads. */
import { seededNumbers } from '../../src/testing/index.js';
import { PARTS, type Program, type Step, type Together } from './step.js';

/** Of so many steps of a writer each kind is so many. */
const WRITES = {
  append: 8,
  pair: 3,
  group: 2,
  buffer: 2,
  once: 3,
  replace: 5,
  swap: 3,
  overwrite: 2,
  sum: 2,
  both: 1,
  alter: 1,
  compact: 3,
  read: 2,
} as const;
const HOUSEKEEPING = { checkpoint: 3, clean: 1, compact: 2, pin: 1 } as const;
const READS = { read: 3, travel: 2, pin: 1 } as const;
/** What one handle is asked for at once. */
const AT_ONCE = { append: 6, read: 14, group: 1, once: 1, replace: 1, sum: 1 } as const;
const PINNABLE_BACK = 3;

type Drawn = Exclude<Step['kind'], 'resolve' | 'track' | 'instant' | 'fetch'>;

/** In one history of so many, rows get ids while others write; in one, old commits are asked after while they go. */
const TRACKS_EVERY = 9;
const RESOLVES_EVERY = 8;
/** In one history of so many, an actor does two or three things at once. */
const TOGETHER_EVERY = 4;

/** The program of a seed: two or three writers, one to three steps each; a housekeeper and a reader. */
export function programOf(seed: number): Program {
  const random = seededNumbers(seed ^ 0x5bd1e995);
  const below = (limit: number): number => Math.floor(random() * limit);
  const drawn = (weights: Readonly<Partial<Record<Drawn, number>>>): Step => {
    const entries = Object.entries(weights);
    let position = below(entries.reduce((sum, [, weight]) => sum + weight, 0));
    let chosen: string = 'read';
    for (const [kind, weight] of entries) {
      if (position >= 0 && position < weight) chosen = kind;
      position -= weight;
    }
    return stepOf(chosen as Drawn, below);
  };
  const steps = (weights: Parameters<typeof drawn>[0], most: number): readonly Step[] =>
    Array.from({ length: 1 + below(most) }, () => drawn(weights));
  const writers: (readonly (Step | Together)[])[] = Array.from({ length: 2 + below(2) }, () =>
    steps(WRITES, 3),
  );
  const keeper = steps(HOUSEKEEPING, 2);
  const reader = steps(READS, 2);
  // What else is drawn stays as it was, whatever comes to it here.
  const first = writers[0] ?? [];
  if (seed % TRACKS_EVERY === 4) writers[0] = first.toSpliced(below(first.length + 1), 0, TRACK);
  if (seed % TOGETHER_EVERY === 2) {
    const lanes = Array.from({ length: 2 + below(2) }, () => steps(AT_ONCE, 3));
    const second = writers[1] ?? [];
    writers[1] = second.toSpliced(below(second.length + 1), 0, { kind: 'together', lanes });
  }
  if (seed % RESOLVES_EVERY !== 5) return [...writers, keeper, reader];
  const resolve = { kind: 'resolve', version: below(3) } as const;
  const instant = { kind: 'instant', back: below(3) } as const;
  const late = [instant, FETCH, resolve] as const;
  return [...writers, [...keeper, CLEAN, resolve], [...reader, ...late]];
}

const CLEAN = { kind: 'clean' } as const;
const FETCH = { kind: 'fetch' } as const;
const TRACK = { kind: 'track' } as const;

function stepOf(kind: Drawn, below: (limit: number) => number): Step {
  const part = PARTS[below(PARTS.length)] ?? 'p';
  switch (kind) {
    case 'once':
      return { kind, sequence: 1 + below(3) };
    case 'swap':
      return { kind, slot: below(2) };
    case 'travel':
      return { kind, back: below(PINNABLE_BACK) };
    case 'alter':
      return below(2) === 0 ? { kind } : { kind, turnOn: 'delta.enableInCommitTimestamps' };
    case 'sum':
    case 'buffer':
    case 'append':
    case 'pair':
    case 'group':
    case 'replace':
    case 'compact':
      return { kind, part };
    default:
      return { kind };
  }
}
