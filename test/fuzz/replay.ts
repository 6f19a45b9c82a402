/** One input again, shown; and kept as a regression when it is told to. */
import { writeFileSync } from 'node:fs';
import { loadBases } from './bases.js';
import type { Kind } from './kinds.js';
import { isViolation } from './tally.js';
import { inputAt, SLOW_MS, tryInput, withDamage } from './try-input.js';

/** A damaged object that was answered wrongly once. */
export interface Regression {
  readonly kind: string;
  readonly base: string;
  readonly key: string;
  /** What went wrong. */
  readonly found: string;
  /** Base64. */
  readonly bytes: string;
}

export const REGRESSIONS = 'test/regressions';

/** @returns the exit status: 1 when the input is a violation */
export async function replayOne(
  kind: Kind,
  place: { readonly seed: number; readonly index: number },
  save: string | undefined,
): Promise<number> {
  const { base, damaged } = inputAt(await loadBases(), kind, place);
  const reference = await kind.read(base.objects);
  const { outcome, milliseconds, detail } = await tryInput(
    kind,
    withDamage(base, damaged),
    reference,
  );
  console.log(`${kind.name}: ${base.name} ${damaged.key}: ${damaged.what}`);
  console.log(`${outcome} after ${Math.round(milliseconds)} ms\n${detail}`);
  if (save !== undefined) {
    const regression: Regression = {
      kind: kind.name,
      base: base.name,
      key: damaged.key,
      found: `${outcome}: ${detail.split('\n')[0] ?? ''}`,
      bytes: Buffer.from(damaged.bytes).toString('base64'),
    };
    writeFileSync(`${REGRESSIONS}/${save}.json`, `${JSON.stringify(regression, null, 2)}\n`);
  }
  return isViolation(kind, outcome) || milliseconds > SLOW_MS ? 1 : 0;
}
