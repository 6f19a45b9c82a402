import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action, DomainMetadata, Protocol } from '../../src/log/actions.js';
import { type Ground, type RebaseFacts, rebase } from '../../src/log/rebase.js';
import { add, metadata, remove } from './log-fixture.js';

const TRACKED: Protocol = {
  minReaderVersion: 1,
  minWriterVersion: 7,
  writerFeatures: ['domainMetadata', 'inCommitTimestamp', 'rowTracking'],
};
const rows = (count: number) => ({ stats: `{"numRecords":${count}}` });
const markOf = (mark: number | string, more = ''): DomainMetadata => ({
  domain: 'delta.rowTracking',
  configuration: `{"rowIdHighWaterMark":${mark}${more}}`,
  removed: false,
});

interface Setup {
  readonly version: number;
  readonly properties?: Record<string, string>;
  readonly protocol?: Protocol;
  readonly mark?: DomainMetadata;
  readonly timestampMs?: number;
  readonly storeMs?: number;
}

function ground(setup: Setup): Ground {
  const { version, properties = {}, protocol = TRACKED, mark, timestampMs = 1_000 } = setup;
  const { storeMs = 900 } = setup;
  return {
    version,
    protocol,
    timestampMs,
    storeMs,
    metadata: metadata({ configuration: new Map(Object.entries(properties)) }),
    domains: new Map(mark === undefined ? [] : [['delta.rowTracking', mark]]),
  };
}

function facts(read: Ground | undefined, over: Partial<RebaseFacts> = {}): RebaseFacts {
  return { read, current: read, nowMs: 5_000, losesRowIds: false, ...over };
}

const changed = (properties: Record<string, string>, schemaString?: string): Action => ({
  kind: 'metaData',
  metaData: metadata({
    configuration: new Map(Object.entries(properties)),
    ...(schemaString === undefined ? {} : { schemaString }),
  }),
});
const configurationOf = (actions: readonly Action[]): Record<string, unknown> =>
  Object.fromEntries(
    actions.find((action) => action.kind === 'metaData')?.metaData.configuration ?? [],
  );

describe('rebase, without features', () => {
  it('leaves the actions as they are', () => {
    const plain = ground({ version: 3, protocol: { minReaderVersion: 1, minWriterVersion: 2 } });
    const actions = [add('a'), remove('b'), changed({ x: 'y' })];
    expect(rebase(actions, facts(plain))).toEqual({
      actions,
      inCommitTimestamp: undefined,
      tags: {},
    });
  });
});

describe('rebase, of dates', () => {
  const dated = (ms: number | undefined): readonly Action[] => [
    remove('a', { deletionTimestamp: ms }),
    { kind: 'txn', txn: { appId: 'x', version: 1n, lastUpdated: ms } },
  ];

  it.each([
    ['a clock that is behind', 10, 7_000],
    ['a clock that is right', 7_001, 7_001],
    ['a clock that is ahead', 1e15, 1e15],
    ['nobody', undefined, undefined],
  ])('leaves none before the version before was stored: that of %s', (_, said, expected) => {
    const read = ground({ version: 3, storeMs: 900 });
    const current = ground({ version: 5, storeMs: 7_000 });
    expect(rebase(dated(said), facts(read, { current })).actions).toEqual(dated(expected));
  });
});

describe('rebase, of a first commit', () => {
  it.each([
    ['protocol', [changed({})]],
    ['metadata', [{ kind: 'protocol', protocol: TRACKED } as const]],
  ])('refuses one without its %s', (_what, actions: readonly Action[]) => {
    expect(() => rebase(actions, facts(undefined))).toThrow(/lacks its protocol or its metadata/u);
  });
});

