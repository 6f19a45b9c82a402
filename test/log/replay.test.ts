/** PROTOCOL.md "Action Reconciliation": a log's state is the last thing said of each of its parts. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCommit } from '../../src/log/action-codec.js';
import type {
  Action,
  DomainMetadata,
  Metadata,
  Protocol,
  SetTransaction,
} from '../../src/log/actions.js';
import type { CheckpointContent } from '../../src/log/checkpoint-content.js';
import { parseFiles } from '../../src/log/parse-files.js';
import { PathIndex } from '../../src/log/path-index.js';
import {
  activeTransactions,
  checkpointState,
  emptyState,
  type ReplayRules,
  reconcile,
  requireComplete,
  type TableState,
} from '../../src/log/replay.js';
import { add, metadata, PROTOCOL, remove, TABLE_ID } from './log-fixture.js';

const URL = 'memory://lake/table';
const OTHER_PROTOCOL: Protocol = { minReaderVersion: 1, minWriterVersion: 4 };
const OTHER_METADATA: Metadata = metadata({ name: 'renamed' });

/** Rules that keep the protocols they were told of. */
function listening(): ReplayRules & { readonly met: Protocol[] } {
  const met: Protocol[] = [];
  return { tableUrl: URL, met, meetProtocol: (protocol) => met.push(protocol) };
}

const says = {
  protocol: (protocol: Protocol): Action => ({ kind: 'protocol', protocol }),
  metaData: (metaData: Metadata): Action => ({ kind: 'metaData', metaData }),
  txn: (appId: string, version: bigint): Action => ({ kind: 'txn', txn: { appId, version } }),
  domain: (domain: string, configuration: string): Action => ({
    kind: 'domainMetadata',
    domainMetadata: { domain, configuration, removed: false },
  }),
  noDomain: (domain: string): Action => ({
    kind: 'domainMetadata',
    domainMetadata: { domain, configuration: '', removed: true },
  }),
};

function replay(...commits: readonly (readonly Action[])[]): TableState {
  const rules = listening();
  return commits.reduce<TableState>(
    (state, actions) => reconcile(state, { actions }, rules),
    emptyState(rules),
  );
}

/** A state in plain values, in no order. */
function told(state: TableState): unknown {
  const { version, protocol, metadata: said, transactions, domains, files } = state;
  const live = [...files.files()].map(({ path, size }) => `${path} ${size}`).toSorted();
  return {
    version,
    protocol,
    metadata: said,
    transactions: new Map(transactions),
    domains: new Map(domains),
    live,
  };
}

function contentOf(actions: readonly Action[]): CheckpointContent {
  const parsed = parseFiles(encodeCommit(actions), 'checkpoint', 0);
  const of = <K extends Action['kind']>(kind: K): Extract<Action, { kind: K }>[] =>
    parsed.actions.filter((one): one is Extract<Action, { kind: K }> => one.kind === kind);
  return {
    parts: [],
    blocks: [],
    index: new PathIndex(URL),
    files: parsed.files,
    protocol: of('protocol').at(-1)?.protocol,
    metadata: of('metaData').at(-1)?.metaData,
    transactions: of('txn').map(({ txn }) => txn),
    domains: of('domainMetadata').map(({ domainMetadata }) => domainMetadata),
    checkpointMetadata: [],
    sidecars: [],
  };
}

describe('emptyState', () => {
  it('says nothing of any part, before version 0', () => {
    const state = emptyState(listening());
    expect(told(state)).toEqual({
      version: -1,
      protocol: undefined,
      metadata: undefined,
      transactions: new Map(),
      domains: new Map(),
      live: [],
    });
    expect(reconcile(state, { actions: [] }, listening()).version).toBe(0);
  });
});

