import { Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AddFile } from '../../../src/log/actions.js';
import { TextColumn } from '../../../src/log/arrow-column.js';
import { buildColumn } from '../../../src/log/build-column.js';
import { ActionColumns, type FileColumns } from '../../../src/log/file-list.js';
import { buildStats, type LeafFindings, parseFileStats } from '../../../src/log/file-stats.js';
import { formatPartitionValue, parsePartitionValue } from '../../../src/log/partition-value.js';
import type { Scalar } from '../../../src/log/schema/scalar.js';
import type { PrimitiveName, StructType } from '../../../src/log/schema/types.js';
import { bindPredicate } from '../../../src/table/expression/bind.js';
import type { BoundPredicate } from '../../../src/table/expression/bound.js';
import * as build from '../../../src/table/expression/builders.js';
import type { Predicate } from '../../../src/table/expression/predicate-types.js';
import {
  type FileFacts,
  forManyFiles,
  mayMatch,
  mustMatch,
  wantedStats,
} from '../../../src/table/expression/prune.js';
import { BlockFacts } from '../../../src/table/file-facts.js';
import { addFile } from '../../log/log-fixture.js';
import { rows, schema, type TestRow } from './columns.js';
import { anyCase, valueAt } from './reference.js';

const STAT_LEAVES: readonly { readonly path: readonly string[]; readonly type: PrimitiveName }[] = [
  ...schema.fields.flatMap(({ name, type }) =>
    typeof type === 'string' && type !== 'variant' ? [{ path: [name], type }] : [],
  ),
  { path: ['st', 'x'], type: 'integer' },
  { path: ['st', 'y', 'z'], type: 'string' },
];

/** How the writer of a file differs from ours. */
interface Writer {
  /** Leaves NaN out of the bounds, as delta-rs does. */
  readonly withoutNaN: boolean;
  /** Does not count a null struct as a null of its fields. */
  readonly forgetsParents: boolean;
  /** Cuts timestamps to milliseconds, as Spark does. */
  readonly cutsTimes: boolean;
}

function findings(items: readonly TestRow[], writer: Writer): LeafFindings[] {
  return STAT_LEAVES.map(({ path, type }) => {
    const values = items.map((item) => valueAt(item, path) as Scalar);
    const known = values.filter((value) => value !== null);
    const counted = writer.withoutNaN ? known.filter((value) => !Number.isNaN(value)) : known;
    const ordered = counted.toSorted(order);
    const nullCount =
      writer.forgetsParents && path.length > 1
        ? items.filter(
            (item) => valueAt(item, path.slice(0, -1)) !== null && valueAt(item, path) === null,
          ).length
        : values.length - known.length;
    if (type === 'boolean' || type === 'binary' || ordered.length === 0) return { path, nullCount };
    const [min, max] = [ordered[0] as number, ordered[ordered.length - 1] as number];
    if (!writer.cutsTimes || !type.startsWith('timestamp')) return { path, nullCount, min, max };
    return { path, nullCount, min: towardsZero(min), max: towardsZero(max) };
  });
}

/** Below for times after 1970; for those before, some writers round up. */
function towardsZero(micros: unknown): bigint {
  return ((micros as bigint) / 1000n) * 1000n;
}

function order(a: NonNullable<Scalar>, b: NonNullable<Scalar>): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What other writers, and time, do to statistics without making them lie. */
const damage: fc.Arbitrary<(text: string) => string | undefined> = fc.oneof(
  { weight: 5, arbitrary: fc.constant((text: string) => text) },
  fc.constant(() => undefined),
  fc.constant((text: string) => text.slice(1)),
  fc.constant(() => '[1]'),
  fc
    .constantFrom('numRecords', 'minValues', 'maxValues', 'nullCount')
    .map((name) => (text: string) => text.replace(`"${name}"`, '"other"')),
  fc
    .constantFrom(...STAT_LEAVES.map(({ path }) => path[path.length - 1]))
    .map((name) => (text: string) => text.replace(`"${name}":`, `"${name}_":`)),
  fc
    .constantFrom(...STAT_LEAVES.map(({ path }) => path[path.length - 1]))
    .map(
      (name) => (text: string) => text.replace(new RegExp(`"${name}":`), `"${name}":{"q":1},"w":`),
    ),
  // Decimals rounded to doubles, as delta-rs does.
  fc.constant((text: string) => text.replace(/-?\d+\.\d{10}/g, (digits) => String(Number(digits)))),
  fc.constant((text: string) => `{"tightBounds":false,${text.slice(1)}`),
);

const PARTITIONABLE = STAT_LEAVES.filter(({ path, type }) => path.length === 1 && type !== 'void');

interface TestFile {
  readonly rows: readonly TestRow[];
  /** The same facts from each source there is. */
  readonly facts: (predicate: BoundPredicate) => readonly FileFacts[];
}