describe('rebase, of row ids', () => {
  it('begins with the first commit', () => {
    const create: Action[] = [{ kind: 'protocol', protocol: TRACKED }, changed({})];
    expect(rebase([...create, add('a', rows(3))], facts(undefined)).actions).toEqual([
      { kind: 'domainMetadata', domainMetadata: markOf(2) },
      ...create,
      add('a', { ...rows(3), baseRowId: 0n, defaultRowCommitVersion: 0n }),
    ]);
  });

  it('takes whatever a first commit says of ids and versions for a guess', () => {
    const create: Action[] = [{ kind: 'protocol', protocol: TRACKED }, changed({})];
    const guessed = [
      add('a', { ...rows(3), baseRowId: 0n, defaultRowCommitVersion: 0n }),
      add('b', { ...rows(2), baseRowId: 40n, defaultRowCommitVersion: 7n }),
    ];
    expect(rebase([...create, ...guessed], facts(undefined)).actions).toEqual([
      { kind: 'domainMetadata', domainMetadata: markOf(4) },
      ...create,
      add('a', { ...rows(3), baseRowId: 0n, defaultRowCommitVersion: 0n }),
      add('b', { ...rows(2), baseRowId: 3n, defaultRowCommitVersion: 0n }),
    ]);
  });

  it('leaves other domains alone', () => {
    const domain = { domain: 'mine', configuration: 'x', removed: false };
    const own = { kind: 'domainMetadata', domainMetadata: domain } as const;
    expect(rebase([own], facts(ground({ version: 4 }))).actions).toEqual([own]);
  });

  const read = ground({ version: 4, mark: markOf(99) });

  it('gives each new file ids above the mark, and the version', () => {
    const made = rebase([add('a', rows(3)), add('b', rows(2))], facts(read));
    expect(made.actions).toEqual([
      { kind: 'domainMetadata', domainMetadata: markOf(104) },
      add('a', { ...rows(3), baseRowId: 100n, defaultRowCommitVersion: 5n }),
      add('b', { ...rows(2), baseRowId: 103n, defaultRowCommitVersion: 5n }),
    ]);
  });

  it('begins at 0 where nobody has ids', () => {
    const first = rebase([add('a', rows(1))], facts(ground({ version: 4 })));
    expect(first.actions).toEqual([
      { kind: 'domainMetadata', domainMetadata: markOf(0) },
      add('a', { ...rows(1), baseRowId: 0n, defaultRowCommitVersion: 5n }),
    ]);
  });

  it('goes above the mark and the version of whoever came first', () => {
    const current = ground({ version: 7, mark: markOf(150) });
    const made = rebase([add('a', rows(3))], facts(read, { current }));
    expect(made.actions).toEqual([
      { kind: 'domainMetadata', domainMetadata: markOf(153) },
      add('a', { ...rows(3), baseRowId: 151n, defaultRowCommitVersion: 8n }),
    ]);
  });

  it('takes ids above the mark that was read for a guess, and leaves those below it', () => {
    const kept = { ...rows(3), baseRowId: 99n, defaultRowCommitVersion: 4n };
    const guessed = { ...rows(3), baseRowId: 100n, defaultRowCommitVersion: 5n };
    const current = ground({ version: 7, mark: markOf(150) });
    const own = { kind: 'domainMetadata', domainMetadata: markOf(102) } as const;
    const made = rebase([own, add('kept', kept), add('new', guessed)], facts(read, { current }));
    expect(made.actions).toEqual([
      { kind: 'domainMetadata', domainMetadata: markOf(153) },
      add('kept', kept),
      add('new', { ...rows(3), baseRowId: 151n, defaultRowCommitVersion: 8n }),
    ]);
  });

  it('says nothing of the mark when no id was given', () => {
    const actions = [
      remove('a'),
      add('none', { ...rows(0), baseRowId: 1n, defaultRowCommitVersion: 1n }),
    ];
    expect(rebase(actions, facts(read)).actions).toEqual(actions);
  });

  it('gives no id twice, whatever was guessed and whoever came first', () => {
    const file = fc.record({ count: fc.nat(5), ids: fc.constantFrom('kept', 'guessed', 'none') });
    const race = fc.tuple(fc.nat(9), fc.array(file, { maxLength: 6 }));
    fc.assert(
      fc.property(race, ([ahead, files]) => {
        const mine = files.map(({ count, ids }, at) => {
          if (ids === 'none') return add(`${at}`, rows(count));
          const [first, since] = ids === 'kept' ? [5 * at, 4n] : [100 + at, 5n];
          const guess = { baseRowId: BigInt(first), defaultRowCommitVersion: since };
          return add(`${at}`, { ...rows(count), ...guess });
        });
        const mark = 99 + ahead;
        const current = ground({ version: 4 + ahead, mark: markOf(mark) });
        const made = rebase(mine, facts(read, { current })).actions;
        const adds = made.filter(({ kind }) => kind === 'add');
        expect(adds).toHaveLength(files.length);
        const given: number[] = [];
        for (const [at, { count, ids }] of files.entries()) {
          const action = adds[at];
          if (ids === 'kept') expect(action).toEqual(mine[at]);
          else if (action?.kind === 'add') {
            expect(action.add.defaultRowCommitVersion).toBe(BigInt(5 + ahead));
            const first = Number(action.add.baseRowId);
            for (let row = 0; row < count; row++) given.push(first + row);
          }
        }
        expect(new Set(given).size).toBe(given.length);
        expect(Math.min(mark + 1, ...given)).toBe(mark + 1);
        const highest = { kind: 'domainMetadata', domainMetadata: markOf(Math.max(...given)) };
        const told = made.filter(({ kind }) => kind === 'domainMetadata');
        expect(told).toEqual(given.length === 0 ? [] : [highest]);
      }),
      { seed: 7 },
    );
  });

  it('keeps what else is in the domain, and a mark that no JavaScript number holds', () => {
    const big = ground({ version: 4, mark: markOf('9007199254740993', ',"more":[1]') });
    const [domain] = rebase([add('a', rows(2))], facts(big)).actions;
    expect(domain).toMatchObject({
      domainMetadata: { configuration: '{"rowIdHighWaterMark":9007199254740995,"more":[1]}' },
    });
  });

  it('gives none while row tracking is suspended, or not supported', () => {
    const suspended = ground({ version: 4, properties: { 'delta.rowTrackingSuspended': 'true' } });
    const without = ground({ version: 4, protocol: { ...TRACKED, writerFeatures: [] } });
    for (const table of [suspended, without]) {
      expect(rebase([add('a')], facts(table)).actions).toEqual([add('a')]);
    }
  });

  it('gives them when a winner brought row tracking', () => {
    const before = ground({ version: 4, protocol: { ...TRACKED, writerFeatures: [] } });
    const made = rebase([add('a', rows(1))], facts(before, { current: read }));
    expect(made.actions[1]).toMatchObject({ add: { baseRowId: 100n } });
  });

  it('refuses a mark that is none, and a file whose rows nobody counted', () => {
    const broken = ground({ version: 4, mark: markOf('"x"') });
    expect(() => rebase([add('a')], facts(broken))).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA', field: 'rowIdHighWaterMark' }),
    );
    for (const stats of [undefined, '{}', 'x', '{"numRecords":1.5}']) {
      expect(() => rebase([add('a', { stats })], facts(read))).toThrow(/count its rows/u);
    }
  });
});

