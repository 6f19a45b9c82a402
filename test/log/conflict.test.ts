import { describe, expect, it } from 'vitest';
import type { Action, AddFile, CommitInfo } from '../../src/log/actions.js';
import {
  adopt,
  CONFLICTS,
  type ConflictName,
  checkConflict,
  isBlindAppend,
  type Loser,
  NOTHING_READ,
  type ReadSet,
  winningCommit,
} from '../../src/log/conflict.js';
import { ISOLATION_LEVELS, type IsolationLevel } from '../../src/log/isolation.js';
import { add, metadata, remove } from './log-fixture.js';

const FEATURES = ['deletionVectors', 'domainMetadata', 'inCommitTimestamp', 'rowTracking'];
const protocolOf = (writerFeatures: readonly string[]) =>
  ({ minReaderVersion: 3, minWriterVersion: 7, readerFeatures: [], writerFeatures }) as const;
const READ = protocolOf(FEATURES);

const protocol = (features: readonly string[]): Action => ({
  kind: 'protocol',
  protocol: protocolOf(features),
});
const changed = (properties: Record<string, string>): Action => ({
  kind: 'metaData',
  metaData: metadata({ configuration: new Map(Object.entries(properties)) }),
});
const txn = (appId: string): Action => ({ kind: 'txn', txn: { appId, version: 1n } });
const domain = (name: string): Action => ({
  kind: 'domainMetadata',
  domainMetadata: { domain: name, configuration: '{}', removed: false },
});
const same = { dataChange: false };
const inP = ({ path }: AddFile): boolean => path.startsWith('p/');

function loser(over: Partial<Loser> & Pick<Loser, 'actions'>): Loser {
  return {
    tableUrl: 'memory://lake/table',
    isolation: 'Serializable',
    operation: 'WRITE',
    reads: NOTHING_READ,
    readProtocol: READ,
    protocol: READ,
    metadata: metadata(),
    ...over,
  };
}

function winner(actions: readonly Action[], info: CommitInfo = {}) {
  return winningCommit(1, [{ kind: 'commitInfo', commitInfo: info }, ...actions]);
}

const READ_P: ReadSet = { ...NOTHING_READ, matches: inP, files: new Set(['p/old']) };
const REPLACE = [remove('p/old'), add('p/mine')];

/** The rows of the matrix. */
const LOSERS: Readonly<Record<string, Loser>> = {
  append: loser({ actions: [add('p/mine')] }),
  'append with a sequence': loser({
    reads: { ...NOTHING_READ, appIds: new Set(['app']) },
    actions: [txn('app'), add('p/mine')],
  }),
  'replace p': loser({ reads: READ_P, actions: REPLACE }),
  'replace all': loser({
    reads: { ...READ_P, matches: () => true, wholeTable: true },
    actions: REPLACE,
  }),
  'remove unread': loser({ actions: [remove('p/old')] }),
  'rewrite p': loser({
    operation: 'OPTIMIZE',
    reads: READ_P,
    actions: [remove('p/old', same), add('p/mine', same)],
  }),
  'alter table': loser({ operation: 'SET TBLPROPERTIES', actions: [changed({ mine: 'x' })] }),
  'alter, replace p': loser({ reads: READ_P, actions: [changed({ mine: 'x' }), ...REPLACE] }),
  'upgrade protocol': loser({
    operation: 'UPGRADE PROTOCOL',
    actions: [protocol([...FEATURES, 'v2Checkpoint'])],
  }),
  'set domain d': loser({ actions: [domain('d')] }),
  'row id backfill': loser({
    operation: 'ROW TRACKING BACKFILL',
    reads: { ...NOTHING_READ, files: new Set(['p/old']) },
    actions: [add('p/old', { ...same, baseRowId: 0n })],
  }),
};

