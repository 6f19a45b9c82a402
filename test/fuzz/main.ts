/**
 * `npm run fuzz -- [--budget 60s] [--seed N] [--kind K]`: damages every kind of input that is read, and counts what
 * comes of it; the last line is `N inputs, M violations`. `--kind K --replay SEED:INDEX` tries one input again and shows
 * it; `--save NAME` with that keeps it in test/regressions.
 */
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.js';
import { KINDS } from './kinds.js';
import { replayOne } from './replay.js';
import { report, violations } from './tally.js';
import { kindNamed } from './try-input.js';
import { serve, type Violation } from './worker.js';

/** How many violations of a kind are shown. */
const SHOWN = 10;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      budget: { type: 'string', default: '60s' },
      seed: { type: 'string', default: '1' },
      kind: { type: 'string' },
      replay: { type: 'string' },
      save: { type: 'string' },
      worker: { type: 'boolean', default: false },
    },
  });
  if (values.worker) {
    await serve();
    return 0;
  }
  if (values.replay !== undefined) {
    const [seed = '', index = ''] = values.replay.split(':');
    const place = { seed: Number(seed), index: Number(index) };
    return await replayOne(kindNamed(values.kind ?? ''), place, values.save);
  }
  const kinds = values.kind === undefined ? KINDS : [kindNamed(values.kind)];
  const seed = Number(values.seed);
  const { tallies, found } = await runCampaign({ kinds, seed, budgetMs: budgetMs(values.budget) });
  console.log(report(tallies));
  for (const kind of kinds) {
    const own = found.filter((each) => each.kind === kind.name).toSorted(byWeight);
    for (const { index, what } of own.slice(0, SHOWN)) {
      console.log(`--kind '${kind.name}' --replay ${seed}:${index}\n   ${what}`);
    }
  }
  let inputs = 0;
  let wrong = 0;
  for (const [kind, tally] of tallies) {
    inputs += tally.inputs;
    wrong += violations(kind, tally);
  }
  console.log(`${inputs} inputs, ${wrong} violations`);
  return wrong === 0 ? 0 : 1;
}

/** What is rare and worse is shown first. */
function byWeight(a: Violation, b: Violation): number {
  const order = (what: string): number => (what.startsWith('other') ? 1 : 0);
  return order(a.what) - order(b.what);
}

function budgetMs(text: string): number {
  const seconds = /^(\d+)s?$/u.exec(text)?.[1];
  if (seconds === undefined)
    throw new Error(`--budget takes seconds, 60s for example, not ${text}`);
  return Number(seconds) * 1000;
}

process.exitCode = await main();