describe('rebase, of the tag that row ids were preserved', () => {
  const tag = (preserved: boolean) => ({ 'delta.rowTracking.preserved': String(preserved) });
  const on = ground({ version: 4, properties: { 'delta.enableRowTracking': 'true' } });
  const off = ground({ version: 4 });

  it.each([
    ['where rows have ids', facts(on), tag(true)],
    ['where rows were written anew', facts(on, { losesRowIds: true }), tag(false)],
    ['where ids came meanwhile', facts(off, { current: on }), tag(false)],
    ['where rows have none', facts(off), {}],
  ])('%s', (_where, given, tags) => {
    expect(rebase([add('a', rows(1))], given).tags).toEqual(tags);
  });
});

describe('rebase, of time', () => {
  const ON = { 'delta.enableInCommitTimestamps': 'true' };
  const FROM = {
    'delta.inCommitTimestampEnablementVersion': '2',
    'delta.inCommitTimestampEnablementTimestamp': '900',
  };

  it.each([
    ['now, when that is later', 1_000, 5_000, 5_000],
    ['a millisecond after the version before, when the clock is not', 5_000, 5_000, 5_001],
    ['whatever the clock says', 9_000, 5_000, 9_001],
    ['in whole milliseconds, as a long is', 1_000, 5_000.75, 5_000],
  ])('is %s', (_what, timestampMs, nowMs, expected) => {
    const current = ground({ version: 7, properties: ON, timestampMs });
    const given = facts(ground({ version: 4, properties: ON }), { current, nowMs });
    expect(rebase([add('a', rows(1))], given).inCommitTimestamp).toBe(expected);
  });

  it('is there from the first commit on, with nothing said of a beginning', () => {
    const create: Action[] = [{ kind: 'protocol', protocol: TRACKED }, changed(ON)];
    const made = rebase(create, facts(undefined));
    expect(made.inCommitTimestamp).toBe(5_000);
    expect(configurationOf(made.actions)).toEqual(ON);
  });

  it('tells version and time when it begins behind others, anew at each attempt', () => {
    const read = ground({ version: 4 });
    for (const [version, timestampMs] of [
      [4, 1_000],
      [7, 8_000],
    ] as const) {
      const current = ground({ version, timestampMs });
      const made = rebase([changed(ON)], facts(read, { current }));
      const time = Math.max(5_000, timestampMs + 1);
      expect(made.inCommitTimestamp).toBe(time);
      expect(configurationOf(made.actions)).toEqual({
        ...ON,
        'delta.inCommitTimestampEnablementVersion': String(version + 1),
        'delta.inCommitTimestampEnablementTimestamp': String(time),
      });
    }
  });

  it('keeps what was told when the metadata changes otherwise', () => {
    const read = ground({ version: 4, properties: { ...ON, ...FROM } });
    const made = rebase([changed({ ...ON, x: 'y' })], facts(read));
    expect(configurationOf(made.actions)).toEqual({ ...ON, ...FROM, x: 'y' });
  });

  it('has nothing to keep where it was there from the first commit on', () => {
    const read = ground({ version: 4, properties: ON });
    const made = rebase([changed({ ...ON, x: 'y' })], facts(read));
    expect(Object.keys(configurationOf(made.actions))).toEqual([...Object.keys(ON), 'x']);
  });
});

