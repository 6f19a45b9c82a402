import { describe, expect, it } from 'vitest';
import type { Action, AddFile } from '../../src/log/actions.js';
import {
  CONFLICTS,
  type ConflictName,
  checkConflict,
  NOTHING_READ,
  type ReadSet,
  winningCommit,
} from '../../src/log/conflict.js';
import { ISOLATION_LEVELS, type IsolationLevel } from '../../src/log/isolation.js';
import { add, metadata, PROTOCOL, remove } from './log-fixture.js';

const URL_TEXT = 'memory://lake/table';

const protocol: Action = { kind: 'protocol', protocol: PROTOCOL };
const metaData: Action = { kind: 'metaData', metaData: metadata() };
const info: Action = { kind: 'commitInfo', commitInfo: { operation: 'WRITE' } };
const txn = (appId: string, version = 1n): Action => ({ kind: 'txn', txn: { appId, version } });
const inFolder = (name: string) => (file: AddFile) => file.path.startsWith(`${name}/`);

function reads(over: Partial<ReadSet>): ReadSet {
  return { ...NOTHING_READ, ...over };
}

interface Case {
  readonly race: string;
  readonly reads: ReadSet;
  readonly mine: readonly Action[];
  readonly theirs: readonly Action[];
  readonly conflict?: readonly [ConflictName, subject: string];
}

const APPEND: Pick<Case, 'reads' | 'mine'> = { reads: NOTHING_READ, mine: [add('mine')] };
/** Has read and replaces `p/old`; a file in `p/` would have been read. */
const REPLACE_P: Pick<Case, 'reads' | 'mine'> = {
  reads: reads({ matches: inFolder('p'), files: new Set(['p/old']) }),
  mine: [remove('p/old'), add('p/mine')],
};

const CASES: readonly Case[] = [
  { race: 'append behind append', ...APPEND, theirs: [info, add('theirs')] },
  { race: 'append behind overwrite', ...APPEND, theirs: [remove('old'), add('theirs')] },
  { race: 'append behind nothing but information', ...APPEND, theirs: [info] },
  { race: 'append behind what is not known', ...APPEND, theirs: [{ kind: 'unknown', name: 'x' }] },
  {
    race: 'append behind a domain',
    ...APPEND,
    theirs: [
      {
        kind: 'domainMetadata',
        domainMetadata: { domain: 'd', configuration: '', removed: false },
      },
    ],
  },
  {
    race: 'append behind a new protocol',
    ...APPEND,
    theirs: [info, protocol],
    conflict: ['ProtocolChangedException', 'protocol'],
  },
  {
    race: 'append behind new metadata',
    ...APPEND,
    theirs: [info, metaData],
    conflict: ['MetadataChangedException', 'metaData'],
  },
  { race: 'append behind a sequence', ...APPEND, theirs: [txn('app'), add('theirs')] },
  {
    race: 'sequence behind the same application',
    reads: reads({ appIds: new Set(['app']) }),
    mine: [txn('app', 2n), add('mine')],
    theirs: [txn('app', 1n), add('theirs')],
    conflict: ['ConcurrentTransactionException', 'app'],
  },
  {
    race: 'sequence behind another application',
    reads: reads({ appIds: new Set(['app']) }),
    mine: [txn('app', 2n), add('mine')],
    theirs: [txn('other'), add('theirs')],
  },
  {
    race: 'overwrite behind an append to what it read',
    ...REPLACE_P,
    theirs: [add('p/theirs')],
    conflict: ['ConcurrentAppendException', 'p/theirs'],
  },
  {
    race: 'overwrite behind a rewrite without new data of what it read',
    ...REPLACE_P,
    theirs: [remove('p/other', { dataChange: false }), add('p/theirs', { dataChange: false })],
    conflict: ['ConcurrentAppendException', 'p/theirs'],
  },
  { race: 'overwrite behind an append elsewhere', ...REPLACE_P, theirs: [add('q/theirs')] },
  {
    race: 'overwrite behind an overwrite elsewhere',
    ...REPLACE_P,
    theirs: [remove('q/old'), add('q/theirs')],
  },
  {
    race: 'overwrite behind a removal of what it read',
    ...REPLACE_P,
    theirs: [remove('p/old')],
    conflict: ['ConcurrentDeleteReadException', 'p/old'],
  },
  {
    race: 'overwrite behind a removal under another spelling of the path',
    ...REPLACE_P,
    theirs: [remove('./p//old')],
    conflict: ['ConcurrentDeleteReadException', './p//old'],
  },
  {
    race: 'removal behind a removal of the same file, unread',
    reads: NOTHING_READ,
    mine: [remove('old')],
    theirs: [remove('old')],
    conflict: ['ConcurrentDeleteDeleteException', 'old'],
  },
  {
    race: 'removal behind a removal of another file',
    reads: NOTHING_READ,
    mine: [remove('old')],
    theirs: [remove('older')],
  },
];

