/**
 * Every probe of every corpus against its own answer, and against the ledger of what passes and what is refused.
 * `UPDATE_LEDGER=1 npm run test:golden` writes ledger.json anew; a probe that fails never gets into it.
 */
import { afterAll, expect, it } from 'vitest';
import { describeWithOracles } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { datProbes } from './dat-probes.js';
import { goldenProbes } from './golden-probes.js';
import { countLine, differences, readLedger, writeLedger } from './ledger.js';
import { type Outcome, outcomeOf, type Probe } from './outcome.js';
import { sparkProbes } from './spark-probes.js';

const CORPUS_TIMEOUT_MS = 170_000;

describeWithOracles('the ledger', ['corpora', 'delta-rs'], () => {
  const scratch = temporaryFolder();
  const outcomes = new Map<string, Outcome>();
  const corpora = {
    dat: datProbes(scratch),
    golden: goldenProbes(scratch),
    spark: sparkProbes(scratch),
  };

  afterAll(() => {
    if (process.env['UPDATE_LEDGER'] === '1') writeLedger(outcomes);
    process.stdout.write(`\nledger: ${countLine(outcomes.values())}\n`);
  });

  for (const [corpus, probes] of Object.entries(corpora)) {
    it(`agrees with corpora/${corpus}`, { timeout: CORPUS_TIMEOUT_MS }, async () => {
      const answers = await runAll(probes);
      for (const [id, outcome] of answers) outcomes.set(id, outcome);
      process.stdout.write(`corpora/${corpus}: ${countLine(answers.values())}\n`);

      const update = process.env['UPDATE_LEDGER'] === '1';
      const ofCorpus = [...readLedger()].filter(([id]) => id.startsWith(`${corpus}/`));
      const expected = update ? new Map() : new Map(ofCorpus);
      const found = differences(expected, answers).filter(
        (line) => !update || line.includes(': FAILS: '),
      );
      expect(found, 'to update the ledger: UPDATE_LEDGER=1 npm run test:golden').toEqual([]);
    });
  }
});

async function runAll(probes: readonly Probe[]): Promise<Map<string, Outcome>> {
  const answers = new Map<string, Outcome>();
  for (const probe of probes) {
    if (answers.has(probe.id)) throw new TypeError(`two probes are called ${probe.id}`);
    answers.set(probe.id, await outcomeOf(probe));
  }
  return answers;
}