describe('reconcile', () => {
  const first = [says.protocol(PROTOCOL), says.metaData(metadata()), add('a'), says.txn('x', 7n)];

  it.each<[string, readonly (readonly Action[])[], Record<string, unknown>]>([
    ['the newest protocol', [[says.protocol(OTHER_PROTOCOL)]], { protocol: OTHER_PROTOCOL }],
    ['the newest metadata', [[says.metaData(OTHER_METADATA)]], { metadata: OTHER_METADATA }],
    [
      'the newest of each application, though its number is lower',
      [[says.txn('y', 2n)], [says.txn('x', 3n)]],
      { transactions: transactions(['x', 3n], ['y', 2n]) },
    ],
    [
      'the later line of an application within one commit',
      [[says.txn('x', 8n), says.txn('x', 9n)]],
      { transactions: transactions(['x', 9n]) },
    ],
    [
      'the newest of each domain',
      [[says.domain('p', '1'), says.domain('q', '1')], [says.domain('p', '2')]],
      { domains: domains(['p', '2'], ['q', '1']) },
    ],
    [
      'no domain that was removed',
      [[says.domain('p', '1'), says.domain('q', '1')], [says.noDomain('p')]],
      { domains: domains(['q', '1']) },
    ],
    [
      'a domain that came back',
      [[says.domain('p', '1')], [says.noDomain('p')], [says.domain('p', '3')]],
      { domains: domains(['p', '3']) },
    ],
    ['no removal of a domain that never was', [[says.noDomain('p')]], { domains: domains() }],
    [
      'files by their last action',
      [[add('b')], [remove('a')], [add('b', { size: 4 })]],
      {
        live: ['b 4'],
      },
    ],
    ['a file that came back', [[remove('a')], [add('a', { size: 11 })]], { live: ['a 11'] }],
    [
      'nothing else of what a log may hold',
      [
        [
          { kind: 'commitInfo', commitInfo: { operation: 'WRITE' } },
          { kind: 'cdc', cdc: { path: 'c', partitionValues: new Map(), size: 1 } },
          { kind: 'unknown', name: 'futureAction' },
          { kind: 'checkpointMetadata', checkpointMetadata: { version: 3 } },
          { kind: 'sidecar', sidecar: { path: 's', sizeInBytes: 1 } },
        ],
      ],
      {},
    ],
  ])('keeps %s', (_, later, expected) => {
    const before = told(replay(first)) as Record<string, unknown>;
    expect(told(replay(first, ...later))).toEqual({
      ...before,
      version: later.length,
      ...expected,
    });
  });

  it('leaves the state before it as it was, and shares with it what did not change', () => {
    const before = replay([...first, says.domain('p', '1')]);
    const was = told(before);
    const after = reconcile(before, { actions: [add('b')] }, listening());
    expect(after.metadata).toBe(before.metadata);
    expect(after.transactions).toBe(before.transactions);
    expect(after.domains).toBe(before.domains);
    reconcile(before, { actions: [says.noDomain('p'), says.txn('x', 9n)] }, listening());
    expect(told(before)).toEqual(was);
  });

  it('tells of every protocol, also of one that a later line replaces', () => {
    const rules = listening();
    const actions = [says.protocol(OTHER_PROTOCOL), says.protocol(PROTOCOL)];
    reconcile(emptyState(rules), { actions }, rules);
    expect(rules.met).toEqual([OTHER_PROTOCOL, PROTOCOL]);
  });

  it('reads the example of PROTOCOL.md "Log Compaction Files" alike with and without it', () => {
    const appId = '3ae45b72-24e1-865a-a211-34987ae02f2a';
    const before = replay([], [], [], [add('f1')]);
    const each = [
      [add('f2'), remove('f1')],
      [add('f3'), add('f4'), says.txn(appId, 4389n)],
      [remove('f3'), says.txn(appId, 4390n)],
    ];
    const rules = listening();
    const one = each.reduce((state, actions) => reconcile(state, { actions }, rules), before);
    const compacted = [add('f2'), add('f4'), remove('f1'), remove('f3'), says.txn(appId, 4390n)];
    const all = reconcile(before, { actions: compacted, version: 6 }, rules);
    expect(told(one)).toMatchObject({ version: 6, live: ['f2 10', 'f4 10'] });
    expect(told(all)).toEqual(told(one));
  });
});

describe('checkpointState', () => {
  const said: readonly Action[] = [
    says.protocol(PROTOCOL),
    says.metaData(metadata()),
    says.txn('x', 7n),
    says.domain('p', '1'),
    says.noDomain('q'),
    add('a'),
    remove('b'),
  ];

  it('holds what the checkpoint says, and no domain that it says was removed', () => {
    const rules = listening();
    expect(told(checkpointState(contentOf(said), 5, rules))).toEqual({
      version: 5,
      protocol: { ...PROTOCOL, readerFeatures: undefined, writerFeatures: undefined },
      metadata: metadata(),
      transactions: transactions(['x', 7n]),
      domains: domains(['p', '1']),
      live: ['a 10'],
    });
    expect(rules.met).toHaveLength(1);
    expect(rules.met[0]).toMatchObject(PROTOCOL);
  });

  it('leaves it to its caller to refuse one without a protocol', () => {
    const rules = listening();
    const state = checkpointState(contentOf([says.metaData(metadata())]), 5, rules);
    expect(rules.met).toEqual([]);
    expect(() => requireComplete(state, 'k')).toThrow(
      expect.objectContaining({ field: 'protocol' }),
    );
  });
});