const file: fc.Arbitrary<TestFile> = fc
  .record({
    items: rows(6).filter((items) => items.length > 0),
    partitions: fc.subarray(PARTITIONABLE, { maxLength: 3 }),
    writer: fc.record({
      withoutNaN: fc.boolean(),
      forgetsParents: fc.boolean(),
      cutsTimes: fc.boolean(),
    }),
    damage,
  })
  .map(({ items, partitions, writer, damage: change }) => {
    const values = new Map<string, Scalar>();
    const texts = new Map<string, string | null>();
    for (const { path, type } of partitions) {
      const name = path[0] ?? '';
      const text = partitionText((items[0]?.[name] ?? null) as Scalar, type);
      texts.set(name, text);
      values.set(name, parsePartitionValue(text, type, { key: 'k', column: name }));
    }
    const all = items.map((item) => ({ ...item, ...Object.fromEntries(values) }));
    const fields = schema.fields.filter(({ name }) => !values.has(name));
    const stats = change(statsText(all, { type: 'struct', fields }, writer));
    const add = addFile('f', { stats, partitionValues: texts });
    return {
      rows: all,
      facts: (predicate) => [
        {
          partition: (column) => values.get(column.name),
          stats: parseFileStats(stats, wantedStats(predicate)),
        },
        ...[inCommit(add), inCheckpoint(add)].map((files) => factsOf(files, predicate, values)),
      ],
    };
  });

function inCommit(add: AddFile): FileColumns {
  return new ActionColumns([add]);
}

function inCheckpoint(add: AddFile): FileColumns {
  const statsTexts = new TextColumn(buildColumn(new Utf8(), [add.stats]));
  return Object.assign(inCommit(add), { statsTexts });
}

function factsOf(
  files: FileColumns,
  predicate: BoundPredicate,
  partitions: ReadonlyMap<string, Scalar>,
): FileFacts {
  const columns = predicate.columns.flatMap((column) => {
    const type = column.type as PrimitiveName;
    return partitions.has(column.name) ? [{ column, physicalName: column.name, type }] : [];
  });
  return new BlockFacts(files, wantedStats(predicate), columns);
}

/** Binary that is no text cannot be a partition value. */
function partitionText(value: Scalar, type: PrimitiveName): string | null {
  try {
    return formatPartitionValue(value, type);
  } catch {
    return null;
  }
}

function statsText(items: readonly TestRow[], data: StructType, writer: Writer): string {
  const configuration = new Map([['delta.dataSkippingNumIndexedCols', '-1']]);
  return buildStats(findings(items, writer), items.length, data, configuration);
}

describe('pruning', () => {
  it('never rules out a file with a matching row, nor takes one whole with another row', () => {
    const pruned = [0, 0, 0];
    fc.assert(
      fc.property(file, anyCase, (one, { predicate, expect: wanted }) => {
        const bound = bindPredicate(predicate, schema);
        const outcomes = one.rows.map(wanted);
        for (const [source, facts] of one.facts(bound).entries()) {
          expect(mayMatch(forManyFiles(bound), facts)).toBe(mayMatch(bound, facts));
          if (!mayMatch(bound, facts)) {
            pruned[source] = (pruned[source] ?? 0) + 1;
            expect(outcomes).not.toContain(true);
          }
          if (mustMatch(bound, facts)) expect(new Set(outcomes)).toEqual(new Set([true]));
        }
      }),
      { numRuns: 10_000 },
    );
    // Otherwise the test would hold of pruning that does nothing.
    for (const count of pruned) expect(count).toBeGreaterThan(1000);
  });
});

const facts = (json: string, predicate: Predicate): FileFacts => ({
  partition: () => undefined,
  stats: parseFileStats(json, wantedStats(bindPredicate(predicate, schema))),
});
const prunes = (predicate: Predicate, stats: object | string): boolean => {
  const json = typeof stats === 'string' ? stats : JSON.stringify(stats);
  return !mayMatch(bindPredicate(predicate, schema), facts(json, predicate));
};