/** The columns of the matrix. */
const WINNERS: Readonly<Record<string, ReturnType<typeof winner>>> = {
  'append to p': winner([add('p/new')], { isBlindAppend: true }),
  'append to q': winner([add('q/new')], { isBlindAppend: true }),
  'update p': winner([remove('p/old'), add('p/new')], { isBlindAppend: false }),
  'update q': winner([remove('q/old'), add('q/new')], { isBlindAppend: false }),
  'compact p': winner([remove('p/old', same), add('p/new', same)], { isBlindAppend: false }),
  'delete of p': winner([remove('p/old')]),
  'other metadata': winner([changed({ theirs: 'x' })]),
  'feature turned on': winner([changed({ 'delta.enableInCommitTimestamps': 'true' })]),
  'harmless feature': winner([protocol([...FEATURES, 'vacuumProtocolCheck'])]),
  'demanding feature': winner([protocol([...FEATURES, 'checkConstraints'])]),
  'unknown feature': winner([protocol([...FEATURES, 'future'])]),
  'feature dropped': winner([protocol(FEATURES.slice(1))]),
  'sequence of app': winner([txn('app')]),
  'sequence of other': winner([txn('other')]),
  'domain d': winner([domain('d')]),
  'domain e': winner([domain('e')]),
  'row ids': winner([domain('delta.rowTracking'), add('p/new')], { isBlindAppend: true }),
  'row id backfill': winner([domain('delta.rowTracking'), add('p/old', same)], {
    operation: 'ROW TRACKING BACKFILL',
  }),
};

const LETTERS: Readonly<Record<string, ConflictName | undefined>> = {
  '.': undefined,
  P: 'ProtocolChangedException',
  M: 'MetadataChangedException',
  T: 'ConcurrentTransactionException',
  A: 'ConcurrentAppendException',
  R: 'ConcurrentDeleteReadException',
  D: 'ConcurrentDeleteDeleteException',
};

/**
 * By loser, behind each winner in the order above: the conflict at every isolation, or three, at Serializable,
 * WriteSerializable and SnapshotIsolation.
 */
const MATRIX: ReadonlyMap<string, readonly string[]> = new Map(
  `
append                 | .   .   | .   .   .   .   | M   .   | .   P   P   P   | .   .   | .   .   | .   .
append with a sequence | .   .   | .   .   .   .   | M   .   | .   P   P   P   | T   .   | .   .   | .   .
replace p              | A.. .   | AAR .   AAR R   | M   .   | .   P   P   P   | .   .   | .   .   | A.. .
replace all            | A.. A.. | AAR AAR AAR R   | M   .   | .   P   P   P   | .   .   | .   .   | A.. .
remove unread          | .   .   | D   .   D   D   | M   .   | .   P   P   P   | .   .   | .   .   | .   .
rewrite p              | A.. .   | AAR .   AAR R   | M   .   | .   P   P   P   | .   .   | .   .   | A.. .
alter table            | .   .   | .   .   .   .   | M   M   | .   P   P   P   | .   .   | .   .   | .   .
alter, replace p       | AA. .   | AAR .   AAR R   | M   M   | .   P   P   P   | .   .   | .   .   | AA. .
upgrade protocol       | .   .   | .   .   .   .   | M   .   | P   P   P   P   | .   .   | .   .   | .   .
set domain d           | .   .   | .   .   .   .   | M   .   | .   P   P   P   | .   .   | T   .   | .   .
row id backfill        | .   .   | .   .   .   .   | M   .   | .   P   P   P   | .   .   | .   .   | .   .
  `
    .trim()
    .split('\n')
    .map((line) => {
      const [lost = '', ...cells] = line.split('|').map((part) => part.trim());
      return [lost, cells.join(' ').split(/\s+/u)];
    }),
);

interface Cell {
  readonly lost: string;
  readonly won: string;
  readonly isolation: IsolationLevel;
  readonly conflict: ConflictName | undefined;
}

const CELLS: readonly Cell[] = [...MATRIX].flatMap(([lost, codes]) =>
  Object.keys(WINNERS).flatMap((won, at) =>
    ISOLATION_LEVELS.map((isolation, level) => {
      const code = codes[at] ?? '?';
      const letter = code.length === 1 ? code : code.charAt(level);
      return { lost, won, isolation, conflict: LETTERS[letter] };
    }),
  ),
);

