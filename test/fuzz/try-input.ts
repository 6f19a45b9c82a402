/** One damaged input against Varve: what came of it. */
import { isVarveError } from '../../src/errors.js';
import { Chance } from './chance.js';
import { KINDS, type Kind } from './kinds.js';
import type { Damaged } from './mutate-bytes.js';
import type { Base, Objects } from './overlay-store.js';

/**
 * `right`: the answer of the undamaged input. `edited`: the bytes mean something else by the format's own rules, and the
 * answer is what an independent reader makes of them. `typed`: a typed error. The others are violations, `other` (rows
 * that are neither) only where something in the format could have shown the damage.
 */
export type Outcome = 'right' | 'edited' | 'typed' | 'other' | 'crash';

export interface Verdict {
  readonly outcome: Outcome;
  readonly milliseconds: number;
  /** What was answered or thrown. */
  readonly detail: string;
}

/** Slower than this is a violation. */
export const SLOW_MS = 2000;
/** An answer that has not come after this never comes. */
export const HANG_MS = 10_000;

/**
 * What bad bytes may be answered with. Not INTERNAL, and not INVALID_ARGUMENT, which would say that the caller is at
 * fault.
 */
const TYPED = ['CORRUPT_DATA', 'UNSUPPORTED_FEATURE', 'LIMIT', 'NOT_FOUND', 'DATA_GONE'] as const;

export function kindNamed(name: string): Kind {
  const kind = KINDS.find((each) => each.name === name);
  if (kind !== undefined) return kind;
  throw new Error(
    `there is no kind ${name}; there are: ${KINDS.map((each) => each.name).join(', ')}`,
  );
}

/** The input of a kind at an index: the base and its damaged object. */
export function inputAt(
  bases: ReadonlyMap<string, Base>,
  kind: Kind,
  place: { readonly seed: number; readonly index: number },
): { readonly base: Base; readonly damaged: Damaged } {
  const chance = new Chance(place.seed, KINDS.indexOf(kind), place.index);
  const base = chance.pick([...bases.values()].filter(({ name }) => kind.bases.test(name)));
  return { base, damaged: kind.damage(base, chance) };
}

/** The base with its damaged object. */
export function withDamage(base: Base, { key, bytes }: Pick<Damaged, 'key' | 'bytes'>): Objects {
  return new Map([...base.objects, [key, bytes]]);
}

/** Reads the damaged objects and compares with `reference`, the answer of the undamaged ones. */
export async function tryInput(kind: Kind, objects: Objects, reference: string): Promise<Verdict> {
  const start = performance.now();
  const answer = await inTime(settled(kind.read(objects)));
  const milliseconds = performance.now() - start;
  if ('error' in answer) {
    const { error } = answer;
    const outcome = isVarveError(error, ...TYPED) ? 'typed' : 'crash';
    return { outcome, milliseconds, detail: errorText(error) };
  }
  const { text } = answer;
  if (text === reference) return { outcome: 'right', milliseconds, detail: '' };
  const second = await secondText(kind, objects);
  const outcome = text === second ? 'edited' : 'other';
  return { outcome, milliseconds, detail: outcome === 'other' ? difference(reference, text) : '' };
}

type Answer = { readonly text: string } | { readonly error: unknown };

async function settled(reading: Promise<string>): Promise<Answer> {
  try {
    return { text: await reading };
  } catch (error) {
    return { error };
  }
}

async function inTime(answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve({ error: new Error('it never settles') }), HANG_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function secondText(kind: Kind, objects: Objects): Promise<string | undefined> {
  try {
    return await kind.second?.(objects);
  } catch {
    return undefined;
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const SHOWN = 120;

function difference(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const from = Math.max(0, at - SHOWN / 2);
  return `at ${at}: expected ${expected.slice(from, at + SHOWN)}\n   got ${actual.slice(from, at + SHOWN)}`;
}