describe('mayMatch', () => {
  const integers = { numRecords: 3, minValues: { i: 5 }, maxValues: { i: 9 }, nullCount: { i: 1 } };

  it.each([
    [build.lt('i', 5), true],
    [build.lte('i', 5), false],
    [build.gt('i', 9), true],
    [build.gte('i', 9), false],
    [build.eq('i', 4), true],
    [build.eq('i', 5.5), true],
    [build.isIn('i', [1, 10]), true],
    [build.isIn('i', [1, 7]), false],
    [build.between('i', 10, 20), true],
    [build.not(build.between('i', 0, 20)), true],
    [build.not(build.lt('i', 20)), true],
    [build.isNull('i'), false],
    [build.and(build.isNull('l'), build.gt('i', 9)), true],
    [build.or(build.lt('i', 5), build.gt('i', 9)), true],
    [build.or(build.lt('i', 5), build.eq('l', 1)), false],
  ])('case %#', (predicate, expected) => {
    expect(prunes(predicate, integers)).toBe(expected);
  });

  it('knows a column of nulls, and one without', () => {
    expect(prunes(build.eq('i', 1), { numRecords: 3, nullCount: { i: 3 } })).toBe(true);
    expect(prunes(build.not(build.isNull('i')), { numRecords: 3, nullCount: { i: 3 } })).toBe(true);
    expect(prunes(build.isNull('i'), { numRecords: 3, nullCount: { i: 0 } })).toBe(true);
    expect(prunes(build.isNull('i'), { numRecords: 3 })).toBe(false);
  });

  it('does not rely on a count of no nulls within a struct', () => {
    const stats = { numRecords: 3, nullCount: { st: { x: 0 } } };
    expect(prunes(build.isNull(['st', 'x']), stats)).toBe(false);
  });

  it('keeps a file for a row less than a millisecond above a maximum', () => {
    const stats = { numRecords: 2, maxValues: { ts: '2024-01-01T00:00:00.123Z' } };
    const at = (micros: string): Predicate => build.gte('ts', `2024-01-01T00:00:00.${micros}Z`);
    expect(prunes(at('123999'), stats)).toBe(false);
    expect(prunes(at('124000'), stats)).toBe(true);
  });

  it('never prunes a float by its maximum for a condition that NaN satisfies', () => {
    const stats = { numRecords: 3, minValues: { d: 1 }, maxValues: { d: 3 }, nullCount: { d: 0 } };
    expect(prunes(build.gt('d', 5), stats)).toBe(false);
    expect(prunes(build.ne('d', 2), stats)).toBe(false);
    expect(prunes(build.lt('d', 1), stats)).toBe(true);
    expect(prunes(build.eq('d', 5), stats)).toBe(true);
  });

  it('reads the shortest text of a float as that float', () => {
    const stats = { numRecords: 1, minValues: { f: 0.1 }, maxValues: { f: 0.1 } };
    expect(prunes(build.eq('f', Math.fround(0.1)), stats)).toBe(false);
  });

  it('takes long bounds exactly', () => {
    const json =
      '{"numRecords":1,"minValues":{"l":9007199254740993},"maxValues":{"l":9007199254740993}}';
    expect(prunes(build.eq('l', 9007199254740993n), json)).toBe(false);
    expect(prunes(build.eq('l', 9007199254740992n), json)).toBe(true);
  });

  it('prunes text by prefix and by the head of a pattern', () => {
    const stats = { numRecords: 2, minValues: { s: 'ca' }, maxValues: { s: 'cz' } };
    expect(prunes(build.startsWith('s', 'b'), stats)).toBe(true);
    expect(prunes(build.startsWith('s', 'd'), stats)).toBe(true);
    expect(prunes(build.startsWith('s', 'c'), stats)).toBe(false);
    expect(prunes(build.startsWith('s', 'cab'), stats)).toBe(false);
    expect(prunes(build.like('s', 'b%x_'), stats)).toBe(true);
    expect(prunes(build.like('s', '%b'), stats)).toBe(false);
    expect(prunes(build.not(build.startsWith('s', 'c')), stats)).toBe(true);
  });

  it('ignores bounds that cross, and a minimum that is NaN', () => {
    expect(prunes(build.eq('i', 7), { minValues: { i: 9 }, maxValues: { i: 5 } })).toBe(false);
    const stats = { minValues: { d: 'NaN' }, maxValues: { d: 'NaN' } };
    expect(prunes(build.eq('d', 1), stats)).toBe(false);
  });
});

describe('mustMatch', () => {
  const whole = (predicate: Predicate, p: Scalar): boolean =>
    mustMatch(bindPredicate(predicate, schema), {
      partition: ({ name }) => (name === 'i' ? p : undefined),
      stats: parseFileStats(
        '{"numRecords":1,"minValues":{"l":1},"maxValues":{"l":1},"nullCount":{"l":0}}',
        [{ path: ['l'], type: 'long' }],
      ),
    });

  it('is sure only of partition values', () => {
    expect(whole(build.eq('i', 3), 3)).toBe(true);
    expect(whole(build.eq('i', 3), 4)).toBe(false);
    expect(whole(build.ne('i', 3), null)).toBe(false);
    expect(whole(build.isNull('i'), null)).toBe(true);
    expect(whole(build.everyRow, null)).toBe(true);
    expect(whole(build.or(build.eq('i', 3), build.eq('s', 'x')), 3)).toBe(true);
    expect(whole(build.eq('l', 1), 3)).toBe(false);
  });
});