describe('checkConflict', () => {
  it('has a row for each loser and a column for each winner', () => {
    expect([...MATRIX.keys()]).toEqual(Object.keys(LOSERS));
    const columns = Object.keys(WINNERS).length;
    for (const codes of MATRIX.values()) {
      expect(codes).toHaveLength(columns);
      expect(codes.join('')).toMatch(/^[.PMTARD]+$/u);
    }
    const met = new Set(CELLS.map(({ conflict }) => conflict));
    expect(met).toEqual(new Set(Object.values(LETTERS)));
    expect(met).toEqual(new Set([undefined, ...CONFLICTS]));
  });

  it.each(CELLS)('$lost behind $won at $isolation: $conflict', (cell) => {
    const mine = LOSERS[cell.lost];
    const theirs = WINNERS[cell.won];
    if (mine === undefined || theirs === undefined) throw new Error('a name is misspelled');
    expect(checkConflict({ ...mine, isolation: cell.isolation }, theirs)?.name).toBe(cell.conflict);
  });

  it('passes over what it does not know', () => {
    const theirs = winner([{ kind: 'unknown', name: 'x' }]);
    for (const mine of Object.values(LOSERS)) expect(checkConflict(mine, theirs)).toBeUndefined();
  });

  it('compares paths as the protocol reconciles them, and whatever the deletion vector', () => {
    const mine = loser({ reads: READ_P, actions: [] });
    const deletionVector = {
      storageType: 'u',
      pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
      sizeInBytes: 34,
      cardinality: 2,
    };
    const theirs = winner([remove('./p//old', { deletionVector })]);
    expect(checkConflict(mine, theirs)).toEqual({
      name: 'ConcurrentDeleteReadException',
      subject: './p//old',
    });
  });

  it('takes a domain of its own for nobody else’s where the table knows no domains', () => {
    const without = protocolOf(['appendOnly']);
    const mine = loser({ actions: [domain('d')], readProtocol: without, protocol: without });
    expect(checkConflict(mine, winner([domain('d')]))).toBeUndefined();
  });

  it('goes behind new high-water marks of identity columns, unless it changes metadata itself', () => {
    const info = { tags: { 'delta.identity.schemaUpdate': 'true' } };
    const theirs = winner([changed({ any: 'thing' })], info);
    expect(checkConflict(loser({ actions: [add('a')] }), theirs)).toBeUndefined();
    const not = winner([changed({ any: 'thing' })], {
      tags: { 'delta.identity.schemaUpdate': 'no' },
    });
    expect(checkConflict(loser({ actions: [add('a')] }), not)).toBeDefined();
    const alter = loser({ actions: [changed({ mine: 'x' })] });
    expect(checkConflict(alter, theirs)?.name).toBe('MetadataChangedException');
  });

  it('judges metadata and domains by the protocol that the winner made', () => {
    const before = protocolOf(['appendOnly']);
    const mine = loser({ actions: [domain('d')], readProtocol: before, protocol: before });
    const after = protocol(['appendOnly', 'domainMetadata', 'inCommitTimestamp']);
    const turnedOn = changed({ 'delta.enableInCommitTimestamps': 'true' });
    expect(checkConflict(mine, winner([after, turnedOn]))).toBeUndefined();
    expect(checkConflict(mine, winner([turnedOn]))?.name).toBe('MetadataChangedException');
    expect(checkConflict(mine, winner([after, domain('d')]))?.subject).toBe('d');
  });

  it('makes one of two high-water marks of row ids', () => {
    const mine = loser({ actions: [domain('delta.rowTracking'), add('a')] });
    expect(checkConflict(mine, winner([domain('delta.rowTracking')]))).toBeUndefined();
  });

  it('passes over the files of a table that stops to track rows', () => {
    const info = { operation: 'ROW TRACKING UNBACKFILL' };
    const mine = loser({ reads: READ_P, actions: REPLACE });
    expect(checkConflict(mine, winner([add('p/old', same)], info))).toBeUndefined();
  });

  it('names the first of several files that both removed', () => {
    const mine = loser({ actions: [remove('a'), remove('b')] });
    expect(checkConflict(mine, winner([remove('b'), remove('a')]))?.subject).toBe('b');
  });

  it('gives the name that Delta Spark would give when several fit', () => {
    const everything = [
      remove('p/gone'),
      remove('p/old'),
      add('p/theirs'),
      txn('app'),
      domain('d'),
      changed({ theirs: 'x' }),
      protocol([]),
    ];
    const mine = loser({
      reads: { ...READ_P, appIds: new Set(['app']) },
      actions: [...REPLACE, remove('p/gone'), domain('d')],
    });
    const found: unknown[] = [];
    for (let left = everything; left.length > 0; left = left.slice(0, -1)) {
      found.push(checkConflict(mine, winner(left)));
    }
    expect(found).toEqual([
      { name: 'ProtocolChangedException', subject: 'protocol' },
      { name: 'MetadataChangedException', subject: 'metaData' },
      { name: 'ConcurrentTransactionException', subject: 'd' },
      { name: 'ConcurrentTransactionException', subject: 'app' },
      { name: 'ConcurrentAppendException', subject: 'p/theirs' },
      { name: 'ConcurrentDeleteReadException', subject: 'p/old' },
      { name: 'ConcurrentDeleteDeleteException', subject: 'p/gone' },
    ]);
  });
});

