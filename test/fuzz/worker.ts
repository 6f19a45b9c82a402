/** The process that tries inputs: told which, it answers with counts and with what went wrong. */
import { loadBases } from './bases.js';
import { KINDS, type Kind } from './kinds.js';
import type { Base } from './overlay-store.js';
import { emptyTally, isViolation, type Tally } from './tally.js';
import { inputAt, kindNamed, SLOW_MS, tryInput, withDamage } from './try-input.js';

/** Inputs `from` (inclusive) to `to` (exclusive) of one kind. */
export interface Batch {
  readonly kind: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Whether each index is told before it is tried: when a batch has ended its process, to find out which input did. */
  readonly stepwise: boolean;
}

export interface Violation {
  readonly kind: string;
  readonly index: number;
  readonly what: string;
}

export type FromWorker =
  | { readonly type: 'at'; readonly index: number }
  | { readonly type: 'beat' }
  | { readonly type: 'done'; readonly tally: Tally; readonly found: readonly Violation[] };

/** More memory than this at any time is a violation. */
export const BIG_BYTES: number = 512 * 1024 * 1024;

const BEAT_MS = 1000;

/** Answers batches until the parent hangs up. */
export async function serve(): Promise<void> {
  const bases = await loadBases();
  const references = new Map<string, string>();
  let unhandled: string | undefined;
  process.on('unhandledRejection', (reason) => {
    unhandled = `unhandled rejection: ${String(reason)}`;
  });
  process.on('uncaughtException', (error) => {
    unhandled = `uncaught exception: ${error.stack ?? error.message}`;
  });
  const takeUnhandled = (): string | undefined => {
    const taken = unhandled;
    unhandled = undefined;
    return taken;
  };
  process.on('message', (batch: Batch) => void answer(batch, { bases, references, takeUnhandled }));
  process.on('disconnect', () => process.exit(0));
}

interface Session {
  readonly bases: ReadonlyMap<string, Base>;
  readonly references: Map<string, string>;
  takeUnhandled(): string | undefined;
}

async function answer(batch: Batch, session: Session): Promise<void> {
  const kind = kindNamed(batch.kind);
  const tally = emptyTally();
  const found: Violation[] = [];
  let beat = performance.now();
  for (let index = batch.from; index < batch.to; index++) {
    if (batch.stepwise) await send({ type: 'at', index });
    const what = await tryOne(kind, { seed: batch.seed, index }, session, tally);
    for (const text of what) found.push({ kind: kind.name, index, what: text });
    if (performance.now() - beat > BEAT_MS) {
      beat = performance.now();
      await send({ type: 'beat' });
    }
  }
  await send({ type: 'done', tally, found });
}

async function tryOne(
  kind: Kind,
  place: { readonly seed: number; readonly index: number },
  session: Session,
  tally: Tally,
): Promise<readonly string[]> {
  const { base, damaged } = inputAt(session.bases, kind, place);
  const reference = await referenceOf(kind, base, session);
  const before = peakBytes();
  const verdict = await tryInput(kind, withDamage(base, damaged), reference);
  const unhandled = session.takeUnhandled();
  const outcome = unhandled === undefined ? verdict.outcome : 'crash';
  const isSlow = verdict.milliseconds > SLOW_MS;
  const after = peakBytes();
  const isBig = after > BIG_BYTES && before <= BIG_BYTES;
  tally.inputs++;
  tally[outcome]++;
  if (isSlow) tally.slow++;
  if (isBig) tally.big++;
  const about = `${base.name} ${damaged.key} ${damaged.what}`;
  const what: string[] = [];
  if (isViolation(kind, outcome))
    what.push(`${outcome}: ${about}\n   ${unhandled ?? verdict.detail}`);
  if (isSlow) what.push(`slow: ${about}: ${Math.round(verdict.milliseconds)} ms`);
  if (isBig) what.push(`big: ${about}: ${before} -> ${after} bytes`);
  return what;
}

/** The undamaged answer: a base that cannot be read says nothing, so that ends the run. */
export async function referenceOf(
  kind: Kind,
  base: Base,
  session: Pick<Session, 'references'>,
): Promise<string> {
  const name = `${KINDS.indexOf(kind)} ${base.name}`;
  const known = session.references.get(name);
  if (known !== undefined) return known;
  const reference = await kind.read(base.objects);
  session.references.set(name, reference);
  return reference;
}

/** The most memory this process has had so far. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

function send(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve());
  });
}