const path = fc.constantFrom('a', 'b', 'c', 'p=1/a');
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(path, fc.nat(99)).map(([name, size]) => add(name, { size })),
  path.map((name) => remove(name)),
  fc
    .tuple(fc.constantFrom('x', 'y'), fc.bigInt({ min: 0n, max: 9n }))
    .map((txn) => says.txn(...txn)),
  fc.tuple(fc.constantFrom('p', 'q'), fc.constantFrom('1', '2')).map((is) => says.domain(...is)),
  fc.constantFrom('p', 'q').map((domain) => says.noDomain(domain)),
  fc.constantFrom(PROTOCOL, OTHER_PROTOCOL).map(says.protocol),
  fc.constantFrom(metadata(), OTHER_METADATA).map(says.metaData),
);

/** What is said of one thing, where only the last of it counts. */
function subjectOf(one: Action): string {
  switch (one.kind) {
    case 'add':
      return `file ${one.add.path}`;
    case 'remove':
      return `file ${one.remove.path}`;
    case 'txn':
      return `txn ${one.txn.appId}`;
    case 'domainMetadata':
      return `domain ${one.domainMetadata.domain}`;
    default:
      return one.kind;
  }
}

function lastOfEach(actions: readonly Action[]): readonly Action[] {
  return actions.filter(
    (one, at) => !actions.slice(at + 1).some((later) => subjectOf(later) === subjectOf(one)),
  );
}

describe('a log', () => {
  it('has one state, however much of it is a checkpoint or a compaction', () => {
    const commits = fc.array(fc.array(action, { minLength: 1, maxLength: 6 }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(commits, fc.nat(), fc.nat(), (log, some, more) => {
        const asRead = log.map((actions) => parseFiles(encodeCommit(actions), 'commit').actions);
        const last = asRead.length - 1;
        const whole = told(replay(...asRead));
        const rules = listening();

        const cut = some % asRead.length;
        const inCheckpoint = contentOf(lastOfEach(asRead.slice(0, cut + 1).flat()));
        let state = checkpointState(inCheckpoint, cut, rules);
        for (const actions of asRead.slice(cut + 1)) state = reconcile(state, { actions }, rules);
        expect(told(state)).toEqual(whole);

        const from = more % asRead.length;
        const compacted = encodeCommit(lastOfEach(asRead.slice(from).flat()));
        // As columns, as a large compaction is read.
        const { actions, files } = parseFiles(compacted, 'compaction', 0);
        const before = replay(...asRead.slice(0, from));
        expect(told(reconcile(before, { actions, files, version: last }, rules))).toEqual(whole);
      }),
      { seed: 20_261_125, numRuns: 300 },
    );
  });
});

describe('requireComplete', () => {
  it('gives a state that says how its files are read', () => {
    const state = replay([says.protocol(PROTOCOL), says.metaData(metadata())]);
    expect(requireComplete(state, 'k')).toMatchObject({
      version: 0,
      protocol: PROTOCOL,
      metadata: { id: TABLE_ID },
    });
  });

  it.each<[string, readonly Action[]]>([
    ['protocol', []],
    ['protocol', [says.metaData(metadata())]],
    ['metaData', [says.protocol(PROTOCOL)]],
  ])('refuses a log without a %s action by its name', (field, actions) => {
    expect(() => requireComplete(replay(actions), 'the newest key')).toThrow(
      expect.objectContaining({
        code: 'CORRUPT_DATA',
        key: 'the newest key',
        field,
        message: expect.stringContaining(`up to version 0 holds no ${field} action`) as string,
      }),
    );
  });
});

describe('activeTransactions', () => {
  const all = new Map<string, SetTransaction>([
    ['old', { appId: 'old', version: 1n, lastUpdated: 899 }],
    ['just expired', { appId: 'just expired', version: 1n, lastUpdated: 900 }],
    ['young', { appId: 'young', version: 1n, lastUpdated: 901 }],
    ['silent', { appId: 'silent', version: 1n }],
  ]);

  it.each<[string, number | undefined, readonly string[]]>([
    ['all without a retention', undefined, [...all.keys()]],
    ['those younger than the retention', 100, ['young']],
    [
      'what says when it was updated, however long the retention',
      1e15,
      ['old', 'just expired', 'young'],
    ],
  ])('are %s', (_, retentionMs, expected) => {
    expect([...activeTransactions(all, retentionMs, 1_000).keys()]).toEqual(expected);
  });
});

function transactions(...of: readonly [string, bigint][]): ReadonlyMap<string, SetTransaction> {
  return new Map(of.map(([appId, version]) => [appId, { appId, version }]));
}

function domains(...of: readonly [string, string][]): ReadonlyMap<string, DomainMetadata> {
  return new Map(
    of.map(([domain, configuration]) => [domain, { domain, configuration, removed: false }]),
  );
}