describe('isBlindAppend', () => {
  const cdc: Action = { kind: 'cdc', cdc: { path: 'c', partitionValues: new Map(), size: 1 } };

  it.each<[string, ReadSet, readonly Action[], boolean]>([
    ['adds', NOTHING_READ, [txn('a'), add('a'), add('b')], true],
    ['metadata', NOTHING_READ, [changed({})], true],
    ['a remove', NOTHING_READ, [add('a'), remove('b')], false],
    ['a change data file', NOTHING_READ, [add('a'), cdc], false],
    ['adds by what was there', READ_P, [add('a')], false],
    ['adds by a file', { ...NOTHING_READ, files: new Set(['a']) }, [add('a')], false],
    ['adds by a condition', { ...NOTHING_READ, matches: inP }, [add('a')], false],
    ['adds by all of it', { ...NOTHING_READ, wholeTable: true }, [add('a')], false],
  ])('of %s', (_what, reads, actions, expected) => {
    expect(isBlindAppend(reads, actions)).toBe(expected);
  });
});

describe('adopt', () => {
  it('takes over the protocol and the metadata that the winner made', () => {
    const mine = loser({ actions: [add('a')] });
    const theirs = changed({ 'delta.enableInCommitTimestamps': 'true' });
    const next = adopt(mine, winner([theirs, protocol([...FEATURES, 'v2Checkpoint'])]));
    expect(next.metadata.configuration.get('delta.enableInCommitTimestamps')).toBe('true');
    expect(next.protocol.writerFeatures).toContain('v2Checkpoint');
    expect(next.readProtocol).toBe(READ);
    expect(adopt(next, winner([add('b')]))).toEqual(next);
  });

  it('judges a second winner by what the first made of the metadata', () => {
    const mine = loser({ actions: [add('a')] });
    const first = { 'delta.enableInCommitTimestamps': 'true' };
    const next = adopt(mine, winner([changed(first)]));
    const both = winner([changed({ ...first, 'delta.enableDeletionVectors': 'true' })]);
    expect(checkConflict(next, both)).toBeUndefined();
    const undone = winner([changed({ 'delta.enableDeletionVectors': 'true' })]);
    expect(checkConflict(next, undone)?.name).toBe('MetadataChangedException');
  });

  const ids = { baseRowId: 40n, defaultRowCommitVersion: 1n };

  it('gives files that it adds again or removes the ids of a backfill', () => {
    const mine = loser({
      actions: [txn('a'), remove('p/old'), add('./p/other', same), add('p/mine')],
    });
    const backfill = winner([add('p/old', ids), add('p/other', { ...ids, baseRowId: 50n })], {
      operation: 'ROW TRACKING BACKFILL',
    });
    const others = winner([add('p/old', ids)], { operation: 'OPTIMIZE' });
    expect(adopt(mine, others).actions).toEqual(mine.actions);
    expect(adopt(mine, backfill).actions).toEqual([
      txn('a'),
      remove('p/old', ids),
      add('./p/other', { ...same, ...ids, baseRowId: 50n }),
      add('p/mine'),
    ]);
  });

  it('leaves out of its own backfill what others touched', () => {
    const mine = loser({
      operation: 'ROW TRACKING BACKFILL',
      actions: [domain('delta.rowTracking'), add('a'), add('b'), add('c')],
    });
    const next = adopt(mine, winner([remove('./a'), add('b', ids)]));
    expect(next.actions).toEqual([domain('delta.rowTracking'), add('c')]);
  });
});
