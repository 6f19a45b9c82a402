import { describe, expect, it } from 'vitest';
import type { Protocol } from '../../src/log/actions.js';
import {
  assignsRowIds,
  checkRowTracking,
  hasRowIds,
  isRowTrackingSuspended,
  physicalRows,
  rowIdHighWaterMark,
  withHighWaterMark,
  withMaterializedNames,
} from '../../src/log/row-tracking.js';
import { addFile, metadata } from './log-fixture.js';

const properties = (all: Record<string, string>) => new Map(Object.entries(all));
const table = (all: Record<string, string>) => metadata({ configuration: properties(all) });
const protocol = (...writerFeatures: string[]): Protocol => ({
  minReaderVersion: 1,
  minWriterVersion: 7,
  writerFeatures,
});
const domain = (configuration: string) => ({
  domain: 'delta.rowTracking',
  configuration,
  removed: false,
});
const SUSPENDED = { 'delta.rowTrackingSuspended': 'TRUE' };
const ENABLED = { 'delta.enableRowTracking': 'TRUE' };
const NAMES = {
  'delta.rowTracking.materializedRowIdColumnName': '_row-id-col-1',
  'delta.rowTracking.materializedRowCommitVersionColumnName': '_row-commit-version-col-2',
};

describe('whether a table', () => {
  it.each([
    [protocol('rowTracking'), {}, true],
    [protocol('rowTracking'), { 'delta.rowTrackingSuspended': 'false' }, true],
    [protocol('rowTracking'), SUSPENDED, false],
    [protocol('domainMetadata'), ENABLED, false],
  ])('of %j with %j gives ids: %s', (of, all, expected) => {
    expect(assignsRowIds(of, table(all))).toBe(expected);
  });

  it('has ids, and gives none for the time being', () => {
    expect([ENABLED, {}].map((all) => hasRowIds(table(all)))).toEqual([true, false]);
    expect([SUSPENDED, {}].map((all) => isRowTrackingSuspended(table(all)))).toEqual([true, false]);
  });

  it('wants ids and forbids them', () => {
    for (const all of [{}, ENABLED, SUSPENDED]) {
      checkRowTracking(properties(all));
    }
    expect(() => {
      checkRowTracking(properties({ ...ENABLED, ...SUSPENDED }));
    }).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option: 'delta.enableRowTracking' }),
    );
  });
});

describe('withMaterializedNames', () => {
  const named = (all: Record<string, string>): unknown => {
    let made = 0;
    return Object.fromEntries(withMaterializedNames(properties(all), () => String(++made)));
  };

  it('names the columns once, where rows have ids', () => {
    expect(named({})).toEqual({});
    expect(named(ENABLED)).toEqual({ ...ENABLED, ...NAMES });
    const own = { ...ENABLED, ...NAMES, 'delta.rowTracking.materializedRowIdColumnName': 'mine' };
    expect(named(own)).toEqual(own);
  });
});

describe('rowIdHighWaterMark', () => {
  it.each([
    ['{"rowIdHighWaterMark":7}', 7n],
    ['{"rowIdHighWaterMark":9007199254740993,"x":1}', 9007199254740993n],
  ])('of %s', (configuration, expected) => {
    expect(rowIdHighWaterMark(domain(configuration))).toBe(expected);
  });

  it('is -1 before the first', () => {
    expect(rowIdHighWaterMark(undefined)).toBe(-1n);
    expect(withHighWaterMark(undefined, 4n)).toEqual(domain('{"rowIdHighWaterMark":4}'));
  });

  it.each(['{"rowIdHighWaterMark":4,"x":[1]}', '{"rowIdHighWaterMark":"odd","x":[1]}'])(
    'is another in %s, and nothing else changes',
    (configuration) => {
      const next = withHighWaterMark(domain(configuration), 9007199254740993n);
      expect(next).toEqual(domain('{"rowIdHighWaterMark":9007199254740993,"x":[1]}'));
      expect(rowIdHighWaterMark(next)).toBe(9007199254740993n);
    },
  );

  it.each([
    '{}',
    '{"rowIdHighWaterMark":1.5}',
    '{"rowIdHighWaterMark":1.0}',
    '{"rowIdHighWaterMark":"7"}',
  ])('refuses %s, which holds none', (configuration) => {
    expect(() => rowIdHighWaterMark(domain(configuration))).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA', field: 'rowIdHighWaterMark' }),
    );
  });

  it.each(['[]', 'null', '7', 'x', ''])('refuses %s, which is no object', (configuration) => {
    const broken = domain(configuration);
    const refusal = expect.objectContaining({ code: 'CORRUPT_DATA', field: undefined });
    expect(() => rowIdHighWaterMark(broken)).toThrow(refusal);
    expect(() => withHighWaterMark(broken, 1n)).toThrow(refusal);
  });
});

describe('physicalRows', () => {
  it.each<[string | undefined, number | undefined]>([
    ['{"numRecords":0}', 0],
    ['{"numRecords":12,"tightBounds":false}', 12],
    ['{"numRecords":-1}', undefined],
    ['{"numRecords":1.5}', undefined],
    ['{"numRecords":"1"}', undefined],
    ['{}', undefined],
    ['null', undefined],
    ['7', undefined],
    ['[]', undefined],
    ['{"numRecords":9007199254740993}', undefined],
    ['{', undefined],
    [undefined, undefined],
  ])('of %s is %s', (stats, expected) => {
    expect(physicalRows(addFile('a', { stats }))).toBe(expected);
  });
});