const CHANGE_P = { ...REPLACE_P, mine: [...REPLACE_P.mine, metaData] };
const READ_ALL = {
  reads: reads({ matches: () => true, wholeTable: true }),
  mine: [add('mine')],
};
const APPENDED = 'ConcurrentAppendException';
const GONE = 'ConcurrentDeleteReadException';

interface IsolationCase extends Pick<Case, 'race' | 'reads' | 'mine' | 'theirs'> {
  readonly isolation: IsolationLevel;
  readonly isBlind: boolean;
  readonly conflict: ConflictName | undefined;
}

/** By race: what is in the way at Serializable, WriteSerializable and SnapshotIsolation. */
const ISOLATIONS: readonly IsolationCase[] = (
  [
    [
      'overwrite behind a blind append',
      REPLACE_P,
      [add('p/a')],
      true,
      [APPENDED, undefined, undefined],
    ],
    ['overwrite behind an update', REPLACE_P, [add('p/a')], false, [APPENDED, APPENDED, undefined]],
    [
      'a change of metadata behind a blind append',
      CHANGE_P,
      [add('p/a')],
      true,
      [APPENDED, APPENDED, undefined],
    ],
    ['overwrite behind a removal', REPLACE_P, [remove('p/old')], false, [GONE, GONE, GONE]],
    ['a reader of all behind any removal', READ_ALL, [remove('q/x')], false, [GONE, GONE, GONE]],
    [
      'append behind an update',
      APPEND,
      [add('p/a'), remove('q/x')],
      false,
      [undefined, undefined, undefined],
    ],
  ] as const
).flatMap(([race, loser, theirs, isBlind, conflicts]) =>
  ISOLATION_LEVELS.map((isolation, at) => ({
    race,
    ...loser,
    theirs,
    isBlind,
    isolation,
    conflict: conflicts[at],
  })),
);

describe('checkConflict', () => {
  it.each(CASES)('$race', ({ reads: read, mine, theirs, conflict }) => {
    const loser = {
      tableUrl: URL_TEXT,
      isolation: 'Serializable',
      reads: read,
      actions: mine,
    } as const;
    const found = checkConflict(loser, winningCommit(1, theirs));
    const [name, subject] = conflict ?? [];
    expect(found).toEqual(conflict === undefined ? undefined : { name, subject });
  });

  it.each(ISOLATIONS)(
    'at $isolation, $race: $conflict',
    ({ isolation, reads: read, mine, theirs, isBlind, conflict }) => {
      const info: Action = { kind: 'commitInfo', commitInfo: { isBlindAppend: isBlind } };
      const loser = { tableUrl: URL_TEXT, isolation, reads: read, actions: mine };
      expect(checkConflict(loser, winningCommit(1, [info, ...theirs]))?.name).toBe(conflict);
    },
  );

  it('has a case for every name', () => {
    const met = new Set(CASES.map(({ conflict }) => conflict?.[0]));
    expect(CONFLICTS.filter((name) => !met.has(name))).toEqual([]);
  });

  it('gives the name that Delta Spark would give when several fit', () => {
    const everything = [
      remove('p/gone'),
      remove('p/old'),
      add('p/theirs'),
      txn('app'),
      metaData,
      protocol,
    ];
    const loser = {
      tableUrl: URL_TEXT,
      isolation: 'Serializable' as const,
      reads: { ...REPLACE_P.reads, appIds: new Set(['app']) },
      actions: [...REPLACE_P.mine, remove('p/gone')],
    };
    const names: (string | undefined)[] = [];
    for (let left = everything; left.length > 0; left = left.slice(0, -1)) {
      names.push(checkConflict(loser, winningCommit(1, left))?.name);
    }
    expect(names).toEqual([
      'ProtocolChangedException',
      'MetadataChangedException',
      'ConcurrentTransactionException',
      'ConcurrentAppendException',
      'ConcurrentDeleteReadException',
      'ConcurrentDeleteDeleteException',
    ]);
  });
});
