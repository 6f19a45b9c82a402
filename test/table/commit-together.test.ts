import { describe, expect, it } from 'vitest';
import { type Fate, planTogether } from '../../src/table/commit-together.js';
import type { StagedRows } from '../../src/table/staged-rows.js';

/** `rows@app:sequence`, or only a number of rows. */
function staged(text: string): StagedRows {
  const [rows = '', once] = text.split('@');
  const [appId = '', sequence] = once?.split(':') ?? [];
  return {
    batches: [],
    rows: Number(rows),
    sizeBytes: 0,
    schemaString: '',
    idempotency: once === undefined ? undefined : { appId, sequence: Number(sequence) },
  };
}

describe('planTogether', () => {
  it.each<[string, readonly string[], readonly Fate[], Record<string, number>]>([
    ['takes rows', ['1', '2'], ['taken', 'taken'], {}],
    ['leaves out what has no rows', ['1', '0'], ['taken', 'nothing'], {}],
    ['takes a sequence without rows', ['0@new:1'], ['taken'], { new: 1 }],
    ['leaves out what the table has', ['1@old:5', '1@old:4'], ['applied', 'applied'], {}],
    ['takes what is newer', ['1@old:6'], ['taken'], { old: 6 }],
    ['writes the last of several', ['1@old:6', '1@old:8'], ['taken', 'taken'], { old: 8 }],
    ['counts in their order', ['1@old:8', '1@old:6'], ['taken', 'applied'], { old: 8 }],
    ['leaves out doubles', ['1@a:1', '1@a:1'], ['taken', 'applied'], { a: 1 }],
    [
      'writes one for each application',
      ['1@a:1', '1@b:1', '3', '1@a:2'],
      ['taken', 'taken', 'taken', 'taken'],
      { a: 2, b: 1 },
    ],
  ])('%s', (_what, appends, fates, sequences) => {
    const transactions = new Map([['old', { appId: 'old', version: 5n }]]);
    const plan = planTogether(appends.map(staged), transactions);
    expect(plan.fates).toEqual(fates);
    expect(Object.fromEntries(plan.sequences)).toEqual(sequences);
  });
});