describe('rebase, of versions in the metadata', () => {
  const read = ground({ version: 4 });
  const current = ground({ version: 7 });
  const PROTECTED = 'delta.requireCheckpointProtectionBeforeVersion';

  it.each([
    ['its own', '5', '8'],
    ['the one that was read', '4', '4'],
    ['an old one', '3', '3'],
  ])('moves the version that checkpoints are protected before: %s', (_which, before, after) => {
    const made = rebase([changed({ [PROTECTED]: before })], facts(read, { current }));
    expect(configurationOf(made.actions)).toEqual({ [PROTECTED]: after });
    expect(configurationOf(rebase([changed({ x: 'y' })], facts(read)).actions)).toEqual({ x: 'y' });
  });

  it('names the first version where a table is made', () => {
    const protocol = { kind: 'protocol', protocol: TRACKED } as const;
    const type = schemaOf(3);
    const made = rebase([protocol, changed({ [PROTECTED]: '2' }, type)], facts(undefined));
    expect(configurationOf(made.actions)).toEqual({ [PROTECTED]: '0' });
    expect(made.actions).toEqual([
      protocol,
      changed({ [PROTECTED]: '0' }, type.replaceAll(/"tableVersion":[234]/gu, '"tableVersion":0')),
    ]);
  });

  const change = (tableVersion: unknown) => ({ toType: 'long', fromType: 'short', tableVersion });
  const field = (name: string, type: unknown, ...changes: unknown[]) => ({
    name,
    type,
    nullable: true,
    metadata: changes.length === 0 ? { tableVersion: 5 } : { 'delta.typeChanges': changes },
  });
  const struct = (...fields: unknown[]) => ({ type: 'struct', fields });
  const schemaOf = (own: number): string => {
    const inner = struct(field('n', 'long', change(2), change(own)), field('o', 'long'));
    const array = { type: 'array', elementType: inner, containsNull: true };
    const map = { type: 'map', keyType: inner, valueType: array, valueContainsNull: true };
    return JSON.stringify(
      struct(
        field('a', 'long', change(own), change(4), { toType: 'long' }),
        field('b', inner),
        field('c', map),
        {
          ...field('d', 'interval day'),
          metadata: { comment: 'kept', 'delta.typeChanges': [change(own)] },
        },
        field('e', 'long', change('9'), change(null), change([9]), 'odd', null, 9, [change(9)]),
        { ...field('f', 'long'), metadata: { 'delta.typeChanges': 'odd' } },
      ),
    );
  };

  it('moves the version of a type change, at any depth, when it is its own', () => {
    const made = rebase([changed({}, schemaOf(5))], facts(read, { current }));
    expect(made.actions).toEqual([changed({}, schemaOf(8))]);
  });

  it('leaves the text of a schema that tells no versions', () => {
    const text = JSON.stringify(struct({ ...field('a', 'long'), metadata: {} }), undefined, 1);
    const made = rebase([changed({}, text)], facts(read, { current }));
    expect(made.actions).toEqual([changed({}, text)]);
  });
});
