import { beforeAll, describe, expect, it } from 'vitest';
import { type History, runHistory } from './history.js';
import { judge } from './judge.js';
import { programOf } from './program.js';
import type { Outcome } from './step.js';

/** A history with everything that is tampered with below, and one in which commits are asked after. */
const SEED = 71;
const ASKING_SEED = 13;

type Tamper = (history: History) => Partial<History>;

const encoder = new TextEncoder();

const withObject =
  (name: RegExp, change: (text: string) => string): Tamper =>
  ({ objects = new Map() }) => {
    const key = [...objects.keys()].find((one) => name.test(one)) ?? '';
    const text = new TextDecoder().decode(objects.get(key));
    return { objects: new Map([...objects, [key, encoder.encode(change(text))]]) };
  };

const withResult =
  (kind: string, change: (result: Outcome['result']) => object): Tamper =>
  ({ outcomes }) => {
    const at = outcomes.findIndex(
      ({ result }) => result.kind === kind && (result.kind !== 'ok' || result.applied),
    );
    return {
      outcomes: outcomes.map((one, index) =>
        index === at ? { ...one, result: Object.assign({}, one.result, change(one.result)) } : one,
      ),
    };
  };

const withLog =
  (change: (texts: string[]) => string[]): Tamper =>
  ({ log }) => {
    const texts = change([...log.values()]);
    const name = (version: number): string => `${String(version).padStart(20, '0')}.json`;
    return { log: new Map(texts.map((text, version) => [name(version), text])) };
  };

describe('the judge', () => {
  let history: History;
  beforeAll(async () => {
    history = await runHistory(programOf(SEED), SEED);
  });

  it('finds nothing wrong with a history as it was', () => {
    expect(judge(history)).toEqual([]);
    expect(history.outcomes.some(({ result }) => result.kind === 'read')).toBe(true);
    expect([...(history.objects ?? new Map()).keys()].join()).toContain('.crc');
  });

  it.each<[string, Tamper, string]>([
    ['a commit is gone', withLog((texts) => texts.slice(0, -1)), 'exactly once'],
    [
      'a commit is there twice',
      withLog((texts) => [...texts, texts.at(-1) ?? '']),
      'the log is whole',
    ],
    [
      'an acknowledgement names another version',
      withResult('ok', (result) => ({ version: result.kind === 'ok' ? result.version + 1 : 0 })),
      'exactly once',
    ],
    [
      'a write that landed is said to have failed',
      withResult('ok', () => ({ kind: 'failed', code: 'COMMIT_CONFLICT', message: '' })),
      'a failed commit is nowhere',
    ],
    [
      'two files have the same row ids',
      withLog((texts) => texts.map((text) => text.replace(/"baseRowId":\d+/gu, '"baseRowId":0'))),
      'a row id belongs to one row',
    ],
    [
      'a file has no row ids',
      withLog((texts) => texts.map((text) => text.replace(/"baseRowId":\d+,/gu, ''))),
      'a tracked row has an id',
    ],
    [
      'a file has the row ids of another version',
      withLog((texts) => texts.map((text) => text.replace(/(RowCommitVersion":)\d+/gu, '$199'))),
      'ids of its version',
    ],
    [
      'a remove tells other row ids than the add',
      withLog((texts) =>
        texts.map((text) => text.replace(/(\{"remove":.*"baseRowId":)\d+/gu, '$199')),
      ),
      'a row keeps its id',
    ],
    [
      'the mark of row ids is too low',
      withLog((texts) => texts.map((text) => text.replace(/(HighWaterMark\\":)\d+/gu, '$10'))),
      'the mark is above',
    ],
    ['a reader has another row id', withResult('read', () => ({ rowIds: ['x'] })), 'ids of rows'],
    ['a reader misses a row', withResult('read', () => ({ rows: [] })), 'whole versions'],
    ['a data file is gone', () => ({ files: new Set<string>() }), 'no committed file is deleted'],
    [
      'a checksum counts a file too many',
      withObject(/\.crc$/u, (text) => text.replace('"numFiles":', '"numFiles":9')),
      'a version checksum is true',
    ],
    [
      'a commit has the id of another',
      withLog((texts) => texts.map((text) => text.replace(/"txnId":"[^"]*"/u, '"txnId":"x"'))),
      'an id of its own',
    ],
  ])('sees that %s', (_, tamper, rule) => {
    const rules = judge({ ...history, ...tamper(history) }).map((found) => found.rule);
    expect(rules.join('; ')).toContain(rule);
  });

  it.each([
    ['lost', 'which it made'],
    ['unknown', 'which it made'],
  ])('sees that a commit that is in the log is said to be %s', async (outcome, said) => {
    const asking = await runHistory(programOf(ASKING_SEED), ASKING_SEED);
    expect(judge(asking)).toEqual([]);
    const told = judge({ ...asking, ...withResult('resolved', () => ({ outcome }))(asking) });
    expect(told.map(({ rule, detail }) => `${rule}: ${detail}`).join()).toContain(said);
  });
});
